package plan

import "fmt"

// SpotPolicy says whether a group buys spot instances, which the cloud may take away again.
type SpotPolicy string

// The policies.
const (
	// SpotDisabled buys on demand only.
	SpotDisabled SpotPolicy = ""
	// SpotPreferred buys either; the price decides.
	SpotPreferred SpotPolicy = "Preferred"
	// SpotRequired buys nothing but spot instances.
	SpotRequired SpotPolicy = "Required"
)

// LabelCapacityType says whether a node is a spot instance.
const LabelCapacityType = "autoscaler.vpsie.com/capacity-type"

// The values of LabelCapacityType.
const (
	CapacityOnDemand = "on-demand"
	CapacitySpot     = "spot"
)

// OnDemand is the key of the same size of machine on demand: what nodes show of their size
// counts for both.
func (k OfferKey) OnDemand() OfferKey {
	k.Spot = false
	return k
}

// Buys are the ways in which the policy buys an instance type.
func (p SpotPolicy) Buys(datacenter, instanceType string) []OfferKey {
	onDemand, spot := OfferKey{datacenter, instanceType, false}, OfferKey{datacenter, instanceType, true}
	switch p {
	case SpotPreferred:
		return []OfferKey{onDemand, spot}
	case SpotRequired:
		return []OfferKey{spot}
	}
	return []OfferKey{onDemand}
}

// NoSpotSold is why a group with SpotRequired buys nothing where the cloud sells no spot instances.
const NoSpotSold = "spec.spotInstances.policy is Required, and VPSie sells no spot instances; use Preferred, which buys on demand while there are none, or Disabled"

// optional says that it is no fault when the cloud does not sell the offer: the group may buy the
// type in the other way. Where it is sold in neither, the one on demand is missing.
func (g *group) optional(k OfferKey) bool {
	if g.Spot != SpotPreferred {
		return false
	}
	other := k
	other.Spot = !k.Spot
	return k.Spot || g.template(other) != nil
}

// spotText marks an instance type for people when it is a spot instance.
func spotText(instanceType string, spot bool) string {
	if !spot {
		return instanceType
	}
	return instanceType + " (spot)"
}

// For is the type for people, marked when it is a spot instance.
func (k OfferKey) For() string { return spotText(k.InstanceType, k.Spot) }

// moreSpot is how many spot instances more there may be: s of n nodes are some, and each one
// more is a node more.
func moreSpot(percent int, n, s int64) int64 {
	p := int64(percent)
	return max((p*n-100*s)/(100-p), 0)
}

// spotLimit is why the group may not have one more spot instance.
func (t *template) spotLimit() refusal {
	l, spent := t.group.Limits, t.group.spent
	if (&Limits{SpotPercent: l.SpotPercent}).allow(spent, t.spends) > 0 {
		return refusal{}
	}
	return refusal{LimitReached, fmt.Sprintf("spotInstances.maxPercent of the NodeGroup is %d: %d of its %d nodes are spot instances, and one more %s would exceed it",
		*l.SpotPercent, spent.spot, spent.nodes, t.offer.Key().For())}
}

// overSpot says that spot instances would have more than their share of the group's nodes
// after so many changes.
func (g *group) overSpot(nodes, spot int64) bool {
	p := g.Limits.SpotPercent
	return p != nil && 100*(g.spent.spot+spot) > int64(*p)*(g.spent.nodes+nodes)
}

// without is by how much the group's nodes, and the spot instances among them, change once those of
// the lists that are its own are gone.
func (g *group) without(gone ...[]*candidate) (nodes, spot int64) {
	for _, list := range gone {
		for _, c := range list {
			if c.host.group == g {
				nodes--
				spot -= spotCount(c.host.node.Spot)
			}
		}
	}
	return nodes, spot
}

// keepsShare holds a node on demand without which spot instances had more than their share. A
// node that is replaced is no loss: machines in its place are there.
func (r *remover) keepsShare(c *candidate, reason RemovalReason) keep {
	g := c.host.group
	if g.Limits.SpotPercent == nil || c.host.node.Spot || reason == Drifted || reason == Expired || c.host.replacedBy.live() {
		return keep{}
	}
	nodes, spot := g.without(goneOf(r.found), r.w.cancellations())
	if g.spent.spot+spot == 0 || !g.overSpot(nodes-1, spot) {
		return keep{}
	}
	return keep{reason: KeptSpotLimit, message: fmt.Sprintf("without it %d of the NodeGroup's %d nodes would be spot instances (spotInstances.maxPercent %d)",
		g.spent.spot+spot, g.spent.nodes+nodes-1, *g.Limits.SpotPercent)}
}

// exceedsSpot says that spot instances would have more than their share once the machines of
// the exchange, which the groups count, are there and its nodes are gone.
func (x *exchanger) exceedsSpot(t *trade) bool {
	seen := map[*group]bool{}
	for _, c := range t.nodes {
		g := c.host.group
		if seen[g] || g.Limits.SpotPercent == nil {
			continue
		}
		seen[g] = true
		if g.overSpot(g.without(t.nodes, x.gone, x.w.cancellations())) {
			return true
		}
	}
	return false
}

func spotCount(spot bool) int64 {
	if spot {
		return 1
	}
	return 0
}
