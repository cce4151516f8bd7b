package simulate

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Unused is what machines cost above the worth of the pods on them, by the minute and by why they were kept: the plan's reason for
// a node that stays, or Starting, Leaving, and KeptOtherwise where nobody gave a reason.
type Unused struct {
	Reason string `json:"reason"`
	Cost   Amount `json:"cost"`
}

// Reasons for unused room besides the plan's.
const (
	Starting      = "Starting"
	Leaving       = "Leaving"
	KeptOtherwise = "Other"
)

// unused adds up Unused, in Money times seconds.
type unused struct {
	// rates are what a milli-core, a byte of memory and a pod are worth an hour, in Money.
	milli, memory, pod float64
	kept               map[string]plan.KeptReason
	sums               map[string]float64
}

// worth takes over what resources are worth.
func (u *unused) worth(rates map[corev1.ResourceName]float64) {
	u.milli, u.memory, u.pod = rates[corev1.ResourceCPU], rates[corev1.ResourceMemory], rates[corev1.ResourcePods]
}

// keeps takes over why nodes stay.
func (u *unused) keeps(p *plan.Plan) {
	clear(u.kept)
	for _, k := range p.Kept {
		u.kept[k.Node] = k.Reason
	}
}

// add counts the machine for so many seconds.
func (u *unused) add(m *machine, seconds float64) {
	var milli, memory int64
	for l := range m.held {
		milli, memory = milli+l.milli, memory+l.memory
	}
	cost := float64(m.offer.Price) - u.milli*float64(milli) - u.memory*float64(memory) - u.pod*float64(len(m.held))
	reason := cmp.Or(string(u.kept[m.object.Name]), KeptOtherwise)
	switch {
	case !m.object.DeletionTimestamp.IsZero():
		reason = Leaving
	case m.node == nil:
		reason = Starting
	}
	u.sums[reason] += seconds * cost
}

// result lists the reasons, the dearest first.
func (u *unused) result() []Unused {
	list := []Unused{}
	for reason, sum := range u.sums {
		list = append(list, Unused{reason, over(sum)})
	}
	slices.SortFunc(list, func(a, b Unused) int { return cmp.Or(cmp.Compare(b.Cost, a.Cost), cmp.Compare(a.Reason, b.Reason)) })
	return list
}
