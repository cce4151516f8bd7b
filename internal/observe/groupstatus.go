package observe

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// GroupView is all that a NodeGroup's status tells of.
type GroupView struct {
	Group    *v1alpha1.NodeGroup
	Machines []*v1alpha1.VPSieNode // the group's
	Min, Max int
	// Paused: nothing is bought or removed, by the annotation or, when PausedBy is not empty,
	// by what that says.
	Paused   bool
	PausedBy string
	// Schedules are the names of those that are active.
	Schedules []string
	Launches  int // machines that the decision adds
	Removals  int // machines that the decision takes away
	Updated   int // nodes that are Ready and made as the group is now
	// RolloutStopped, when not empty, is why no node is replaced for drift or age.
	RolloutStopped string
	// Waiting are the pods that only maxNodes keeps from being placed.
	Waiting []string
	// Waits counts the pods that would fit a node of the group by why none is bought for them.
	Waits map[plan.RefusalReason]int
	// Stabilizing are the pods that wait for the window after the last scaling.
	Stabilizing []string
	// Fault, when not empty, is why the group cannot do its work, FaultReason its
	// machine-readable form.
	FaultReason, Fault string
	// Refused are the instance types that VPSie does not sell for the time being,
	// while others can be bought.
	Refused []string
	// Spot are the spot instances on sale for the group; SpotKnown is false while nobody can tell.
	Spot      []*plan.Offer
	SpotKnown bool
	// Funds is what a prepaid account has left; nil for other accounts.
	Funds *Funds
	Price func(*v1alpha1.VPSieNode) plan.Money
	Now   time.Time
}

// Status words a NodeGroup's status; lastScaleTime is left as it is.
func (v GroupView) Status() v1alpha1.NodeGroupStatus {
	s := *v.Group.Status.DeepCopy()
	s.ObservedGeneration = v.Group.Generation
	s.CurrentNodes, s.ReadyNodes, s.DesiredNodes = int32(len(v.Machines)), 0, int32(v.Launches-v.Removals)
	s.UpdatedNodes = int32(v.Updated)
	s.MinNodes, s.MaxNodes, s.ActiveSchedules = new(int32(v.Min)), new(int32(v.Max)), v.Schedules
	s.Nodes, s.OmittedNodes = nil, 0
	s.Selector = v1alpha1.LabelNodeGroup + "=" + v.Group.Name
	types := map[string]int{}
	for _, m := range v.Machines {
		info := infoOf(m)
		s.Nodes = append(s.Nodes, info)
		types[info.InstanceType]++
		if info.Status == v1alpha1.NodeReady {
			s.ReadyNodes++
		}
		if info.Status != v1alpha1.NodeTerminating && info.Status != v1alpha1.NodeFailed {
			s.DesiredNodes++
		}
	}
	s.Nodes, s.OmittedNodes = listed(s.Nodes)
	s.InstanceTypes, s.Waiting = counts(types), v.waiting()
	s.Datacenters = v.perDatacenter()
	s.CostPerHour = plan.Hourly(v.Cost()).String()
	v.conditions(&s)
	return s
}

// mostListed bounds the nodes of a status: an object of thousands of nodes would be
// written and sent to every watcher at each change.
const mostListed = 200

// listed are the nodes that a status lists, by name, and how many it leaves out. In a
// large group those that are not Ready come before the others.
func listed(nodes []v1alpha1.NodeInfo) ([]v1alpha1.NodeInfo, int32) {
	byName := func(a, b v1alpha1.NodeInfo) int { return cmp.Compare(a.NodeName, b.NodeName) }
	slices.SortFunc(nodes, byName)
	if len(nodes) <= mostListed {
		return nodes, 0
	}
	slices.SortStableFunc(nodes, func(a, b v1alpha1.NodeInfo) int {
		switch aReady, bReady := a.Status == v1alpha1.NodeReady, b.Status == v1alpha1.NodeReady; {
		case aReady == bReady:
			return 0
		case aReady:
			return 1
		}
		return -1
	})
	kept := slices.Clone(nodes[:mostListed])
	slices.SortFunc(kept, byName)
	return kept, int32(len(nodes) - mostListed)
}

// perDatacenter counts the machines of a group in several datacenters, by these.
func (v GroupView) perDatacenter() string {
	if !v.Group.Spec.Zonal() {
		return ""
	}
	ids, found := v.Group.Spec.DatacenterIDs(), map[string]int{}
	for _, m := range v.Machines {
		if found[m.Spec.DatacenterID]++; !slices.Contains(ids, m.Spec.DatacenterID) {
			ids = append(ids, m.Spec.DatacenterID)
		}
	}
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = fmt.Sprintf("%d %s", found[id], id)
	}
	return strings.Join(texts, ", ")
}

// waiting words how many pods wait for what, the most first. To those that wait because nothing can be bought the group's
// fault is told, which says what is the matter.
func (v GroupView) waiting() string {
	waits := map[string]int{}
	for reason, n := range v.Waits {
		word := string(reason)
		if reason == plan.OfferingUnavailable {
			word = cmp.Or(v.FaultReason, word)
		}
		waits[word] += n
	}
	words := slices.SortedFunc(maps.Keys(waits), func(a, b string) int {
		return cmp.Or(cmp.Compare(waits[b], waits[a]), cmp.Compare(a, b))
	})
	for i, word := range words {
		words[i] = fmt.Sprintf("%d %s", waits[word], word)
	}
	return strings.Join(words, ", ")
}

// Cost is what the group's machines cost.
func (v GroupView) Cost() plan.Money {
	var cost plan.Money
	for _, m := range v.Machines {
		cost += v.Price(m)
	}
	return cost
}

func infoOf(m *v1alpha1.VPSieNode) v1alpha1.NodeInfo {
	return v1alpha1.NodeInfo{
		NodeName:     cmp.Or(m.Status.NodeName, m.Name),
		VPSID:        m.Spec.VPSieInstanceID,
		InstanceType: m.Spec.InstanceType,
		Status:       nodeStatus(m),
		IPAddress:    m.Spec.IPAddress,
	}
}

func nodeStatus(m *v1alpha1.VPSieNode) v1alpha1.NodeStatus {
	if !m.DeletionTimestamp.IsZero() {
		return v1alpha1.NodeTerminating
	}
	switch m.Status.Phase {
	case "", v1alpha1.PhasePending:
		return v1alpha1.NodePending
	case v1alpha1.PhaseReady:
		if meta.IsStatusConditionTrue(m.Status.Conditions, v1alpha1.VPSieNodeNodeReady) {
			return v1alpha1.NodeReady
		}
		return v1alpha1.NodeProvisioning
	case v1alpha1.PhaseTerminating, v1alpha1.PhaseDeleting:
		return v1alpha1.NodeTerminating
	case v1alpha1.PhaseFailed:
		return v1alpha1.NodeFailed
	}
	return v1alpha1.NodeProvisioning
}

// Pause says what pauses the group.
func (v GroupView) Pause() string {
	if v.PausedBy != "" {
		return plan.DescribePause(v.PausedBy)
	}
	return fmt.Sprintf("the annotation %s is %s", v1alpha1.AnnotationPause, v.Group.Annotations[v1alpha1.AnnotationPause])
}

// broken are the nodes of machines that were ready and are not now.
func (v GroupView) broken() []string {
	var names []string
	for _, m := range v.Machines {
		if m.DeletionTimestamp.IsZero() && m.Status.Phase == v1alpha1.PhaseReady && nodeStatus(m) != v1alpha1.NodeReady {
			names = append(names, cmp.Or(m.Status.NodeName, m.Name))
		}
	}
	slices.Sort(names)
	return names
}

func (v GroupView) conditions(s *v1alpha1.NodeGroupStatus) {
	set := func(kind string, is bool, reason, message string) {
		status := metav1.ConditionFalse
		if is {
			status = metav1.ConditionTrue
		}
		Set(&s.Conditions, v.Group.Generation, v.Now, kind, status, reason, message)
	}
	broken := v.broken()
	onWay := int(s.DesiredNodes-s.ReadyNodes) - len(broken)
	leaving := int(s.CurrentNodes-s.DesiredNodes) + v.Launches
	deleting := !v.Group.DeletionTimestamp.IsZero()

	switch {
	case deleting:
		set(v1alpha1.NodeGroupReady, false, "Deleting", fmt.Sprintf("%s left to delete", plural(len(v.Machines), "node")))
	case v.Fault != "":
		set(v1alpha1.NodeGroupReady, false, v.FaultReason, v.Fault)
	case v.Paused:
		set(v1alpha1.NodeGroupReady, onWay+len(broken) == 0, "Paused", fmt.Sprintf("%d of %s ready; %s: nothing is bought or removed",
			s.ReadyNodes, plural(int(s.DesiredNodes), "node"), v.Pause()))
	case onWay+len(broken) > 0:
		message := fmt.Sprintf("%d of %s ready", s.ReadyNodes, plural(int(s.DesiredNodes), "node"))
		if len(broken) > 0 {
			message += "; were ready and are not now: " + some(broken)
		}
		set(v1alpha1.NodeGroupReady, false, "NodesNotReady", message)
	default:
		set(v1alpha1.NodeGroupReady, true, "AllNodesReady", "All nodes are ready and operational")
	}

	switch {
	case onWay > 0 && !deleting:
		set(v1alpha1.NodeGroupScaling, true, "ScalingUp", plural(onWay, "node")+" on the way")
	case len(v.Stabilizing) > 0:
		set(v1alpha1.NodeGroupScaling, false, "Stabilizing", fmt.Sprintf("%s that fit no node wait until scaleUpPolicy.stabilizationWindowSeconds have passed since the last scaling: %s",
			plural(len(v.Stabilizing), "pod"), some(v.Stabilizing)))
	case leaving > 0:
		set(v1alpha1.NodeGroupScaling, true, "ScalingDown", plural(leaving, "node")+" leaving")
	case v.Paused:
		set(v1alpha1.NodeGroupScaling, false, "Paused", "Nothing is bought or removed: "+v.Pause())
	default:
		set(v1alpha1.NodeGroupScaling, false, "Stable", fmt.Sprintf("%s, as wanted", plural(int(s.DesiredNodes), "node")))
	}

	switch {
	case v.Fault != "":
		set(v1alpha1.NodeGroupError, true, v.FaultReason, v.Fault)
	case len(v.Refused) > 0:
		set(v1alpha1.NodeGroupError, false, "OfferingsRefused", "Others are bought in place of "+strings.Join(v.Refused, ", and of "))
	default:
		set(v1alpha1.NodeGroupError, false, "NoError", "")
	}
	v.capacity(set, int(s.CurrentNodes), int(s.DesiredNodes))
	switch {
	case v.Funds == nil:
		meta.RemoveStatusCondition(&s.Conditions, v1alpha1.NodeGroupLowBalance)
	case v.Funds.Low:
		set(v1alpha1.NodeGroupLowBalance, true, "BalanceRunsOut", v.Funds.String())
	default:
		set(v1alpha1.NodeGroupLowBalance, false, "BalanceLasts", v.Funds.String())
	}
	v.spot(set, s)
	switch is := meta.FindStatusCondition(s.Conditions, v1alpha1.NodeGroupRolloutPaused); {
	case v.RolloutStopped != "":
		set(v1alpha1.NodeGroupRolloutPaused, true, "ReplacementNotJoined", v.RolloutStopped)
	case is != nil:
		set(v1alpha1.NodeGroupRolloutPaused, false, "NotPaused", "")
	}
	v.kstatus(set, s.Conditions)
}

// kstatus says in the words of any tool whether the group is on its way to what is wanted
// (Reconciling), or cannot get there by itself (Stalled); both are False when all is well.
func (v GroupView) kstatus(set func(string, bool, string, string), conditions []metav1.Condition) {
	if v.Fault != "" {
		set(v1alpha1.NodeGroupStalled, true, v.FaultReason, v.Fault)
		set(v1alpha1.NodeGroupReconciling, false, "Stalled", "See the condition Stalled")
		return
	}
	set(v1alpha1.NodeGroupStalled, false, "NoError", "")
	scaling := meta.FindStatusCondition(conditions, v1alpha1.NodeGroupScaling)
	set(v1alpha1.NodeGroupReconciling, scaling.Status == metav1.ConditionTrue, scaling.Reason, scaling.Message)
}

func (v GroupView) capacity(set func(string, bool, string, string), current, desired int) {
	if desired <= v.Min {
		set(v1alpha1.NodeGroupAtMinCapacity, true, "AtMinNodes", fmt.Sprintf("%s, minNodes is %d", plural(desired, "node"), v.Min))
	} else {
		set(v1alpha1.NodeGroupAtMinCapacity, false, "AboveMinNodes", fmt.Sprintf("%s, minNodes is %d", plural(desired, "node"), v.Min))
	}
	switch {
	case len(v.Waiting) > 0:
		set(v1alpha1.NodeGroupAtMaxCapacity, true, "MaximumNodesReached", MaximumReached(v.Max, v.Waiting))
	case current+v.Launches > v.Max:
		set(v1alpha1.NodeGroupAtMaxCapacity, true, "AtMaxNodes", fmt.Sprintf("%s, maxNodes is %d; what holds those above it, kubectl vpsie explain ng %s says", plural(current+v.Launches, "node"), v.Max, v.Group.Name))
	case current+v.Launches >= v.Max:
		set(v1alpha1.NodeGroupAtMaxCapacity, true, "AtMaxNodes", fmt.Sprintf("%s, maxNodes is %d", plural(current+v.Launches, "node"), v.Max))
	default:
		set(v1alpha1.NodeGroupAtMaxCapacity, false, "BelowMaxNodes", fmt.Sprintf("%s, maxNodes is %d", plural(current+v.Launches, "node"), v.Max))
	}
}
