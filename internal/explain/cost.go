package explain

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
)

// CostAnswer says what the machines cost, and for what nobody has any use.
type CostAnswer struct {
	Cost  string `json:"costPerHour"`
	Bound *Bound `json:"bound,omitempty"`
	// Idle is what is paid for room that no pod asks for, neither for its cpu nor for
	// its memory.
	Idle   string      `json:"idlePerHour"`
	Groups []CostPart  `json:"nodeGroups"`
	Nodes  []CostPart  `json:"nodes"`
	Notes  []string    `json:"notes,omitempty"`
	Saves  []Reduction `json:"whatWouldSave,omitempty"`
	Source string      `json:"source"`
	rounds Rounds
}

// CostPart is what a NodeGroup or a node costs.
type CostPart struct {
	Name  string `json:"name"`
	Group string `json:"nodeGroup,omitempty"`
	Type  string `json:"instanceType,omitempty"`
	Nodes int    `json:"nodes"`
	Cost  string `json:"costPerHour"`
	Load  *Load  `json:"load,omitempty"`
	Idle  string `json:"idlePerHour"`
	// Phase says of a machine without a node what it does.
	Phase v1alpha1.VPSieNodePhase `json:"phase,omitempty"`

	cost, idle micro
}

// Reduction is a node that is not needed, and what it waits for.
type Reduction struct {
	Node  string `json:"node"`
	Saves string `json:"savesPerHour"`
	// Reason is the decision to remove it, or Unneeded while only time holds it.
	Reason string `json:"reason"`
	Why    string `json:"why"`
	// At is when it goes; none when it goes now, or when that is not known.
	At    *time.Time `json:"at,omitempty"`
	group string
}

// Cost adds everything up.
func Cost(s *Scene) *CostAnswer {
	a := &CostAnswer{Source: s.Rounds.Source, rounds: s.Rounds}
	var cost, idle micro
	groups := map[string]*CostPart{}
	for _, m := range s.Machines {
		n := s.costOf(m)
		if m.Status.CostPerHour == "" {
			a.Notes = append(a.Notes, fmt.Sprintf("what %s (%s) costs is not known yet", m.Name, n.Type))
		}
		a.Nodes = append(a.Nodes, n)
		g := groups[n.Group]
		if g == nil {
			g = &CostPart{Name: n.Group, Load: &Load{}}
			groups[n.Group] = g
		}
		g.Nodes++
		g.cost, g.idle = g.cost+n.cost, g.idle+n.idle
		cost, idle = cost+n.cost, idle+n.idle
		if n.Load != nil {
			g.Load.add(*n.Load)
		}
	}
	for _, g := range groups {
		// The group's own sum is not made of rounded prices.
		if object := s.group(g.Name); object != nil && int(object.Status.CurrentNodes) == g.Nodes && object.Status.CostPerHour != "" {
			exact := parseMicro(object.Status.CostPerHour)
			inIdle := g.idle.times(float64(exact) / float64(max(g.cost, 1)))
			cost, idle = cost+exact-g.cost, idle+inIdle-g.idle
			g.cost, g.idle = exact, inIdle
		}
		g.Cost, g.Idle = g.cost.String(), g.idle.String()
		a.Groups = append(a.Groups, *g)
	}
	a.Cost, a.Idle = cost.String(), idle.String()
	slices.SortFunc(a.Groups, func(x, y CostPart) int { return cmp.Or(cmp.Compare(y.cost, x.cost), cmp.Compare(x.Name, y.Name)) })
	slices.SortFunc(a.Nodes, func(x, y CostPart) int { return cmp.Or(cmp.Compare(y.idle, x.idle), cmp.Compare(x.Name, y.Name)) })
	a.Bound, a.Saves = s.Rounds.bound(), s.savings()
	return a
}

func (s *Scene) costOf(m *v1alpha1.VPSieNode) CostPart {
	n := CostPart{
		Name: cluster.NodeNameOf(m), Group: m.Spec.NodeGroupName, Type: m.Spec.InstanceType, Nodes: 1,
		Cost: m.Status.CostPerHour, cost: parseMicro(m.Status.CostPerHour),
	}
	node := s.node(n.Name)
	if m.Status.Phase != v1alpha1.PhaseReady || node == nil {
		n.Phase = cmp.Or(m.Status.Phase, v1alpha1.PhasePending)
	}
	if node != nil {
		l := s.loadOf(node)
		n.Load = &l
		n.idle = n.cost.times(l.idle())
	} else {
		// A machine that has not come or is going serves nobody.
		n.idle = n.cost
	}
	n.Idle = n.idle.String()
	return n
}

// savings are the nodes that go, and those that could but for a timer, the next first.
func (s *Scene) savings() []Reduction {
	var list []Reduction
	if now := s.Rounds.current(); now != nil {
		for _, x := range now.Removals {
			list = append(list, Reduction{Node: x.Node, Saves: x.Saves, Reason: string(x.Reason), Why: "it goes: " + string(x.Reason), group: x.Group})
		}
	}
	going := len(list)
	for _, m := range s.Machines {
		if m.Annotations[v1alpha1.AnnotationUnneededSince] == "" || !m.DeletionTimestamp.IsZero() {
			continue
		}
		node := &NodeAnswer{Node: cluster.NodeNameOf(m), machine: m, group: s.group(m.Spec.NodeGroupName)}
		if slices.ContainsFunc(list, func(r Reduction) bool { return r.Node == node.Node }) {
			continue
		}
		node.timers(s.Machines, s.Now)
		r := Reduction{Node: node.Node, Saves: m.Status.CostPerHour, Reason: "Unneeded", Why: "it is not needed", group: m.Spec.NodeGroupName}
		if t := node.running(); t != nil {
			r.Why += ", and goes at " + s.hour(t.Until)
			r.At = &t.Until
		}
		list = append(list, r)
	}
	slices.SortStableFunc(list[going:], func(x, y Reduction) int {
		switch {
		case x.At == nil || y.At == nil:
			return 0
		default:
			return x.At.Compare(*y.At)
		}
	})
	return list
}

// mostNodes is how many nodes a page names.
const mostNodes = 10

// Print writes the answer for a person.
func (a *CostAnswer) Print(p *Page) {
	p.line("All machines: %s", costLine(a.Cost, a.Bound))
	if cost, idle := parseMicro(a.Cost), parseMicro(a.Idle); cost > 0 {
		p.line("Of that %s an hour (%d%%) is for room that no pod asks for.", a.Idle, int64(idle)*100/int64(cost))
	}
	if len(a.Groups) > 0 {
		p.heading("BY NODE GROUP")
		var rows []row
		for _, g := range a.Groups {
			rows = append(rows, cells(g.Name, fmt.Sprint(g.Nodes), g.Cost, used(g.Load, cpuOf), used(g.Load, memoryOf), g.Idle))
		}
		p.grid([]string{"NODE GROUP", "MACHINES", "COST/H", "CPU ASKED FOR", "MEMORY ASKED FOR", "IDLE/H"}, rows)
		a.waste(p)
	}
	a.Bound.difference(p)
	if len(a.Saves) > 0 {
		p.heading("WHAT IS ABOUT TO BE SAVED")
		var rows []row
		for _, r := range a.Saves {
			rows = append(rows, cells(r.Node, orDash(r.Saves), r.Why))
		}
		p.grid([]string{"NODE", "SAVES/H", "WHY"}, rows)
	}
	if len(a.Notes) > 0 {
		p.heading("BESIDES")
		p.list(a.Notes)
	}
	p.source(a.rounds)
}

func (a *CostAnswer) waste(p *Page) {
	p.heading("WHERE THE WASTE IS")
	var rows []row
	for i, n := range a.Nodes {
		if i == mostNodes {
			break
		}
		rows = append(rows, cells(n.Name, n.Group, n.Type, orDash(n.Cost), used(n.Load, cpuOf), used(n.Load, memoryOf), n.Idle, string(n.Phase)))
	}
	p.grid([]string{"NODE", "NODE GROUP", "TYPE", "COST/H", "CPU ASKED FOR", "MEMORY ASKED FOR", "IDLE/H", "PHASE"}, rows, "TYPE", "NODE GROUP")
	if more := len(a.Nodes) - mostNodes; more > 0 {
		p.line("  and %s more; -o json names them all", observe.Count(more, "machine"))
	}
	p.line("  IDLE/H is the price times the part that is free of both cpu and memory; why a node stays: kubectl vpsie explain node NAME")
}

func cpuOf(l *Load) string    { return share(l.CPU, cores) }
func memoryOf(l *Load) string { return share(l.Memory, gib) }

func used(l *Load, of func(*Load) string) string {
	if l == nil {
		return "-"
	}
	return of(l)
}
