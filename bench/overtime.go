package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	clocktesting "k8s.io/utils/clock/testing"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/controllers/disruption"
	provisioning "sigs.k8s.io/karpenter/pkg/controllers/provisioning"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/internal/simulate"
)

// overTime is Karpenter as it decides in a simulation: its provisioner, and its disruption by emptiness and by multi-node and
// single-node consolidation, each asked as often as its controllers ask them. It knows one NodeGroup in one datacenter that bounds
// nothing. Karpenter goes through maps, so that two runs need not come to the same.
type overTime struct {
	after  time.Duration
	budget string

	k           *karpenter
	clock       *clocktesting.FakeClock
	provisioner *provisioning.Provisioner
	queue       *disruption.Queue
	methods     []method
	group       string

	// nodes and pods are what Karpenter has been told, by name and by uid.
	nodes    map[string]*toldNode
	pods     map[string]*toldPod
	commands []*command

	// batch is when its first and its last pod came; solved is when pods were last looked at.
	batchFirst, batchLast, solved time.Time
	// proposed is a command that has to stand until it is validated, by the method of that number.
	proposed   *disruption.Command
	proposedBy int
	validateAt time.Time
	// looked is when nodes were last looked at for disruption, settled the state of the cluster in which nothing was found.
	looked, settled time.Time
}

// The intervals of Karpenter's controllers that are no options of theirs.
const (
	// retryPods is after what time pods that still wait are looked at again.
	retryPods = 10 * time.Second
	// lookForDisruption is how long its disruption controller rests when it has found nothing.
	lookForDisruption = 10 * time.Second
	// standing is how long a command must stand before it is validated.
	standing = 15 * time.Second
	// commandTimeout is how long a command waits for its replacement.
	commandTimeout = 10 * time.Minute
)

// Decide has Karpenter's controllers do what is due.
func (o *overTime) Decide(ctx context.Context, s *plan.State) (simulate.Decided, error) {
	ctx = karpenterContext(ctx)
	if o.k == nil {
		if err := o.start(ctx, s); err != nil {
			return simulate.Decided{}, err
		}
	}
	fresh, err := o.tell(ctx, s)
	if err != nil {
		return simulate.Decided{}, err
	}
	d := &decision{now: s.Now, plan: &plan.Plan{}}
	o.follow(s, d)
	if err := o.provision(ctx, fresh, d); err != nil {
		return simulate.Decided{}, err
	}
	if err := o.disrupt(ctx, d); err != nil {
		return simulate.Decided{}, err
	}
	var closed []string
	for _, c := range o.commands {
		closed = append(closed, c.nodes...)
	}
	d.plan.Cost.After = o.cost(s, d.plan)
	d.plan.RecheckAt = d.next
	return simulate.Decided{Plan: d.plan, Closed: closed}, nil
}

// decision is what a round comes to so far.
type decision struct {
	now  time.Time
	plan *plan.Plan
	// next is when something is due without an event.
	next time.Time
}

// due notes that something is to be done at a time. The simulation rounds it to the next full second.
func (d *decision) due(at time.Time) {
	if at = at.Add(-time.Nanosecond); at.After(d.now) && (d.next.IsZero() || at.Before(d.next)) {
		d.next = at
	}
}

// start makes Karpenter's side of what is on sale.
func (o *overTime) start(ctx context.Context, s *plan.State) error {
	if len(s.Groups) != 1 || len(s.Groups[0].Datacenters) > 0 || s.Groups[0].Min > 0 || len(s.Groups[0].Taints) > 0 || len(s.DaemonSets) > 0 {
		return errors.New("comparing with Karpenter: want one NodeGroup with datacenterID, minNodes 0 and without taints, and no DaemonSets")
	}
	in := &input{zones: []string{s.Groups[0].DatacenterID}}
	for _, of := range s.Offers {
		in.machines = append(in.machines, machine{name: of.InstanceType, allocatable: of.Allocatable, price: of.Price})
	}
	o.group, o.clock = s.Groups[0].Name, clocktesting.NewFakeClock(s.Now)
	o.nodes, o.pods = map[string]*toldNode{}, map[string]*toldPod{}
	k, err := newKarpenter(ctx, in, o.clock)
	if err != nil {
		return err
	}
	k.pool.Spec.Disruption.ConsolidateAfter.Duration = new(o.after)
	k.pool.Spec.Disruption.Budgets = []karpv1.Budget{{Nodes: o.budget}}
	o.k, o.provisioner = k, provisioning.NewProvisioner(k.store, k.recorder, k.cloud, k.cluster, k.clock, nil, nil)
	o.queue = disruption.NewQueue(k.store, k.recorder, k.cluster, k.clock, o.provisioner)
	base, atOnce := disruption.MakeConsolidation(k.clock, k.cluster, k.store, o.provisioner, k.cloud, k.recorder, o.queue), disruption.WithValidator(atOnce{})
	o.methods = []method{
		{disruption.NewEmptiness(base, atOnce), disruption.NewEmptinessValidator(base)},
		{disruption.NewMultiNodeConsolidation(base, atOnce), disruption.NewMultiConsolidationValidator(base)},
		{disruption.NewSingleNodeConsolidation(base, atOnce), disruption.NewSingleConsolidationValidator(base)},
	}
	return nil
}

// provision has the provisioner buy for pods that wait, and for those of nodes that are to go. It takes pods together that come
// within its batch windows.
func (o *overTime) provision(ctx context.Context, fresh bool, d *decision) error {
	waiting := len(o.k.store.byNode[""]) > 0 || slices.ContainsFunc(o.commands, func(c *command) bool { return c.hasPods(o) })
	if again := o.solved.Add(retryPods); fresh || waiting && o.batchFirst.IsZero() && !d.now.Before(again) {
		o.batchLast = d.now
		if o.batchFirst.IsZero() {
			o.batchFirst = d.now
		}
	} else if waiting && o.batchFirst.IsZero() {
		d.due(again)
	}
	if o.batchFirst.IsZero() {
		return nil
	}
	ready := o.batchLast.Add(batchIdle)
	if latest := o.batchFirst.Add(batchMost); latest.Before(ready) {
		ready = latest
	}
	if d.now.Before(ready) {
		d.due(ready)
		return nil
	}
	o.batchFirst, o.solved = time.Time{}, d.now
	d.due(d.now.Add(retryPods))
	results, err := o.provisioner.Schedule(ctx)
	if err != nil {
		return fmt.Errorf("provisioning with Karpenter: %w", err)
	}
	for _, claim := range results.NewNodeClaims {
		m := o.k.cheapest(claim)
		if m == nil {
			continue // its pods are looked at again
		}
		d.plan.Launches = append(d.plan.Launches, o.launch(m, plan.PendingPods, claim.Pods))
	}
	return nil
}

// launch buys a machine for pods.
func (o *overTime) launch(m *machine, reason plan.LaunchReason, pods []*corev1.Pod) plan.Launch {
	l := plan.Launch{Group: o.group, InstanceType: m.name, DatacenterID: o.k.in.zones[0], Price: plan.Hourly(m.price), Reason: reason}
	for _, p := range pods {
		l.Pods = append(l.Pods, p.Namespace+"/"+p.Name)
	}
	return l
}

// cost is what all machines cost after the plan.
func (o *overTime) cost(s *plan.State, p *plan.Plan) plan.Hourly {
	var sum plan.Hourly
	for _, n := range s.Nodes {
		if !slices.ContainsFunc(p.Removals, func(r plan.Removal) bool { return r.Node == n.Name }) {
			sum += plan.Hourly(find(o.k.in.machines, n.InstanceType).price)
		}
	}
	for i := range p.Launches {
		sum += p.Launches[i].Price
	}
	return sum
}
