package demo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/explain"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/localcluster/demo/view"
)

// mostRounds is how many rounds of the journal the panel looks through.
const mostRounds = 20

// show gives whoever watches the panel of this moment.
func (s *Story) show(ctx context.Context, step string, now snapshot, missing error) {
	if s.Show == nil {
		return
	}
	paid, _ := perHour(s.living()).Float64()
	s.seen.paid = append(s.seen.paid, paid)
	s.seen.meet(now.pods)
	rounds, err := s.stack.Journal(ctx, mostRounds)
	panel := panelOf(now, rounds, s.seen.owners, s.started)
	panel.Price.Paid, panel.Price.History = fmt.Sprintf("%.4f", paid), slices.Clone(s.seen.paid)
	panel.Step = "waiting for " + step
	if missing != nil {
		panel.Missing = missing.Error()
	}
	if err != nil && ctx.Err() == nil {
		panel.Decisions = []view.Decision{{At: time.Since(s.started), Mood: explain.Bad, What: err.Error()}}
	}
	s.Show(panel)
}

// panelOf puts a moment into words: those of the autoscaler, where it has some.
func panelOf(now snapshot, rounds []*observe.Round, owners map[string]string, started time.Time) view.Panel {
	scene := &explain.Scene{
		Now: time.Now(), Groups: pointers(now.groups), Machines: pointers(now.machines),
		Nodes: pointers(now.nodes), Pods: pointers(now.everyPod),
		Rounds: explain.Rounds{Source: "the journal", List: rounds},
	}
	if n := len(rounds); n > 0 {
		scene.Rounds.Last = rounds[n-1].Last
	}
	status, cost := explain.Status(scene), explain.Cost(scene)
	panel := view.Panel{
		Price: priceOf(rounds),
		Nodes: nodesOf(now, status, cost), Waiting: waitingOf(now.pods, now.verdicts), Decisions: decisionsOf(rounds, owners, started),
	}
	for i, g := range status.Groups {
		panel.Groups = append(panel.Groups, view.Group{
			Name: g.Name, Min: g.Min, Max: g.Max,
			Desired: int(g.Desired), Current: int(now.groups[i].Status.CurrentNodes), Ready: int(g.Ready),
			Mood: g.Mood, News: strings.Join(g.News, "; "),
		})
	}
	return panel
}

// priceOf is where the last decision leads to.
func priceOf(rounds []*observe.Round) *view.Price {
	r := lastAct(rounds)
	if r == nil {
		return &view.Price{}
	}
	p := &view.Price{Decided: r.Cost.After, Bound: r.Cost.LowerBound, Ratio: 1}
	if bound := dollars(p.Bound); bound.Sign() > 0 {
		p.Ratio, _ = bound.Quo(dollars(p.Decided), bound).Float64()
	}
	return p
}

// nodesOf is a line for each machine, the oldest first, so that lines stay where they are.
func nodesOf(now snapshot, status *explain.StatusAnswer, cost *explain.CostAnswer) []view.Node {
	machines := slices.Clone(now.machines)
	slices.SortStableFunc(machines, func(a, b v1alpha1.VPSieNode) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	var lines []view.Node
	for i := range machines {
		m := &machines[i]
		name, phase := cluster.NodeNameOf(m), cmp.Or(m.Status.Phase, v1alpha1.PhasePending)
		line := view.Node{Name: name, Type: m.Spec.InstanceType, Phase: string(phase), Price: m.Status.CostPerHour, Mood: explain.Good}
		if moving := slices.IndexFunc(status.Moving, func(a *explain.Machine) bool { return a.Name == m.Name }); moving >= 0 {
			a := status.Moving[moving]
			line.Mood, line.News = explain.Busy, a.Step.What
			if a.Error != "" || phase == v1alpha1.PhaseFailed {
				line.Mood, line.News = explain.Bad, cmp.Or(a.Error, line.News)
			}
		}
		part := slices.IndexFunc(cost.Nodes, func(p explain.CostPart) bool { return p.Name == name })
		takesPods := phase == v1alpha1.PhaseReady || phase == v1alpha1.PhaseTerminating
		if load := cost.Nodes[part].Load; load != nil && takesPods {
			line.Fill = &view.Fill{CPU: int(load.CPU.Percent()), Memory: int(load.Memory.Percent()), Pods: podsOn(name, now.everyPod)}
		}
		lines = append(lines, line)
	}
	return lines
}

func podsOn(node string, pods []corev1.Pod) int {
	count := 0
	for _, pod := range pods {
		if pod.Spec.NodeName == node && pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed {
			count++
		}
	}
	return count
}

func pointers[T any](list []T) []*T {
	var all []*T
	for i := range list {
		all = append(all, &list[i])
	}
	return all
}
