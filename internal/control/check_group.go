package control

import (
	"context"
	"errors"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
)

// CheckGroup says why no machine of the group could join, nil when nothing is known to be wrong.
func CheckGroup(ctx context.Context, live client.Reader, o *Options, g *v1alpha1.NodeGroup) error {
	return bootstrap{reads{Live: live}, o}.checkGroup(ctx, g)
}

// CheckSpec is CheckGroup as far as the group's spec alone tells; it asks nobody.
func CheckSpec(o *Options, g *v1alpha1.NodeGroup) error { return bootstrap{Options: o}.tryUserData(g) }

func (d bootstrap) checkGroup(ctx context.Context, g *v1alpha1.NodeGroup) error {
	return errors.Join(d.tryUserData(g), d.checkEndpoint(ctx, g))
}

// tryUserData renders the group's userData for no machine in particular: one that
// cannot be rendered would fail every machine after it was decided on, and the next
// round would decide on another.
func (d bootstrap) tryUserData(g *v1alpha1.NodeGroup) error {
	if err := checkNodeFields(g); err != nil {
		return err
	}
	m := &v1alpha1.VPSieNode{Spec: v1alpha1.VPSieNodeSpec{NodeGroupName: g.Name}}
	data := cloud.UserData{
		NodeGroup: g.Name, Labels: nodeLabels(m, g, g.Spec.NodeLabels()), Kubeadm: d.Options.Bootstrap == BootstrapKubeadm,
		Mint: func() (string, error) { return "", nil }, Kubelet: cluster.KubeletOf(g), NodeIP: string(nodeIPOf(g)),
	}
	_, err := data.Render(g.Spec.UserData)
	return err
}
