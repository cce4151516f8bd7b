package control

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// teller says in statuses, events and metrics what is and why.
type teller struct {
	Client   client.Client
	Cloud    *cloud.Cloud
	Clock    clock.PassiveClock
	Voice    *observe.Voice
	Metrics  *observe.Metrics
	arrivals *arrivals
	backoffs backoffs
	market   market

	statuses statuses
	// waiting are the pods that the last round found pending, unsaid how many it could not tell what they wait for.
	waiting waiting
	unsaid  int
	// shown are the NodeGroups that the metrics have series of.
	shown map[string]bool
}

func newTeller(d *Deps) teller {
	return teller{
		Client: d.Client, Cloud: d.Cloud, Clock: d.Clock, Voice: d.Voice, Metrics: d.Metrics, arrivals: d.arrivals,
		backoffs: newBackoffs(d), market: newMarket(d),
	}
}

// tell writes what every NodeGroup's state is and why.
func (r *teller) tell(ctx context.Context, o *cluster.Objects, s *plan.State, p *plan.Plan, faults map[string]fault, markets map[string]cluster.Market) error {
	r.Metrics.Phases(o.AllVPSieNodes())
	r.Metrics.Account(r.arrivals.orders.stopped() != "", r.Cloud.Resting("", "") != nil)
	r.Metrics.Deprecated(cluster.DeprecatedUse(o))
	r.forgetGone(o)
	r.sayProblems(o)
	r.statuses.due = time.Time{}
	var errs []error
	for _, g := range o.NodeGroups {
		limits := cluster.LimitsOf(g, r.Clock.Now())
		view := observe.GroupView{
			Group: g, Machines: machinesOf(o.VPSieNodes, g.Name), Min: limits.Min, Max: limits.Max,
			Paused: limits.Paused, PausedBy: limits.PausedBy, Schedules: limits.Active,
			Updated: updated(s, g.Name), RolloutStopped: cluster.StoppedRollout(g, o.VPSieNodes),
			Launches: len(launchesOf(p, g.Name)), Removals: len(removalsOf(p, g.Name)),
			Waiting:     refusedBy(p, g.Name, plan.MaxNodesReached),
			Stabilizing: refusedBy(p, g.Name, plan.Stabilizing), Waits: waitsFor(p, g.Name),
			FaultReason: faults[g.Name].reason, Fault: faults[g.Name].message,
			Price: r.market.prices.pricesIn(ctx, g), Now: r.Clock.Now(), Funds: r.market.balance.funds.now(),
		}
		market := markets[g.Name]
		view.Spot, view.SpotKnown = spotOn(&market)
		backoffs, refused := r.backoffs.backoffsOf(g)
		view.Refused = refused
		r.sayLasting(g, view, faults[g.Name].config)
		status := view.Status()
		status.Backoffs, status.Unsuitable = backoffs, cluster.UnsuitableStatus(g, p)
		// After a crash between an order and the note of it the machines alone show the scaling. Removals have noted it a
		// moment ago.
		if at, settled := cluster.LastScale(g, view.Machines); settled && !at.IsZero() && view.Removals == 0 {
			status.LastScaleTime = &metav1.Time{Time: at}
		}
		showOfferings(&status, g, &market)
		r.showNetwork(ctx, &status, g)
		r.Metrics.Group(g.Name, &status, view.Cost())
		r.Metrics.Rollout(g.Name, outdated(s, g.Name), view.RolloutStopped != "")
		r.Metrics.Held(g.Name, faults[g.Name].reason, r.market.oneAtATime(g, o.VPSieNodes))
		if !slices.Equal(g.Status.ActiveSchedules, status.ActiveSchedules) {
			r.Voice.SayNew(g, observe.SchedulesChanged(status.ActiveSchedules, view.Min, view.Max))
		}
		errs = append(errs, r.writeStatus(ctx, g, status))
	}
	return errors.Join(errs...)
}

// updated is how many Ready nodes of the group are made as a new one would be.
func updated(s *plan.State, group string) int {
	n := 0
	for _, node := range s.Nodes {
		if node.Group == group && node.State == plan.Ready && node.Current {
			n++
		}
	}
	return n
}

// outdated counts the group's nodes that differ from what a new one would be, or are too old.
func outdated(s *plan.State, group string) map[plan.RemovalReason]int {
	count := map[plan.RemovalReason]int{}
	var maxAge time.Duration
	for _, g := range s.Groups {
		if g.Name == group {
			maxAge = g.Disruption.MaxAge
		}
	}
	for _, node := range s.Nodes {
		if node.Group != group || node.State != plan.Ready && node.State != plan.NotReady {
			continue
		}
		if node.Drift != "" {
			count[plan.Drifted]++
		}
		if at := node.Expires(maxAge); !at.IsZero() && !s.Now.Before(at) {
			count[plan.Expired]++
		}
	}
	return count
}

// forgetGone drops what is kept of objects that are gone. A NodeGroup's end is seen
// here and not by its reconciler alone, because a round that began before it shows
// the group once more.
func (r *teller) forgetGone(o *cluster.Objects) {
	alive := make(map[types.UID]bool, len(o.NodeGroups)+len(o.VPSieNodes)+len(o.Aside))
	groups := make(map[string]bool, len(o.NodeGroups))
	for _, g := range o.NodeGroups {
		alive[g.UID], groups[g.Name] = true, true
	}
	for _, m := range o.AllVPSieNodes() {
		alive[m.UID] = true
	}
	r.Voice.Retain(alive)
	r.arrivals.orders.retain(alive, r.Clock.Now())
	r.arrivals.retain(alive)
	r.statuses.retain(alive)
	for name := range r.shown {
		if !groups[name] {
			r.Metrics.ForgetGroup(name)
		}
	}
	r.shown = groups
}

func (r *teller) sayLasting(g *v1alpha1.NodeGroup, view observe.GroupView, config bool) {
	limit := observe.ScaleLimitReached(view.Max, view.Waiting)
	if len(view.Waiting) > 0 {
		r.Voice.SayNew(g, limit)
	} else {
		r.Voice.Over(g, limit.Reason)
	}
	if paused := observe.Paused(view.Pause()); view.Paused {
		r.Voice.SayNew(g, paused)
	} else {
		r.Voice.Over(g, paused.Reason)
	}
	// What the cloud declined to sell has been told with the machine's name.
	failing := observe.ProvisioningFailed(view.Fault)
	switch view.FaultReason {
	case "VPSieUnreachable", "VPSieThrottled", reasonNotArriving:
		r.Voice.SayNew(g, failing)
	default:
		r.Voice.Over(g, failing.Reason)
	}
	stopped := observe.BuyingStopped(view.Fault)
	if view.FaultReason == reasonNotListed {
		r.Voice.SayNew(g, stopped)
	} else {
		r.Voice.Over(g, stopped.Reason)
	}
	rollout := observe.RolloutPaused(view.RolloutStopped)
	if view.RolloutStopped != "" {
		r.Voice.SayNew(g, rollout)
	} else {
		r.Voice.Over(g, rollout.Reason)
	}
	wrong := cluster.StrayOnGroup(g)
	if config {
		wrong = append([]string{view.Fault}, wrong...)
	}
	invalid := observe.InvalidConfiguration(strings.Join(wrong, "; "))
	if len(wrong) > 0 {
		r.Voice.SayNew(g, invalid)
	} else {
		r.Voice.Over(g, invalid.Reason)
	}
}

// sayProblems tells of VPSieNodes whose annotations make no sense.
func (r *teller) sayProblems(o *cluster.Objects) {
	nodes := make(map[string]*corev1.Node, len(o.Nodes))
	for _, n := range o.Nodes {
		nodes[n.Name] = n
	}
	for _, m := range o.VPSieNodes {
		invalid := observe.InvalidConfiguration(strings.Join(cluster.MachineProblems(m, nodes[cluster.NodeNameOf(m)]), "; "))
		if invalid.Note == "" {
			r.Voice.Over(m, invalid.Reason)
			continue
		}
		r.Voice.SayNew(m, invalid)
	}
}

func machinesOf(all []*v1alpha1.VPSieNode, group string) []*v1alpha1.VPSieNode {
	var own []*v1alpha1.VPSieNode
	for _, m := range all {
		if m.Spec.NodeGroupName == group {
			own = append(own, m)
		}
	}
	return own
}

// refusedBy lists the unplaced pods that the group refuses for the reason.
func refusedBy(p *plan.Plan, group string, reason plan.RefusalReason) []string {
	var pods []string
	for _, u := range p.Unplaced {
		for _, refusal := range u.Refusals {
			if refusal.Group == group && refusal.Reason == reason {
				pods = append(pods, u.Pod)
				break
			}
		}
	}
	return pods
}

// waitsFor counts the pods that would fit a node of the group, by why none is bought.
func waitsFor(p *plan.Plan, group string) map[plan.RefusalReason]int {
	counts := map[plan.RefusalReason]int{}
	for _, u := range p.Unplaced {
		for _, r := range u.Refusals {
			if r.Group == group && r.Reason.OfGroup() {
				counts[r.Reason]++
				break
			}
		}
	}
	return counts
}
