package plan

// buyHeadroom gives groups that have reached a scale-up threshold, with all that
// the plan buys and places reckoned in, the fewest nodes that bring them below it.
func (w *world) buyHeadroom() {
	for _, g := range w.groups {
		if g.closed.reason != "" || g.Deleting {
			continue
		}
		// Where one type runs out before there is relief, the next-best helps on.
		for l := w.loadOf(g); l.reaches(g.ScaleUp.CPU, g.ScaleUp.Memory); l = w.loadOf(g) {
			t, n := g.relief(l)
			if n == 0 {
				break
			}
			for range n {
				w.open(t, Headroom)
			}
		}
	}
}

// relief is the template and number of nodes that bring the load below the group's
// thresholds: the preferred type while it can be bought, else the fewest nodes, of
// equal numbers the cheapest. Where limits allow fewer, it is as many as they allow.
func (g *group) relief(l load) (*template, int) {
	var best *template
	fewest := 0
	for _, t := range g.templates {
		if t.buyable() == 0 {
			continue
		}
		n := g.needed(l, amountOf(t.free))
		if n <= 0 {
			continue
		}
		if t.offer.InstanceType == g.Preferred {
			best, fewest = t, n
			break
		}
		if best == nil || n < fewest || n == fewest && t.offer.Price < best.offer.Price {
			best, fewest = t, n
		}
	}
	if best == nil {
		return nil, 0
	}
	return best, min(fewest, best.buyable())
}

// needed is how many nodes with that much room bring the load below the group's
// thresholds; 0 when no number does.
func (g *group) needed(l load, room amount) int {
	cpu, ok := neededOne(l.used.cpu, l.room.cpu, room.cpu, g.ScaleUp.CPU)
	if !ok {
		return 0
	}
	memory, ok := neededOne(l.used.memory, l.room.memory, room.memory, g.ScaleUp.Memory)
	if !ok {
		return 0
	}
	return max(cpu, memory)
}

// neededOne is the smallest n with used·100 < percent·(room + n·each).
func neededOne(used, room, each int64, percent int) (int, bool) {
	if !reachesOne(used, room, percent) {
		return 0, true
	}
	if each <= 0 {
		return 0, false
	}
	missing := used*100 - int64(percent)*room
	return int(missing/(int64(percent)*each)) + 1, true
}
