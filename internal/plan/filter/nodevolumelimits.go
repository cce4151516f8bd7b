package filter

import (
	"maps"
	"math"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
)

// attachments are the CSI volumes on a node whose drivers limit their number.
type attachments struct {
	limits map[string]int
	// pods counts the pods that use a volume, volumes the volumes of a driver.
	pods    map[attachment]int
	volumes map[string]int
	// lingering are attached, as VolumeAttachments say, whoever uses them.
	lingering map[attachment]bool
}

// limitsOf reads the limits of a node by driver.
func limitsOf(n *storagev1.CSINode) map[string]int {
	limits := map[string]int{}
	for _, d := range n.Spec.Drivers {
		if d.Allocatable != nil && d.Allocatable.Count != nil {
			limits[d.Name] = int(*d.Allocatable.Count)
		}
	}
	return limits
}

// newAttachments starts to count; nil when nothing is limited.
func newAttachments(limits map[string]int) *attachments {
	if len(limits) == 0 {
		return nil
	}
	return &attachments{limits: limits, pods: map[attachment]int{}, volumes: map[string]int{}, lingering: map[attachment]bool{}}
}

// add counts n more pods that use the volumes.
func (a *attachments) add(used []attachment, n int) {
	for _, v := range used {
		before := a.pods[v]
		a.pods[v] += n
		switch {
		case a.lingering[v]: // counted whether it is used or not
		case before == 0 && a.pods[v] > 0:
			a.volumes[v.driver]++
		case before > 0 && a.pods[v] == 0:
			a.volumes[v.driver]--
		}
	}
}

// linger counts a volume that is attached.
func (a *attachments) linger(v attachment) {
	if !a.lingering[v] {
		a.lingering[v] = true
		a.volumes[v.driver]++
	}
}

// exceeded is a driver whose limit does not allow the volumes on top; empty for none.
// Those that pods there use already count once. Like kube-scheduler it counts one
// that is attached, and used by nobody, as though it were another.
func (a *attachments) exceeded(wanted []attachment) string {
	more := map[string]int{}
	seen := map[attachment]bool{}
	for _, v := range wanted {
		if a.pods[v] == 0 && !seen[v] {
			seen[v] = true
			more[v.driver]++
		}
	}
	worst := ""
	for driver, n := range more {
		if limit, ok := a.limits[driver]; ok && a.volumes[driver]+n > limit && (worst == "" || driver < worst) {
			worst = driver
		}
	}
	return worst
}

// ReadCSINodes gives the nodes the limits of their drivers. find gives the node of a name, nil for
// none, and whether it is one of a group. What kubelet has not told yet of a machine is
// taken from the groups' other nodes: as many as the best of them takes, so that no odd
// node keeps pods from new ones. Of a driver that none of them has, knownLimits count.
func (f *Filters) ReadCSINodes(list []*storagev1.CSINode, find func(name string) (n *NodeInfo, grouped bool)) {
	f.usualLimits = map[string]int{}
	for _, n := range list {
		h, grouped := find(n.Name)
		if h == nil {
			continue
		}
		h.csi = n
		limits := limitsOf(n)
		h.attached = newAttachments(limits)
		if !grouped {
			continue
		}
		for _, d := range n.Spec.Drivers {
			limit, limited := limits[d.Name]
			if !limited {
				limit = math.MaxInt
			}
			f.usualLimits[d.Name] = max(f.usualLimits[d.Name], limit)
		}
	}
	for driver, limit := range f.knownLimits {
		if _, told := f.usualLimits[driver]; !told {
			f.usualLimits[driver] = limit
		}
	}
	maps.DeleteFunc(f.usualLimits, func(_ string, limit int) bool { return limit == 0 || limit == math.MaxInt })
}

// ExpectLimits gives a node on its way, or to be bought, the usual limits while kubelet has
// told nothing of it.
func (f *Filters) ExpectLimits(h *NodeInfo) {
	if h.csi == nil {
		h.attached = f.usualAttachments()
	}
}

// ReadAttachments counts what is attached to the nodes (readCSINodes).
func (f *Filters) ReadAttachments(list []*storagev1.VolumeAttachment, find func(name string) (n *NodeInfo, grouped bool)) {
	for _, a := range list {
		h, _ := find(a.Spec.NodeName)
		if h == nil || h.attached == nil || a.Spec.Attacher == "" || a.Spec.Source.PersistentVolumeName == nil {
			continue
		}
		if pv := f.storage.volumes[*a.Spec.Source.PersistentVolumeName]; pv != nil && pv.Spec.CSI != nil {
			h.attached.linger(attachment{a.Spec.Attacher, pv.Spec.CSI.VolumeHandle})
		}
	}
}

// usualAttachments is what a new node's drivers are thought to allow.
func (f *Filters) usualAttachments() *attachments {
	if len(f.usualLimits) == 0 || !f.storage.attaches {
		return nil
	}
	return newAttachments(maps.Clone(f.usualLimits))
}

// use counts n more pods of the class on the node as users of their volumes.
func (f *Filters) use(c *Class, h *NodeInfo, n int) {
	v := c.volumes
	if h.attached != nil {
		h.attached.add(v.attached, n)
	}
	for _, claim := range v.exclusive {
		f.storage.users[claim] += n
	}
	for range n {
		h.disks = append(h.disks, v.disks...)
	}
	for range -n {
		for _, d := range v.disks {
			h.disks = without(h.disks, d)
		}
	}
}

func without(list []*corev1.Volume, one *corev1.Volume) []*corev1.Volume {
	for i, v := range list {
		if v == one {
			return append(list[:i:i], list[i+1:]...)
		}
	}
	return list
}

// attachable says whether a pod's volumes can be used on the node beside those that
// are used already.
func (f *Filters) attachable(c *Class, h *NodeInfo) bool {
	v := c.volumes
	switch {
	case h.attached != nil && h.attached.exceeded(v.attached) != "":
		return false
	case f.takenClaim(v) != "", quarrelling(v.disks, h.disks) != nil, f.lacksDriver(v, h):
		return false
	}
	return len(v.unbound) == 0 || f.provide(c, h, map[*unboundClaim]*corev1.PersistentVolume{})
}

// lacksDriver says that a driver is not installed on the node, and wants pods to keep
// off such nodes. One that has not joined yet gets what the others have.
func (f *Filters) lacksDriver(v *volumes, h *NodeInfo) bool {
	if !h.Joined {
		return false
	}
	for _, a := range v.attached {
		if d := f.storage.drivers[a.driver]; d == nil || d.Spec.PreventPodSchedulingIfMissing == nil || !*d.Spec.PreventPodSchedulingIfMissing {
			continue
		}
		if h.csi == nil || !hasDriver(h.csi, a.driver) {
			return true
		}
	}
	return false
}

func hasDriver(n *storagev1.CSINode, name string) bool {
	for _, d := range n.Spec.Drivers {
		if d.Name == name {
			return true
		}
	}
	return false
}

// takenClaim is the first claim that only one pod may use and another does.
func (f *Filters) takenClaim(v *volumes) string {
	for _, claim := range v.exclusive {
		if f.storage.users[claim] > 0 {
			return claim
		}
	}
	return ""
}
