package plan

import (
	"os"
	"testing"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/draws"
)

func TestMain(m *testing.M) { os.Exit(draws.Main(m)) }
