package dryrun

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/vpsie/vpsie-autoscaler/internal/page"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Page shows the plan and what it was made from: every node that is there or to be bought,
// filled with its pods.
func (r *Result) Page() *page.Page {
	p, cost := r.Plan, r.Plan.Cost
	out := &page.Page{
		Title:    "What the autoscaler would do",
		Subtitle: "Planned for " + r.State.Now.UTC().Format("2006-01-02 15:04:05") + " UTC; nothing was done",
		Facts: []page.Fact{
			{Name: "cost an hour now", Value: cost.Before.String(), Note: plan.Money(cost.Before).String() + " a month"},
			{Name: "after this plan", Value: cost.After.String(), Note: plan.Money(cost.After).String() + " a month"},
			{Name: "this decision costs at least", Value: cost.LowerBound.String(), Note: "proved, beside the machines that stay"},
		},
		Notes: r.Notes,
	}
	if f := cost.FromScratch; f != nil {
		out.Facts = append(out.Facts, page.Fact{Name: "the present pods need at least", Value: f.LowerBound.String(), Note: "proved, with all machines bought anew"})
		t := page.Table{Title: "Why not less", Head: []string{"Reason", "Above, an hour", "What it pays for"}}
		for _, d := range f.Difference {
			t.Rows = append(t.Rows, []string{string(d.Reason), d.Cost.String(), d.Reason.Text()})
		}
		if len(t.Rows) > 0 {
			out.Tables = append(out.Tables, t)
		}
	}
	if w := r.WhatIf; w != nil {
		out.Title = "What the autoscaler would do, if"
		out.Subtitle += ". " + strings.Join(w.Changes, ", ") + ": " + w.verdict()
	}
	out.Scenes = []page.Scene{r.scene()}
	out.Waiting = r.waiting()
	for i := range p.Launches {
		l := &p.Launches[i]
		out.Decisions = append(out.Decisions, page.Decision{At: "now", What: "Buy", Mark: "new", Subject: fmt.Sprintf("%s (%s, %s an hour)", l.Name, l.Type(), l.Price), Text: fmt.Sprintf("%s, for %s", l.Reason, count(len(l.Pods), "pod"))})
	}
	for i := range p.Removals {
		x := &p.Removals[i]
		out.Decisions = append(out.Decisions, page.Decision{At: "now", What: "Remove", Mark: "gone", Subject: fmt.Sprintf("%s (saves %s an hour)", x.Node, x.Saves), Text: fmt.Sprintf("%s, %s moved", x.Reason, count(len(x.Moves), "pod"))})
	}
	return out
}

// scene are all nodes, those to be bought first.
func (r *Result) scene() page.Scene {
	offers := make(map[plan.OfferKey]*plan.Offer, len(r.State.Offers))
	for _, o := range r.State.Offers {
		offers[o.Key()] = o
	}
	pods := map[string]*plan.Pod{}
	held := map[string][]page.Pod{}
	for pod := range r.State.AllPods() {
		name := pod.Meta().Namespace + "/" + pod.Meta().Name
		pods[name] = pod
		if node, cpu, memory := pod.Held(); node != "" {
			held[node] = append(held[node], page.Pod{Name: name, CPU: cpu, Memory: memory})
		}
	}
	add := func(node string, names ...string) {
		for _, name := range names {
			if pod := pods[name]; pod != nil {
				cpu, memory := pod.Asks()
				held[node] = append(held[node], page.Pod{Name: name, CPU: cpu, Memory: memory, New: true})
			}
		}
	}
	for _, placed := range r.Plan.Placements {
		add(placed.Node, placed.Pod)
	}
	s := page.Scene{}
	for i := range r.Plan.Launches {
		l := &r.Plan.Launches[i]
		add(l.Name, l.Pods...)
		n := page.Node{Name: l.Name, Group: l.Group, Type: l.Type(), Price: l.Price.String(), State: "to be bought", Mark: "new", Why: string(l.Reason)}
		n.CPU, n.Memory = sizeOf(offers[plan.OfferKey{DatacenterID: l.DatacenterID, InstanceType: l.InstanceType, Spot: l.Spot}])
		s.Nodes = append(s.Nodes, n)
	}
	there := r.nodesThere(offers)
	s.Nodes = append(s.Nodes, there...)
	for i := range s.Nodes {
		s.Nodes[i].Pods = held[s.Nodes[i].Name]
	}
	s.Title = fmt.Sprintf("%s there, %d to be bought, %d to go", count(len(there), "node"), len(r.Plan.Launches), len(r.Plan.Removals))
	return s
}

// nodesThere are the nodes of the state, with why each goes or stays.
func (r *Result) nodesThere(offers map[plan.OfferKey]*plan.Offer) []page.Node {
	goes, stays := map[string]*plan.Removal{}, map[string]*plan.Kept{}
	for i := range r.Plan.Removals {
		goes[r.Plan.Removals[i].Node] = &r.Plan.Removals[i]
	}
	for i := range r.Plan.Kept {
		stays[r.Plan.Kept[i].Node] = &r.Plan.Kept[i]
	}
	zonal := map[string]bool{}
	for _, g := range r.State.Groups {
		zonal[g.Name] = g.Zonal()
	}
	var out []page.Node
	for _, node := range r.State.Nodes {
		n := page.Node{Name: node.Name, Group: cmp.Or(node.Group, "not of a NodeGroup"), Type: node.InstanceType, State: string(node.State), Mark: page.MarkOf(string(node.State)), Price: "-"}
		if zonal[node.Group] {
			n.Type = plan.TypeIn(node.InstanceType, node.DatacenterID)
		}
		offer := offers[node.Offer()]
		n.CPU, n.Memory = sizeOf(offer)
		if node.Object != nil && len(node.Object.Status.Allocatable) > 0 {
			n.CPU, n.Memory = node.Object.Status.Allocatable.Cpu().MilliValue(), node.Object.Status.Allocatable.Memory().Value()
		}
		switch {
		case offer != nil:
			n.Price = plan.Hourly(offer.Price).String()
		case node.LastPrice > 0:
			n.Price = plan.Hourly(node.LastPrice).String()
		}
		if x := goes[node.Name]; x != nil {
			n.State, n.Mark, n.Why = "goes", "gone", fmt.Sprintf("%s, saves %s an hour", x.Reason, x.Saves)
		} else if k := stays[node.Name]; k != nil {
			n.Why = fmt.Sprintf("stays: %s: %s", k.Reason, k.Message)
		}
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b page.Node) int {
		return cmp.Or(strings.Compare(a.Group, b.Group), strings.Compare(a.Name, b.Name))
	})
	return out
}

func sizeOf(o *plan.Offer) (cpu, memory int64) {
	if o == nil {
		return 0, 0
	}
	return o.Allocatable.Cpu().MilliValue(), o.Allocatable.Memory().Value()
}

// waiting bundles the pods that wait for the same.
func (r *Result) waiting() []page.Waiting {
	names := namePods(r.State.AllPods())
	type key struct {
		of      string
		reason  plan.RefusalReason
		message string
	}
	var out []page.Waiting
	for _, b := range bundle(r.Plan.Unplaced, func(u plan.Unplaced) key {
		if len(u.Refusals) == 0 {
			return key{of: names.of(u.Pod)}
		}
		return key{names.of(u.Pod), u.Refusals[0].Reason, u.Refusals[0].Message}
	}) {
		out = append(out, page.Waiting{Pods: fmt.Sprintf("%s: %s", count(len(b.items), "pod"), names.label(b.items[0].Pod, len(b.items))), Reason: string(b.key.reason), Message: b.key.message})
	}
	return out
}
