package plan

import (
	storagev1 "k8s.io/api/storage/v1"
)

// attachments are the CSI volumes on a node whose drivers limit their number.
type attachments struct {
	limits map[string]int
	// pods counts the pods that use a volume, volumes the volumes of a driver.
	pods    map[attachment]int
	volumes map[string]int
}

// newAttachments reads the limits of a node; nil when there are none.
func newAttachments(n *storagev1.CSINode) *attachments {
	a := &attachments{limits: map[string]int{}, pods: map[attachment]int{}, volumes: map[string]int{}}
	for _, d := range n.Spec.Drivers {
		if d.Allocatable != nil && d.Allocatable.Count != nil {
			a.limits[d.Name] = int(*d.Allocatable.Count)
		}
	}
	if len(a.limits) == 0 {
		return nil
	}
	return a
}

// add counts n more pods that use the volumes.
func (a *attachments) add(used []attachment, n int) {
	for _, v := range used {
		before := a.pods[v]
		a.pods[v] += n
		switch {
		case before == 0 && a.pods[v] > 0:
			a.volumes[v.driver]++
		case before > 0 && a.pods[v] == 0:
			a.volumes[v.driver]--
		}
	}
}

// allow says whether the volumes can be attached on top; those that are there
// already count once.
func (a *attachments) allow(wanted []attachment) bool {
	more := map[string]int{}
	seen := map[attachment]bool{}
	for _, v := range wanted {
		if a.pods[v] == 0 && !seen[v] {
			seen[v] = true
			more[v.driver]++
		}
	}
	for driver, n := range more {
		if limit, ok := a.limits[driver]; ok && a.volumes[driver]+n > limit {
			return false
		}
	}
	return true
}

// use counts n more pods of the class on the host as users of their volumes.
func (w *world) use(v *volumes, h *host, n int) {
	if h.attached != nil {
		h.attached.add(v.attached, n)
	}
	for _, claim := range v.exclusive {
		w.storage.users[claim] += n
	}
}

// attachable says whether a pod's volumes can be used on the host beside those that
// are used already.
func (w *world) attachable(v *volumes, h *host) bool {
	if h.attached != nil && !h.attached.allow(v.attached) {
		return false
	}
	return w.takenClaim(v) == ""
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
