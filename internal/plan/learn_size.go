package plan

import (
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// devices corrects the amounts of resources that device plugins announce by what the
// nodes show. A plugin announces some time after the kubelet.
func (l *lessons) devices(g *Group, o *Offer, alloc resources.Vector) {
	for i := resources.FirstScalar; i < len(alloc); i++ {
		for _, level := range levels(g, o) {
			teachers := l.teachers[level]
			if len(teachers) == 0 {
				continue
			}
			// Nodes of one other type say what that type has; nodes of several, what all have.
			if level.instanceType == "" && !slices.ContainsFunc(teachers, func(n *Node) bool { return n.InstanceType != teachers[0].InstanceType }) {
				continue
			}
			alloc[i] = l.shown(teachers, i, alloc[i])
			break
		}
	}
}

// shown is the least amount of the resource where all settled nodes have some, 0 where
// none has, and what was ordered where they differ.
func (l *lessons) shown(teachers []*Node, i int, ordered int64) int64 {
	settled, have, least := 0, 0, int64(0)
	for _, n := range teachers {
		q := n.Object.Status.Allocatable[l.dims.Names[i]]
		amount := q.Value()
		if l.state.settling(n) {
			if settled == 0 && have == 0 && amount > ordered {
				ordered = amount // only fresh nodes so far: what they show is there
			}
			continue
		}
		settled++
		if amount <= 0 {
			continue
		}
		have++
		if least == 0 || amount < least {
			least = amount
		}
	}
	if settled == 0 || have > 0 && have < settled {
		return ordered
	}
	return least
}

// sized is the DaemonSet's pod as large as on a new node of the group and offer: as large
// as its template says, and as the nearest of its pods are.
func (l *lessons) sized(d *daemon, g *Group, o *Offer) *Pod {
	most := d.pod.requests
	for _, level := range append(levels(g, o), lessonKey{}) {
		found := false
		for at, pods := range l.residents {
			if shown := pods[d.key]; shown != nil && at.within(level) {
				found = true
				most = most.AtLeast(&shown.pod.requests)
			}
		}
		if found {
			break
		}
	}
	if most.Equal(&d.pod.requests) {
		return d.pod
	}
	sized := *d.pod
	sized.requests = most
	return &sized
}

// within says that nodes of the key are in the set.
func (k lessonKey) within(set lessonKey) bool {
	return (set.group == "" || k.group == set.group) && (set.instanceType == "" || k.instanceType == set.instanceType) &&
		(set.datacenter == "" || k.datacenter == set.datacenter)
}

// companions are the pods that all nodes like a new one have without a known DaemonSet:
// static pods, and pods of controllers that work like a DaemonSet.
func (l *lessons) companions(g *Group, o *Offer) []*Pod {
	for _, level := range levels(g, o) {
		settled := 0
		for _, n := range l.teachers[level] {
			if !l.state.settling(n) {
				settled++
			}
		}
		if len(l.teachers[level]) == 0 {
			continue
		}
		if settled == 0 {
			return nil
		}
		sums := map[residentKey]*shownPod{}
		for at, pods := range l.residents {
			if !at.within(level) || at.group == "" {
				continue
			}
			for key, shown := range pods {
				if l.known[key] {
					continue
				}
				if sums[key] == nil {
					sums[key] = &shownPod{pod: shown.pod}
				}
				sums[key].pod = larger(sums[key].pod, shown.pod)
				sums[key].settled += shown.settled
			}
		}
		var all []*Pod
		for _, shown := range sums {
			if shown.settled >= settled {
				all = append(all, shown.pod)
			}
		}
		slices.SortFunc(all, comparePods)
		return all
	}
	return nil
}
