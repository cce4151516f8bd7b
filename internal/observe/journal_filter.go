package observe

import (
	"slices"
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Filter chooses entries of the journal, and of each what it asks for. Zero fields
// ask for everything.
type Filter struct {
	Since, Until time.Time
	// Pod is namespace/name, Node a node's or a VPSieNode's name, Group a NodeGroup's.
	Pod, Node, Group string
	// Limit is the number of entries; the newest stay.
	Limit int
}

// Of are the rounds that the filter lets through; they are given oldest first.
func (f Filter) Of(rounds []*Round) []*Round {
	out := []*Round{}
	for _, r := range rounds {
		if !f.Since.IsZero() && r.Last.Before(f.Since) || !f.Until.IsZero() && r.First.After(f.Until) {
			continue
		}
		if r = f.cut(r); r != nil {
			out = append(out, r)
		}
	}
	if f.Limit > 0 && len(out) > f.Limit {
		out = out[len(out)-f.Limit:]
	}
	return out
}

// cut is the part of the round that the filter asks for; nil for none.
func (f Filter) cut(r *Round) *Round {
	part := *r
	if f.Pod == "" && f.Node == "" {
		// Ten thousand pods on their way to nodes are a number to whoever asks for none.
		part.Placed = nil
	}
	if f.Pod == "" && f.Node == "" && f.Group == "" {
		return &part
	}
	part.Launches = only(r.Launches, func(l Launched) bool {
		return f.group(l.Group) && f.node(l.Machine) && (f.Pod == "" || slices.Contains(l.Pods, f.Pod))
	})
	part.Removals = only(r.Removals, func(x Removed) bool {
		return f.group(x.Group) && f.node(x.Node) &&
			(f.Pod == "" || slices.ContainsFunc(x.Moves, func(m plan.Move) bool { return m.Pod == f.Pod }))
	})
	part.Placed = only(r.Placed, func(p plan.Placement) bool {
		return f.Group == "" && f.node(p.Node) && (f.Pod == "" || p.Pod == f.Pod)
	})
	part.Kept = only(r.Kept, func(k plan.Kept) bool { return f.group(k.Group) && f.node(k.Node) && f.Pod == "" })
	part.Waiting = nil
	for _, w := range r.Waiting {
		if w = f.waiting(w); len(w.Pods) > 0 && f.Node == "" {
			part.Waiting = append(part.Waiting, w)
		}
	}
	part.Faults = map[string]string{}
	for group, fault := range r.Faults {
		if f.group(group) && f.Node == "" && f.Pod == "" {
			part.Faults[group] = fault
		}
	}
	if len(part.Launches)+len(part.Removals)+len(part.Placed)+len(part.Kept)+len(part.Waiting)+len(part.Faults) == 0 {
		return nil
	}
	return &part
}

func (f Filter) group(name string) bool { return f.Group == "" || name == f.Group }
func (f Filter) node(name string) bool  { return f.Node == "" || name == f.Node }

func (f Filter) waiting(w Waiting) Waiting {
	if f.Pod != "" {
		w.Pods = only(w.Pods, func(pod string) bool { return pod == f.Pod })
	}
	if f.Group == "" {
		return w
	}
	if w.Refusals = only(w.Refusals, func(r plan.Refusal) bool { return r.Group == f.Group }); len(w.Refusals) == 0 {
		return Waiting{}
	}
	return w
}

// only returns a new list: entries share theirs.
func only[T any](list []T, keep func(T) bool) []T {
	var out []T
	for _, x := range list {
		if keep(x) {
			out = append(out, x)
		}
	}
	return out
}
