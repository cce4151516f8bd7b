package testenv

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// assetsVariable is the environment variable by which controller-runtime's envtest, too, is told
// where the binaries are.
const assetsVariable = "KUBEBUILDER_ASSETS"

// findBinaries returns the directory that holds etcd, kube-apiserver and kubectl: the one that
// KUBEBUILDER_ASSETS names, else .local/bin beside the nearest go.mod at or above dir.
func findBinaries(dir string) (string, error) {
	if assets := os.Getenv(assetsVariable); assets != "" {
		return assets, checkBinaries(assets)
	}
	root, err := moduleRoot(dir)
	if err != nil {
		return "", err
	}
	assets := filepath.Join(root, ".local", "bin")
	return assets, checkBinaries(assets)
}

func checkBinaries(assets string) error {
	var missing []string
	for _, name := range []string{"etcd", "kube-apiserver", "kubectl"} {
		if info, err := os.Stat(filepath.Join(assets, name)); err != nil || info.IsDir() {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("run make controlplane first: finding the control plane for integration tests: %s has no %s",
		assets, strings.Join(missing, ", "))
}

// moduleRoot returns the nearest directory at or above dir that holds a go.mod.
func moduleRoot(dir string) (string, error) {
	for {
		_, err := os.Stat(filepath.Join(dir, "go.mod"))
		if err == nil {
			return dir, nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("finding the module's root: %w", err)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("finding the module's root: no go.mod at or above the working directory; set %s", assetsVariable)
		}
		dir = parent
	}
}
