package packing

import "github.com/vpsie/vpsie-autoscaler/internal/plan/resources"

// fill is the problem of filling one bin: the items that it takes, by the resources that
// some of them ask for. A place that one item alone asks for is a limit of that item.
type fill struct {
	price float64 // of the bin, in units of the currency
	dims  int
	// ordinary says that the first two of these are the first two there are.
	ordinary bool
	free     []int64
	rooms    []int64
	items    []fillItem
	sizes    []int64 // of the items, one after another
	// rates are the dual values of the relaxed filling that was solved last.
	rates []float64
}

type fillItem struct {
	index int // among the caller's items
	place int // among rooms; -1 for none
	room  int // how many of it fit at most
	limit int // how many there may be: the lesser of room and how many there are
	value float64
	exact int64 // the value in grains
}

// newFill reads the problem. Those of takes that are false are left out.
func newFill(items []Item, rooms []int, bin Bin) *fill {
	f := &fill{price: float64(bin.Price) / unit}
	free := clonedPositive(bin.Free)
	dims := asked(items, bin.Takes, free)
	f.dims = len(dims)
	f.ordinary = len(dims) == 0 || len(dims) > 1 && dims[0] == 0 && dims[1] == 1
	for _, d := range dims {
		f.free = append(f.free, free[d])
	}
	askers := make([]int, len(rooms))
	for i := range items {
		if it := &items[i]; bin.takes(i) && it.Place > 0 && free.Fits(it.Size) {
			askers[it.Place]++
		}
	}
	places := make([]int, len(rooms))
	for p := range places {
		places[p] = -1
		if askers[p] > 1 {
			places[p] = len(f.rooms)
			f.rooms = append(f.rooms, int64(rooms[p]))
		}
	}
	for i := range items {
		it := &items[i]
		if !bin.takes(i) || !free.Fits(it.Size) {
			continue
		}
		next := fillItem{index: i, place: -1, room: free.Times(it.Size, 1<<30)}
		if it.Place > 0 {
			next.place = places[it.Place]
			next.room = min(next.room, rooms[it.Place])
		}
		if next.room == 0 {
			continue
		}
		f.items = append(f.items, next)
		for _, d := range dims {
			f.sizes = append(f.sizes, it.Size[d])
		}
	}
	f.rates = make([]float64, f.dims+len(f.rooms))
	return f
}

func clonedPositive(v resources.Vector) resources.Vector {
	w := make(resources.Vector, len(v))
	for d, x := range v {
		w[d] = max(x, 0)
	}
	return w
}

// asked are the resources that some item asks for which fits.
func asked(items []Item, takes []bool, free resources.Vector) []int {
	var dims []int
	for d := range free {
		for i := range items {
			if (takes == nil || takes[i]) && items[i].Size[d] > 0 && free.Fits(items[i].Size) {
				dims = append(dims, d)
				break
			}
		}
	}
	return dims
}

func (f *fill) sizeOf(j int) []int64 { return f.sizes[j*f.dims : (j+1)*f.dims] }

// value gives the items their values, in units of the currency, and their counts.
func (f *fill) value(values []float64, items []Item) {
	for j := range f.items {
		it := &f.items[j]
		it.value, it.exact = max(values[it.index], 0), Grains(values[it.index])
		it.limit = min(it.room, items[it.index].Count)
	}
}

// ceiling is at least what any filling is worth, by weak duality with the rates: what all
// that is free is worth by them, and what items are worth above what they take.
func (f *fill) ceiling() float64 {
	sum := 0.0
	for d, r := range f.rates[:f.dims] {
		sum += r * float64(f.free[d])
	}
	for p, r := range f.rates[f.dims:] {
		sum += r * float64(f.rooms[p])
	}
	for j := range f.items {
		it := &f.items[j]
		if it.limit == 0 {
			continue
		}
		if gain := f.gain(j); gain > 0 {
			sum += gain * float64(it.limit)
		}
	}
	return sum
}

// gain is what an item is worth above what it takes, by the rates.
func (f *fill) gain(j int) float64 {
	gain := f.items[j].value
	for d, x := range f.sizeOf(j) {
		gain -= f.rates[d] * float64(x)
	}
	if place := f.items[j].place; place >= 0 {
		gain -= f.rates[f.dims+place]
	}
	return gain
}

// even gives every resource of the bin the same share of the price.
func (f *fill) even(rates []float64) []float64 {
	rates = zeros(rates, f.dims+len(f.rooms))
	for d := range f.free {
		rates[d] = f.price / float64(max(f.free[d], 1))
	}
	for p := range f.rooms {
		rates[f.dims+p] = f.price / float64(max(f.rooms[p], 1))
	}
	return rates
}

// Filler bounds what bins hold.
type Filler struct {
	sack  knapsack
	lp    fractional
	parts []float64
	rates []float64
	grid  grid
}

// Most is at least the value of any filling of the bin, in grains as the values of the items
// are, and at least least: what is worth no more makes no difference. It looks at no more than steps branches, and where that
// does not prove that no filling is worth more, it looks it up in a grid.
func (p *Filler) Most(items []Item, rooms []int, values []int64, bin Bin, least int64, steps int) int64 {
	f := newFill(items, rooms, bin)
	for j := range f.items {
		it := &f.items[j]
		it.exact, it.value = values[it.index], float64(values[it.index])/(unit*(1<<GrainBits))
		it.limit = min(it.room, items[it.index].Count)
	}
	p.sack.reset(f)
	p.sack.above(least)
	p.rates = f.even(p.rates)
	p.sack.search(p.rates, steps/4)
	bound := p.sack.bound
	if bound <= least {
		return least
	}
	p.parts = zeros(p.parts, len(f.items))
	p.lp.solve(f, p.parts, f.rates)
	p.sack.search(f.rates, steps)
	bound = min(bound, p.sack.bound)
	if steps > 0 && bound > least {
		if most, done := p.grid.most(f, f.rates, least); done {
			bound = min(bound, most)
		}
	}
	return bound
}
