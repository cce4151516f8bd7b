package simulate

import (
	"cmp"
	"slices"
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

const (
	// samples is how many points a series has at most, mostDecisions how many decisions a
	// result tells one by one.
	samples, mostDecisions = 480, 1000
)

// books keep the accounts of a simulation.
type books struct {
	s  *simulation
	r  Result
	at time.Time
	// bound is the least that machines for the present pods can cost.
	bound plan.Hourly
	// decisionBound is the least that the last decision can cost beside the machines that stay.
	decisionBound plan.Hourly
	// Sums over time, in seconds times their unit: what machines cost, at least and while they start and leave.
	spent, least, starting, leaving float64
	unused                          unused
	// needed follows bound over time.
	needed      *curve
	use         [2]struct{ asked, offered float64 }
	nodeSeconds float64
	parts       map[string]map[string]*Part
	waits       []time.Duration
	ran         map[int]bool
	waiting     map[plan.RefusalReason]*Wait
	now         []waitingNow
	// step is the time between two samples.
	step time.Duration
	next time.Time
}

// waitingNow is how many pods wait for a reason since the last round.
type waitingNow struct {
	reason plan.RefusalReason
	pods   int
}

func newBooks(s *simulation) *books {
	length := s.end.Sub(s.Start)
	step := max((length / samples).Round(time.Minute), time.Minute)
	return &books{
		s: s, at: s.Start, step: step, next: s.Start, ran: map[int]bool{}, waiting: map[plan.RefusalReason]*Wait{},
		parts: map[string]map[string]*Part{byGroup: {}, byOffering: {}}, needed: newCurve((s.Cloud.Boot + s.Cloud.Drain).Seconds()),
		unused: unused{kept: map[string]plan.KeptReason{}, sums: map[string]float64{}},
		r:      Result{Evictions: map[string]int{}, Decisions: []Decision{}},
	}
}

// Ways to divide a sum.
const byGroup, byOffering = "nodeGroup", "offering"

// until adds up what has been so from the last time to this one.
func (b *books) until(t time.Time) {
	for !b.next.After(t) {
		b.sample(b.next)
		b.next = b.next.Add(b.step)
	}
	d := t.Sub(b.at).Seconds()
	b.at = t
	if d <= 0 {
		return
	}
	b.spent += d * float64(b.rate())
	b.least += d * float64(b.bound)
	b.needed.becomes(b.bound, t.Sub(b.s.Start).Seconds()-d)
	b.nodeSeconds += d * float64(len(b.s.machines))
	for _, m := range b.s.machines {
		b.unused.add(m, d)
		switch {
		case !m.object.DeletionTimestamp.IsZero():
			b.leaving += d * float64(m.offer.Price)
		case m.node == nil:
			b.starting += d * float64(m.offer.Price)
		}
		if m.node == nil {
			continue
		}
		cpu, memory := m.size.Cpu().MilliValue(), m.size.Memory().Value()
		b.use[0].asked += d * float64(cpu-m.freeMilli)
		b.use[0].offered += d * float64(cpu)
		b.use[1].asked += d * float64(memory-m.freeMemory)
		b.use[1].offered += d * float64(memory)
	}
	for _, w := range b.now {
		b.wait(w.reason).PodHours += d * float64(w.pods) / 3600
	}
}

// rate is what the machines cost an hour.
func (b *books) rate() plan.Hourly {
	var sum plan.Hourly
	for _, m := range b.s.machines {
		sum += plan.Hourly(m.offer.Price)
	}
	return sum
}

// bounds works out the bounds of a moment, that of the pods whenever they have changed.
func (b *books) bounds(state *plan.State, p *plan.Plan, changed bool) {
	b.decisionBound = p.Cost.LowerBound
	if changed {
		b.unused.worth(plan.RatesFromScratch(state, p))
		b.bound = plan.BoundFromScratch(state, p)
	}
}

func (b *books) sample(t time.Time) {
	ready := 0
	for _, m := range b.s.machines {
		if m.takes {
			ready++
		}
	}
	b.r.Series = append(b.r.Series, Sample{
		At: t, Cost: b.rate(), Bound: b.bound, DecisionBound: b.decisionBound, Machines: len(b.s.machines), Ready: ready, Pods: len(b.s.lives), Pending: len(b.s.pending),
	})
}

// round takes note of who waits, and for what.
func (b *books) round(p *plan.Plan) {
	b.r.Rounds++
	b.unused.keeps(p)
	counts := map[plan.RefusalReason]int{}
	for i := range p.Unplaced {
		u := &p.Unplaced[i]
		if len(u.Refusals) == 0 {
			continue
		}
		reason := u.Refusals[0].Reason
		counts[reason]++
		if w := b.wait(reason); w.Example == "" {
			w.Example, w.Message = u.Pod, u.Refusals[0].Message
		}
	}
	b.now = b.now[:0]
	for reason, n := range counts {
		b.now = append(b.now, waitingNow{reason, n})
	}
	slices.SortFunc(b.now, func(x, y waitingNow) int { return cmp.Compare(x.reason, y.reason) })
	if n := len(b.s.machines); n > b.r.Machines.Most {
		b.r.Machines.Most = n
		b.r.Busiest = b.snapshot()
	}
}

func (b *books) wait(reason plan.RefusalReason) *Wait {
	if b.waiting[reason] == nil {
		b.waiting[reason] = &Wait{Reason: reason}
	}
	return b.waiting[reason]
}

// pending ends the wait of a pod: it runs, or is gone.
func (b *books) pending(l *life, runs bool) {
	if runs {
		b.ran[l.demand] = true
		b.waits = append(b.waits, b.s.now.Sub(l.since))
	} else if l.on == nil {
		b.r.Pods.GivenUp++
	}
}

func (b *books) disrupted(reason string) { b.r.Evictions[reason]++ }

func (b *books) bought(l *plan.Launch, name string, refused bool) {
	d := Decision{
		At: b.s.now, What: Bought, Node: name, Group: l.Group, Type: l.InstanceType, Reason: string(l.Reason), Price: l.Price,
		Text: observe.Count(len(l.Pods), "pod"),
	}
	if b.r.Machines.Bought++; refused {
		b.r.Machines.Bought--
		b.r.Machines.Refused++
		d.What, d.Text = Refused, "VPSie refused the order"
	}
	b.decided(d)
}

func (b *books) failed(m *machine, why string) {
	b.r.Machines.Failed++
	b.decided(Decision{At: b.s.now, What: Failed, Node: m.object.Name, Group: m.group.Name, Type: m.offer.InstanceType, Price: plan.Hourly(m.offer.Price), Text: why})
}

func (b *books) removed(x *plan.Removal) {
	b.r.Machines.Removed++
	m := b.s.machines[b.s.mustFind(x.Node)]
	b.decided(Decision{
		At: b.s.now, What: Removed, Node: x.Node, Group: x.Group, Type: m.offer.InstanceType, Reason: string(x.Reason), Price: x.Saves,
		Text: observe.Count(len(x.Moves), "pod") + " moved",
	})
}

func (s *simulation) mustFind(name string) int {
	i, _ := s.byName(name)
	return i
}

// decided keeps the last decisions.
func (b *books) decided(d Decision) {
	if b.r.Decisions = append(b.r.Decisions, d); len(b.r.Decisions) > 2*mostDecisions {
		b.forget()
	}
}

func (b *books) forget() {
	if more := len(b.r.Decisions) - mostDecisions; more > 0 {
		b.r.DecisionsLeftOut += more
		b.r.Decisions = slices.Delete(b.r.Decisions, 0, more)
	}
}
