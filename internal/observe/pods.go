package observe

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// What a pending pod waits for when it is not refused.
const (
	waitsOrdered = "Ordered"
	waitsPlaced  = "Placed"
)

// PendingReasons lists all that a pending pod may wait for.
func PendingReasons() []string {
	reasons := []string{waitsOrdered, waitsPlaced}
	for _, r := range plan.RefusalReasons() {
		reasons = append(reasons, string(r))
	}
	return reasons
}

// Verdict is what a decision means for one pending pod.
type Verdict struct {
	// Pod is namespace/name, Reason one of PendingReasons.
	Pod, Reason string
	// Event is nil where there is nothing to say to the pod's owner.
	Event *Event
}

// Verdicts says for every pending pod what it waits for, in the order of names.
// onWay are the machines that have not become ready, by their names.
func Verdicts(p *plan.Plan, onWay map[string]*v1alpha1.VPSieNode) []Verdict {
	var verdicts []Verdict
	for _, l := range p.Launches {
		for _, pod := range l.Pods {
			// The next round finds it on the machine, which then has its name.
			verdicts = append(verdicts, Verdict{Pod: pod, Reason: waitsOrdered})
		}
	}
	ordered := map[string]*Event{}
	for _, placed := range p.Placements {
		v := Verdict{Pod: placed.Pod, Reason: waitsPlaced}
		if m := onWay[placed.Node]; m != nil {
			if ordered[placed.Node] == nil {
				ordered[placed.Node] = new(nodeOrdered(m))
			}
			v.Reason, v.Event = waitsOrdered, ordered[placed.Node]
		}
		verdicts = append(verdicts, v)
	}
	// Pods that are alike share one list of refusals, and so one event.
	refused := map[*plan.Refusal]*Event{}
	for _, u := range p.Unplaced {
		if len(u.Refusals) == 0 {
			continue
		}
		shared := &u.Refusals[0]
		if _, known := refused[shared]; !known {
			refused[shared] = refusal(u.Refusals)
		}
		verdicts = append(verdicts, Verdict{Pod: u.Pod, Reason: string(shared.Reason), Event: refused[shared]})
	}
	slices.SortFunc(verdicts, func(a, b Verdict) int { return strings.Compare(a.Pod, b.Pod) })
	return verdicts
}

func nodeOrdered(m *v1alpha1.VPSieNode) Event {
	return normal("NodeOrdered", "ScaleUp", "VPSieNode %s (%s) of NodeGroup %s is on its way for it", m.Name, m.Spec.InstanceType, m.Spec.NodeGroupName)
}

// refusal says why no node is bought for a pod: as Waiting when time alone mends it,
// else as a warning. A pod that is held back on purpose, or is another scheduler's,
// hears nothing.
func refusal(refusals []plan.Refusal) *Event {
	waits := false
	for _, r := range refusals {
		switch r.Reason {
		case plan.SchedulingGated, plan.OtherScheduler:
			return nil
		case plan.Stabilizing, plan.Backoff, plan.Unproven:
			waits = true
		}
	}
	if waits {
		return new(normal("Waiting", "ScaleUp", "No node is bought for it yet: %s", because(refusals)))
	}
	return new(warning("ScaleUpRefused", "ScaleUp", "No node is bought for it: %s", because(refusals)))
}

// mostReasons is how many different reasons an event lists.
const mostReasons = 4

// because lists the refusals, those that say the same in one.
func because(refusals []plan.Refusal) string {
	type cause struct {
		group, message string
		reason         plan.RefusalReason
	}
	types := map[cause][]string{}
	var order []cause
	for _, r := range refusals {
		c := cause{r.Group, r.Message, r.Reason}
		if _, known := types[c]; !known {
			order = append(order, c)
		}
		types[c] = append(types[c], r.Type())
	}
	var lines []string
	for i, c := range order {
		if i == mostReasons {
			lines = append(lines, fmt.Sprintf("and %d more reasons", len(order)-i))
			break
		}
		where := strings.TrimSpace(c.group + " " + strings.TrimPrefix(some(types[c]), ", "))
		if where != "" {
			where += ": "
		}
		lines = append(lines, fmt.Sprintf("%s%s (%s)", where, c.message, c.reason))
	}
	return strings.Join(lines, "; ")
}
