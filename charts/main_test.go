package charts_test

import (
	"os"
	"testing"

	"github.com/vpsie/vpsie-autoscaler/internal/testenv"
)

var env *testenv.Env

func TestMain(m *testing.M) { os.Exit(testenv.Main(m, func(e *testenv.Env) { env = e })) }
