package e2e

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// A NodeGroup lives the same life whichever version of the API it is written in.
func TestEveryVersionLivesTheSameLife(t *testing.T) {
	l := newLane(t, "version", nil, func(*v1alpha1.NodeGroup) {})
	l.exchanges = true
	var first []string
	for _, version := range v1alpha1.Versions() {
		l.version = version
		rests := l.live(t, course{end: planned{ending: podGone}}).rests
		if first == nil {
			first = rests
		}
		if diff := cmp.Diff(first, rests); diff != "" {
			t.Errorf("a NodeGroup of %s comes to another end (-%s +%s):\n%s", version, v1alpha1.Versions()[0], version, diff)
		}
	}
}

// inVersion is the NodeGroup as a manifest of that version has it.
func inVersion(t *testing.T, g *v1alpha1.NodeGroup, version string) client.Object {
	t.Helper()
	if version == "" {
		return g
	}
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(g)
	if err != nil {
		t.Fatal(err)
	}
	u := &unstructured.Unstructured{Object: object}
	u.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("NodeGroup"))
	u.SetAPIVersion(v1alpha1.GroupVersion.Group + "/" + version)
	return u
}
