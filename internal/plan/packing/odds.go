package packing

import (
	"cmp"
	"slices"
)

// odds tries the odd items of a lattice in all numbers beside the best filling of what they leave. Of a size
// those are taken first that are worth most, so many items of a few sizes are no more to try than few items.
type odds struct {
	s     *tabled
	rates [2]float64
	rest  []float64   // by odd size, what those from it on and the even ones gain at most
	odd   [][]oddItem // by odd size, those worth most first
	value float64
	// trials is how many are left.
	trials int
	counts []int // by odd size
	// best is by odd size, and left the room beside it.
	best []int
	left [2]int64
}

// oddItem is an item with how many there may be of it, and what one is worth.
type oddItem struct {
	item, limit int
	value       float64
}

// most is the value of the best filling of a room that is worth more than least, or least, and whether all were tried.
func (d *odds) most(s *tabled, o *openBin, least float64) (value float64, done bool) {
	d.s, d.rates, d.value, d.trials = s, [2]float64{o.rates[0], o.rates[1]}, least, oddTrials
	d.counts, d.best = zeros(d.counts, len(s.odd)), zeros(d.best, len(s.odd))
	d.limits(o)
	d.gains(o)
	d.try(0, o.room[0], o.room[1], 0)
	return d.value, d.trials > 0
}

// limits are how many there may be of the odd items.
func (d *odds) limits(o *openBin) {
	f := d.s.m.fills[o.bin]
	d.odd = slices.Grow(d.odd[:0], len(d.s.odd))[:len(d.s.odd)]
	for k, items := range d.s.odd {
		d.odd[k] = d.odd[k][:0]
		for _, i := range items {
			j := slices.IndexFunc(f.items, func(it fillItem) bool { return it.index == i })
			if j >= 0 && f.items[j].limit > o.fixed[i] {
				d.odd[k] = append(d.odd[k], oddItem{i, f.items[j].limit - o.fixed[i], float64(d.s.value[i]) / (unit * (1 << GrainBits))})
			}
		}
		slices.SortStableFunc(d.odd[k], func(a, b oddItem) int { return cmp.Compare(b.value, a.value) })
	}
}

// gains works out what items gain at most, by weak duality with the rates.
func (d *odds) gains(o *openBin) {
	f, n := d.s.m.fills[o.bin], len(d.odd)
	d.rest = zeros(d.rest, n+1)
	for k := 2; k < f.dims; k++ {
		d.rest[n] += o.rates[k] * float64(f.free[k])
	}
	for p, x := range f.rooms {
		d.rest[n] += o.rates[f.dims+p] * float64(x)
	}
	for j := range f.items {
		it := &f.items[j]
		gain := it.value
		for k, x := range f.sizeOf(j) {
			gain -= o.rates[k] * float64(x)
		}
		k := slices.IndexFunc(d.s.odd, func(items []int) bool { return slices.Contains(items, it.index) })
		if k < 0 {
			k = n
		}
		d.rest[k] += max(gain, 0) * float64(it.limit)
	}
	for k := n - 1; k >= 0; k-- {
		d.rest[k] += d.rest[k+1]
	}
}

func (d *odds) try(at int, x, y int64, value float64) {
	if d.trials--; d.trials <= 0 || value+d.rates[0]*float64(x)+d.rates[1]*float64(y)+d.rest[at] <= d.value {
		return
	}
	s := d.s
	if at == len(d.odd) {
		v := value + float64(s.at(x/s.step[0], y/s.step[1]))/(unit*(1<<GrainBits))
		if v > d.value {
			d.value, d.left = v, [2]int64{x, y}
			copy(d.best, d.counts)
		}
		return
	}
	size := s.m.Items[s.odd[at][0]].Size
	d.counts[at] = 0
	d.try(at+1, x, y, value)
	for _, o := range d.odd[at] {
		for range o.limit {
			if x, y, value = x-size[0], y-size[1], value+o.value; x < 0 || y < 0 {
				break
			}
			d.counts[at]++
			d.try(at+1, x, y, value)
		}
	}
	d.counts[at] = 0
}

// read adds the odd items of the best filling.
func (d *odds) read(taken []int) {
	for k, n := range d.best {
		for _, o := range d.odd[k] {
			take := min(n, o.limit)
			taken[o.item] += take
			n -= take
		}
	}
}
