package testenv

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Command returns a command that runs with the test API server as its cluster and with kubectl
// first in its PATH, so that it may be a shell, too. It sees no configuration of the person who
// runs the tests.
func (e *Env) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	if name == "kubectl" {
		name = e.KubectlPath
	}
	command := exec.CommandContext(ctx, name, args...)
	command.Env = append(os.Environ(),
		"KUBECONFIG="+e.Kubeconfig,
		"HOME="+e.dir,
		"KUBECACHEDIR="+filepath.Join(e.dir, "kube-cache"),
		"PATH="+filepath.Dir(e.KubectlPath)+string(os.PathListSeparator)+os.Getenv("PATH"),
	)
	return command
}

// Kubectl runs kubectl as the administrator and returns what it prints. It fails the test when
// kubectl does not exit with 0.
func (e *Env) Kubectl(t testing.TB, args ...string) string {
	t.Helper()
	var errors strings.Builder
	command := e.Command(t.Context(), "kubectl", args...)
	command.Stderr = &errors
	output, err := command.Output()
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s%s", strings.Join(args, " "), err, output, errors.String())
	}
	return string(output)
}
