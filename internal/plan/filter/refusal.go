package filter

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Why says what about other pods keeps a pod of the kind off a new node; empty for nothing.
func (f *Filters) Why(k *Kind, h *NodeInfo) Refusal {
	if anyClash(k.Class.ports, h.ports) {
		return Refusal{HostPort, "a DaemonSet takes host port " + clashing(k.Class.ports, h.ports)}
	}
	if v := k.Class.volumes; v != nil {
		if claim := f.takenClaim(v); claim != "" {
			return Refusal{VolumeLimit, "PersistentVolumeClaim " + claim + " is ReadWriteOncePod and another pod uses it"}
		}
		if why := f.unattachable(k.Class, h); why.Reason != "" {
			return why
		}
	}
	if s := k.Class.seeks; s != nil && !s.allows(h, k.seeksOwn) {
		return Refusal{PodAffinity, "no pod that its required podAffinity seeks is or will be in the same " + f.keyNames(s.counters)}
	}
	for _, c := range k.avoids {
		if c.at(h) > 0 {
			return Refusal{PodAntiAffinity, fmt.Sprintf("required podAntiAffinity, its own or another pod's, keeps it out of %s %s",
				f.keys[c.key].key, h.Labels[f.keys[c.key].key])}
		}
	}
	for i, s := range k.Class.spreads {
		if s.allows(h, k.spreadsOwn[i], 1) == 0 {
			return f.uneven(s, h)
		}
	}
	return Refusal{}
}

func (f *Filters) uneven(s *Spread, h *NodeInfo) Refusal {
	key := f.keys[s.key].key
	if h.domains[s.key] < 0 {
		return Refusal{TopologySpread, fmt.Sprintf("nodes of it have no label %s to spread by", key)}
	}
	where := h.Labels[key]
	if key == corev1.LabelHostname {
		where = "of its own"
	}
	text := fmt.Sprintf("%s %s would have %d pods with at least %d elsewhere and maxSkew %d", key, where, s.count(h.domains[s.key])+1, s.least(), s.maxSkew)
	if s.lacksDomains() {
		text += fmt.Sprintf("; %d domains have nodes, and minDomains is %d", s.OpenDomains(), s.minDomains)
	}
	return Refusal{TopologySpread, text}
}

func (f *Filters) keyNames(counters []counter) string {
	var names []string
	for i := range counters {
		names = append(names, f.keys[counters[i].key].key)
	}
	return strings.Join(names, " and ")
}

func clashing(a, b []port) string {
	for _, p := range a {
		if anyClash([]port{p}, b) {
			return fmt.Sprintf("%d/%s", p.number, p.protocol)
		}
	}
	return ""
}

// unattachable says why a new node cannot have the class's volumes beside what the
// plan uses elsewhere.
func (f *Filters) unattachable(c *Class, h *NodeInfo) Refusal {
	if h.attached != nil {
		if driver := h.attached.exceeded(c.volumes.attached); driver != "" {
			return Refusal{VolumeLimit, fmt.Sprintf("has more volumes of driver %s than a node takes, which are %d", driver, h.attached.limits[driver])}
		}
	}
	if disk := quarrelling(c.volumes.disks, h.disks); disk != nil {
		return Refusal{VolumeLimit, "a DaemonSet uses the disk of volume " + disk.Name}
	}
	if f.attachable(c, h) {
		return Refusal{}
	}
	for _, u := range c.volumes.unbound {
		if u.users > 0 {
			return Refusal{VolumeZone, "PersistentVolumeClaim " + u.key + " gets its volume where another of its pods is placed, which has no room"}
		}
	}
	return Refusal{VolumeZone, "no PersistentVolume is left for one of its claims"}
}

// RefusedBy says why nodes of the class refuse the pods, size and other pods apart; empty
// when they do not.
func (c *Class) RefusedBy(s *NodeClass) Refusal {
	switch v := c.On(s); {
	case v&Repelled != 0:
		taint, _ := c.Untolerated(s.Node.Spec.Taints)
		return Refusal{TaintNotTolerated, "does not tolerate taint " + taint.ToString()}
	case v&Mismatched != 0:
		return Refusal{NodeAffinity, "does not match " + c.Wants()}
	case v&Misplaced != 0:
		return Refusal{VolumeZone, c.volumes.obstacle(s.Node)}
	}
	return Refusal{}
}

// Refusal is a reason with its text; empty when nothing speaks against a node.
type Refusal struct {
	Reason  Reason
	Message string
}

// Reason is why a node does not take a pod.
type Reason string

// The reasons, as the plan reports them.
const (
	TaintNotTolerated Reason = "TaintNotTolerated"
	NodeAffinity      Reason = "NodeAffinity"
	PodAffinity       Reason = "PodAffinity"
	PodAntiAffinity   Reason = "PodAntiAffinity"
	TopologySpread    Reason = "TopologySpread"
	HostPort          Reason = "HostPort"
	VolumeZone        Reason = "VolumeZone"
	VolumeLimit       Reason = "VolumeLimit"
)

// Reasons lists every reason.
func Reasons() []Reason {
	return []Reason{TaintNotTolerated, NodeAffinity, PodAffinity, PodAntiAffinity, TopologySpread, HostPort, VolumeZone, VolumeLimit}
}
