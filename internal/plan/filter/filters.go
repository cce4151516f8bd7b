package filter

import (
	"maps"
	"slices"
	"unique"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
)

// Filters is what the pods of a round demand of nodes and of each other, and what of that
// is taken. Nodes and pods are counted in and out as the plan changes.
type Filters struct {
	*topology
	nodeClasses
	storage *storage
	classes map[unique.Handle[string]]*Class
	// usualLimits are the most volumes of each driver that a node of the groups takes; knownLimits count for
	// drivers of which these nodes tell nothing.
	usualLimits, knownLimits map[string]int
}

// Objects are the objects, besides pods and nodes, that the filters read.
type Objects struct {
	Namespaces        []*corev1.Namespace
	Claims            []*corev1.PersistentVolumeClaim
	Volumes           []*corev1.PersistentVolume
	StorageClasses    []*storagev1.StorageClass
	CSIDrivers        []*storagev1.CSIDriver
	StorageCapacities []*storagev1.CSIStorageCapacity
	// VolumeLimits are how many volumes of a CSI driver a node takes as long as no node tells.
	VolumeLimits map[string]int
}

// New starts with no pods and no nodes.
func New(o *Objects) *Filters {
	return &Filters{
		topology: newTopology(o.Namespaces), storage: newStorage(o),
		classes: map[unique.Handle[string]]*Class{}, knownLimits: o.VolumeLimits,
	}
}

// Known is the class of pods with this key (KeyOf); nil when none of them was read.
func (f *Filters) Known(key unique.Handle[string]) *Class { return f.classes[key] }

// Read takes down what pods with this key demand, by one of them.
func (f *Filters) Read(key unique.Handle[string], pod *corev1.Pod) *Class {
	c := newClass(key, pod)
	f.classes[key] = c
	if c.volumes = f.storage.read(pod); c.volumes != nil {
		c.PerHost = c.PerHost || c.volumes.namesNodes()
	}
	f.read(c, pod)
	return c
}

// AllRead says that the classes of all pods have been read: what nodes are told apart by is
// known now.
func (f *Filters) AllRead() { f.lookAt(maps.Values(f.classes)) }

// Verdict is what the filters that ignore size and other pods say of the class's pods on
// the node.
func (f *Filters) Verdict(c *Class, n *NodeInfo) Verdict {
	if !c.PerHost || !n.Exists {
		return c.On(n.NodeClass)
	}
	return c.On(f.ownClass(n))
}

// Max is how many of up to want pods of the kind may be put on the node at once, as far as
// ports, volumes and other pods limit that; more may be allowed after that.
func (f *Filters) Max(k *Kind, node *NodeInfo, want int) int {
	n := want
	if len(k.Class.ports) > 0 {
		if anyClash(k.Class.ports, node.ports) {
			return 0
		}
		n = 1
	}
	if k.Class.volumes != nil {
		if !f.attachable(k.Class, node) {
			return 0
		}
		n = 1
	}
	for _, c := range k.avoids {
		if c.at(node) > 0 {
			return 0
		}
	}
	if k.avoidsOwn {
		n = 1
	}
	if t := k.Class.seeks; t != nil && !t.allows(node, k.seeksOwn) {
		return 0
	}
	for i, s := range k.Class.spreads {
		n = min(n, s.allows(node, k.spreadsOwn[i], n))
	}
	return n
}

// Add counts n more pods of the kind that a plan puts on the node, or takes off it when n is
// negative. elsewhere says that the pods may end up on another node: they are in the way
// of others here, but satisfy nobody's affinity.
func (f *Filters) Add(k *Kind, node *NodeInfo, n int, elsewhere bool) {
	if elsewhere {
		f.countInWay(k, node, int32(n))
	} else {
		f.Count(k, node, int32(n), false)
	}
	if v := k.Class.volumes; v != nil && len(v.unbound) > 0 {
		f.bind(k.Class, node, n)
	}
	for _, p := range k.Class.ports {
		if n > 0 {
			node.ports = append(node.ports, p)
			continue
		}
		i := slices.Index(node.ports, p)
		node.ports = slices.Delete(node.ports, i, i+1)
	}
}

// Count counts n pods of the kind on the node in, or out when n is negative. Topology spread
// ignores pods that are being deleted.
func (f *Filters) Count(k *Kind, node *NodeInfo, n int32, deleted bool) {
	f.countInWay(k, node, n)
	for _, t := range k.gathered {
		t.add(node, n)
	}
	if deleted {
		return
	}
	for _, s := range k.spreading {
		if f.takes(s.over, node) {
			s.add(node, n)
		}
	}
}

// countInWay counts n pods of the kind on the node in, or out, for those they are in
// the way of, but not for those that seek them or spread by them.
func (f *Filters) countInWay(k *Kind, node *NodeInfo, n int32) {
	if k.Class.volumes != nil {
		f.use(k.Class, node, int(n))
	}
	for _, c := range k.holds {
		c.add(node, n)
	}
	for _, c := range k.counted {
		c.add(node, n)
	}
}
