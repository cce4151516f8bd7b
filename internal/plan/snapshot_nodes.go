package plan

import (
	"cmp"
	"maps"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// buildHosts makes a host of every node, by name, and counts the groups' machines.
func (w *world) buildHosts() {
	// Hosts are large and live as long as the world does: one array holds them all.
	room := make([]host, len(w.state.Nodes))
	for i, n := range w.state.Nodes {
		if w.state.fromScratch && w.groupByName[n.Group] != nil {
			continue
		}
		h := &room[i]
		w.describe(h, n)
		w.hosts = append(w.hosts, h)
		w.hostByName[n.Name] = h
		if n.Object != nil {
			// A machine on its way goes by its own name, pods by that of the Node that registered.
			w.hostByName[n.Object.Name] = h
		}
		if h.group == nil {
			continue
		}
		h.group.count++
		w.countSpent(h.group, n)
		if n.State == Terminating {
			h.group.terminating++
		}
		if n.State != Failed && n.State != Terminating {
			h.group.kept++
			if n.State == Ordered || h.settling && h.awaits != "" {
				h.group.coming++
			}
		}
	}
	slices.SortFunc(w.hosts, func(a, b *host) int { return cmp.Compare(a.Name, b.Name) })
	w.existing = len(w.hosts)
	w.lockTypes()
}

// describe says of an empty host what its node is.
func (w *world) describe(h *host, n *Node) {
	h.node, h.group = n, w.groupByName[n.Group]
	h.Name, h.Exists = n.Name, true
	h.takes = (n.State == Ready || n.State == Ordered) && (h.group == nil || !h.group.Deleting && !h.group.empties(n))
	if w.state.settling(n) && (n.State == Ordered || n.Object != nil) {
		h.settling = true
		w.describeComing(h)
	} else if n.Object != nil {
		h.Labels, h.Taints, h.Cordoned = n.Object.Labels, n.Object.Spec.Taints, n.Object.Spec.Unschedulable
		h.alloc = w.dims.Amounts(n.Object.Status.Allocatable)
	}
	if h.alloc == nil {
		h.takes = false
		h.alloc = make(resources.Vector, len(w.dims.Names))
	}
	if n.State == Ready && n.Object != nil {
		if t := w.optionsOf(h).HoldsPodsOff(n.Object); t != nil {
			h.awaits = t.ToString()
		}
	}
	h.Joined = n.State == Ready && !h.settling
	h.free = slices.Clone(h.alloc)
}

// lockTypes settles the one type of groups without mixed instances: the preferred
// one, else that of most of its nodes. Without either it stays open.
func (w *world) lockTypes() {
	counts := map[*group]map[string]int{}
	for _, h := range w.hosts {
		if h.group == nil || h.node.State == Failed || h.node.State == Terminating ||
			len(h.group.ofType(h.node.InstanceType)) == 0 {
			continue // also when the type is no longer offered: the group moves to another
		}
		if counts[h.group] == nil {
			counts[h.group] = map[string]int{}
		}
		counts[h.group][h.node.InstanceType]++
	}
	for _, g := range w.groups {
		if g.AllowMixed {
			continue
		}
		g.onlyType = g.Preferred
		if g.onlyType != "" {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(counts[g])) {
			if g.onlyType == "" || counts[g][name] > counts[g][g.onlyType] {
				g.onlyType = name
			}
		}
	}
}

// seat puts the pods on the nodes they are bound to, or nominated for, sets room
// aside for DaemonSet pods that will come, and returns the pods that want room.
func (w *world) seat() []*Pod {
	hosts, classes := w.seats()
	for _, d := range w.daemons {
		d.kind = w.filters.Kind(d.class, d.pod.meta)
	}
	w.giveShapes()
	w.readAttachments()
	var pending, nominated []*Pod
	for i, p := range w.state.Pods {
		switch h := hosts[i]; {
		case h != nil && p.stage == stagePending:
			nominated = append(nominated, p)
		case h != nil:
			w.sit(h, p, w.filters.Kind(classes[i], p.meta))
		case p.stage == stagePending || p.stage == stageGated || p.stage == stageFailedScheduling:
			pending = append(pending, p)
		}
	}
	for _, b := range w.state.NodePods {
		if h := w.hostByName[b.node]; h != nil {
			w.sitAll(h, b)
		}
	}
	pending = append(pending, w.seatNominated(nominated)...)
	for _, h := range w.hosts {
		if h.settling {
			w.reserveResidents(h)
		}
	}
	w.locate()
	return pending
}

// seats are the hosts and the classes of the pods, by their place in the state, with room made for them on the hosts. Who is
// counted how is only known once all classes have been read. In a large cluster each look at all pods counts, so this is one.
func (w *world) seats() ([]*host, []*filter.Class) {
	hosts, classes := make([]*host, len(w.state.Pods)), make([]*filter.Class, len(w.state.Pods))
	seats := 0
	for i, p := range w.state.Pods {
		if p.stage != stageGone && p.stage != stageUndecided && p.stage != stageFailedScheduling {
			classes[i] = w.class(p)
		}
		if h := w.seatOf(p); h != nil {
			hosts[i] = h
			h.seats++
			seats++
		}
	}
	for _, b := range w.state.NodePods {
		for _, r := range b.rules {
			w.class(r.example)
		}
		if h := w.hostByName[b.node]; h != nil {
			h.seats += len(b.pods)
			seats += len(b.pods)
		}
	}
	room := make([]seated, seats)
	for _, h := range w.hosts {
		h.bound, room = room[:0:h.seats], room[h.seats:]
	}
	return hosts, classes
}

// seatOf is the host that a pod is bound to or that waits for it; nil for none.
func (w *world) seatOf(p *Pod) *host {
	if p.anew {
		return nil
	}
	switch p.stage {
	case stageBound:
		return w.hostByName[p.node]
	case stageDaemon:
		return w.hostByName[reservedNode(p.spec)]
	case stagePending:
		return w.hostByName[p.status.NominatedNodeName]
	}
	return nil
}

func (w *world) sit(h *host, p *Pod, k *filter.Kind) { w.sitAs(h, p, k, p.stays()) }

// sitAs puts a pod on a node; stays says that it belongs to the node.
func (w *world) sitAs(h *host, p *Pod, k *filter.Kind, stays bool) {
	if stays {
		h.controls = firstOf(h.controls, controlPlanePod(p.meta, p.status))
	}
	w.dims.AddSize(h.free, &p.requests, -1)
	w.countIn(h, seated{pod: p, kind: k, stays: stays, leaves: p.leaves()}, p.part(&w.state.Options, stays), amount{p.requests.CPU, p.requests.Memory})
}

// countIn counts a pod among those of its node, apart from the room that it takes, and in the node's load as the part that it is
// of that.
func (w *world) countIn(h *host, s seated, as part, asked amount) {
	h.bound = append(h.bound, s)
	h.TakePorts(s.kind)
	switch as {
	case partOverhead:
		h.overhead = h.overhead.plus(asked)
	case partYields:
		if h.yields == nil {
			h.yields = make(resources.Vector, len(w.dims.Names))
		}
		w.dims.AddSize(h.yields, &s.pod.requests, 1)
	case partRequested:
		h.requested = h.requested.plus(asked)
	}
}

// readAttachments gives the hosts the limits of their CSI drivers and what is attached to them.
func (w *world) readAttachments() {
	find := func(name string) (*filter.NodeInfo, bool) {
		h := w.hostByName[name]
		if h == nil {
			return nil, false
		}
		return &h.NodeInfo, h.group != nil
	}
	w.filters.ReadCSINodes(w.state.CSINodes, find)
	for _, h := range w.hosts {
		if h.settling {
			w.filters.ExpectLimits(&h.NodeInfo)
		}
	}
	w.filters.ReadAttachments(w.state.VolumeAttachments, find)
}
