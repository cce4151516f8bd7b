package real

import (
	_ "embed"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/config"
)

// group is a NodeGroup whose machines show one way to join.
type group struct {
	name, story string
	image       Image
	userData    string // empty: --bootstrap=kubeadm
	reboot      bool
	checks      []check
}

// roughImage is an image as people have them: swap is on, the network needs a while until names resolve, and the first
// kubeadm is killed half-way, as by an out-of-memory killer.
//
//go:embed rough.sh
var roughImage string

// agentImage is an image without kubeadm, whose own script joins, as those of k3s do.
//
//go:embed agent.sh
var agentImage string

//go:embed agent.yaml
var agentUserData string

func groups() []group {
	return []group{
		{
			name: "plain", story: "an image with kubelet and kubeadm, --bootstrap=kubeadm, a reboot",
			reboot: true, checks: []check{joinedOnce},
		},
		{
			name: "rough", story: "swap is on, names do not resolve at first, kubeadm is killed half-way",
			image: Image{Setup: roughImage}, checks: []check{struggled},
		},
		{
			name: "agent", story: "no kubeadm: the image's own script joins, with a name in capitals and a providerID",
			image: Image{Setup: agentImage}, userData: agentUserData, checks: []check{foundByProviderID},
		},
	}
}

// object is the NodeGroup. Of its labels and taints, a kubelet may set the taint and one label.
func (g group) object() *v1alpha1.NodeGroup {
	return &v1alpha1.NodeGroup{
		ObjectMeta: metav1.ObjectMeta{Name: g.name, Namespace: config.Namespace},
		Spec: v1alpha1.NodeGroupSpec{
			MaxNodes: 1, DatacenterID: "dc-us-east-1", OfferingIDs: []string{"small-2cpu-4gb"}, OSImageID: "ubuntu-22.04-lts",
			UserData:        g.userData,
			Labels:          map[string]string{"team": g.name, "node-role.kubernetes.io/worker": ""},
			Taints:          []corev1.Taint{{Key: "dedicated", Value: g.name, Effect: corev1.TaintEffectNoSchedule}},
			ScaleUpPolicy:   v1alpha1.ScaleUpPolicy{StabilizationWindowSeconds: new(int32(1))},
			ScaleDownPolicy: v1alpha1.ScaleDownPolicy{StabilizationWindowSeconds: new(int32(1)), UnneededTime: new(int32(5))},
		},
	}
}
