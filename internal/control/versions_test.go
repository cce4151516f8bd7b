package control

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/api/v1alpha2"
	"github.com/vpsie/vpsie-autoscaler/api/v1beta1"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// A NodeGroup that is created, edited and deleted in any version of the API buys, names and removes
// the same, and shows the same status in that version.
func TestANodeGroupInEachVersionComesToTheSame(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{CreateMillis: 50})
	for version, name := range map[string]string{
		v1alpha1.GroupVersion.String(): "first", v1alpha2.GroupVersion.String(): "second", v1beta1.GroupVersion.String(): "third",
	} {
		t.Run(version, func(t *testing.T) {
			plain := &v1alpha1.NodeGroup{}
			plain.Namespace, plain.Name = w.deps.Options.Namespace, name
			plain.Spec = v1alpha1.NodeGroupSpec{
				MinNodes: 1, MaxNodes: 3, DatacenterID: "dc-us-east-1", OfferingIDs: []string{small}, OSImageID: "ubuntu-22.04-lts",
				Labels: map[string]string{"team": "web"}, NodeSelector: map[string]string{"pool": "blue"},
				ScaleUpPolicy:   v1alpha1.ScaleUpPolicy{StabilizationWindowSeconds: new(int32(1)), CPUThreshold: new(int32(100)), MemoryThreshold: new(int32(100))},
				ScaleDownPolicy: v1alpha1.ScaleDownPolicy{Enabled: new(false)},
			}
			fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(plain)
			w.must(err)
			delete(fields, "status")
			g := &unstructured.Unstructured{Object: fields}
			g.SetAPIVersion(version)
			g.SetKind("NodeGroup")
			w.must(w.admin.Create(w.Context(), g))
			w.ready(plain, 1)

			w.patch(g, `{"spec":{"minNodes":2}}`)
			for _, m := range w.ready(plain, 2) {
				node := w.node(m.Status.NodeName)
				if node.Labels["team"] != "web" || node.Labels["pool"] != "blue" || node.Labels[v1alpha1.LabelNodeGroup] != name {
					t.Errorf("%s has the labels %v", node.Name, node.Labels)
				}
			}
			w.until(time.Second, "the status", func() error {
				w.reload(g)
				if n, _, _ := unstructured.NestedInt64(g.Object, "status", "readyNodes"); n != 2 || g.GetAPIVersion() != version {
					return errNotYet
				}
				return nil
			})

			w.must(w.admin.Delete(w.Context(), g))
			w.until(time.Second, "the end of the machines", func() error {
				if len(w.bills()) > 0 || len(machinesOf(w.vpsieNodes(), name)) > 0 {
					return errNotYet
				}
				return nil
			})
		})
	}
}
