package plan

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

// readAttachments gives the hosts their limits and what is attached to them. What
// kubelet has not told yet of a machine is taken from the groups' other nodes: as
// many as the best of them takes, so that no odd node keeps pods from new ones.
func (w *world) readAttachments() {
	w.usualLimits = map[string]int{}
	for _, n := range w.state.CSINodes {
		h := w.hostByName[n.Name]
		if h == nil {
			continue
		}
		h.csi = n
		limits := limitsOf(n)
		h.attached = newAttachments(limits)
		if h.group == nil {
			continue
		}
		for _, d := range n.Spec.Drivers {
			limit, limited := limits[d.Name]
			if !limited {
				limit = math.MaxInt
			}
			w.usualLimits[d.Name] = max(w.usualLimits[d.Name], limit)
		}
	}
	maps.DeleteFunc(w.usualLimits, func(_ string, limit int) bool { return limit == 0 || limit == math.MaxInt })
	for _, h := range w.hosts {
		if h.settling && h.csi == nil {
			h.attached = w.usualAttachments()
		}
	}
	for _, a := range w.state.VolumeAttachments {
		h := w.hostByName[a.Spec.NodeName]
		if h == nil || h.attached == nil || a.Spec.Attacher == "" || a.Spec.Source.PersistentVolumeName == nil {
			continue
		}
		if pv := w.storage.volumes[*a.Spec.Source.PersistentVolumeName]; pv != nil && pv.Spec.CSI != nil {
			h.attached.linger(attachment{a.Spec.Attacher, pv.Spec.CSI.VolumeHandle})
		}
	}
}

// usualAttachments is what a new node's drivers are thought to allow.
func (w *world) usualAttachments() *attachments {
	if len(w.usualLimits) == 0 || !w.storage.attaches {
		return nil
	}
	return newAttachments(maps.Clone(w.usualLimits))
}

// use counts n more pods of the class on the host as users of their volumes.
func (w *world) use(c *class, h *host, n int) {
	v := c.volumes
	if h.attached != nil {
		h.attached.add(v.attached, n)
	}
	for _, claim := range v.exclusive {
		w.storage.users[claim] += n
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

// attachable says whether a pod's volumes can be used on the host beside those that
// are used already.
func (w *world) attachable(c *class, h *host) bool {
	v := c.volumes
	switch {
	case h.attached != nil && h.attached.exceeded(v.attached) != "":
		return false
	case w.takenClaim(v) != "", quarrelling(v.disks, h.disks) != nil, w.lacksDriver(v, h):
		return false
	}
	return len(v.unbound) == 0 || w.provide(c, h, map[*unboundClaim]*corev1.PersistentVolume{})
}

// lacksDriver says that a driver is not installed on the node, and wants pods to keep
// off such nodes. One that has not joined yet gets what the others have.
func (w *world) lacksDriver(v *volumes, h *host) bool {
	if h.node == nil || h.settling || h.node.State != Ready {
		return false
	}
	for _, a := range v.attached {
		if d := w.storage.drivers[a.driver]; d == nil || d.Spec.PreventPodSchedulingIfMissing == nil || !*d.Spec.PreventPodSchedulingIfMissing {
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
func (w *world) takenClaim(v *volumes) string {
	for _, claim := range v.exclusive {
		if w.storage.users[claim] > 0 {
			return claim
		}
	}
	return ""
}
