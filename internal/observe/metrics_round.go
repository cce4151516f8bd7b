package observe

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

const (
	decisionChanged   = "changed"
	decisionUnchanged = "unchanged"
	decisionFailed    = "failed"
)

// Group shows a NodeGroup's counts and cost.
func (m *Metrics) Group(name string, s *v1alpha1.NodeGroupStatus, cost plan.Money) {
	m.desired.WithLabelValues(name).Set(float64(s.DesiredNodes))
	m.current.WithLabelValues(name).Set(float64(s.CurrentNodes))
	m.ready.WithLabelValues(name).Set(float64(s.ReadyNodes))
	m.groupCost.WithLabelValues(name).Set(units(plan.Hourly(cost)))
}

// NewGroup makes the series of a NodeGroup, at zero, unless they are there.
func (m *Metrics) NewGroup(name string) {
	for _, v := range []*prometheus.GaugeVec{m.desired, m.current, m.ready, m.groupCost, m.unproven, m.paused} {
		v.WithLabelValues(name)
	}
	for _, reason := range []plan.RemovalReason{plan.Drifted, plan.Expired} {
		m.outdated.WithLabelValues(name, string(reason))
	}
	for _, reason := range plan.LaunchReasons() {
		m.launches.WithLabelValues(name, string(reason))
	}
	for _, reason := range plan.RemovalReasons() {
		m.removals.WithLabelValues(name, string(reason))
	}
}

// ForgetGroup drops the series of a NodeGroup that is gone.
func (m *Metrics) ForgetGroup(name string) {
	of := prometheus.Labels{"nodegroup": name}
	for _, v := range []interface{ DeletePartialMatch(prometheus.Labels) int }{
		m.desired, m.current, m.ready, m.groupCost, m.launches, m.removals, m.fault, m.unproven, m.outdated, m.paused,
	} {
		v.DeletePartialMatch(of)
	}
}

// Held shows why a NodeGroup cannot do all of its work, by condition reason, "" when it can, and whether its machines fail so that
// one at a time is bought.
func (m *Metrics) Held(name, reason string, unproven bool) {
	m.fault.DeletePartialMatch(prometheus.Labels{"nodegroup": name})
	if reason != "" {
		m.fault.WithLabelValues(name, reason).Set(1)
	}
	value := 0.0
	if unproven {
		value = 1
	}
	m.unproven.WithLabelValues(name).Set(value)
}

// Rollout shows how many of a NodeGroup's nodes are outdated, by reason, and whether their replacement is
// paused.
func (m *Metrics) Rollout(name string, outdated map[plan.RemovalReason]int, paused bool) {
	for _, reason := range []plan.RemovalReason{plan.Drifted, plan.Expired} {
		m.outdated.WithLabelValues(name, string(reason)).Set(float64(outdated[reason]))
	}
	value := 0.0
	if paused {
		value = 1
	}
	m.paused.WithLabelValues(name).Set(value)
}

// Phases shows how many VPSieNodes stand in each phase; one that nobody has worked
// on yet is Pending.
func (m *Metrics) Phases(machines []*v1alpha1.VPSieNode) {
	count := map[v1alpha1.VPSieNodePhase]int{"": 0}
	for _, n := range machines {
		count[n.Status.Phase]++
	}
	count[v1alpha1.PhasePending] += count[""]
	for _, p := range v1alpha1.Phases() {
		m.phase.WithLabelValues(string(p)).Set(float64(count[p]))
	}
}

// Decision shows what a decision took and found.
func (m *Metrics) Decision(p *plan.Plan, took time.Duration) {
	m.decisionSeconds.Observe(took.Seconds())
	m.cost.Set(units(p.Cost.After))
	m.bound.Set(units(p.Cost.LowerBound))
	count := map[plan.RefusalReason]int{}
	for _, u := range p.Unplaced {
		if len(u.Refusals) > 0 {
			count[u.Refusals[0].Reason]++
		}
	}
	for _, reason := range plan.RefusalReasons() {
		m.unplaced.WithLabelValues(string(reason)).Set(float64(count[reason]))
	}
}

// FromScratch shows how far the cost is from the least that is possible, and why.
func (m *Metrics) FromScratch(f *plan.FromScratch) {
	m.scratchBound.Set(units(f.LowerBound))
	cost := map[plan.DifferenceReason]plan.Hourly{}
	for _, d := range f.Difference {
		cost[d.Reason] = d.Cost
	}
	for _, reason := range plan.DifferenceReasons() {
		m.aboveBound.WithLabelValues(string(reason)).Set(units(cost[reason]))
	}
}

// Pending shows how many pods wait for what; see PendingReasons.
func (m *Metrics) Pending(count map[string]int) {
	for _, reason := range PendingReasons() {
		m.pending.WithLabelValues(reason).Set(float64(count[reason]))
	}
}

// Bound counts a pod that was pending and has a node.
func (m *Metrics) Bound(waited time.Duration) { m.podWait.Observe(waited.Seconds()) }

// Offers shows which offerings are left alone for a while. It is not safe for
// concurrent use: one round follows another.
func (m *Metrics) Offers(offers []*plan.Offer, now time.Time) {
	shown := make(map[plan.OfferKey]bool, len(offers))
	for _, o := range offers {
		value := 0.0
		if o.BackoffUntil.After(now) {
			value = 1
		}
		shown[o.Key()] = true
		m.backoff.WithLabelValues(o.Key().For(), o.DatacenterID).Set(value)
	}
	for k := range m.offered {
		if !shown[k] {
			m.backoff.DeleteLabelValues(k.For(), k.DatacenterID)
		}
	}
	m.offered = shown
}

// Round counts a round that began at the given time and ends now.
func (m *Metrics) Round(began, now time.Time, changed bool, err error) {
	m.roundSeconds.Observe(now.Sub(began).Seconds())
	result := decisionUnchanged
	switch {
	case err != nil:
		result = decisionFailed
	case changed:
		result = decisionChanged
	}
	m.decisions.WithLabelValues(result).Inc()
	if err == nil {
		m.lastRound.Set(float64(now.UnixMilli()) / 1000)
	}
}

// Account shows whether buying is stopped, and whether the account is left alone for a while.
func (m *Metrics) Account(stopped, resting bool) {
	for gauge, is := range map[prometheus.Gauge]bool{m.stopped: stopped, m.resting: resting} {
		gauge.Set(0)
		if is {
			gauge.Set(1)
		}
	}
}

// Launched counts a machine that was ordered.
func (m *Metrics) Launched(group string, reason plan.LaunchReason) {
	m.launches.WithLabelValues(group, string(reason)).Inc()
}

// Removed counts a node that a decision removed.
func (m *Metrics) Removed(group string, reason plan.RemovalReason) {
	m.removals.WithLabelValues(group, string(reason)).Inc()
}

// Deprecated notes how many objects use what is deprecated, by what.
func (m *Metrics) Deprecated(use map[string]int) {
	for field, n := range use {
		m.deprecated.WithLabelValues(field).Set(float64(n))
	}
}
