package dryrun

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// OfferingsAnswer is what can be bought, in the form that --offerings reads.
type OfferingsAnswer struct {
	Offerings []OfferingRow `json:"offerings"`
	// notes are not part of the file.
	groups map[string][]string
	notes  map[string]string
}

// OfferingRow is an entry of the --offerings file. Allocatable is what nodes of the type
// have shown, or what is estimated while there was none.
type OfferingRow struct {
	ID            string              `json:"id"`
	DatacenterID  string              `json:"datacenterID"`
	CPU           int64               `json:"cpu"`
	MemoryMB      int64               `json:"memoryMB"`
	DiskGB        int64               `json:"diskGB"`
	Spot          bool                `json:"spot,omitempty"`
	Category      string              `json:"category,omitempty"`
	PricePerMonth string              `json:"pricePerMonth"`
	Available     bool                `json:"available"`
	Allocatable   corev1.ResourceList `json:"allocatable,omitempty"`
	Labels        map[string]string   `json:"labels,omitempty"`

	price  plan.Money
	learnt bool
}

// Offerings lists what the NodeGroups of a state may buy, the cheapest first.
func Offerings(s *plan.State) *OfferingsAnswer {
	a := &OfferingsAnswer{Offerings: []OfferingRow{}, groups: map[string][]string{}, notes: map[string]string{}}
	for _, o := range s.Offers {
		memory, disk := o.Capacity[corev1.ResourceMemory], o.Capacity[corev1.ResourceEphemeralStorage]
		row := OfferingRow{
			ID: o.InstanceType, DatacenterID: o.DatacenterID, CPU: o.Capacity.Cpu().Value(), MemoryMB: memory.Value() >> 20, DiskGB: disk.Value() >> 30,
			Spot: o.Spot, Category: o.Category, PricePerMonth: o.Price.String(), Available: o.Available && o.Stock != 0, Allocatable: o.Allocatable, Labels: o.Labels,
			price: o.Price, learnt: o.Ordered != nil,
		}
		a.Offerings = append(a.Offerings, row)
		if o.BackoffUntil.After(s.Now) {
			a.notes[row.key()] = fmt.Sprintf("left alone until %s: %s", o.BackoffUntil.UTC().Format("15:04:05"), o.BackoffReason)
		}
	}
	for _, g := range s.Groups {
		for _, k := range g.Buys() {
			at := (&OfferingRow{ID: k.InstanceType, DatacenterID: k.DatacenterID, Spot: k.Spot}).key()
			a.groups[at] = append(a.groups[at], g.Name)
		}
	}
	slices.SortFunc(a.Offerings, func(x, y OfferingRow) int {
		return cmp.Or(cmp.Compare(x.price, y.price), cmp.Compare(x.ID, y.ID), cmp.Compare(x.DatacenterID, y.DatacenterID))
	})
	return a
}

func (r *OfferingRow) key() string { return r.name() + " " + r.DatacenterID }

// name is the offering's for people.
func (r *OfferingRow) name() string { return plan.OfferKey{InstanceType: r.ID, Spot: r.Spot}.For() }

// perUnit is a monthly price by an amount of what is bought.
func perUnit(price plan.Money, amount float64) string {
	if amount <= 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", float64(price)/1e6/amount)
}

// WriteTable prints the offerings for people, in lines of at most width characters; 0 is no limit.
func (a *OfferingsAnswer) WriteTable(w io.Writer, width int) error {
	t := &table{out: &strings.Builder{}, width: width}
	s := t.section("OFFERINGS, priced a month")
	s.grid.Spare = []string{"PER GIB", "PER CORE", "DISK"}
	s.row("OFFERING", "DATACENTER", "CPU", "MEMORY", "DISK", "PRICE", "PER CORE", "PER GIB", "FOR PODS", "NODE GROUPS", "NOTE")
	for i := range a.Offerings {
		o := &a.Offerings[i]
		gib := float64(o.MemoryMB) / 1024
		note := a.notes[o.key()]
		if !o.Available {
			note = "not sold now"
		}
		forPods := fmt.Sprintf("%s, %.1fGi", o.Allocatable.Cpu(), o.Allocatable.Memory().AsApproximateFloat64()/(1<<30))
		if !o.learnt {
			forPods += " (estimated)"
		}
		groups := a.groups[o.key()]
		slices.Sort(groups)
		s.row(o.name(), o.DatacenterID, fmt.Sprint(o.CPU), fmt.Sprintf("%.1fGi", gib), fmt.Sprintf("%d GB", o.DiskGB),
			o.PricePerMonth, perUnit(o.price, float64(o.CPU)), perUnit(o.price, gib), forPods, cmp.Or(someOf(groups), "-"), note)
	}
	s.end()
	_, err := io.WriteString(w, t.out.String())
	return err
}
