package plan

import (
	"math"
	"slices"
)

// FromScratch compares what the machines cost after a plan with what machines for the
// present pods would cost if all of them were bought anew. A plan's own lower bound takes
// the machines that are there for granted; this one does not.
type FromScratch struct {
	// LowerBound is proved: no choice of machines on sale holds the pods for less. Pods
	// that the plan leaves without a node are not counted.
	LowerBound Hourly `json:"lowerBoundPerHour"`
	// Known is the price of the cheapest machines that the planner itself found.
	Known Hourly `json:"cheapestKnownPerHour"`
	// NotCounted is how many running pods no machine on sale would take again; the bound
	// is proved for the others.
	NotCounted int `json:"podsNotCounted,omitempty"`
	// Difference says why the machines cost more than LowerBound. The items add up to
	// Cost.After - LowerBound; items of nothing are left out.
	Difference []Difference `json:"difference"`
}

// Difference is a part of what is paid above the bound.
type Difference struct {
	Reason DifferenceReason `json:"reason"`
	Cost   Hourly           `json:"perHour"`
}

// DifferenceReason is what a part of the cost above the bound is for.
type DifferenceReason string

// Reasons of a difference, in the order in which they are looked for. Each item is how much
// less the machines would cost if the reason, and those before it, did not hold.
const (
	// ForTimers: stabilization windows, unneededTime, minNodeLifetimeSeconds, paid periods,
	// and pauses after failed drains.
	ForTimers DifferenceReason = "Timers"
	// ForHeadroom: scaleUpPolicy's thresholds.
	ForHeadroom DifferenceReason = "Headroom"
	// ForThresholds: scaleDownPolicy's thresholds, and consolidation WhenEmpty.
	ForThresholds DifferenceReason = "Thresholds"
	// ForHolds: a person, an annotation or a pod that must not be moved keeps nodes, or
	// no VPS can be deleted now.
	ForHolds DifferenceReason = "Holds"
	// ForBudgets: PodDisruptionBudgets and disruption.budgets.
	ForBudgets DifferenceReason = "Budgets"
	// ForMinNodes: minNodes.
	ForMinNodes DifferenceReason = "MinNodes"
	// ForPlacement: the pods run on other machines than would be bought for them now.
	ForPlacement DifferenceReason = "Placement"
	// ForPriority: NodeGroups of a higher spec.priority, which are bought of first.
	ForPriority DifferenceReason = "Priority"
	// ForMaxNodes: maxNodes, which makes fewer and larger machines do.
	ForMaxNodes DifferenceReason = "MaxNodes"
	// ForInstanceTypes: preferredInstanceType, and allowMixedInstances: false.
	ForInstanceTypes DifferenceReason = "InstanceTypes"
	// ForConstraints: whole machines and the pods' own constraints, as far as no proof
	// says that they can be had for less.
	ForConstraints DifferenceReason = "Constraints"
)

// DifferenceReasons lists all of them.
func DifferenceReasons() []DifferenceReason {
	return []DifferenceReason{
		ForTimers, ForHeadroom, ForThresholds, ForHolds, ForBudgets, ForMinNodes,
		ForPlacement, ForPriority, ForMaxNodes, ForInstanceTypes, ForConstraints,
	}
}

// Text says in words what is paid for the reason.
func (r DifferenceReason) Text() string {
	switch r {
	case ForTimers:
		return "nodes that are not needed, until their timers end"
	case ForHeadroom:
		return "head-room that scaleUpPolicy asks for"
	case ForThresholds:
		return "nodes kept by scaleDownPolicy's thresholds or disruption.consolidation whose pods would fit elsewhere"
	case ForHolds:
		return "nodes kept by a person, an annotation, a pod that must not be moved, or because no VPS can be deleted now"
	case ForBudgets:
		return "nodes kept by PodDisruptionBudgets or disruption.budgets"
	case ForMinNodes:
		return "nodes kept or bought for minNodes"
	case ForPlacement:
		return "pods that run on other machines than would be bought for them now"
	case ForPriority:
		return "NodeGroups of a higher priority, which are dearer"
	case ForMaxNodes:
		return "larger machines than the cheapest, because of maxNodes"
	case ForInstanceTypes:
		return "preferredInstanceType, or allowMixedInstances: false"
	case ForConstraints:
		return "whole machines and the pods' constraints: not proved to be avoidable"
	}
	return string(r)
}

// CompareFromScratch works out how far the cost after the plan, which Decide made of the
// state, is from the least that machines for the same pods can cost. It is pure as Decide
// is, and takes a few times as long.
func CompareFromScratch(s *State, p *Plan) *FromScratch {
	c := &comparison{cost: p.Cost.After, found: &FromScratch{Difference: []Difference{}}}
	relaxed, decision := *s, p
	for _, r := range relaxations() {
		r.relax(&relaxed)
		if !r.matters(decision) {
			continue // it holds nothing, unless one that comes later does so as well
		}
		decision = Decide(&relaxed)
		c.explain(r.reason, decision.Cost.After)
	}
	w := c.buyAnew(anew(s, p))
	f := c.found
	f.NotCounted, f.Known = w.notPlaced(), c.cost
	// A machine may be of a type that is sold no more, and cheaper than those that are.
	f.LowerBound = min(w.cost().LowerBound, c.cost)
	c.explain(ForConstraints, f.LowerBound)
	return f
}

// comparison goes from the cost after a plan down to the bound, reason by reason.
type comparison struct {
	cost  Hourly
	found *FromScratch
}

// explain puts what is saved down to the reason. A step that makes a plan dearer, which a
// heuristic may, explains nothing.
func (c *comparison) explain(reason DifferenceReason, cheaper Hourly) {
	if cheaper < c.cost {
		c.found.Difference = append(c.found.Difference, Difference{reason, c.cost - cheaper})
		c.cost = cheaper
	}
}

// buyAnew buys machines for all pods of the state, with ever fewer restrictions, and returns
// what the last try came to. A try that leaves pods without a machine explains nothing.
func (c *comparison) buyAnew(bare *State) *world {
	fresh := func(reason DifferenceReason) *world {
		w := newWorld(bare)
		w.solve()
		if w.notPlaced() == 0 {
			c.explain(reason, w.cost().After)
		}
		return w
	}
	w := fresh(ForPlacement)
	if len(w.tiers()) > 1 {
		bare.Groups = changedGroups(bare.Groups, func(g *Group) { g.Priority = 0 })
		w = fresh(ForPriority)
	}
	bare.Groups = changedGroups(bare.Groups, func(g *Group) { g.Max = math.MaxInt32 })
	if w.fullGroups() {
		w = fresh(ForMaxNodes)
	}
	if w.restrictsTypes() {
		bare.Groups = changedGroups(bare.Groups, func(g *Group) { g.AllowMixed, g.Preferred = true, "" })
		w = fresh(ForInstanceTypes)
	}
	return w
}

// relaxation takes one reason to keep machines out of a State.
type relaxation struct {
	reason DifferenceReason
	kept   []KeptReason
	launch LaunchReason
	relax  func(*State)
}

// matters says whether the plan keeps or buys a machine for the reason.
func (r *relaxation) matters(p *Plan) bool {
	for _, k := range p.Kept {
		if slices.Contains(r.kept, k.Reason) {
			return true
		}
	}
	for i := range p.Launches {
		if r.launch != "" && p.Launches[i].Reason == r.launch {
			return true
		}
	}
	return false
}

func relaxations() []relaxation {
	groups := func(change func(*Group)) func(*State) {
		return func(s *State) { s.Groups = changedGroups(s.Groups, change) }
	}
	return []relaxation{
		{ForTimers, []KeptReason{KeptUnneededTime, KeptStabilizing, KeptMinNodeLifetime, KeptPaidPeriod}, "", func(s *State) { s.Options.IgnoreTimers = true }},
		{ForHeadroom, []KeptReason{KeptWouldTriggerScaleUp}, Headroom, groups(func(g *Group) { g.ScaleUp.CPU, g.ScaleUp.Memory = 100, 100 })},
		{ForThresholds, []KeptReason{KeptNotUnderutilized, KeptNotEmpty}, "", groups(func(g *Group) {
			g.ScaleDown.CPU, g.ScaleDown.Memory, g.Disruption.Consolidation = math.MaxInt32, math.MaxInt32, ConsolidateUnderutilized
		})},
		{ForHolds, []KeptReason{KeptDoNotDelete, KeptAdopted, KeptPaused, KeptScaleDownDisabled, KeptPodNotEvictable, KeptNotDeletable}, "", func(s *State) {
			s.Options.nothingHeld = true
			s.Groups = changedGroups(s.Groups, func(g *Group) { g.Paused, g.ScaleDown.Enabled, g.Undeletable = false, true, "" })
		}},
		{ForBudgets, []KeptReason{KeptPodDisruptionBudget, KeptDisruptionBudget}, "", func(s *State) {
			s.Budgets = nil
			s.Groups = changedGroups(s.Groups, func(g *Group) { g.Disruption.Budgets = nil })
		}},
		{ForMinNodes, []KeptReason{KeptAtMinNodes}, MinNodes, groups(func(g *Group) { g.Min = 0 })},
	}
}

// changedGroups are copies of the groups, changed.
func changedGroups(groups []*Group, change func(*Group)) []*Group {
	out := make([]*Group, len(groups))
	for i, g := range groups {
		changed := *g
		change(&changed)
		out[i] = &changed
	}
	return out
}

// anew is the state without the groups' machines: their pods wait for new ones, which
// nothing but the pods and the instance types restricts. Pods that the plan leaves without
// a node are left out.
func anew(s *State, p *Plan) *State {
	out := *s
	out.fromScratch, out.Options.IgnoreTimers = true, true
	ours, mine := map[string]bool{}, map[string]bool{}
	for _, g := range s.Groups {
		ours[g.Name] = true
	}
	for _, n := range s.Nodes {
		if ours[n.Group] {
			mine[n.Name] = true
			if n.Object != nil {
				mine[n.Object.Name] = true
			}
		}
	}
	refused := make(map[string]bool, len(p.Unplaced))
	for i := range p.Unplaced {
		refused[p.Unplaced[i].Pod] = true
	}
	out.Pods, out.NodePods = nil, nil
	for pod := range s.AllPods() {
		switch {
		case pod.stage == stageBound && mine[pod.node] && !pod.stays():
			if !pod.leaves() {
				out.Pods = append(out.Pods, pod.unbound())
			}
		case pod.stage == stagePending && refused[pod.name()], pod.stage == stageGated, pod.stage == stageFailedScheduling:
		default:
			out.Pods = append(out.Pods, pod)
		}
	}
	out.Groups = changedGroups(s.Groups, func(g *Group) {
		g.Min, g.Paused, g.Drain, g.Deleting, g.Blocked = 0, false, false, false, ""
		g.ScaleUp = ScaleUp{Enabled: true, CPU: 100, Memory: 100}
		g.Unsuitable, g.Datacenters = nil, slices.Clone(g.Datacenters)
		for i := range g.Datacenters {
			g.Datacenters[i].Closed, g.Datacenters[i].Limit = "", nil
		}
	})
	out.Offers = make([]*Offer, len(s.Offers))
	for i, o := range s.Offers {
		offer := *o
		offer.Available, offer.Stock, offer.BackoffUntil = true, -1, s.Now
		out.Offers[i] = &offer
	}
	return &out
}

// unrestricted lifts what a NodeGroup allows less of than it could.
func unrestricted(g *Group) {
	g.Priority, g.Max, g.AllowMixed, g.Preferred = 0, math.MaxInt32, true, ""
}

// fullGroups says whether a group has as many nodes as it may.
func (w *world) fullGroups() bool {
	for _, g := range w.groups {
		if g.room() == 0 {
			return true
		}
	}
	return false
}

// restrictsTypes says whether a group may not mix its instance types, or prefers one.
func (w *world) restrictsTypes() bool {
	for _, g := range w.groups {
		if len(g.templates) > 1 && (!g.AllowMixed || g.Preferred != "") {
			return true
		}
	}
	return false
}

// unbound is a running pod as one that waits for a node.
func (p *Pod) unbound() *Pod {
	pod := *p
	pod.stage, pod.anew = stagePending, true
	return &pod
}

// notPlaced is how many pods that might have bought a node are left without one.
func (w *world) notPlaced() int {
	n := len(w.refused)
	for _, l := range w.lots {
		if !l.expendable {
			n += l.left
		}
	}
	return n
}
