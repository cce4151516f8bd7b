package packing

import (
	"cmp"
	"slices"
)

// tabled looks for patterns of all bins in one table.
type tabled struct {
	table
	m *Master
	// open are the bins that the relaxed filling leaves a chance.
	open []openBin
	odds odds
	// wanted says by item whether a pattern that is worth more than its bin may have it.
	wanted []bool
}

// openBin is a bin with its relaxed filling, and what that proves.
type openBin struct {
	bin           int
	ceiling       float64 // in units of the currency
	parts, rates  []float64
	width, height int64
	// fixed is, by item, what a bin that is larger than the table has in any pattern, worth grains what that is
	// worth, and room what it leaves.
	fixed []int
	worth int64
	room  [2]int64
}

// search looks for patterns by the duals in a table of so many cells at most: for every bin the
// best, and for every item the best few with it. It says which share of the prices of bins proves that no
// filling is worth more than its bin.
func (s *tabled) search(duals []float64, cells int64, each int) (proved float64, found []Pattern) {
	m := s.m
	proved = s.begin(duals)
	if len(s.open) == 0 {
		return proved, nil
	}
	width, height := s.extent(cells)
	for i, wanted := range s.wanted {
		if !wanted {
			s.value[i] = 0
		}
	}
	s.build(width, height)
	m.searched += int(width*height) * len(s.even) / cellsAStep
	loose := false
	for k := range s.open {
		o := &s.open[k]
		price := m.fills[o.bin].price
		bound, taken := s.bestOf(o, duals)
		if share := price / max(bound, 1e-12); share < proved {
			proved = share
			loose = s.covers(o) && bound > price*(1+openShare) && worth(taken, duals) < bound*(1-enough)
		}
		if taken != nil {
			found = append(found, Pattern{o.bin, taken})
		}
	}
	// Where what proves least is a filling that there is not, the next table has no more of any item than there is.
	s.strict = s.strict || loose
	for _, i := range s.even {
		if s.limit[i] > 0 && s.value[i] > 0 {
			found = s.with(found, i, each)
		}
	}
	return proved, found
}

// bestOf is what all fillings of a bin are worth at most, and the best that is known; nil for none.
func (s *tabled) bestOf(o *openBin, duals []float64) (bound float64, taken []int) {
	m := s.m
	price := m.fills[o.bin].price
	bound, taken = s.fill(o)
	if taken != nil && m.valueOf(taken) > price*(1+openShare) || s.covers(o) && bound <= price*(1+openShare) {
		return bound, taken
	}
	// What was fixed was not the right part of a large bin, or there is less of an item than the table has.
	searched, other := m.fill(o.bin, duals, m.steps())
	if other != nil {
		taken = other
	}
	return min(bound, searched), taken
}

// begin values the items, and finds the bins that are open.
func (s *tabled) begin(duals []float64) (proved float64) {
	m := s.m
	s.wanted = zeros(s.wanted, len(m.Items))
	s.limit, s.value = zeros(s.limit, len(m.Items)), zeros(s.value, len(m.Items))
	for i := range m.Items {
		s.value[i] = Grains(duals[i])
	}
	s.open = s.open[:0]
	proved = 1
	for t, f := range m.fills {
		if m.surpassed[t] {
			continue
		}
		f.value(duals, m.Items)
		for j := range f.items {
			it := &f.items[j]
			limit := it.limit
			if m.Items[it.index].Place == 0 {
				limit = m.Items[it.index].Count
			}
			s.limit[it.index] = max(s.limit[it.index], limit)
		}
		ceiling := f.ceiling()
		if ceiling > f.price*(1+openShare) {
			m.parts = zeros(m.parts, len(f.items))
			m.lp.solve(f, m.parts, f.rates)
			m.searched += stepsToStart * len(f.items)
			ceiling = f.ceiling()
		}
		if ceiling <= f.price*(1+openShare) {
			proved = min(proved, f.price/max(ceiling, 1e-12))
			continue
		}
		s.want(f, ceiling-f.price)
		s.open = append(s.open, openBin{
			bin: t, ceiling: ceiling, parts: slices.Clone(m.parts), rates: f.rates,
			width: f.free[0]/s.step[0] + 1, height: f.free[1]/s.step[1] + 1,
		})
	}
	return proved
}

// extent is the table for as many open bins as so many cells allow, the smallest first.
func (s *tabled) extent(cells int64) (width, height int64) {
	width, height = 1, 1
	order := make([]*openBin, len(s.open))
	for k := range s.open {
		order[k] = &s.open[k]
	}
	slices.SortStableFunc(order, func(a, b *openBin) int {
		return cmp.Compare(float64(a.width)*float64(a.height), float64(b.width)*float64(b.height))
	})
	for _, o := range order {
		// The product may not fit an int64.
		if w, h := max(width, o.width), max(height, o.height); w <= cells && h <= cells && w*h <= cells {
			width, height = w, h
		}
	}
	return width, height
}

// fill is the best filling of a bin, nil for none that is worth more than its price, and a bound of what all are
// worth.
func (s *tabled) fill(o *openBin) (bound float64, taken []int) {
	f := s.m.fills[o.bin]
	s.fix(o)
	whole, least := s.covers(o), 0.0
	if whole {
		least = f.price
	}
	value, done := s.odds.most(s, o, least)
	bound = o.ceiling
	if whole && done {
		bound = min(bound, value)
	}
	if value <= least {
		return bound, nil
	}
	taken = slices.Clone(o.fixed)
	s.odds.read(taken)
	s.read(s.odds.left[0]/s.step[0], s.odds.left[1]/s.step[1], taken)
	if !s.m.fits(o.bin, taken) {
		return bound, nil
	}
	return bound, taken
}

func (s *tabled) covers(o *openBin) bool { return o.width <= s.width && o.height <= s.height }

// fix chooses what a bin has in any pattern that is larger than the table: one of two parts that
// together are worth most, or, where it is larger than two tables, a part of the relaxed filling.
func (s *tabled) fix(o *openBin) {
	f := s.m.fills[o.bin]
	o.fixed, o.worth, o.room = make([]int, len(s.m.Items)), 0, [2]int64{f.free[0], f.free[1]}
	switch {
	case s.covers(o):
		return
	case o.width < 2*s.width && o.height < 2*s.height:
		x, y := s.split(o.width-1, o.height-1)
		s.read(x, y, o.fixed)
	default:
		left := min(float64(s.width)/float64(o.width), float64(s.height)/float64(o.height), 1)
		for j, part := range o.parts {
			o.fixed[f.items[j].index] = min(int(part*(1-left)), f.items[j].limit)
		}
	}
	for i, n := range o.fixed {
		o.worth += int64(n) * s.value[i]
		for d := range o.room {
			o.room[d] -= int64(n) * s.m.Items[i].Size[d]
		}
	}
	o.room[0], o.room[1] = min(o.room[0], s.width*s.step[0]-1), min(o.room[1], s.height*s.step[1]-1)
}

// split divides a room into two that are worth most together.
func (s *tabled) split(width, height int64) (x, y int64) {
	best := int64(-1)
	for i := (width + 1) / 2; i < min(s.width, width+1); i++ {
		row, other := s.best[i*s.height:(i+1)*s.height], s.best[(width-i)*s.height:(width-i+1)*s.height]
		for k := max(0, height-s.height+1); k < min(s.height, height+1); k++ {
			if v := row[k] + other[height-k]; v > best {
				best, x, y = v, i, k
			}
		}
	}
	return x, y
}

// with adds the best patterns with an item that are worth more than their bins, of so many bins.
func (s *tabled) with(found []Pattern, i, most int) []Pattern {
	type candidate struct {
		open  *openBin
		x, y  int64
		share float64
	}
	var candidates []candidate
	for k := range s.open {
		o := &s.open[k]
		f := s.m.fills[o.bin]
		x, y := o.room[0]/s.step[0]-s.size[i][0], o.room[1]/s.step[1]-s.size[i][1]
		if x < 0 || y < 0 || o.fixed[i] >= s.limit[i] || !s.m.Bins[o.bin].takes(i) {
			continue
		}
		if share := float64(o.worth+s.value[i]+s.at(x, y)) / (f.price * unit * (1 << GrainBits)); share > 1+openShare {
			candidates = append(candidates, candidate{o, x, y, share})
		}
	}
	slices.SortStableFunc(candidates, func(a, b candidate) int { return cmp.Compare(b.share, a.share) })
	for _, c := range candidates[:min(most, len(candidates))] {
		taken := slices.Clone(c.open.fixed)
		taken[i]++
		s.read(c.x, c.y, taken)
		known := slices.ContainsFunc(found, func(p Pattern) bool { return p.Bin == c.open.bin && slices.Equal(p.Taken, taken) })
		if !known && s.m.fits(c.open.bin, taken) {
			found = append(found, Pattern{c.open.bin, taken})
		}
	}
	return found
}

// fits says whether the bin holds what is taken, places included.
func (m *Master) fits(bin int, taken []int) bool {
	f := m.fills[bin]
	rooms := slices.Clone(f.rooms)
	for j := range f.items {
		it := &f.items[j]
		n := taken[it.index]
		if n > it.room {
			return false
		}
		if it.place >= 0 {
			rooms[it.place] -= int64(n)
		}
	}
	return m.Bins[bin].takesAll(taken) && m.Bins[bin].Free.Covers(m.sizeOf(taken)) &&
		!slices.ContainsFunc(rooms, func(x int64) bool { return x < 0 })
}

// want marks the items that a filling worth more than the bin may have: by weak duality any other one costs it more than there is to
// lose, which is the slack.
func (s *tabled) want(f *fill, slack float64) {
	for j := range f.items {
		if it := &f.items[j]; it.limit > 0 {
			s.wanted[it.index] = s.wanted[it.index] || f.gain(j)+slack > 0
		}
	}
}
