package plan

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// unsociable says what about other pods keeps a pod of the lot off a node of the
// template, were it bought on top of the plan.
func (w *world) unsociable(l *lot, t *template) refusal {
	if l.kind.free() {
		return refusal{}
	}
	mark := w.mark()
	defer w.revert(mark)
	h := w.open(t, PendingPods)
	k := l.kind
	if anyClash(k.class.ports, h.ports) {
		return refusal{HostPort, "a DaemonSet takes host port " + clashing(k.class.ports, h.ports)}
	}
	if v := k.class.volumes; v != nil {
		if claim := w.takenClaim(v); claim != "" {
			return refusal{VolumeLimit, "PersistentVolumeClaim " + claim + " is ReadWriteOncePod and another pod uses it"}
		}
		if why := w.unattachable(k.class, h); why.reason != "" {
			return why
		}
	}
	if s := k.class.seeks; s != nil && !s.allows(h, k.seeksOwn) {
		return refusal{PodAffinity, "no pod that its required podAffinity seeks is or will be in the same " + w.keyNames(s.counters)}
	}
	for _, c := range k.avoids {
		if c.at(h) > 0 {
			return refusal{PodAntiAffinity, fmt.Sprintf("required podAntiAffinity, its own or another pod's, keeps it out of %s %s",
				w.topology.keys[c.key].key, t.labels[w.topology.keys[c.key].key])}
		}
	}
	for i, s := range k.class.spreads {
		if s.allows(h, k.spreadsOwn[i], 1) == 0 {
			return w.uneven(s, h, t)
		}
	}
	return refusal{}
}

func (w *world) uneven(s *spread, h *host, t *template) refusal {
	key := w.topology.keys[s.key].key
	if h.domains[s.key] < 0 {
		return refusal{TopologySpread, fmt.Sprintf("nodes of it have no label %s to spread by", key)}
	}
	count := int32(0)
	if d := h.domains[s.key]; int(d) < len(s.counts) {
		count = s.counts[d]
	}
	where := t.labels[key]
	if key == corev1.LabelHostname {
		where = "of its own"
	}
	text := fmt.Sprintf("%s %s would have %d pods with at least %d elsewhere and maxSkew %d", key, where, count+1, s.least(), s.maxSkew)
	if s.scattered() {
		text += fmt.Sprintf("; %d domains have nodes, and minDomains is %d", s.domains, s.minDomains)
	}
	return refusal{TopologySpread, text}
}

func (w *world) keyNames(counters []counter) string {
	var names []string
	for i := range counters {
		names = append(names, w.topology.keys[counters[i].key].key)
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
func (w *world) unattachable(c *class, h *host) refusal {
	if h.attached != nil {
		if driver := h.attached.exceeded(c.volumes.attached); driver != "" {
			return refusal{VolumeLimit, fmt.Sprintf("has more volumes of driver %s than a node takes, which are %d", driver, h.attached.limits[driver])}
		}
	}
	if disk := quarrelling(c.volumes.disks, h.disks); disk != nil {
		return refusal{VolumeLimit, "a DaemonSet uses the disk of volume " + disk.Name}
	}
	if w.attachable(c, h) {
		return refusal{}
	}
	for _, u := range c.volumes.unbound {
		if u.users > 0 {
			return refusal{VolumeZone, "PersistentVolumeClaim " + u.key + " gets its volume where another of its pods is placed, which has no room"}
		}
	}
	return refusal{VolumeZone, "no PersistentVolume is left for one of its claims"}
}
