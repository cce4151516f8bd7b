package charts_test

import (
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	loader3 "helm.sh/helm/v3/pkg/chart/loader"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/vpsie/vpsie-autoscaler/internal/testenv"
)

// releases are the chart as an older release has it, which serves v1alpha1 alone, and as it is.
func releases(t *testing.T) (older, current *chart.Chart) {
	t.Helper()
	current, err := loader3.Load(directory)
	if err != nil {
		t.Fatal(err)
	}
	if older, err = loader3.Load(directory); err != nil {
		t.Fatal(err)
	}
	definitions, err := testenv.OlderDefinitions()
	if err != nil {
		t.Fatal(err)
	}
	aged := 0
	for _, f := range older.Files {
		if text, is := definitions[path.Base(f.Name)]; is {
			f.Data = text
			aged++
		}
	}
	if aged != len(definitions) {
		t.Fatalf("the chart has %d of the %d definitions", aged, len(definitions))
	}
	return older, current
}

// helm upgrade brings the API's versions with the controller and helm rollback takes them back. A NodeGroup keeps what both
// releases know, and after another upgrade also what only the newer one does.
func TestHelmUpgradesAndRollsBack(t *testing.T) {
	const release, namespace = "migrating", "migrating"
	flags := genericclioptions.NewConfigFlags(false)
	flags.KubeConfig, flags.Namespace = new(env.Kubeconfig), new(namespace)
	helm := new(action.Configuration)
	if err := helm.Init(flags, namespace, "secret", func(string, ...any) {}); err != nil {
		t.Fatal(err)
	}
	older, current := releases(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	install := action.NewInstall(helm)
	install.ReleaseName, install.Namespace, install.CreateNamespace = release, namespace, true
	install.TakeOwnership = true // the definitions and roles are there already, for the other tests
	_, err := install.RunWithContext(t.Context(), older, nil)
	must(err)
	upgrade := func() {
		t.Helper()
		u := action.NewUpgrade(helm)
		u.Namespace = namespace
		_, err := u.RunWithContext(t.Context(), release, current, nil)
		must(err)
	}
	t.Cleanup(func() { _, _ = action.NewUninstall(helm).Run(release) })
	holds := func(version, want string) {
		t.Helper()
		got := env.Kubectl(t, "get", "nodegroups."+version+".autoscaler.vpsie.com", "chart", "-n", namespace, "-o", "jsonpath={.spec.maxNodes} {.spec.priority}")
		if got != want {
			t.Errorf("in %s the NodeGroup has the maxNodes and the priority %q, want %q", version, got, want)
		}
	}
	serves := func(want string) {
		t.Helper()
		got := env.Kubectl(t, "get", "crd", "nodegroups.autoscaler.vpsie.com", "-o", "jsonpath={.spec.versions[?(@.served)].name}")
		if got != want {
			t.Errorf("NodeGroups are served as %s, want %s", got, want)
		}
	}

	serves("v1alpha1")
	file := filepath.Join(t.TempDir(), "demand.yaml")
	group, _, _ := strings.Cut(demand, "---")
	must(os.WriteFile(file, []byte(strings.ReplaceAll(group, "kube-system", namespace)), 0o600))
	env.Kubectl(t, "apply", "-f", file)
	upgrade()
	serves("v1alpha1 v1alpha2 v1beta1")
	holds("v1beta1", "3 ")
	env.Kubectl(t, "patch", "nodegroups.v1beta1.autoscaler.vpsie.com", "chart", "-n", namespace, "--type=merge", "-p", `{"spec":{"maxNodes":4,"priority":7}}`)

	rollback := action.NewRollback(helm)
	rollback.Version = 1
	must(rollback.Run(release))
	serves("v1alpha1")
	holds("v1alpha1", "4 ")
	upgrade()
	holds("v1beta1", "4 7")
}
