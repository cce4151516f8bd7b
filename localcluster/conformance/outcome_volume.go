package conformance

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/component-helpers/storage/ephemeral"
	volumehelpers "k8s.io/component-helpers/storage/volume"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// storage is what becomes of the claims without a volume. kube-scheduler decides on it
// before it binds the first of a claim's pods, and the others follow: a claim of the local
// class gets one of the node's volumes, all others are told the node. why says which volume
// the plan counts on that there is not.
func (out *outcome) storage() (claims []*corev1.PersistentVolumeClaim, volumes []*corev1.PersistentVolume, why string) {
	first := map[string]string{}
	for _, p := range out.placed {
		for i := range p.Spec.Volumes {
			if name := claimOf(p, &p.Spec.Volumes[i]); name != "" && first[p.Namespace+"/"+name] == "" {
				first[p.Namespace+"/"+name] = p.Spec.NodeName
			}
		}
	}
	volumes = slices.Clone(out.cluster.volumes)
	for _, c := range out.cluster.claims {
		node := first[c.Namespace+"/"+c.Name]
		switch {
		case node == "" || c.Spec.VolumeName != "" || c.Annotations[volumehelpers.AnnSelectedNode] != "":
		case *c.Spec.StorageClassName == localClass:
			i := slices.IndexFunc(volumes, func(v *corev1.PersistentVolume) bool { return v.Spec.ClaimRef == nil && isLocalTo(v, node) })
			if i < 0 {
				return nil, nil, fmt.Sprintf("the claim %s/%s has no volume on %s", c.Namespace, c.Name, node)
			}
			v := volumes[i].DeepCopy()
			v.Spec.ClaimRef = &corev1.ObjectReference{Namespace: c.Namespace, Name: c.Name}
			volumes[i], c = v, c.DeepCopy()
			c.Spec.VolumeName = v.Name
			metav1.SetMetaDataAnnotation(&c.ObjectMeta, volumehelpers.AnnBindCompleted, "yes")
		default:
			c = c.DeepCopy()
			metav1.SetMetaDataAnnotation(&c.ObjectMeta, volumehelpers.AnnSelectedNode, node)
		}
		claims = append(claims, c)
	}
	return claims, volumes, ""
}

// claimOf is the name of the claim that the volume uses; empty for none.
func claimOf(p *corev1.Pod, v *corev1.Volume) string {
	switch {
	case v.PersistentVolumeClaim != nil:
		return v.PersistentVolumeClaim.ClaimName
	case v.Ephemeral != nil:
		return ephemeral.VolumeClaimName(p, v)
	}
	return ""
}

func isLocalTo(v *corev1.PersistentVolume, node string) bool {
	return v.Spec.Local != nil && v.Spec.NodeAffinity.Required.NodeSelectorTerms[0].MatchExpressions[0].Values[0] == node
}

// csiNodes are the cluster's, and of the machines that come what the plan takes for
// granted: that they take as many volumes as the best node of a group, and that the drivers
// run there without which pods are kept off.
func (out *outcome) csiNodes() []*storagev1.CSINode {
	c := out.cluster
	joined, ours := map[string]bool{}, map[string]bool{}
	for _, n := range c.nodes {
		ours[n.Name] = slices.ContainsFunc(c.groups, func(g *plan.Group) bool { return g.Name == n.Group })
		joined[n.Name] = n.State != plan.Ordered && !(n.State == plan.Ready && fresh(n))
	}
	most, unlimited := map[string]int32{}, map[string]bool{}
	shown := map[string]bool{}
	var all []*storagev1.CSINode
	for _, n := range c.csiNodes {
		shown[n.Name] = true
		for _, d := range n.Spec.Drivers {
			switch {
			case !ours[n.Name]:
			case d.Allocatable == nil || d.Allocatable.Count == nil:
				unlimited[d.Name] = true
			default:
				most[d.Name] = max(most[d.Name], *d.Allocatable.Count)
			}
		}
		if !joined[n.Name] {
			n = n.DeepCopy()
			c.addDrivers(n)
		}
		all = append(all, n)
	}
	for _, n := range out.nodes {
		if joined[n.Name] || shown[n.Name] {
			continue
		}
		usual := &storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: n.Name}}
		for name, count := range most {
			if count > 0 && !unlimited[name] {
				usual.Spec.Drivers = append(usual.Spec.Drivers, storagev1.CSINodeDriver{Name: name, Allocatable: &storagev1.VolumeNodeResources{Count: new(count)}})
			}
		}
		c.addDrivers(usual)
		all = append(all, usual)
	}
	return all
}

// addDrivers adds the cluster's drivers that the node does not show yet.
func (c *cluster) addDrivers(n *storagev1.CSINode) {
	for _, d := range c.drivers {
		if !slices.ContainsFunc(n.Spec.Drivers, func(has storagev1.CSINodeDriver) bool { return has.Name == d.Name }) {
			n.Spec.Drivers = append(n.Spec.Drivers, storagev1.CSINodeDriver{Name: d.Name})
		}
	}
}
