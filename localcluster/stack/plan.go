package stack

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// Plan is what `vpsie-autoscaler plan` says of the cluster's nodes and pods together with a manifest that is not applied
// yet, by the prices of the cluster's account.
func (s *Stack) Plan(ctx context.Context, manifest []byte) (string, error) {
	dump, err := s.output(ctx, nil, "kubectl", "get", "nodes,namespaces,pods,daemonsets,poddisruptionbudgets", "--all-namespaces", "-o", "yaml")
	if err != nil {
		return "", err
	}
	both := bytes.Join([][]byte{dump, manifest}, []byte("\n---\n"))
	table, err := s.output(ctx, both, controllerBinary, "plan", "-f", "-")
	return string(table), err
}

// output runs one of the binaries as the cluster's administrator and returns what it prints.
func (s *Stack) output(ctx context.Context, stdin []byte, binary string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(s.options.BinDir, binary), append(args, "--kubeconfig="+s.Cluster.Kubeconfig())...)
	var told bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(stdin), &told
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("running %s %s: %w: %s", binary, strings.Join(args, " "), err, told.String())
	}
	return out, nil
}
