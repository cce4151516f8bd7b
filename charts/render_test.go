package charts_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	loader3 "helm.sh/helm/v3/pkg/chart/loader"
	values3 "helm.sh/helm/v3/pkg/chartutil"
	engine3 "helm.sh/helm/v3/pkg/engine"
	chart4 "helm.sh/helm/v4/pkg/chart/common"
	values4 "helm.sh/helm/v4/pkg/chart/common/util"
	loader4 "helm.sh/helm/v4/pkg/chart/v2/loader"
	engine4 "helm.sh/helm/v4/pkg/engine"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/vpsie/vpsie-autoscaler/config"
	"github.com/vpsie/vpsie-autoscaler/internal/testenv"
)

// directory is the chart.
const directory = "vpsie-autoscaler"

// render is what `helm template vpsie-autoscaler --namespace <namespace>` prints with these values.
func render(namespace, values string) (string, error) {
	given, err := read(values)
	if err != nil {
		return "", err
	}
	c, err := loader4.Load(directory)
	if err != nil {
		return "", err
	}
	release := chart4.ReleaseOptions{Name: config.Name, Namespace: namespace, Revision: 1, IsInstall: true}
	all, err := values4.ToRenderValues(c, given, release, chart4.DefaultCapabilities)
	if err != nil {
		return "", err
	}
	files, err := engine4.Engine{Strict: true}.RenderWithContext(context.Background(), c, all)
	return stream(files), err
}

// renderWithHelm3 is the same by the older Helm.
func renderWithHelm3(namespace, values string) (string, error) {
	given, err := read(values)
	if err != nil {
		return "", err
	}
	c, err := loader3.Load(directory)
	if err != nil {
		return "", err
	}
	capabilities := values3.DefaultCapabilities.Copy()
	capabilities.KubeVersion = values3.KubeVersion{Version: "v1.37.2", Major: "1", Minor: "37"}
	release := values3.ReleaseOptions{Name: config.Name, Namespace: namespace, Revision: 1, IsInstall: true}
	all, err := values3.ToRenderValues(c, given, release, capabilities)
	if err != nil {
		return "", err
	}
	files, err := engine3.Engine{Strict: true}.Render(c, all)
	return stream(files), err
}

func read(values string) (map[string]any, error) {
	given := map[string]any{}
	return given, yaml.UnmarshalStrict([]byte(values), &given)
}

// stream joins the rendered templates in the order of their names.
func stream(files map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasSuffix(name, ".yaml") {
			b.WriteString("---\n" + files[name] + "\n")
		}
	}
	return b.String()
}

// objectsOf renders for the shipped namespace and decodes, by kind and name.
func objectsOf(t *testing.T, namespace, values string) map[string]*unstructured.Unstructured {
	t.Helper()
	text, err := render(namespace, values)
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, text)
}

func decode(t *testing.T, text string) map[string]*unstructured.Unstructured {
	t.Helper()
	objects, err := testenv.Objects([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]*unstructured.Unstructured{}
	for _, o := range objects {
		byName[key(o)] = o
	}
	return byName
}

func key(o *unstructured.Unstructured) string {
	return strings.Join(slices.DeleteFunc([]string{o.GetKind(), o.GetNamespace(), o.GetName()}, func(s string) bool { return s == "" }), "/")
}
