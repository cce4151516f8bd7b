package docs_test

import (
	"bytes"
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/config"
	"github.com/vpsie/vpsie-autoscaler/internal/testenv"
)

// olderDefinitions writes the definitions of an older release to one file.
func olderDefinitions(t *testing.T) (file string) {
	t.Helper()
	files, err := testenv.OlderDefinitions()
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "older.yaml")
	if err := os.WriteFile(file, bytes.Join(slices.Collect(maps.Values(files)), []byte("---\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// guide are the commands of a page in their order, and the exit status that each must have.
type guide struct {
	t    *testing.T
	path string // of the programs
}

func (g guide) run(line string, want int) string {
	g.t.Helper()
	command := env.Command(g.t.Context(), "sh", "-c", line)
	command.Env = append(command.Env, "PATH="+g.path+":"+pathOf(command.Env))
	output, err := command.CombinedOutput()
	if got := command.ProcessState.ExitCode(); got != want {
		g.t.Fatalf("%s: exit status %d (%v), want %d:\n%s", line, got, err, want, output)
	}
	return string(output)
}

func pathOf(environment []string) string {
	path := os.Getenv("PATH")
	for _, pair := range environment {
		if value, is := strings.CutPrefix(pair, "PATH="); is {
			path = value
		}
	}
	return path
}

// From a release that serves v1alpha1 alone the guide leads to v1beta1, with every command as it stands there, whether the
// controller or the definitions are upgraded first; and back.
func TestMigrationGuide(t *testing.T) {
	install(t) // the working directory is the project's
	dir := t.TempDir()
	if output, err := exec.Command("go", "build", "-o", dir, "./cmd/kubectl-vpsie").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	older := olderDefinitions(t)
	back := func() { env.Kubectl(t, "apply", "--server-side", "--force-conflicts", "-f", older) }
	t.Cleanup(func() {
		command := env.Command(context.WithoutCancel(t.Context()), "kubectl", "apply", "--server-side", "--force-conflicts", "-k", "config/default")
		if output, err := command.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, output)
		}
	})
	back()
	env.Kubectl(t, "apply", "-f", "config/samples/nodegroup.yaml")
	before := nodeGroup(t, "v1alpha1")

	// The controller first: what it writes of its newer status is dropped, and nothing fails.
	c := env.Client(t, nil)
	var group v1alpha1.NodeGroup
	group.Name, group.Namespace = before.GetName(), before.GetNamespace()
	status := []byte(`{"status":{"currentNodes":1,"desiredNodes":1,"readyNodes":1,"observedNetwork":{"gatewayID":1}}}`)
	if err := c.Status().Patch(t.Context(), &group, client.RawPatch("application/merge-patch+json", status)); err != nil || group.Status.CurrentNodes != 1 {
		t.Errorf("a newer controller under older definitions: %v, %+v", err, group.Status)
	}

	g := guide{t, dir}
	var lines []string
	for _, b := range blocks(t, "docs/api.md") {
		if b.language == "sh" {
			lines = append(lines, strings.Split(strings.TrimSpace(b.text), "\n")...)
		}
	}
	if len(lines) != 3 {
		t.Fatalf("docs/api.md has the commands %q, want the three of the guide", lines)
	}
	g.run(lines[0], 0)
	if output := g.run(lines[1], 2); !strings.Contains(output, "config/samples/nodegroup.yaml:") || !strings.Contains(output, "NodeGroup "+config.Namespace+"/"+before.GetName()) {
		t.Errorf("migrate --check says\n%s", output)
	}
	g.run(lines[2], 0)
	after := nodeGroup(t, "v1beta1")
	if got, want := text(t, after.Object["spec"]), text(t, before.Object["spec"]); got != want {
		t.Errorf("the spec was\n%s\nand is\n%s", want, got)
	}

	// Back: the older release reads what is stored, without what it does not know.
	env.Kubectl(t, "patch", "ng", before.GetName(), "-n", config.Namespace, "--type=merge", "-p", `{"spec":{"priority":7}}`)
	back()
	rolled := nodeGroup(t, "v1alpha1")
	if got, want := text(t, rolled.Object["spec"]), text(t, before.Object["spec"]); got != want {
		t.Errorf("after the rollback the spec is\n%s\nwant\n%s", got, want)
	}
	g.run(lines[0], 0)
	if n := nodeGroup(t, "v1beta1"); n.Object["spec"].(map[string]any)["priority"] != int64(7) {
		t.Error("an upgrade after the rollback has lost a field that nobody has written in between")
	}
}

// nodeGroup reads the sample's NodeGroup in that version.
func nodeGroup(t *testing.T, version string) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{}
	output := env.Kubectl(t, "get", "nodegroups."+version+".autoscaler.vpsie.com", "-n", config.Namespace, "production-workers", "-o", "json")
	if err := u.UnmarshalJSON([]byte(output)); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return u
}

func text(t *testing.T, value any) string {
	t.Helper()
	out, err := yaml.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
