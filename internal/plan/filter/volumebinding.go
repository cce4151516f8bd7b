package filter

import (
	"cmp"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	volumehelpers "k8s.io/component-helpers/storage/volume"
)

// unboundClaim is a claim that gets its volume when the first of its pods gets a
// node: one that is there already and can be used on that node, or a new one.
type unboundClaim struct {
	key    string // namespace/name
	object *corev1.PersistentVolumeClaim
	class  *storagev1.StorageClass
	// selected is the node that the provisioner has been told.
	selected string
	// candidates are the volumes of the class; makes says that it makes further ones.
	candidates []*corev1.PersistentVolume
	makes      bool
	// limited: the driver only makes volumes where one of the capacities is left, which
	// are those that are large enough.
	limited    bool
	capacities []capacity

	// users is how many pods are on a node, which have to share it, taken the volume
	// that is there already and that they get.
	users int
	node  *NodeInfo
	taken *corev1.PersistentVolume
}

// capacity is where a driver can make a volume.
type capacity struct {
	selector labels.Selector
	keys     []string
}

// unbound works out a claim that waits for its first pod to be placed; pods that
// share it share the result.
func (st *storage) unbound(claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass) *unboundClaim {
	key := claim.Namespace + "/" + claim.Name
	if u := st.unboundClaims[key]; u != nil {
		return u
	}
	u := &unboundClaim{
		key: key, object: claim, class: class, selected: claim.Annotations[volumehelpers.AnnSelectedNode],
		makes: class.Provisioner != "" && class.Provisioner != volumehelpers.NotSupportedProvisioner,
	}
	if u.selected == "" {
		u.candidates = st.volumesOf[class.Name]
	}
	size, sized := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	if d := st.drivers[class.Provisioner]; sized && d != nil && d.Spec.StorageCapacity != nil && *d.Spec.StorageCapacity {
		u.limited = true
		for _, c := range st.capacities[class.Name] {
			room := cmp.Or(c.MaximumVolumeSize, c.Capacity)
			if room == nil || room.Value() < size.Value() || c.NodeTopology == nil {
				continue
			}
			// A selector that does not parse leads nowhere, as with kube-scheduler.
			if s, err := metav1.LabelSelectorAsSelector(c.NodeTopology); err == nil {
				u.capacities = append(u.capacities, capacity{s, keysOf(c.NodeTopology)})
			}
		}
	}
	st.unboundClaims[key] = u
	return u
}

func keysOf(s *metav1.LabelSelector) []string {
	var keys []string
	for key := range s.MatchLabels {
		keys = append(keys, key)
	}
	for _, e := range s.MatchExpressions {
		keys = append(keys, e.Key)
	}
	return keys
}

// suits says whether the claim can get a volume on the node, were it the only one.
func (u *unboundClaim) suits(node *corev1.Node) bool {
	if u.selected != "" && u.selected != node.Name {
		return false
	}
	return u.canMake(node) || u.find(node, nil) != nil
}

// canMake says whether a new volume can be made for the node.
func (u *unboundClaim) canMake(node *corev1.Node) bool {
	if !u.makes || !matchesTopology(u.class, node) {
		return false
	}
	return !u.limited || slices.ContainsFunc(u.capacities, func(c capacity) bool { return c.selector.Matches(labels.Set(node.Labels)) })
}

// find is the volume that kube-scheduler takes for the claim on the node; nil for none.
func (u *unboundClaim) find(node *corev1.Node, taken map[string]*corev1.PersistentVolume) *corev1.PersistentVolume {
	if len(u.candidates) == 0 {
		return nil
	}
	// A claim whose selector does not parse matches nothing.
	pv, err := volumehelpers.FindMatchingVolume(u.object, u.candidates, node, taken, true, true)
	if err != nil {
		return nil
	}
	return pv
}

// provide finds volumes on the node for all claims, which come by size, and puts
// those that are there already into found. It says whether every claim gets one.
func (f *Filters) provide(c *Class, h *NodeInfo, found map[*unboundClaim]*corev1.PersistentVolume) bool {
	node := f.nodeOf(c, h)
	own := map[string]*corev1.PersistentVolume{}
	for _, u := range c.volumes.unbound {
		if u.users > 0 {
			if u.node != h {
				return false // the volume comes to where the first pod is
			}
			continue
		}
		pv := u.find(node, f.storage.taken)
		if pv != nil && own[pv.Name] != nil {
			pv = u.find(node, mergeVolumes(f.storage.taken, own))
		}
		switch {
		case pv != nil:
			own[pv.Name] = pv
			found[u] = pv
		case !u.canMake(node):
			return false
		}
	}
	return true
}

func mergeVolumes(a, b map[string]*corev1.PersistentVolume) map[string]*corev1.PersistentVolume {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// bind counts n more pods of the class on the node as users of their unbound claims.
// Who comes first decides on the volumes, who goes last gives them back. Pods that
// run already have no say: what was decided for them stands in claim and volume.
func (f *Filters) bind(c *Class, h *NodeInfo, n int) {
	var found map[*unboundClaim]*corev1.PersistentVolume
	if n > 0 {
		found = map[*unboundClaim]*corev1.PersistentVolume{}
		f.provide(c, h, found)
	}
	for _, u := range c.volumes.unbound {
		before := u.users
		u.users += n
		switch {
		case before == 0 && u.users > 0:
			u.node = h
			// Taken back and put there again, it gets the volume that it had.
			if had := u.taken; had == nil || f.storage.taken[had.Name] != nil || volumehelpers.CheckNodeAffinity(had, f.nodeOf(c, h).Labels) != nil {
				u.taken = found[u]
			}
			if u.taken != nil {
				f.storage.taken[u.taken.Name] = u.taken
			}
		case before > 0 && u.users == 0 && u.taken != nil:
			delete(f.storage.taken, u.taken.Name)
		}
	}
}

// nodeOf is the node as the filters of the class see it.
func (f *Filters) nodeOf(c *Class, h *NodeInfo) *corev1.Node {
	if c.PerHost && h.Exists {
		return f.ownClass(h).Node
	}
	return h.NodeClass.Node
}

// Claim is what a claim without a volume has been given.
type Claim struct {
	claim *unboundClaim
	users int
	node  *NodeInfo
	taken *corev1.PersistentVolume
}

// Claims are the claims without a volume of the class's pods, for RestoreClaims; nil for none.
func (c *Class) Claims() []Claim {
	if c.volumes == nil {
		return nil
	}
	var all []Claim
	for _, u := range c.volumes.unbound {
		all = append(all, Claim{u, u.users, u.node, u.taken})
	}
	return all
}

// RestoreClaims gives claims back what they had. Which volume a claim gets depends on the
// order in which pods are placed, so pods that are put back might get others.
func (f *Filters) RestoreClaims(claims []Claim) {
	for _, c := range claims {
		if u := c.claim; u.users > 0 && u.taken != nil {
			delete(f.storage.taken, u.taken.Name)
		}
	}
	for _, c := range claims {
		c.claim.users, c.claim.node, c.claim.taken = c.users, c.node, c.taken
		if c.users > 0 && c.taken != nil {
			f.storage.taken[c.taken.Name] = c.taken
		}
	}
}
