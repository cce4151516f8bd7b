package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

const roundName = "round"

// round is the loop that decides: read, decide, write intents, tell.
type round struct {
	Load     func() (*cluster.Objects, error)
	Pods     *cluster.Pods
	Cloud    *cloud.Cloud
	Clock    clock.PassiveClock
	Metrics  *observe.Metrics
	Options  *Options
	arrivals *arrivals
	builder  *cluster.Builder
	// kubernetesVersion is the API server's, as major.minor.
	kubernetesVersion func() string

	// Its parts, in the order of their turns.
	account    account
	backoffs   backoffs
	precheck   precheck
	retries    retries
	inspecting inspecting
	market     market
	intents    intents
	recorder   recorder
	notes      notes
	teller     teller

	// rests is until when no round begins that no pod needs: as long as the last one took, so
	// that a storm of changes in a large cluster cannot keep a core busy.
	rests time.Time
	bell  bell
	// recalled: the back-offs from before the restart have been taken over.
	recalled bool
}

func newRound(d *Deps, b *cluster.Builder) *round {
	r := &round{
		Load: d.Load, Pods: d.Pods, Cloud: d.Cloud, Clock: d.Clock, Metrics: d.Metrics, Options: &d.Options, arrivals: d.arrivals, builder: b,
		kubernetesVersion: d.kubernetesVersion(), account: newAccount(d), backoffs: newBackoffs(d), precheck: newPrecheck(d),
		retries: retries{d.Client, newBackoffs(d), rollouts{d.Client, d.Clock}}, inspecting: newInspecting(d), market: newMarket(d),
		intents: newIntents(d, b), recorder: recorder{Clock: d.Clock, Metrics: d.Metrics, Journal: d.Journal, Spend: d.Spend},
		notes: newNotes(d), teller: newTeller(d),
	}
	r.bell.after, r.bell.heard = d.Options.Debounce, &r.recorder.heard
	return r
}

func setupRound(mgr ctrl.Manager, d *Deps) error {
	r := newRound(d, cluster.NewBuilder().Remember())
	if d.Pods == nil {
		return errors.New("setting up rounds: Deps.Pods is missing, without which every node would look empty")
	}
	b := ctrl.NewControllerManagedBy(mgr).Named(roundName)
	if err := r.watchWorld(b).Complete(d.measured("nodegroup", r)); err != nil {
		return fmt.Errorf("setting up rounds: %w", err)
	}
	return nil
}

const (
	// longestRest bounds how long a change may wait for its round because the last one took long.
	longestRest = time.Second
	// staleRetry is how soon a round is tried again whose sight was behind the API server.
	staleRetry = 50 * time.Millisecond
	// idleRound bounds the time between two rounds when nothing happens: prices,
	// stock and back-offs change without an event.
	idleRound = time.Minute
)

// Reconcile runs one round.
func (r *round) Reconcile(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
	began := r.Clock.Now()
	if left := r.rests.Sub(began); left > 0 && !r.bell.urgent.Load() {
		return reconcile.Result{RequeueAfter: left}, nil // what changes until then is for that round
	}
	r.bell.answered() // before anything is read
	acted, result, err := r.once(ctx)
	ended := r.Clock.Now()
	if acted != nil && err == nil { // any other is tried again as its failure asks for
		r.rests = ended.Add(min(ended.Sub(began), longestRest))
	}
	if acted != nil || err != nil {
		r.Metrics.Round(began, ended, acted != nil && len(acted.Launches)+len(acted.Removals) > 0, err)
	}
	return result, err
}

// once returns the plan that it has acted on, nil when there is none.
func (r *round) once(ctx context.Context) (*plan.Plan, reconcile.Result, error) {
	objects, err := r.read(ctx)
	if err != nil {
		return nil, reconcile.Result{}, err
	}
	d := r.decide(ctx, objects)
	if fresh, err := r.isCurrent(ctx, objects, d.plan); err != nil || !fresh {
		return nil, reconcile.Result{RequeueAfter: staleRetry}, err
	}
	left, err := r.carryOut(ctx, objects, d)
	next := r.next(d.plan, objects.NodeGroups)
	if left {
		next = r.Options.Debounce
	}
	return d.plan, reconcile.Result{RequeueAfter: next}, err
}

// read returns the cluster's objects, once what earlier rounds left undone is done.
func (r *round) read(ctx context.Context) (*cluster.Objects, error) {
	if err := r.account.loadAccount(ctx); err != nil {
		return nil, err
	}
	r.Cloud.Vet(ctx)
	objects, err := r.Load()
	if err != nil {
		return nil, err
	}
	if r.Pods != nil {
		r.Pods.Into(objects)
	}
	if !r.recalled {
		r.backoffs.recall(objects)
		r.recalled = true
	}
	if err := r.precheck.reopen(ctx, objects); err != nil {
		return nil, err
	}
	r.arrivals.forgetMended(objects.NodeGroups)
	if err := r.retries.tryNow(ctx, objects.NodeGroups); err != nil {
		return nil, err
	}
	return objects, nil
}

// decision is a plan with what it was made from.
type decision struct {
	plan   *plan.Plan
	state  *plan.State
	buying *Buying
	faults map[string]fault
	at     time.Time
	took   time.Duration
}

func (r *round) decide(ctx context.Context, objects *cluster.Objects) decision {
	r.inspecting.inspect(ctx, objects.NodeGroups)
	buying := r.market.buying(ctx, objects)
	d := decision{buying: buying, faults: r.faults(objects, buying), at: r.Clock.Now()}
	objects.KubernetesVersion = r.kubernetesVersion()
	d.state = r.builder.State(objects, buying.Markets, d.at, r.Options.Plan)
	r.notes.unneeded.remind(d.state.Nodes, objects.VPSieNodes)
	d.state.Limit = buying.Limit
	d.plan = plan.Decide(d.state)
	d.took = r.Clock.Since(d.at)
	r.Metrics.Decision(d.plan, d.took)
	r.Metrics.Offers(d.state.Offers, d.at)
	return d
}

// isCurrent tells whether what the plan was made from is still what the API server and the cloud say. A plan that changes nothing
// needs no proof.
func (r *round) isCurrent(ctx context.Context, objects *cluster.Objects, p *plan.Plan) (bool, error) {
	if len(p.Launches)+len(p.Removals)+len(p.GivenUp) == 0 {
		return true, nil
	}
	fresh, err := r.precheck.sightIsFresh(ctx, objects, p)
	if err == nil && fresh && len(p.Removals) > 0 {
		fresh, err = r.precheck.closeOff(ctx, objects, p)
	}
	return fresh, err
}

// carryOut writes the plan's intents and tells of it. left says that annotations or taints are left to write.
func (r *round) carryOut(ctx context.Context, objects *cluster.Objects, d decision) (left bool, err error) {
	logf.FromContext(ctx).V(1).Info("decided", "launches", len(d.plan.Launches), "removals", len(d.plan.Removals),
		"placements", len(d.plan.Placements), "unplaced", len(d.plan.Unplaced), "took", d.took)
	r.notePlacements(d.plan)
	r.arrivals.noteDemand(d.plan)
	machines, acted := r.intents.act(ctx, objects, d.plan)
	r.recorder.record(d.at, d.plan, machines, d.faults, acted)
	replaced := r.notes.givenUp(ctx, objects, d.plan)
	left, noted := r.notes.noteUnneeded(ctx, objects.VPSieNodes, d.plan, d.at)
	more, drifted := r.notes.noteDrift(ctx, objects, d.state, d.plan)
	most, avoided := r.notes.avoid(ctx, objects, d.plan)
	told := r.teller.tell(ctx, objects, d.state, d.plan, d.faults, d.buying.Markets)
	r.teller.tellPods(ctx, objects, d.plan)
	r.recorder.compare(d.state, d.plan)
	r.recorder.charge(objects, d.state)
	return left || more || most, errors.Join(noted, drifted, avoided, acted, replaced, told)
}

// next is when the coming round is due without an event.
func (r *round) next(p *plan.Plan, groups []*v1alpha1.NodeGroup) time.Duration {
	first := p.RecheckAt
	for _, g := range groups {
		for _, id := range g.Spec.DatacenterIDs() {
			if b := r.Cloud.Resting(g.Name, id); b != nil && (first.IsZero() || b.Until.Before(first)) {
				first = b.Until
			}
			if _, until := r.arrivals.held(placeIn(g, id), r.Clock.Now()); !until.IsZero() && (first.IsZero() || until.Before(first)) {
				first = until
			}
		}
	}
	if due := r.teller.statuses.due; !due.IsZero() && (first.IsZero() || due.Before(first)) {
		first = due
	}
	if first.IsZero() {
		return idleRound
	}
	// A moment later than the timer, so that the round finds it elapsed.
	return min(max(first.Sub(r.Clock.Now())+10*time.Millisecond, r.Options.Debounce), idleRound)
}

// notePlacements remembers which pods the machines on their way are meant for
// after this decision; those that arrive or were never ordered are forgotten by the
// next State.
func (r *round) notePlacements(p *plan.Plan) {
	pods := map[string][]string{}
	for _, placed := range p.Placements {
		pods[placed.Node] = append(pods[placed.Node], placed.Pod)
	}
	for node, names := range pods {
		r.builder.Meant(node, names)
	}
}

// fault is why a group cannot do its work.
type fault struct {
	reason, message string
	// config marks the NodeGroup or the account as wrong, rather than the cloud as unwell.
	config bool
}

// faults are, by NodeGroup, what is wrong with it, its market, or the account. An outage
// stops no order, which is repeated until it succeeds, but starts no removal.
func (r *round) faults(o *cluster.Objects, b *Buying) map[string]fault {
	faults := map[string]fault{}
	outage := r.Cloud.Outage()
	for _, g := range o.NodeGroups {
		hold, problems := b.holds[g.Name], b.Problems[g.Name]
		if hold.why != "" {
			faults[g.Name] = fault{reason: hold.fault, message: hold.why}
		}
		if wrong := cluster.GroupProblems(g, r.Clock.Now()); len(wrong) > 0 {
			problems = append(slices.Clone(problems), &cloud.ConfigError{Reason: "InvalidConfiguration", Message: strings.Join(wrong, "; ")})
		}
		if outage != nil {
			problems = append(slices.Clone(problems), outage)
		}
		if len(problems) > 0 && hold.reason != plan.BuyingStopped {
			faults[g.Name] = faultOf(problems[0])
		}
	}
	return faults
}

func faultOf(err error) fault {
	if reason, ok := cloud.IsConfig(err); ok {
		return fault{reason, err.Error(), true}
	}
	reason, config := cloud.Fault(err)
	return fault{reason, err.Error(), config}
}

// launchesOf and removalsOf split a decision by NodeGroup.
func launchesOf(p *plan.Plan, group string) []plan.Launch {
	return slices.DeleteFunc(slices.Clone(p.Launches), func(l plan.Launch) bool { return l.Group != group })
}

func removalsOf(p *plan.Plan, group string) []plan.Removal {
	return slices.DeleteFunc(slices.Clone(p.Removals), func(x plan.Removal) bool { return x.Group != group })
}
