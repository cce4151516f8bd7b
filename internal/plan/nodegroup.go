package plan

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// group is a NodeGroup in the plan.
type group struct {
	*Group
	// count is how many machines count towards max, kept how many towards min, and
	// coming how many of these are still on their way.
	count, kept, coming int
	// terminating is how many of them are being removed already.
	terminating int
	// owes is how many nodes it lacked to its minimum before anything was bought.
	owes int
	// opened is how many the plan buys, together how many it buys for all groups.
	opened   int
	together *shopping
	// spent is what its machines come to, those that the plan buys included.
	spent     spending
	templates []*template // by instance type and datacenter
	// onlyType is the one type a group without mixed instances may have; empty when
	// any, or not decided yet.
	onlyType string
	// closed says why the group buys nothing for pods, if so.
	closed refusal
}

// refusal is a reason with its text, apart from pod, group and type.
type refusal struct {
	reason  RefusalReason
	message string
}

// template is what a new node of a group and offer would be.
type template struct {
	group *group
	offer *Offer
	// index orders templates by group and type.
	index     int
	labels    map[string]string
	taints    []corev1.Taint
	nodeClass *filter.NodeClass
	newNode   *newNode
	// orderedClass is the shape without what nodes show; made when first asked for.
	orderedClass *filter.NodeClass
	// alloc is what the node offers, free what DaemonSets leave of it: those whose pods
	// preemption evicts, which take yields, leave it all. unyielded is free without yields.
	alloc, free, yields, unyielded resources.Vector
	// overhead is what thresholds leave out: what alloc has and free has not.
	overhead amount
	stock    *stock
	// place is what its group buys in its datacenter, where that has a limit.
	place *shopping
	// spends is what one machine of it comes to.
	spends spending
	// domains are its nodes' by topology key; daemons will run on each of them, and kinds are
	// those of their pods.
	domains []int32
	daemons []*daemon
	kinds   []*filter.Kind
	// barred says why it cannot be bought at all now, if so.
	barred refusal
}

// stock is how many machines of an offer can still be bought; several groups may
// draw on it.
type stock struct{ left int }

// shopping is what the groups buy out of one limit; limit is nil when there is none.
type shopping struct {
	limit  *Limit
	opened int
}

// room is how many nodes the group may still buy.
func (g *group) room() int {
	room := g.Max - g.count - g.opened
	if g.Limit != nil {
		room = min(room, g.Limit.Left-g.opened)
	}
	if g.together.limit != nil {
		room = min(room, g.together.limit.Left-g.together.opened)
	}
	return max(room, 0)
}

// full is why the group has no room, when it has none.
func (g *group) full() refusal {
	switch l, all := g.Limit, g.together; {
	case g.Max-g.count-g.opened <= 0:
		return refusal{MaxNodesReached, fmt.Sprintf("Maximum nodes reached: the NodeGroup may have %d%s", g.Max, g.scheduled())}
	case l != nil && l.Left-g.opened <= 0:
		return refusal{l.Reason, l.Message}
	case all.limit != nil && all.limit.Left-all.opened <= 0:
		return refusal{all.limit.Reason, all.limit.Message}
	}
	return refusal{}
}

// owed is how many nodes the group lacks to its minimum.
func (g *group) owed() int {
	if g.Paused || g.Deleting || g.Blocked != "" {
		return 0
	}
	return min(max(g.Min-g.kept-g.opened, 0), g.room())
}

// allowed says whether the group may have nodes of the template's type.
func (t *template) allowed() bool {
	return t.group.onlyType == "" || t.group.onlyType == t.offer.InstanceType
}

// buyable is how many of the template can be bought now.
func (t *template) buyable() int {
	if t.barred.reason != "" || !t.allowed() {
		return 0
	}
	return min(t.group.room(), max(t.left(), 0), t.within())
}

// closedFor works out why a group buys nothing for pods now.
func closedFor(g *Group, now time.Time, ignoreTimers bool) refusal {
	switch until := g.LastScale.Add(g.ScaleUp.Window); {
	case g.Paused:
		return refusal{Paused, g.paused()}
	case g.Blocked != "":
		return g.blocked()
	case g.NoGrowth != "":
		return refusal{OfferingUnavailable, g.NoGrowth}
	case !g.ScaleUp.Enabled:
		return refusal{ScaleUpDisabled, "scaleUpPolicy.enabled is false"}
	case !ignoreTimers && !g.LastScale.IsZero() && now.Before(until):
		return refusal{Stabilizing, fmt.Sprintf("the NodeGroup scaled at %s and may scale up again at %s",
			clock(g.LastScale), clock(until))}
	}
	return refusal{}
}

// empties says that the node goes as soon as possible, because its group is to be empty.
func (g *Group) empties(n *Node) bool {
	return g.Drain && !g.Paused && g.ScaleDown.Enabled && g.Undeletable == "" && !n.DoNotDelete && !n.Adopted
}

// DescribePause says that a NodeGroup is paused, and by which schedule; by is empty where its annotation pauses it.
func DescribePause(by string) string { return strings.TrimSpace("paused " + by) }

// paused and scheduled say, for people, what pauses the group, and which schedules its
// bounds are of.
func (g *Group) paused() string { return "the NodeGroup is " + DescribePause(g.PausedBy) }

func (g *Group) scheduled() string {
	if g.Scheduled == "" {
		return ""
	}
	return " (" + g.Scheduled + ")"
}

func (g *Group) blocked() refusal {
	return refusal{cmp.Or(g.BlockedReason, OfferingUnavailable), g.Blocked}
}

func clock(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// barredFor works out why the group cannot buy an offer now.
func barredFor(g *Group, o *Offer, now time.Time) refusal {
	if why := g.closedIn(o.DatacenterID, now); why.reason != "" {
		return why
	}
	switch {
	case !o.Available:
		return refusal{OfferingUnavailable, fmt.Sprintf("%s is not sold in %s now", o.Key().For(), o.DatacenterID)}
	case o.Stock == 0:
		return refusal{OfferingUnavailable, fmt.Sprintf("%s is out of stock in %s", o.Key().For(), o.DatacenterID)}
	case now.Before(o.BackoffUntil):
		return refusal{Backoff, fmt.Sprintf("not tried again before %s: %s", clock(o.BackoffUntil), o.BackoffReason)}
	}
	return refusal{}
}
