package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/vpsie/vpsie-autoscaler/internal/testenv"
)

var env *testenv.Env

func TestMain(m *testing.M) { os.Exit(testenv.Main(m, func(e *testenv.Env) { env = e })) }

// install applies config/default as the README says, as often as tests ask.
func install(t *testing.T) {
	t.Helper()
	directory, err := filepath.Abs("default")
	if err != nil {
		t.Fatal(err)
	}
	env.Kubectl(t, "apply", "--server-side", "-k", directory)
}
