package demo

import (
	"cmp"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/explain"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/localcluster/demo/view"
)

// mostDecisions is how many the panel shows.
const mostDecisions = 5

// decisionsOf are the last things that the rounds decided to do, the newest first, behind what the last one decided not to
// do. owners tells whose a pod is.
func decisionsOf(rounds []*observe.Round, owners map[string]string, started time.Time) []view.Decision {
	var list []view.Decision
	for i, r := range slices.Backward(rounds) {
		said := slices.Concat(failures(r), removals(r), launches(r, owners))
		if i == len(rounds)-1 {
			said = append(inaction(r), said...)
		}
		for _, d := range said {
			d.At = r.First.Sub(started)
			list = append(list, d)
		}
	}
	return list[:min(len(list), mostDecisions)]
}

// lastAct is the newest round that ordered or removed something, or else the newest; nil for none.
func lastAct(rounds []*observe.Round) *observe.Round {
	for _, r := range slices.Backward(rounds) {
		if len(r.Launches)+len(r.Removals) > 0 {
			return r
		}
	}
	if len(rounds) == 0 {
		return nil
	}
	return rounds[len(rounds)-1]
}

// launches is a line for each instance type.
func launches(r *observe.Round, owners map[string]string) []view.Decision {
	type kind struct{ instanceType, price, reason string }
	machines, pods := map[kind]int{}, map[kind]map[string]int{}
	var order []kind
	for _, l := range r.Launches {
		k := kind{l.InstanceType, l.Price, string(l.Reason)}
		if machines[k]++; machines[k] == 1 {
			order = append(order, k)
			pods[k] = map[string]int{}
		}
		for _, pod := range l.Pods {
			pods[k]["of "+cmp.Or(owners[pod], pod)]++
		}
	}
	var list []view.Decision
	for _, k := range order {
		text := fmt.Sprintf("orders %d %s at %s an hour (%s)", machines[k], k.instanceType, k.price, k.reason)
		if len(pods[k]) > 0 {
			text += " for " + observe.Tally(pods[k])
		}
		list = append(list, view.Decision{Mood: explain.Busy, What: text})
	}
	return list
}

// removals is a line for each reason.
func removals(r *observe.Round) []view.Decision {
	nodes, moves, saves := map[plan.RemovalReason][]string{}, map[plan.RemovalReason]int{}, map[plan.RemovalReason]*big.Rat{}
	for _, x := range r.Removals {
		nodes[x.Reason] = append(nodes[x.Reason], x.Node)
		moves[x.Reason] += len(x.Moves)
		if saves[x.Reason] == nil {
			saves[x.Reason] = new(big.Rat)
		}
		saves[x.Reason].Add(saves[x.Reason], dollars(x.Saves))
	}
	var list []view.Decision
	for _, reason := range slices.Sorted(maps.Keys(nodes)) {
		text := fmt.Sprintf("removes %s (%s), which saves %s an hour",
			observe.Count(len(nodes[reason]), "node"), reason, saves[reason].FloatString(4))
		if moves[reason] > 0 {
			text += fmt.Sprintf("; %s fitted elsewhere", observe.Count(moves[reason], "pod"))
		}
		list = append(list, view.Decision{Mood: explain.Busy, What: text + ": " + observe.Some(nodes[reason])})
	}
	return list
}

// inaction says for what reasons pods wait, and nodes stay where none goes.
func inaction(r *observe.Round) []view.Decision {
	var list []view.Decision
	waits, pods := map[string]int{}, 0
	for _, w := range r.Waiting {
		pods += len(w.Pods)
		if len(w.Refusals) > 0 {
			waits[string(w.Refusals[0].Reason)] += len(w.Pods)
		}
	}
	if pods > 0 {
		text := fmt.Sprintf("orders nothing for %s: %s", observe.Count(pods, "pod"), observe.Tally(waits))
		list = append(list, view.Decision{What: text})
	}
	if len(r.Kept) > 0 && len(r.Removals) == 0 {
		kept := map[string]int{}
		for _, k := range r.Kept {
			kept[string(k.Reason)]++
		}
		list = append(list, view.Decision{What: fmt.Sprintf("keeps %s: %s", observe.Count(len(r.Kept), "node"), observe.Tally(kept))})
	}
	return list
}

func failures(r *observe.Round) []view.Decision {
	var list []view.Decision
	for _, group := range slices.Sorted(maps.Keys(r.Faults)) {
		list = append(list, view.Decision{Mood: explain.Bad, What: fmt.Sprintf("NodeGroup %s: %s", group, r.Faults[group])})
	}
	if r.Error != "" {
		list = append(list, view.Decision{Mood: explain.Bad, What: strings.TrimSpace(r.Error)})
	}
	return list
}
