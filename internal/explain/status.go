package explain

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
)

// StatusAnswer says what is going on.
type StatusAnswer struct {
	Groups  []GroupStatus `json:"nodeGroups"`
	Cost    string        `json:"costPerHour"`
	Bound   *Bound        `json:"bound,omitempty"`
	Moving  []*Machine    `json:"machines,omitempty"`
	Waiting []WaitingPods `json:"waiting,omitempty"`
	Coming  int           `json:"podsWithNodeOnItsWay"`
	// Next are the nodes that go, or could go but for a timer.
	Next  []Reduction `json:"next,omitempty"`
	Notes []string    `json:"notes,omitempty"`
	// Dead says, when it is not empty, that no autoscaler acts, and how that shows.
	Dead   string `json:"dead,omitempty"`
	Source string `json:"source"`
	rounds Rounds
}

// GroupStatus is a NodeGroup in a line.
type GroupStatus struct {
	Name    string `json:"name"`
	Ready   int32  `json:"readyNodes"`
	Desired int32  `json:"desiredNodes"`
	Min     int    `json:"minNodes"`
	Max     int    `json:"maxNodes"`
	Types   string `json:"instanceTypes"`
	Cost    string `json:"costPerHour"`
	Mood    Mood   `json:"mood"`
	// Reasons are the codes of what News says in words.
	Reasons []string `json:"reasons"`
	News    []string `json:"news"`
}

// WaitingPods are pods that wait for the same reasons.
type WaitingPods struct {
	Count  int      `json:"count"`
	Reason string   `json:"reason"`
	Pods   []string `json:"pods"`
}

// staleRound is how old the last round may be: when nothing happens there is one a minute.
const staleRound = 3 * time.Minute

// Stale says that the autoscaler has not decided for long, if so.
func (r Rounds) Stale(now time.Time) string {
	switch {
	case r.Source == "" || r.Planned:
		return ""
	case r.Last.IsZero():
		return "the autoscaler has not decided anything yet: does one of its pods lead? kubectl -n kube-system get lease vpsie-autoscaler"
	case now.Sub(r.Last) > staleRound:
		return fmt.Sprintf("the autoscaler has not decided for %s: does it run? kubectl -n kube-system get pods -l app.kubernetes.io/name=vpsie-autoscaler", duration.HumanDuration(now.Sub(r.Last)))
	}
	return ""
}

// Status sums everything up.
func Status(s *Scene) *StatusAnswer {
	a := &StatusAnswer{Source: s.Rounds.Source, rounds: s.Rounds, Dead: s.Dead, Next: s.savings()}
	var total micro
	for _, g := range s.Groups {
		a.Groups = append(a.Groups, s.groupStatus(g))
		total += parseMicro(g.Status.CostPerHour)
	}
	a.Cost, a.Bound = total.String(), s.Rounds.bound()
	for _, m := range s.Machines {
		if m.Status.Phase != v1alpha1.PhaseReady || !m.DeletionTimestamp.IsZero() {
			a.Moving = append(a.Moving, s.about(m))
		}
	}
	if text := s.Rounds.Stale(s.Now); text != "" {
		a.Notes = append(a.Notes, text)
	}
	if now := s.Rounds.current(); now != nil {
		a.Coming = now.Placements
		for _, l := range now.Launches {
			a.Coming += len(l.Pods)
		}
		for _, w := range now.Waiting {
			a.wait(WaitingPods{len(w.Pods), reasonsOf(bundle(w.Refusals)), w.Pods})
		}
	} else {
		for _, pod := range s.Pods {
			if pod.Spec.NodeName == "" && pod.DeletionTimestamp == nil {
				a.wait(WaitingPods{1, "not known: kubectl vpsie explain pod", []string{pod.Namespace + "/" + pod.Name}})
			}
		}
	}
	slices.SortStableFunc(a.Waiting, func(x, y WaitingPods) int { return cmp.Compare(y.Count, x.Count) })
	return a
}

func (a *StatusAnswer) wait(w WaitingPods) {
	i := slices.IndexFunc(a.Waiting, func(o WaitingPods) bool { return o.Reason == w.Reason })
	if i < 0 {
		a.Waiting = append(a.Waiting, w)
		return
	}
	a.Waiting[i].Count += w.Count
	a.Waiting[i].Pods = slices.Concat(a.Waiting[i].Pods, w.Pods)
}

func (s *Scene) groupStatus(g *v1alpha1.NodeGroup) GroupStatus {
	limits := cluster.LimitsOf(g, s.Now)
	a := GroupStatus{
		Name: g.Name, Ready: g.Status.ReadyNodes, Desired: g.Status.DesiredNodes, Min: limits.Min, Max: limits.Max,
		Types: g.Status.InstanceTypes, Cost: g.Status.CostPerHour, Mood: Good,
	}
	tell := func(reason, text string) {
		a.Reasons, a.News = append(a.Reasons, reason), append(a.News, text)
	}
	add := func(m Mood, reason, text string) {
		if a.Mood == Good || m == Bad {
			a.Mood = m
		}
		tell(reason, text)
	}
	if !g.DeletionTimestamp.IsZero() {
		add(Busy, "Deleting", "being deleted")
	}
	if limits.Paused {
		add(Busy, "Paused", limits.Pause())
	}
	if text := limits.Scheduled(); text != "" {
		tell("Scheduled", "bounds by "+text)
	}
	for _, c := range []struct {
		kind string
		mood Mood
	}{{v1alpha1.NodeGroupError, Bad}, {v1alpha1.NodeGroupScaling, Busy}, {v1alpha1.NodeGroupRolloutPaused, Bad}, {v1alpha1.NodeGroupAtMaxCapacity, Busy}} {
		found := meta.FindStatusCondition(g.Status.Conditions, c.kind)
		switch {
		case found == nil:
		case found.Status == metav1.ConditionTrue && found.Reason == "AtMaxNodes":
			text := "at maxNodes"
			if int(g.Status.CurrentNodes) > limits.Max {
				text = "above maxNodes: " + found.Message
			}
			tell(found.Reason, text)
		case found.Status == metav1.ConditionTrue, found.Reason == "Stabilizing":
			add(c.mood, found.Reason, fmt.Sprintf("%s: %s", found.Reason, found.Message))
		}
	}
	if broken := s.broken(g.Name); len(broken) > 0 {
		add(Bad, "NodesNotReady", "NodesNotReady: no longer ready: "+observe.Some(broken))
	}
	if old := s.outdated(g.Name); old > 0 {
		text := fmt.Sprintf("%s made from something else than new ones would be, or too old", observe.Count(old, "node"))
		if g.Spec.Disruption.DriftPolicy != v1alpha1.DriftReplace && g.Spec.Disruption.NodeMaxAgeSeconds == nil {
			text += " (disruption.driftPolicy is Report)"
		}
		add(Busy, v1alpha1.VPSieNodeDrifted, text)
	}
	if g.Status.ObservedGeneration == 0 {
		add(Busy, "NotObserved", "not seen by the autoscaler yet")
	}
	if len(a.News) == 0 {
		tell("AsWanted", "as wanted")
	}
	return a
}

// broken are the nodes of the group's machines that were ready and are not now, or are not there any more.
func (s *Scene) broken(group string) []string {
	var names []string
	for _, m := range s.Machines {
		if m.Spec.NodeGroupName == group && m.DeletionTimestamp.IsZero() && m.Status.Phase == v1alpha1.PhaseReady &&
			meta.IsStatusConditionFalse(m.Status.Conditions, v1alpha1.VPSieNodeNodeReady) {
			names = append(names, cluster.NodeNameOf(m))
		}
	}
	slices.Sort(names)
	return names
}

// outdated counts the group's machines with the condition Drifted.
func (s *Scene) outdated(group string) int {
	n := 0
	for _, m := range s.Machines {
		if m.Spec.NodeGroupName == group && m.DeletionTimestamp.IsZero() && cluster.IsDrifted(m) {
			n++
		}
	}
	return n
}

// Print writes the answer for a person.
func (a *StatusAnswer) Print(p *Page) {
	if a.Dead != "" {
		p.news(Bad, "%s", a.Dead)
		p.line("")
	}
	if len(a.Groups) == 0 {
		p.news(Busy, "There is no NodeGroup: nothing is bought. kubectl apply -f nodegroup.yaml")
	} else {
		var rows []row
		for _, g := range a.Groups {
			head := []string{g.Name, fmt.Sprintf("%d/%d", g.Ready, g.Desired), fmt.Sprint(g.Min), fmt.Sprint(g.Max), orDash(g.Cost), orDash(g.Types)}
			for _, n := range g.News {
				rows = append(rows, row{append(head, n), g.Mood})
				head = []string{"", "", "", "", "", ""}
			}
		}
		p.grid([]string{"NODE GROUP", "READY", "MIN", "MAX", "COST/H", "TYPES", "WHAT IS GOING ON"}, rows, "TYPES")
	}
	p.line("")
	p.line("  All machines: %s", costLine(a.Cost, a.Bound))
	if len(a.Moving) > 0 {
		p.heading("MACHINES ON THEIR WAY IN OR OUT")
		var rows []row
		for _, m := range a.Moving {
			r := row{[]string{m.Name, m.Group, string(m.Phase), p.ago(m.Step.At), m.Step.What}, Busy}
			if m.Error != "" {
				r.cells[4], r.mood = m.Error, Bad
			}
			rows = append(rows, r)
		}
		p.grid([]string{"VPSIENODE", "NODE GROUP", "PHASE", "SINCE", "WHAT IT WAITS FOR"}, rows)
	}
	if a.Coming > 0 {
		p.heading("%s placed on a node that is there or on its way", pods(a.Coming))
	}
	if len(a.Waiting) > 0 {
		p.heading("PODS THAT WAIT")
		var rows []row
		for _, w := range a.Waiting {
			rows = append(rows, cells(fmt.Sprint(w.Count), w.Reason, observe.Some(w.Pods)))
		}
		p.grid([]string{"COUNT", "REASON", "PODS"}, rows)
		p.line("  why, and what would change it: kubectl vpsie explain pod -n NAMESPACE NAME")
	}
	next(p, a.Next)
	if len(a.Notes) > 0 {
		p.heading("BESIDES")
		p.list(a.Notes)
	}
	p.source(a.rounds)
}

func pods(n int) string {
	if n == 1 {
		return "1 pod is"
	}
	return fmt.Sprintf("%d pods are", n)
}
