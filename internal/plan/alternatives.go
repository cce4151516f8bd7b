package plan

import (
	"cmp"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// Alternative is another type of which one node would hold the pods of a launch.
type Alternative struct {
	Group        string `json:"nodeGroup"`
	InstanceType string `json:"instanceType"`
	DatacenterID string `json:"datacenterID"`
	Spot         bool   `json:"spot,omitempty"`
	Price        Hourly `json:"pricePerHour"`
	// Why says what spoke against a type that is cheaper than the one bought; empty for the
	// others, which cost as much or more.
	Why string `json:"why,omitempty"`
}

// mostAlternatives is how many a launch names, the cheapest.
const mostAlternatives = 3

// What speaks against a cheaper type.
const (
	preferredWins   = "the NodeGroup prefers the type that is bought"
	lowerTier       = "its NodeGroup has a lower spec.priority"
	noneCanBeBought = "no more of it can be bought: a maximum is reached, or the cloud has none"
	othersCount     = "pods on other nodes, or the NodeGroup's minNodes, need a node of this NodeGroup, zone or kind"
)

// alternatives finds other types for nodes that are bought.
type alternatives struct {
	byPrice []*template // those on sale, the cheapest first
}

func (w *world) newAlternatives() *alternatives {
	a := &alternatives{}
	for _, t := range w.templates {
		if t.group.closed.reason == "" && t.barred.reason == "" && t.allowed() {
			a.byPrice = append(a.byPrice, t)
		}
	}
	slices.SortStableFunc(a.byPrice, func(x, y *template) int { return cmp.Compare(x.offer.Price, y.offer.Price) })
	return a
}

// of are the cheapest other types that would hold what is on the node: of any group for
// pods, of its own for a node that is bought for the group's sake.
func (a *alternatives) of(h *host) []Alternative {
	size := make(resources.Vector, len(h.free))
	for _, s := range h.placed {
		size.Add(s.lot.size, int64(s.n))
	}
	var found []Alternative
	for _, t := range a.byPrice {
		if t == h.template || h.reason != PendingPods && t.group != h.group || !t.free.Fits(size) || !t.takesAll(h) {
			continue
		}
		found = append(found, Alternative{
			Group: t.group.Name, InstanceType: t.offer.InstanceType, DatacenterID: t.offer.DatacenterID,
			Spot: t.offer.Spot, Price: Hourly(t.offer.Price), Why: against(t, h),
		})
		if len(found) == mostAlternatives {
			break
		}
	}
	return found
}

// against says what speaks against the template although it is cheaper than the node's.
func against(t *template, h *host) string {
	switch {
	case t.offer.Price >= h.template.offer.Price:
		return ""
	case t.group.Priority < h.group.Priority:
		return lowerTier
	case h.template.offer.InstanceType == h.group.Preferred && t.offer.InstanceType != h.group.Preferred:
		return preferredWins
	case t.left() <= 0 || t.group != h.group && t.group.room() <= 0:
		return noneCanBeBought
	}
	return othersCount
}
