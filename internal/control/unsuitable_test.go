package control

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// A type whose node refuses the pod that it was bought for is not bought for it again:
// not beside the node, not when that is gone, and not by a controller that has started
// anew. A changed NodeGroup is tried again.
func TestWhatIsProvedToBeNoHelpIsNotBoughtAgain(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("unsuitable", 0, 5)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "arm"},
		Spec: corev1.PodSpec{
			NodeSelector: map[string]string{corev1.LabelArchStable: "amd64"},
			Containers:   []corev1.Container{{Name: "main", Image: "app", Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{"cpu": resource.MustParse("1")}}}},
		},
	}
	w.must(w.admin.Create(t.Context(), pod))
	m := w.ready(g, 1)[0]
	// The image turns out to be of another architecture.
	w.patch(w.node(m.Name), `{"metadata":{"labels":{"`+corev1.LabelArchStable+`":"arm64"}}}`)
	var noted v1alpha1.UnsuitableType
	w.until(time.Second, "the proof to be noted", func() error {
		if w.reload(g); len(g.Status.Unsuitable) != 1 {
			return errNotYet
		}
		noted = g.Status.Unsuitable[0]
		return nil
	})
	if noted.InstanceType != small || noted.Pods == "" || noted.Example != "default/arm" || noted.NodeName != m.Status.NodeName || noted.Reason != "NodeAffinity" ||
		!strings.Contains(noted.Message, corev1.LabelArchStable+" is arm64, where amd64 was ordered") || noted.Since.IsZero() || noted.Generation != g.Generation {
		t.Errorf("%+v", noted)
	}
	w.after(5*time.Minute, 30*time.Second)
	w.must(w.admin.Delete(t.Context(), m))
	w.until(time.Second, "the node to go", func() error {
		if len(w.vpsieNodes()) > 0 {
			return errNotYet
		}
		return nil
	})
	w.start(w.deps.Options)
	w.after(5*time.Minute, 30*time.Second)
	if n := len(w.fake.Ledger().VMs); n != 1 {
		t.Errorf("%d VPSes were bought, want 1", n)
	}
	w.patch(g, `{"spec":{"osImageID":"debian-12"}}`)
	w.until(time.Second, "another try", func() error {
		if len(w.vpsieNodes()) != 1 {
			return errNotYet
		}
		return nil
	})
}
