package dryrun

import (
	"fmt"
	"io"
	"strings"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// table prints a plan for people: rows of what is alike, so that ten thousand pods
// fit a screen.
type table struct {
	out *strings.Builder
	// width is how many characters a line may have; 0 is no limit.
	width int
	// pods say what a pod is one of, by namespace/name.
	pods podNames
	// types are the instance types of nodes.
	types map[string]string
}

func newTable(s *plan.State, width int) *table {
	t := &table{out: &strings.Builder{}, width: width, pods: namePods(s.AllPods()), types: make(map[string]string, len(s.Nodes))}
	for _, n := range s.Nodes {
		t.types[n.Name] = n.InstanceType
	}
	return t
}

func (t *table) write(w io.Writer, o output) error {
	t.whatIf(o.WhatIf)
	if len(o.Launches)+len(o.Removals)+len(o.Placements)+len(o.Unplaced) == 0 {
		t.line("Nothing to do: no pod waits for a node, and no node can go.\n")
	}
	t.launches(o.Launches)
	t.removals(o.Removals)
	t.placements(o.Placements)
	t.unplaced(o.Unplaced)
	t.kept(o.Kept)
	t.cost(o.Cost, priceFor(o.Launches, plan.Headroom), priceFor(o.Launches, plan.Replacement))
	t.line("Read in %.1f ms, planned in %.1f ms.", o.Timing.Load, o.Timing.Plan)
	_, err := io.WriteString(w, t.out.String())
	return err
}

func (t *table) launches(list []plan.Launch) {
	if len(list) == 0 {
		return
	}
	type key struct {
		group, instanceType, datacenter string
		price                           plan.Hourly
		reason                          plan.LaunchReason
	}
	rows := bundle(list, func(l plan.Launch) key {
		return key{l.Group, l.Type(), l.DatacenterID, l.Price, l.Reason}
	})
	var total plan.Hourly
	for _, l := range list {
		total += l.Price
	}
	s := t.section("BUY %s for %s an hour", count(len(list), "machine"), total)
	s.row("NODE GROUP", "TYPE", "COUNT", "EACH/H", "WHY", "FOR")
	var over []plan.Refusal
	for _, r := range first(s, rows) {
		var pods, replaced []string
		for _, l := range r.items {
			pods = append(pods, l.Pods...)
			replaced = append(replaced, l.Replaces...)
			over = append(over, l.PassedOver...)
		}
		what := t.pods.summary(pods)
		if len(replaced) > 0 {
			replaced = distinct(replaced)
			what = fmt.Sprintf("in the place of %s: %s", count(len(replaced), "node"), someOf(replaced))
			if r.items[0].Saves > 0 {
				what += fmt.Sprintf(", saves %s", r.items[0].Saves)
			}
		}
		s.row(r.key.group, r.key.instanceType, fmt.Sprint(len(r.items)), r.key.price.String(), string(r.key.reason), what)
	}
	for _, text := range plan.PassedOverTexts(over) {
		s.more += "  " + text + "\n"
	}
	s.end()
}

func (t *table) removals(list []plan.Removal) {
	if len(list) == 0 {
		return
	}
	type key struct {
		group, instanceType string
		reason              plan.RemovalReason
		saves               plan.Hourly
	}
	rows := bundle(list, func(r plan.Removal) key { return key{r.Group, t.types[r.Node], r.Reason, r.Saves} })
	var total plan.Hourly
	for _, r := range list {
		total += r.Saves
	}
	s := t.section("REMOVE %s and save %s an hour", count(len(list), "node"), total)
	s.row("NODE GROUP", "TYPE", "COUNT", "EACH/H", "WHY", "NODES", "PODS THAT MOVE")
	for _, r := range first(s, rows) {
		var nodes, to []string
		moves := 0
		for _, removal := range r.items {
			nodes = append(nodes, removal.Node)
			for _, m := range removal.Moves {
				to = append(to, m.To)
				moves++
			}
		}
		what := "none"
		if moves > 0 {
			what = fmt.Sprintf("%d to %s", moves, someOf(distinct(to)))
		}
		s.row(r.key.group, r.key.instanceType, fmt.Sprint(len(nodes)), r.key.saves.String(), string(r.key.reason), someOf(nodes), what)
	}
	s.end()
}

func (t *table) placements(list []plan.Placement) {
	if len(list) == 0 {
		return
	}
	rows := bundle(list, func(p plan.Placement) string { return t.pods.of(p.Pod) })
	s := t.section("PLACE %s on nodes that are there or on their way", count(len(list), "pod"))
	s.row("COUNT", "PODS", "NODES")
	for _, r := range first(s, rows) {
		var nodes []string
		for _, p := range r.items {
			nodes = append(nodes, p.Node)
		}
		s.row(fmt.Sprint(len(r.items)), t.pods.label(r.items[0].Pod, len(r.items)), someOf(distinct(nodes)))
	}
	s.end()
}

func (t *table) kept(list []plan.Kept) {
	if len(list) == 0 {
		return
	}
	type key struct {
		group  string
		reason plan.KeptReason
	}
	rows := bundle(list, func(k plan.Kept) key { return key{k.Group, k.Reason} })
	s := t.section("KEEP %s", count(len(list), "node"))
	s.row("NODE GROUP", "COUNT", "WHY", "NODES")
	for _, r := range first(s, rows) {
		var nodes []string
		messages := map[string]bool{}
		for _, k := range r.items {
			nodes = append(nodes, k.Node)
			messages[k.Message] = true
		}
		why := string(r.key.reason)
		if len(messages) > 1 {
			why += ", such as " + r.items[0].Node
		}
		why += ": " + r.items[0].Message
		s.row(r.key.group, fmt.Sprint(len(nodes)), why, someOf(nodes))
	}
	s.end()
}

// priceFor is what is bought for the reason. The decision's bound does not count what is bought
// for the thresholds and for no pod.
func priceFor(list []plan.Launch, reason plan.LaunchReason) plan.Hourly {
	var sum plan.Hourly
	for _, l := range list {
		if l.Reason == reason {
			sum += l.Price
		}
	}
	return sum
}

func (t *table) cost(c plan.Cost, headroom, replacements plan.Hourly) {
	text := fmt.Sprintf("COST an hour: %s now, %s after", c.Before, c.After)
	without := ""
	if headroom > 0 {
		text += fmt.Sprintf(", of which %s is head-room", headroom)
		without = " without head-room"
	}
	if replacements > 0 {
		text += fmt.Sprintf(", of which %s is in the place of nodes that go later", replacements)
	}
	if c.After != c.Before {
		text += fmt.Sprintf(" (a month: %s now, %s after)", plan.Money(c.Before), plan.Money(c.After))
	}
	text += fmt.Sprintf("; lower bound of this decision%s %s", without, c.LowerBound)
	if c.LowerBound > 0 {
		text += fmt.Sprintf(" (after / bound = %.3f)", float64(c.After-headroom)/float64(c.LowerBound))
	}
	t.line("%s", text)
	t.fromScratch(c)
}

// fromScratch says how far the cost is from the least that is possible, and why.
func (t *table) fromScratch(c plan.Cost) {
	f := c.FromScratch
	if f == nil {
		return
	}
	text := fmt.Sprintf("FROM SCRATCH an hour: machines for the present pods cost at least %s; the cheapest that are known cost %s", f.LowerBound, f.Known)
	if f.LowerBound > 0 {
		text += fmt.Sprintf(" (after / bound = %.3f)", float64(c.After)/float64(f.LowerBound))
	}
	t.line("%s", text)
	if f.NotCounted > 0 {
		t.line("  %s not counted: nothing on sale would take them again", count(f.NotCounted, "pod"))
	}
	for _, d := range f.Difference {
		t.line("  %s for %s (%s)", d.Cost, d.Reason, d.Reason.Text())
	}
}
