package packing

// Program is a packing that falls apart where items and bins have nothing to do with each other:
// no bin takes items of two parts. Every part is solved by itself, which takes a fraction of the
// time of solving them as one.
type Program struct {
	Items []Item
	Bins  []Bin
	// Duals are by item, in units of the currency, and Center those by which the highest bound was
	// proved.
	Duals, Center []float64

	parts []part
}

// part is items and bins, by their numbers in the program, with their own linear program.
type part struct {
	items, bins []int
	master      *Master
}

// Use is a pattern of the program's items with how often the linear program uses it.
type Use struct {
	Pattern
	Times float64
}

// NewProgram sets the problem up. Rooms are how many of each place a bin has; that at 0 is not
// looked at.
func NewProgram(items []Item, rooms []int, bins []Bin) *Program {
	p := &Program{Items: items, Bins: bins, Duals: make([]float64, len(items)), Center: make([]float64, len(items))}
	p.divide()
	for i := range p.parts {
		q := &p.parts[i]
		own := make([]Item, len(q.items))
		for k, item := range q.items {
			own[k] = items[item]
		}
		into := make([]Bin, len(q.bins))
		for k, bin := range q.bins {
			takes := make([]bool, len(q.items))
			for j, item := range q.items {
				takes[j] = bins[bin].takes(item)
			}
			into[k] = Bin{Price: bins[bin].Price, Free: bins[bin].Free, Takes: takes}
		}
		q.master = NewMaster(own, rooms, into)
	}
	p.collect()
	return p
}

// divide finds the parts, in the order of their first items. What no bin takes is in none.
func (p *Program) divide() {
	partOf := make([]int, len(p.Items)) // the least item that the item is with, as far as is known
	for i := range partOf {
		partOf[i] = i
	}
	held := make([]bool, len(p.Items))
	for _, b := range p.Bins {
		first := -1
		for i := range p.Items {
			if !b.takes(i) {
				continue
			}
			held[i] = true
			if first < 0 {
				first = i
			}
			merge(partOf, first, i)
		}
	}
	index := map[int]int{}
	for i := range p.Items {
		if !held[i] {
			continue
		}
		root := rootOf(partOf, i)
		k, known := index[root]
		if !known {
			k = len(p.parts)
			index[root] = k
			p.parts = append(p.parts, part{})
		}
		p.parts[k].items = append(p.parts[k].items, i)
	}
	for t, b := range p.Bins {
		for i := range p.Items {
			if b.takes(i) {
				q := &p.parts[index[rootOf(partOf, i)]]
				q.bins = append(q.bins, t)
				break
			}
		}
	}
}

func rootOf(partOf []int, i int) int {
	for partOf[i] != i {
		partOf[i] = partOf[partOf[i]]
		i = partOf[i]
	}
	return i
}

func merge(partOf []int, i, j int) {
	a, b := rootOf(partOf, i), rootOf(partOf, j)
	partOf[max(a, b)] = min(a, b)
}

// collect brings what the parts found together.
func (p *Program) collect() {
	for _, q := range p.parts {
		for k, item := range q.items {
			p.Duals[item], p.Center[item] = q.master.Duals[k], q.master.Center[k]
			p.Items[item].Count = q.master.Items[k].Count
		}
	}
}

// aimFor lets every part be as far from what it proves, together, as is enough of the price of all: one that costs little need not be
// solved as closely as one that costs much.
func (p *Program) aimFor(enough float64) {
	total := 0.0
	for _, q := range p.parts {
		total += q.master.price(q.master.Center)
	}
	for _, q := range p.parts {
		q.master.near = min(enough*total/max(q.master.price(q.master.Center), lpEpsilon), max(enough, roughly))
	}
}

// Solve looks for the patterns that serve the items most cheaply, in so many rounds at first.
func (p *Program) Solve(rounds int) {
	p.aimFor(enough)
	for _, q := range p.parts {
		q.master.Solve(rounds)
	}
	p.collect()
}

// Prove looks for center duals that prove a higher bound.
func (p *Program) Prove() {
	for _, q := range p.parts {
		q.master.Prove()
	}
	p.collect()
}

// Retarget changes how many there are of each item, and looks for further patterns where that
// changes anything.
func (p *Program) Retarget(counts []int) {
	for _, q := range p.parts {
		changed := false
		own := make([]int, len(q.items))
		for k, item := range q.items {
			own[k] = counts[item]
			changed = changed || own[k] != q.master.Items[k].Count
		}
		if changed {
			q.master.Retarget(own)
			q.master.GrowAgain()
		}
	}
	p.collect()
}

// Uses are the patterns that the linear program uses.
func (p *Program) Uses() []Use {
	var uses []Use
	for _, q := range p.parts {
		for _, own := range q.master.Uses() {
			taken := make([]int, len(p.Items))
			for k, item := range q.items {
				taken[item] = own.Taken[k]
			}
			uses = append(uses, Use{Pattern{q.bins[own.Bin], taken}, own.Times})
		}
	}
	return uses
}

// Work is how much the program has taken so far, in steps (Master.Work).
func (p *Program) Work() int {
	work := 0
	for _, q := range p.parts {
		work += q.master.Work()
	}
	return work
}
