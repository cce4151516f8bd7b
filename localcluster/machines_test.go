package localcluster

import (
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// The API server is being restarted when a machine dies.
func TestAMachineDiesThoughTheAPIServerIsAway(t *testing.T) {
	api := fake.NewClientset(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "worker", Labels: map[string]string{KubeletLabel: kubeletRunning}}})
	away := 3
	api.PrependReactor("patch", "nodes", func(clienttesting.Action) (bool, runtime.Object, error) {
		away--
		return away >= 0, nil, syscall.ECONNRESET
	})
	m := &Machines{admin: api}
	for _, name := range []string{"worker", "never-registered"} {
		if err := m.Gone(t.Context(), vpsietest.Machine{Hostname: name}); err != nil {
			t.Error(err)
		}
	}
	node, err := api.CoreV1().Nodes().Get(t.Context(), "worker", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if how, runs := node.Labels[KubeletLabel]; runs {
		t.Errorf("the kubelet of a machine that is dead is %s", how)
	}
}
