// Package docs_test tries what the documentation tells people to type.
package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/vpsie/vpsie-autoscaler/internal/testenv"
)

var env *testenv.Env

func TestMain(m *testing.M) { os.Exit(testenv.Main(m, func(e *testenv.Env) { env = e })) }

// install makes what the pages take to be there.
func install(t *testing.T) {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(root)
	env.Kubectl(t, "apply", "--server-side", "-k", "config/default")
	work := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(work, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		env.Kubectl(t, "apply", "--server-side", "-f", filepath.Join(work, name))
	}
	write("workers.yaml", `
apiVersion: autoscaler.vpsie.com/v1alpha1
kind: NodeGroup
metadata: {name: workers, namespace: kube-system}
spec: {minNodes: 0, maxNodes: 10, datacenterID: d, offeringIDs: [o], osImageID: i}
---
apiVersion: autoscaler.vpsie.com/v1alpha1
kind: VPSieNode
metadata: {name: worker-1, namespace: kube-system}
spec: {vpsieInstanceID: 1, instanceType: o, nodeGroupName: workers, datacenterID: d}
`)
	// The sample's other names.
	env.Kubectl(t, "apply", "-f", "config/samples/nodegroup.yaml")
}

func TestYAMLIsAccepted(t *testing.T) {
	install(t)
	t.Chdir("docs")
	tried := 0
	for _, page := range pages(t) {
		for _, b := range blocks(t, page) {
			if b.language != "yaml" {
				continue
			}
			var object map[string]any
			if err := yaml.Unmarshal([]byte(b.text), &object); err != nil {
				t.Errorf("%s: %v\n%s", page, err, b.text)
				continue
			}
			if object["kind"] == nil {
				continue // a part of an object, or a program's own file
			}
			tried++
			apply := env.Command(t.Context(), "kubectl", "apply", "--dry-run=server", "--validate=strict", "-f", "-")
			apply.Stdin = strings.NewReader(b.text)
			if output, err := apply.CombinedOutput(); err != nil {
				t.Errorf("%s: %v: %s\n%s", page, err, output, b.text)
			}
		}
	}
	if tried == 0 {
		t.Error("no page has a manifest")
	}
}

func TestMakeTargetsExist(t *testing.T) {
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for page, lines := range commands(t) {
		for _, line := range lines {
			words := strings.Fields(line)
			if words[0] != "make" {
				continue
			}
			for _, target := range words[1:] {
				if variable, _, isVariable := strings.Cut(target, "="); isVariable {
					if !strings.Contains(string(makefile), "$("+variable+")") && !strings.Contains(string(makefile), "("+variable+",") {
						t.Errorf("%s: %s: the Makefile has no variable %s", page, line, variable)
					}
					continue
				}
				if !regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(target) + `:`).Match(makefile) {
					t.Errorf("%s: %s: the Makefile has no target %s", page, line, target)
				}
			}
		}
	}
}

// With --help a command reads its flags, refuses those that it does not have, and does nothing.
func TestOwnCommandsExist(t *testing.T) {
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", dir, "../cmd/vpsie-autoscaler", "../cmd/kubectl-vpsie")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	tried := map[string]int{"vpsie-autoscaler": 0, "kubectl-vpsie": 0}
	for page, lines := range commands(t) {
		for _, line := range lines {
			shown := strings.Fields(line) // as its help calls it
			words := strings.Fields(strings.Replace(line, "kubectl vpsie", "kubectl-vpsie", 1))
			if _, ours := tried[words[0]]; !ours {
				continue
			}
			tried[words[0]]++
			output, err := exec.Command(filepath.Join(dir, words[0]), append(words[1:], "--help")...).CombinedOutput()
			subcommand := strings.Join(shown[:len(shown)-len(words)+min(len(words), 2)], " ")
			if err != nil || !strings.Contains(string(output), subcommand) {
				t.Errorf("%s: %s: %v\n%s", page, line, err, output)
			}
		}
	}
	for program, n := range tried {
		if n == 0 {
			t.Errorf("no page has a command of %s", program)
		}
	}
}
