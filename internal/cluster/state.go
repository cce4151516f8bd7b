package cluster

import (
	"cmp"
	"maps"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Market is what can be bought for one NodeGroup.
type Market struct {
	// Offers are the group's instance types, under the names of its offeringIDs.
	Offers []*plan.Offer
	// Blocked, when not empty, says why nothing can be bought for the group.
	Blocked string
	// BlockedReason is what pods hear then; empty takes OfferingUnavailable.
	BlockedReason plan.RefusalReason
	// Limit, when it is there, bounds what is bought for the group.
	Limit *plan.Limit
	// NoGrowth, when not empty, says why nothing is bought beyond minNodes.
	NoGrowth string
	// Undeletable, when not empty, says why none of its VPSes can be deleted.
	Undeletable string
	// Selected are those of the offers that the group's offeringSelector chooses; NoneSelected
	// says that it is known to choose none.
	Selected     []plan.OfferKey
	NoneSelected bool
	// Closed are the datacenters of a group in several in which it can buy nothing, and why.
	Closed map[string]Closed
	// Limits bound, by datacenter, what is bought for a group in several.
	Limits map[string]*plan.Limit
	// Prices, by VPSieNode, are what machines cost whose types are not among the offers.
	// For one that is not there its status tells (LastPrice).
	Prices map[string]plan.Money
	// Fixed, by offer: the allocatable is as given, whatever the group's nodes show.
	Fixed map[*plan.Offer]bool
}

// Block notes why nothing can be bought for the group; backoff tells that time alone mends it.
func (m *Market) Block(why string, backoff bool) {
	m.Blocked, m.BlockedReason = why, ""
	if backoff {
		m.BlockedReason = plan.Backoff
	}
}

// Builder turns Objects into States. It remembers the sizes that real nodes turned
// out to have. It is not safe for concurrent use.
type Builder struct {
	learnt map[learntKey]corev1.ResourceList
	// capacity is the least that nodes of each type show of their capacity, whatever of it
	// their kubelets offer.
	capacity map[plan.OfferKey]corev1.ResourceList
	// planned are the pods that each machine on its way is meant for.
	planned map[string]meant
	// joined is what the last State made of each machine and its node; nil keeps nothing (Remember).
	joined map[*v1alpha1.VPSieNode]joined
}

// joined is a machine with its Node object, nil when there is none, as the planner sees it.
type joined struct {
	object *corev1.Node
	node   plan.Node
}

type meant struct {
	pods []string
	// seen: a State has had the machine. Before, its absence only means that the
	// cache is behind.
	seen bool
}

// NewBuilder returns an empty Builder.
func NewBuilder() *Builder {
	return &Builder{learnt: map[learntKey]corev1.ResourceList{}, capacity: map[plan.OfferKey]corev1.ResourceList{}, planned: map[string]meant{}}
}

// Remember has the Builder keep what it made of machines and nodes that have not changed, for callers whose objects are
// never changed in place, as those of a cache. It returns the Builder.
func (b *Builder) Remember() *Builder {
	b.joined = map[*v1alpha1.VPSieNode]joined{}
	return b
}

// State describes the objects as the planner sees them. markets is keyed by
// NodeGroup name; a group without a market buys nothing.
func (b *Builder) State(o *Objects, markets map[string]Market, now time.Time, opts plan.Options) *plan.State {
	s := &plan.State{
		Now:            now,
		Options:        opts,
		DaemonSets:     asPods(o.DaemonSets, o.PriorityClasses),
		Deployments:    o.Deployments,
		Budgets:        o.Budgets,
		Namespaces:     o.Namespaces,
		Volumes:        o.Volumes,
		Claims:         o.Claims,
		StorageClasses: o.StorageClasses,
		CSINodes:       o.CSINodes,
		CSIDrivers:     o.CSIDrivers,

		StorageCapacities: o.StorageCapacities,
		VolumeAttachments: o.VolumeAttachments,
	}
	s.Pods, s.NodePods = o.plannedPods()
	s.Nodes = b.nodesOf(o)
	b.recall(s.Nodes)
	b.learn(s.Nodes)
	offered := map[plan.OfferKey]bool{}
	prices := map[string]plan.Money{}
	for _, g := range o.NodeGroups {
		market := markets[g.Name]
		maps.Copy(prices, market.Prices)
		group := groupOf(g, o.VPSieNodes, s.Nodes, market, now)
		b.withKubelet(group, g, &market)
		s.Groups = append(s.Groups, group)
		for _, offer := range market.Offers {
			if k := offer.Key(); !offered[k] {
				offered[k] = true
				if !market.Fixed[offer] {
					offer = b.asLearnt(offer, k)
				}
				s.Offers = append(s.Offers, offer)
			}
		}
	}
	for _, n := range s.Nodes {
		if price := prices[n.Machine]; price > 0 {
			n.LastPrice = price
		}
	}
	return s
}

// Meant notes the pods, as namespace/name, that a machine on its way is meant
// for, so that the coming States say so (plan.Node.Planned). It is a hint, kept in
// memory only.
func (b *Builder) Meant(machine string, pods []string) { b.planned[machine] = meant{pods: pods} }

// recall hands the hints over and forgets those of machines that have arrived.
func (b *Builder) recall(nodes []*plan.Node) {
	kept := make(map[string]meant, len(b.planned))
	for _, n := range nodes {
		if m, known := b.planned[n.Machine]; known && n.State == plan.Ordered {
			n.Planned = m.pods
			kept[n.Machine] = meant{m.pods, true}
		}
	}
	for machine, m := range b.planned {
		if !m.seen && kept[machine].pods == nil {
			kept[machine] = m
		}
	}
	b.planned = kept
}

func groupOf(g *v1alpha1.NodeGroup, machines []*v1alpha1.VPSieNode, nodes []*plan.Node, market Market, now time.Time) *plan.Group {
	g = g.DeepCopy()
	g.SetDefaults()
	if why := NoSpot(g, market.Offers); why != "" && market.Blocked == "" {
		market.Block(why, false)
	}
	up, down := g.Spec.ScaleUpPolicy, g.Spec.ScaleDownPolicy
	limits := LimitsOf(g, now)
	lastScale, _ := LastScale(g, machines)
	disruption := disruptionOf(g, count(nodes, g.Name), now)
	disruption.Stopped = StoppedRollout(g, machines)
	return &plan.Group{
		Name:         g.Name,
		Min:          limits.Min,
		Max:          limits.Max,
		Paused:       limits.Paused,
		PausedBy:     limits.PausedBy,
		Drain:        limits.Max == 0,
		Scheduled:    limits.Scheduled(),
		BoundsUntil:  limits.Until,
		Deleting:     !g.DeletionTimestamp.IsZero(),
		DatacenterID: g.Spec.DatacenterID,
		Offers:       offersOf(g, &market),
		Datacenters:  DatacentersOf(g, &market),
		Balanced:     g.Spec.Spread == v1alpha1.SpreadBalanced,
		Preferred:    g.Spec.PreferredInstanceType,
		AllowMixed:   g.Spec.AllowMixedInstances,
		Priority:     g.Spec.Priority,
		Labels:       g.Spec.NodeLabels(),
		Taints:       g.Spec.Taints,

		StartupTaints: g.Spec.StartupTaints,
		OnlyFor:       onlyFor(g),
		Spot:          SpotPolicyOf(g),
		Limits:        limitsOf(g),
		ScaleUp: plan.ScaleUp{
			Enabled: *up.Enabled,
			Window:  time.Duration(*up.StabilizationWindowSeconds) * time.Second,
			CPU:     int(*up.CPUThreshold),
			Memory:  int(*up.MemoryThreshold),
		},
		ScaleDown: plan.ScaleDown{
			Enabled:      *down.Enabled,
			Window:       time.Duration(*down.StabilizationWindowSeconds) * time.Second,
			CPU:          int(*down.CPUThreshold),
			Memory:       int(*down.MemoryThreshold),
			UnneededTime: time.Duration(*down.UnneededTime) * time.Second,
		},
		Disruption:    disruption,
		LastScale:     lastScale,
		NoGrowth:      market.NoGrowth,
		Blocked:       market.Blocked,
		BlockedReason: market.BlockedReason,
		Limit:         market.Limit,
		Undeletable:   market.Undeletable,
		Unsuitable:    unsuitableOf(g),
	}
}

// count is how many of the nodes are of the group.
func count(nodes []*plan.Node, group string) int {
	n := 0
	for _, node := range nodes {
		if node.Group == group {
			n++
		}
	}
	return n
}

// offersOf are the types that a group in one datacenter may buy; nil for one in several.
func offersOf(g *v1alpha1.NodeGroup, market *Market) []string {
	if g.Spec.Zonal() {
		return nil
	}
	return offersIn(g, g.Spec.DatacenterID, market)
}

// unsuitableOf are the types that are proved to be no help to some pods, as far as
// nobody has changed the group since.
func unsuitableOf(g *v1alpha1.NodeGroup) []plan.Unsuitable {
	var all []plan.Unsuitable
	for _, u := range g.Status.Unsuitable {
		if u.Generation == g.Generation {
			all = append(all, plan.Unsuitable{
				Group: g.Name, DatacenterID: cmp.Or(u.DatacenterID, g.Spec.DatacenterID), InstanceType: u.InstanceType, Pods: u.Pods, Example: u.Example, Node: u.NodeName,
				Reason: plan.RefusalReason(u.Reason), Message: u.Message, Since: u.Since.Time,
			})
		}
	}
	return all
}

// UnsuitableStatus is what the group's status keeps of a plan's proofs.
func UnsuitableStatus(g *v1alpha1.NodeGroup, p *plan.Plan) []v1alpha1.UnsuitableType {
	var all []v1alpha1.UnsuitableType
	for _, u := range p.Unsuitable {
		if u.Group == g.Name {
			datacenter := u.DatacenterID
			if !g.Spec.Zonal() {
				datacenter = "" // the group says it
			}
			all = append(all, v1alpha1.UnsuitableType{
				DatacenterID: datacenter, InstanceType: u.InstanceType, Pods: u.Pods, Example: u.Example, NodeName: u.Node,
				Reason: string(u.Reason), Message: u.Message, Since: metav1.NewTime(u.Since.Truncate(time.Second)), Generation: g.Generation,
			})
		}
	}
	return all
}

// Condition reasons of a VPSieNode's VPS while its order has no answer.
const (
	// ReasonOrdering: VPSie has been asked, or may have been.
	ReasonOrdering = "Ordering"
	// ReasonNotOrdered: VPSie has surely not taken the order.
	ReasonNotOrdered = "NotOrdered"
)

// LastScale is when the group last ordered or removed a machine: its status.lastScaleTime,
// or what its machines show when that could not be written any more. An order that VPSie
// refused is no scaling; nor is one of a machine that only replaces another; one without an answer counts until there is one, and then settled
// is false.
func LastScale(g *v1alpha1.NodeGroup, machines []*v1alpha1.VPSieNode) (at time.Time, settled bool) {
	settled = true
	if t := g.Status.LastScaleTime; t != nil {
		at = t.Time
	}
	for _, m := range machines {
		if m.Spec.NodeGroupName != g.Name || m.Annotations[v1alpha1.AnnotationLaunchReason] == "" || IsReplacement(m) {
			continue
		}
		if Unanswered(m) {
			if m.Status.Phase == v1alpha1.PhaseFailed || !m.DeletionTimestamp.IsZero() {
				continue // It was refused, or given up.
			}
			settled = false
		}
		if t := m.CreationTimestamp.Time; t.After(at) {
			at = t
		}
	}
	return at, settled
}

// IsReplacement says that the machine was bought in the place of nodes, so that buying it was
// no scaling.
func IsReplacement(m *v1alpha1.VPSieNode) bool {
	return m.Annotations[v1alpha1.AnnotationLaunchReason] == string(plan.Replacement)
}

// Unanswered tells that VPSie has not taken the order of a machine, as far as anybody knows.
func Unanswered(m *v1alpha1.VPSieNode) bool {
	c := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.VPSieNodeVPSReady)
	return m.Spec.VPSieInstanceID == 0 && (c == nil || c.Reason == ReasonOrdering || c.Reason == ReasonNotOrdered)
}

// IsUnordered tells that the autoscaler has decided on the machine and that its VPS has surely not been ordered yet. Only an object
// of an API server says that: in files that were written by hand what is missing means nothing.
func IsUnordered(m *v1alpha1.VPSieNode) bool {
	if m.UID == "" || m.Annotations[v1alpha1.AnnotationLaunchReason] == "" || m.Spec.VPSieInstanceID != 0 {
		return false
	}
	c := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.VPSieNodeVPSReady)
	return m.Status.Phase == "" || m.Status.Phase == v1alpha1.PhasePending && (c == nil && m.Status.OrderedAt == nil || c != nil && c.Reason == ReasonNotOrdered)
}

// learn notes the allocatable of the smallest node of each type: the cloud's
// shared plans can show a guest less memory than they are sold with. What device
// plugins announce counts where it is there: it comes later than the kubelet, and the
// planner sees by itself what all present nodes lack.
func (b *Builder) learn(nodes []*plan.Node) {
	fresh, capacity := map[learntKey]corev1.ResourceList{}, map[plan.OfferKey]corev1.ResourceList{}
	for _, n := range nodes {
		if n.State != plan.Ready || n.Object == nil || n.Group == "" {
			continue
		}
		k := learntKey{n.Offer().OnDemand(), n.Kubelet}
		lessen(fresh, k, n.Object.Status.Allocatable)
		if len(n.Object.Status.Capacity) > 0 {
			lessen(capacity, k.OfferKey, n.Object.Status.Capacity)
		}
	}
	maps.Copy(b.capacity, capacity)
	for k, list := range fresh {
		for name, q := range b.learnt[k] {
			if _, shown := list[name]; !shown && isDevice(name) {
				list[name] = q
			}
		}
	}
	maps.Copy(b.learnt, fresh)
}

func (b *Builder) asLearnt(offer *plan.Offer, k plan.OfferKey) *plan.Offer {
	size, known := b.learnt[learntKey{OfferKey: k.OnDemand()}]
	if !known {
		return offer
	}
	learnt := *offer
	learnt.Ordered, learnt.Allocatable = offer.Allocatable, maps.Clone(size)
	for name, q := range offer.Allocatable {
		if _, shown := size[name]; !shown && isDevice(name) {
			learnt.Allocatable[name] = q
		}
	}
	return &learnt
}

// lessen keeps the smaller of each amount under the key; of devices none is no amount.
func lessen[K comparable](all map[K]corev1.ResourceList, k K, shown corev1.ResourceList) {
	least, known := all[k]
	if !known {
		least = corev1.ResourceList{}
		all[k] = least
	}
	for name, q := range shown {
		have, ok := least[name]
		switch {
		case isDevice(name) && q.IsZero():
		case !known, isDevice(name) && !ok, ok && q.Cmp(have) < 0:
			least[name] = q
		}
	}
}

// isDevice says that a device plugin announces the resource, not the kubelet.
func isDevice(name corev1.ResourceName) bool { return strings.Contains(string(name), "/") }

// SameName compares a hostname with a node's name as the cloud and Kubernetes
// write them: the cloud keeps or changes the case, Kubernetes lowers it.
func SameName(a, b string) bool { return strings.EqualFold(a, b) }
