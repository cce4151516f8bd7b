package simulate

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// gone adds up what a machine has cost, when it goes or the simulation ends.
func (b *books) gone(m *machine) {
	lived := b.s.now.Sub(m.ordered)
	paid := lived
	if p := b.s.Cloud.Period; p > 0 {
		paid = max((lived+p-1)/p, 1) * p
	}
	for by, name := range map[string]string{byGroup: m.group.Name, byOffering: m.offer.InstanceType} {
		part := b.parts[by][name]
		if part == nil {
			part = &Part{Name: name}
			b.parts[by][name] = part
		}
		part.Machines++
		part.NodeHours += lived.Hours()
		part.Cost += over(float64(m.offer.Price) * paid.Seconds())
	}
}

// over turns a sum of hourly prices over seconds into money.
func over(sum float64) Amount { return Amount(sum / (plan.HoursPerMonth * 3600)) }

func (b *books) snapshot() *Snapshot {
	snap := &Snapshot{At: b.s.now}
	for _, m := range b.s.machines {
		n := SnapshotNode{Name: m.object.Name, Group: m.group.Name, Type: m.offer.InstanceType, Price: plan.Hourly(m.offer.Price), State: stateOf(m)}
		n.CPU, n.Memory = m.size.Cpu().MilliValue(), m.size.Memory().Value()
		for _, l := range m.lives() {
			n.Pods = append(n.Pods, SnapshotPod{l.pod.Namespace + "/" + l.pod.Name, l.milli, l.memory})
		}
		snap.Nodes = append(snap.Nodes, n)
	}
	return snap
}

func stateOf(m *machine) string {
	switch {
	case !m.object.DeletionTimestamp.IsZero():
		return string(v1alpha1.PhaseTerminating)
	case m.takes:
		return string(v1alpha1.PhaseReady)
	case m.node != nil:
		return "NotReady"
	}
	return string(v1alpha1.PhaseProvisioning)
}

func (b *books) result(setting string, w *Workload) *Result {
	r := &b.r
	for _, m := range b.s.machines {
		b.gone(m)
	}
	b.forget()
	r.Setting, r.Workload, r.Seed, r.Start, r.End = setting, w.Name, b.s.Seed, b.s.Start, b.s.end
	r.Cost = Cost{
		ByTheMinute: over(b.spent), Starting: over(b.starting), Leaving: over(b.leaving),
		Bound: over(b.least), BoundWithStarts: over(b.least + b.needed.starts),
		Unused: b.unused.result(),
	}
	if b.least > 0 {
		r.Cost.Ratio = b.spent / b.least
	}
	r.NodeHours = b.nodeSeconds / 3600
	r.CPUUsed, r.MemoryUsed = ratio(b.use[0].asked, b.use[0].offered), ratio(b.use[1].asked, b.use[1].offered)
	r.Pods.Wanted, r.Pods.StillPending = len(w.Demands), len(b.s.pending)
	for i := range w.Demands {
		if d := &w.Demands[i]; !b.ran[i] && d.Deleted > d.Created {
			r.Pods.NeverRan++
		}
	}
	r.Pending = quantiles(b.waits)
	for _, n := range r.Evictions {
		r.Disruptions += n
	}
	for by, into := range map[string]*[]Part{byGroup: &r.ByGroup, byOffering: &r.ByOffering} {
		*into = []Part{}
		for _, p := range b.parts[by] {
			*into = append(*into, *p)
		}
		slices.SortFunc(*into, func(x, y Part) int { return cmp.Or(cmp.Compare(y.Cost, x.Cost), cmp.Compare(x.Name, y.Name)) })
	}
	for _, p := range r.ByGroup {
		r.Cost.Paid += p.Cost
	}
	for _, wait := range b.waiting {
		r.Waiting = append(r.Waiting, *wait)
	}
	slices.SortFunc(r.Waiting, func(x, y Wait) int {
		return cmp.Or(cmp.Compare(y.PodHours, x.PodHours), cmp.Compare(x.Reason, y.Reason))
	})
	return r
}

func ratio(part, whole float64) float64 {
	if whole <= 0 {
		return 0
	}
	return part / whole
}

// quantiles are of the nearest rank.
func quantiles(waits []time.Duration) Pending {
	slices.Sort(waits)
	p := Pending{Pods: len(waits)}
	at := func(q float64) float64 {
		if len(waits) == 0 {
			return 0
		}
		return waits[min(int(q*float64(len(waits))), len(waits)-1)].Seconds()
	}
	p.P50, p.P90, p.P99, p.Max = at(0.5), at(0.9), at(0.99), at(1)
	waited, _ := slices.BinarySearch(waits, 1)
	p.Waited = len(waits) - waited
	return p
}

// String is the amount with two decimals.
func (a Amount) String() string { return fmt.Sprintf("%.2f", float64(a)/1e6) }

// MarshalJSON writes the amount as a string.
func (a Amount) MarshalJSON() ([]byte, error) { return []byte(`"` + a.String() + `"`), nil }
