package plan

// Machines that were decided on can wait long to be ordered: for the cloud's request limit, or for the end of an outage. Meanwhile
// pods are deleted or find room elsewhere, and people lower maximums. What is not ordered yet costs nothing to let go, so no timer
// and no disruption budget holds it.

// cancelExcess has machines that are not ordered yet not come where a group is above its maximum. It goes before pods are put
// anywhere.
func (w *world) cancelExcess() {
	for _, h := range w.hosts[:w.existing] {
		if w.cancellable(h) && h.group.kept > h.group.Max {
			w.cancel(h, AboveMax)
		}
	}
}

// cancelIdle has those not come that the plan puts no pod on, and that neither the minimum nor a scale-up threshold asks for.
func (w *world) cancelIdle() {
	var loads map[*group]load // worked out when there is one, which is rare
	for _, h := range w.hosts[:w.existing] {
		if !w.cancellable(h) || len(h.placed)+len(h.bound) > 0 || h.group.kept <= h.group.Min {
			continue
		}
		if loads == nil {
			loads = w.loads()
		}
		g := h.group
		without := loads[g].minus(h.load())
		if g.ScaleUp.Enabled && without.reaches(g.ScaleUp.CPU, g.ScaleUp.Memory) {
			continue
		}
		loads[g] = without
		w.cancel(h, Empty)
	}
}

// cancellable says that a machine need not come. One that is bought in the place of nodes is given up with its exchange, and one
// on demand comes where spot instances had more than their share without it.
func (w *world) cancellable(h *host) bool {
	n, g := h.node, h.group
	if g == nil || !n.Unordered || n.State != Ordered || h.cancelled != "" || len(n.Replaces) > 0 || n.DoNotDelete || n.Adopted || g.Paused || g.Deleting {
		return false
	}
	if n.Spot || g.Limits.SpotPercent == nil {
		return true
	}
	nodes, spot := g.without(w.cancellations())
	return !g.overSpot(nodes-1, spot)
}

func (w *world) cancel(h *host, why RemovalReason) {
	w.close(h)
	w.retire(h)
	h.group.coming--
	h.cancelled = why
}

// cancellations are the machines that do not come.
func (w *world) cancellations() []*candidate {
	var all []*candidate
	for _, h := range w.hosts[:w.existing] {
		if h.cancelled != "" {
			all = append(all, &candidate{host: h, price: w.priceOf(h.node), reason: h.cancelled})
		}
	}
	return all
}
