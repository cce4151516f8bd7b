package v1alpha1_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vpsie/vpsie-autoscaler/config"
)

// samplePath writes the reference's example of that file out as it is, and returns its path.
func samplePath(t *testing.T, file string) string {
	t.Helper()
	text, err := config.FS.ReadFile("samples/" + file)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), file)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// applySamples applies both examples of the reference and removes them after the test.
func applySamples(t *testing.T, flags ...string) {
	t.Helper()
	for _, file := range []string{"nodegroup.yaml", "vpsienode.yaml"} {
		path := samplePath(t, file)
		env.Kubectl(t, append([]string{"apply", "-f", path}, flags...)...)
		t.Cleanup(func() {
			if output, err := env.Command(context.WithoutCancel(t.Context()), "kubectl", "delete", "--ignore-not-found", "-f", path).CombinedOutput(); err != nil {
				t.Errorf("deleting %s: %v\n%s", file, err, output)
			}
		})
	}
}

func TestExamplesOfTheReferenceApply(t *testing.T) {
	for name, flags := range map[string][]string{
		"client-side": nil,
		"server-side": {"--server-side"},
		"strict":      {"--validate=strict"},
	} {
		t.Run(name, func(t *testing.T) {
			applySamples(t, flags...)
			applySamples(t, flags...)
			got := env.Kubectl(t, "get", "nodegroup/production-workers", "vpsienode/vpsie-prod-workers-abc123", "-n", "kube-system", "-o",
				"jsonpath={.items[*].spec.scaleDownPolicy.unneededTime} {.items[*].spec.vpsieInstanceID} {.items[*].metadata.labels.nodegroup}")
			if got != "600 1001 production-workers" {
				t.Errorf("the applied examples say %q", got)
			}
		})
	}
}

// Every line of the reference's "kubectl Commands", as it stands there, with words that its output holds.
func TestKubectlLinesOfTheReference(t *testing.T) {
	applySamples(t)
	setStatus(t)
	for _, test := range []struct {
		line string
		want []string
	}{
		{`kubectl get nodegroups -n kube-system`, []string{"production-workers"}},
		{`kubectl get ng -n kube-system  # short name`, []string{"production-workers"}},
		{`kubectl describe nodegroup production-workers -n kube-system`, []string{"Min Nodes:", "Desired Nodes:"}},
		{`kubectl get nodegroup production-workers -n kube-system -o yaml`, []string{"minNodes: 3", "currentNodes: 5"}},
		{`kubectl edit nodegroup production-workers -n kube-system`, []string{"edited"}},
		{`kubectl get vpsienodes -n kube-system`, []string{"vpsie-prod-workers-abc123"}},
		{`kubectl get vn -n kube-system  # short name`, []string{"vpsie-prod-workers-abc123"}},
		{`kubectl get vn -n kube-system -l nodegroup=production-workers`, []string{"vpsie-prod-workers-abc123"}},
		{`kubectl describe vpsienode vpsie-prod-workers-abc123 -n kube-system`, []string{"Vpsie Instance ID:", "Phase:"}},
		{`kubectl get vn vpsie-prod-workers-abc123 -n kube-system -o yaml`, []string{"vpsieInstanceID: 1001", "phase: Provisioning"}},
		{`kubectl get vn -n kube-system --field-selector status.phase=Provisioning`, []string{"vpsie-prod-workers-abc123"}},
		{`kubectl get ng -n kube-system \
  -o custom-columns=\
NAME:.metadata.name,\
MIN:.spec.minNodes,\
MAX:.spec.maxNodes,\
CURRENT:.status.currentNodes,\
READY:.status.readyNodes,\
DESIRED:.status.desiredNodes`, []string{"NAME MIN MAX CURRENT READY DESIRED", "production-workers 4 20 5 2 6"}},
		{`kubectl get vn -n kube-system \
  -o custom-columns=\
NAME:.metadata.name,\
PHASE:.status.phase,\
NODE:.status.nodeName,\
VPS-ID:.spec.vpsieInstanceID,\
TYPE:.spec.instanceType,\
IP:.spec.ipAddress`, []string{"NAME PHASE NODE VPS-ID TYPE IP", "vpsie-prod-workers-abc123 Provisioning the-node 1001 medium-4cpu-8gb 192.0.2.10"}},
		{`kubectl delete nodegroup production-workers -n kube-system`, []string{"deleted"}},
	} {
		output := runLine(t, test.line)
		for _, want := range test.want {
			if !strings.Contains(singleSpaced(output), want) {
				t.Errorf("%s\nprints\n%swhich does not hold %q", test.line, output, want)
			}
		}
	}
}

func setStatus(t *testing.T) {
	t.Helper()
	env.Kubectl(t, "patch", "ng", "production-workers", "-n", "kube-system", "--subresource=status", "--type=merge", "-p",
		`{"status":{"currentNodes":5,"readyNodes":2,"desiredNodes":6,"instanceTypes":"5 medium-4cpu-8gb","costPerHour":"0.1667",
		"waiting":"3 MaxNodesReached, 1 Stabilizing","activeSchedules":["night"],
		"conditions":[{"type":"Stalled","status":"True","reason":"DatacenterNotFound","message":"Datacenter not found","lastTransitionTime":"2025-10-12T10:00:00Z"},{"type":"Ready","status":"False","reason":"NodesJoining","message":"","lastTransitionTime":"2025-10-12T10:00:00Z"}]}}`)
	env.Kubectl(t, "patch", "vn", "vpsie-prod-workers-abc123", "-n", "kube-system", "--subresource=status", "--type=merge", "-p",
		`{"status":{"phase":"Provisioning","nodeName":"the-node","costPerHour":"0.0333"}}`)
}

// runLine runs a line in a shell and fails the test when it does not exit with 0. Its editor
// raises minNodes from 3 to 4.
func runLine(t *testing.T, line string) string {
	t.Helper()
	editor := filepath.Join(t.TempDir(), "editor")
	script := "#!/bin/sh\nsed 's/minNodes: 3/minNodes: 4/' \"$1\" >\"$1.new\" && cat \"$1.new\" >\"$1\"\n"
	if err := os.WriteFile(editor, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	command := env.Command(t.Context(), "sh", "-c", line)
	command.Env = append(command.Env, "KUBE_EDITOR="+editor)
	output, err := command.CombinedOutput()
	if err != nil {
		t.Errorf("%s\n%v\n%s", line, err, output)
	}
	return string(output)
}

func singleSpaced(output string) string {
	lines := strings.Split(output, "\n")
	for i, line := range lines {
		lines[i] = strings.Join(strings.Fields(line), " ")
	}
	return strings.Join(lines, "\n")
}

func TestWatchLinesOfTheReference(t *testing.T) {
	applySamples(t)
	for line, object := range map[string]string{
		`kubectl get ng -n kube-system -w`: "ng/production-workers",
		`kubectl get vn -n kube-system -w`: "vn/vpsie-prod-workers-abc123",
	} {
		t.Run(line, func(t *testing.T) {
			command := env.Command(t.Context(), "sh", "-c", "exec "+line)
			rows := startAndScan(t, command)
			_, name, _ := strings.Cut(object, "/")
			awaitRow(t, rows, name)
			env.Kubectl(t, "annotate", "--overwrite", "-n", "kube-system", object, "touched=yes")
			awaitRow(t, rows, name)
			if err := command.Process.Signal(os.Interrupt); err != nil {
				t.Errorf("%s ended before it was interrupted: %v", line, err)
			}
		})
	}
}

func startAndScan(t *testing.T, command *exec.Cmd) *bufio.Scanner {
	t.Helper()
	output, input, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stdout = input
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	input.Close()
	output.SetReadDeadline(time.Now().Add(30 * time.Second))
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
		output.Close()
	})
	return bufio.NewScanner(io.Reader(output))
}

func awaitRow(t *testing.T, rows *bufio.Scanner, name string) {
	t.Helper()
	for rows.Scan() {
		if strings.HasPrefix(rows.Text(), name+" ") {
			return
		}
	}
	t.Fatalf("waiting for a row of %s: %v", name, rows.Err())
}

func checkContains(t *testing.T, text, want string) {
	t.Helper()
	if !strings.Contains(text, want) {
		t.Errorf("%s\ndoes not hold %q", text, want)
	}
}
