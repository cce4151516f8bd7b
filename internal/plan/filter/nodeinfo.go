package filter

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
)

// NodeInfo is what the filters know of a node and of what is taken of it.
type NodeInfo struct {
	Name   string
	Labels map[string]string
	Taints []corev1.Taint
	// Cordoned: marked unschedulable.
	Cordoned bool
	// Exists: it is there already or on its way, so its name and hostname are known.
	Exists bool
	// Joined: kubelet has told all that it will about the node's CSI drivers.
	Joined bool
	// NodeClass is what static filters see of it.
	NodeClass *NodeClass
	// own is the class with the node's name and all its labels, for classes that
	// name single nodes; made when first asked for.
	own *NodeClass
	// domains are the node's by topology key, ports those that are taken.
	domains []int32
	ports   []port
	// csi is what kubelet says of its CSI drivers, nil when nothing; attached are its
	// volumes, nil when no driver limits their number; disks those of pods that name
	// them without a claim.
	csi      *storagev1.CSINode
	attached *attachments
	disks    []*corev1.Volume
}

// TakePorts marks the ports of a pod of the kind as taken.
func (n *NodeInfo) TakePorts(k *Kind) { n.ports = append(n.ports, k.Class.ports...) }

// ownClass is a class of the node's own, with its name and all its labels.
func (f *Filters) ownClass(n *NodeInfo) *NodeClass {
	if n.own == nil {
		n.own = f.NewNodeClass(n.Name, n.Labels, n.Taints, n.Cordoned)
		if n.csi != nil {
			n.own.Node.Annotations = n.csi.Annotations
		}
	}
	return n.own
}

// freshDomain is the domain of a topology key whose value no other node has: the hostname of
// a node to be bought.
const freshDomain int32 = -2

// Locate gives a node its domains by its labels, once all classes have been read.
func (f *Filters) Locate(node *NodeInfo) {
	node.domains = make([]int32, len(f.keys))
	for i, d := range f.keys {
		node.domains[i] = d.of(node.Labels)
	}
}

// NewDomains are the domains of a node to be bought with these labels, by topology key.
func (f *Filters) NewDomains(labels map[string]string) []int32 {
	all := make([]int32, len(f.keys))
	for i, d := range f.keys {
		if d.key == corev1.LabelHostname {
			all[i] = freshDomain
			continue
		}
		all[i] = d.of(labels)
	}
	return all
}

// AddNew counts in a node that is bought, with its domains (NewDomains) and the kinds of its
// DaemonSet pods.
func (f *Filters) AddNew(node *NodeInfo, domains []int32, daemons []*Kind) {
	node.domains = slices.Clone(domains)
	for i, d := range node.domains {
		if d == freshDomain {
			node.domains[i] = f.keys[i].size
			f.keys[i].size++
		}
	}
	f.AddNode(node, 1)
	f.addDaemons(node, daemons)
}

func (f *Filters) addDaemons(node *NodeInfo, daemons []*Kind) {
	node.ports = node.ports[:0]
	for _, k := range daemons {
		f.Count(k, node, 1, false)
		node.ports = append(node.ports, k.Class.ports...)
	}
}

// RemoveNew counts the node out that was bought last.
func (f *Filters) RemoveNew(node *NodeInfo, domains []int32, daemons []*Kind) {
	f.Detach(node, daemons)
	for i, d := range domains {
		if d == freshDomain {
			f.keys[i].size--
		}
	}
}

// Detach counts a bought node out, with the kinds of its DaemonSet pods.
func (f *Filters) Detach(node *NodeInfo, daemons []*Kind) {
	for _, k := range daemons {
		f.Count(k, node, -1, false)
	}
	f.AddNode(node, -1)
}

// Attach counts a bought node in again after Detach, with the domains and DaemonSet pods of
// its new template.
func (f *Filters) Attach(node *NodeInfo, domains []int32, daemons []*Kind) {
	for i, d := range domains {
		if d != freshDomain {
			node.domains[i] = d
		}
	}
	f.AddNode(node, 1)
	f.addDaemons(node, daemons)
}
