package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Decide works out what should be done about the state. It is pure: it reads the
// state and nothing else, changes nothing, and gives the same plan for the same
// state in whatever order its lists come.
func Decide(s *State) *Plan { return newWorld(s).decide() }

func (w *world) decide() *Plan {
	w.proveUnsuitable()
	w.barUnasked()
	w.cancelExcess()
	w.solve()
	w.balance()
	cost := w.cost()
	w.cancelIdle()
	w.takeUp(func(l *lot) bool { return l.expendable }) // they hold no room that a node could be removed for
	w.effort.begin()
	r := w.remove()
	w.rollOut(&r)
	w.fillLast()
	w.keepToPlan()
	w.effort.begin()
	w.exchange(&r)
	w.effort.begin()
	r.gone = append(r.gone, w.cancellations()...)
	names := w.podNames()
	p := &Plan{Launches: w.launches(names), Placements: w.placements(names), Unplaced: w.unplaced(), Cost: cost}
	if w.strategy != plainStrategy && len(p.Launches) > 0 {
		p.Strategy = w.strategy
	}
	p.Removals, p.Kept = w.removals(r), w.kept(r)
	for _, c := range r.unneeded {
		p.Unneeded = append(p.Unneeded, c.host.Name)
	}
	slices.Sort(p.Unneeded)
	p.Replacing, p.GivenUp = w.replacing(), w.givenUp()
	for _, c := range r.gone {
		p.Cost.After -= Hourly(c.price)
		p.Cost.LowerBound -= Hourly(c.price)
	}
	for _, h := range w.bought() {
		if h.reason == Replacement { // which came after the cost was worked out
			p.Cost.After += Hourly(h.template.offer.Price)
			p.Cost.LowerBound += Hourly(h.template.offer.Price)
		}
	}
	p.Unsuitable = w.provedUnsuitable()
	p.RecheckAt = w.recheckAt(p, r)
	return p
}

func (w *world) launches(names map[*host][]string) []Launch {
	out := []Launch{}
	nextName, others := w.launchNames(), w.newAlternatives()
	for _, h := range w.bought() {
		h.Name = nextName(h.group)
		o := h.template.offer
		launch := Launch{
			Name: h.Name, Group: h.group.Name, InstanceType: o.InstanceType, DatacenterID: o.DatacenterID,
			Spot: o.Spot, Price: Hourly(o.Price), Reason: h.reason, Zonal: h.group.Zonal(), Pods: names[h], Replaces: h.replaces, Together: h.together, Saves: Hourly(h.saves),
			Alternatives: others.of(h), PassedOver: w.passedOver(h),
		}
		if launch.Pods == nil {
			launch.Pods = []string{}
		}
		slices.Sort(launch.Pods)
		out = append(out, launch)
	}
	slices.SortFunc(out, func(a, b Launch) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// launchNames gives every machine to be bought a name that no node and no machine has:
// placements name nodes, and one name must not mean two of them.
func (w *world) launchNames() func(*group) string {
	taken, numbers := map[string]bool{}, map[*group]int{}
	take := func(name, prefix string) {
		if strings.HasPrefix(name, prefix) {
			taken[name] = true
		}
	}
	return func(g *group) string {
		prefix := g.Name + "-new-"
		if numbers[g] == 0 {
			for _, n := range w.state.Nodes {
				take(n.Name, prefix)
				take(n.Machine, prefix)
				if n.Object != nil {
					take(n.Object.Name, prefix)
				}
			}
		}
		for {
			numbers[g]++
			if name := fmt.Sprint(prefix, numbers[g]); !taken[name] {
				taken[name] = true // a group may be called as another's machines begin
				return name
			}
		}
	}
}

func (w *world) placements(names map[*host][]string) []Placement {
	out := slices.Clone(w.nominated)
	if out == nil {
		out = []Placement{}
	}
	for h, pods := range names {
		if h.node == nil {
			continue
		}
		for _, name := range pods {
			out = append(out, Placement{Pod: name, Node: h.Name})
		}
	}
	slices.SortFunc(out, func(a, b Placement) int { return strings.Compare(a.Pod, b.Pod) })
	return out
}

// keepToPlan orders the pods of the lots so that those that a machine was meant for
// before are dealt out to it again, where it is to have so many of them. Otherwise a
// pod that is new to a lot would have all others change their machines.
func (w *world) keepToPlan() {
	meant := map[string]*host{}
	for _, h := range w.hosts[:w.existing] {
		for _, name := range h.node.Planned {
			meant[name] = h
		}
	}
	if len(meant) == 0 {
		return
	}
	slots, next := map[*lot]map[*host][]int{}, map[*lot]int{}
	for _, h := range w.hosts {
		for _, s := range h.placed {
			if slots[s.lot] == nil {
				slots[s.lot] = map[*host][]int{}
			}
			for range s.n {
				slots[s.lot][h] = append(slots[s.lot][h], next[s.lot])
				next[s.lot]++
			}
		}
	}
	for l, free := range slots {
		dealt := make([]*Pod, len(l.pods))
		rest := slices.DeleteFunc(slices.Clone(l.pods), func(p *Pod) bool {
			h := meant[p.name()]
			if len(free[h]) == 0 {
				return false
			}
			dealt[free[h][0]], free[h] = p, free[h][1:]
			return true
		})
		for i := range dealt {
			if dealt[i] == nil {
				dealt[i], rest = rest[0], rest[1:]
			}
		}
		l.pods = dealt
	}
}

// podNames deals the pods of every lot out to the hosts, in the order of hosts.
func (w *world) podNames() map[*host][]string {
	names := map[*host][]string{}
	next := map[*lot]int{}
	for _, h := range w.hosts {
		for _, s := range h.placed {
			if s.lot.origin != nil {
				continue
			}
			for _, p := range s.lot.pods[next[s.lot] : next[s.lot]+s.n] {
				names[h] = append(names[h], p.name())
			}
			next[s.lot] += s.n
		}
	}
	return names
}

func (w *world) removals(r removals) []Removal {
	moves := w.moves()
	out := []Removal{}
	for _, c := range r.gone {
		removal := Removal{Node: c.host.Name, Group: c.host.group.Name, Reason: c.reason, Saves: Hourly(c.price), Moves: moves[c.host]}
		if removal.Moves == nil {
			removal.Moves = []Move{}
		}
		slices.SortFunc(removal.Moves, func(a, b Move) int { return strings.Compare(a.Pod, b.Pod) })
		out = append(out, removal)
	}
	slices.SortFunc(out, func(a, b Removal) int { return strings.Compare(a.Node, b.Node) })
	return out
}

// moves deals the pods of removed nodes out to the hosts they go to, by origin.
func (w *world) moves() map[*host][]Move {
	moves := map[*host][]Move{}
	next := map[*lot]int{}
	for _, h := range w.hosts {
		for _, s := range h.placed {
			if s.lot.origin == nil {
				continue
			}
			for _, p := range s.lot.pods[next[s.lot] : next[s.lot]+s.n] {
				moves[s.lot.origin] = append(moves[s.lot.origin], Move{Pod: p.name(), To: h.Name})
			}
			next[s.lot] += s.n
		}
	}
	return moves
}

// kept are the nodes that stay, by name, as the hosts are.
func (w *world) kept(r removals) []Kept {
	out := make([]Kept, 0, len(r.kept))
	for _, h := range w.hosts[:w.existing] {
		if why, stays := r.kept[h]; stays {
			out = append(out, Kept{Node: h.Name, Group: h.group.Name, Reason: why.reason, Message: why.message})
		}
	}
	return out
}

// recheckAt is when the first timer of the plan elapses.
func (w *world) recheckAt(p *Plan, r removals) time.Time {
	var first time.Time
	note := func(t time.Time) {
		if t.After(w.state.Now) && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	for _, c := range r.unneeded {
		note(c.due)
	}
	for _, why := range r.kept {
		note(why.until)
	}
	for _, h := range w.hosts[:w.existing] {
		if h.group != nil && !h.leaving() {
			note(h.node.Expires(h.group.Disruption.MaxAge))
		}
	}
	for _, l := range w.lots {
		if l.left > 0 {
			note(l.notBefore)
		}
	}
	for _, g := range w.groups {
		note(g.BoundsUntil)
	}
	if len(p.Unplaced) > 0 || w.wantsHeadroom() {
		for _, g := range w.groups {
			if g.closed.reason == Stabilizing {
				note(g.LastScale.Add(g.ScaleUp.Window))
			}
			for _, t := range g.templates {
				note(t.offer.BackoffUntil)
			}
			for _, d := range g.Datacenters {
				note(d.Until)
			}
		}
	}
	return first
}

func (w *world) wantsHeadroom() bool {
	loads := w.loads()
	return slices.ContainsFunc(w.groups, func(g *group) bool {
		return g.closed.reason == Stabilizing && loads[g].reaches(g.ScaleUp.CPU, g.ScaleUp.Memory)
	})
}
