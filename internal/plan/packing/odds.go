package packing

import "slices"

// odds tries the odd items of a lattice in all numbers beside the best filling of what they leave.
type odds struct {
	s      *tabled
	rates  [2]float64
	rest   []float64 // by odd item, what those from it on and the even ones gain at most
	limit  []int     // by odd item
	value  float64
	trials int
	counts []int
	// best is by odd item, and left the room beside it.
	best []int
	left [2]int64
}

// most is the value of the best filling of a room that is worth more than least, or least, and whether all were tried.
func (d *odds) most(s *tabled, o *openBin, least float64) (value float64, done bool) {
	f := s.m.fills[o.bin]
	d.s, d.rates, d.value, d.trials = s, [2]float64{o.rates[0], o.rates[1]}, least, oddTrials
	n := len(s.odd)
	d.counts, d.best, d.rest, d.limit = zeros(d.counts, n), zeros(d.best, n), zeros(d.rest, n+1), zeros(d.limit, n)
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
		k := slices.Index(s.odd, it.index)
		if k >= 0 {
			d.limit[k] = it.limit - o.fixed[it.index]
		} else {
			k = n
		}
		d.rest[k] += max(gain, 0) * float64(it.limit)
	}
	for k := n - 1; k >= 0; k-- {
		d.rest[k] += d.rest[k+1]
	}
	d.try(0, o.room[0], o.room[1], 0)
	return d.value, d.trials > 0
}

func (d *odds) try(at int, x, y int64, value float64) {
	if d.trials--; d.trials <= 0 || value+d.rates[0]*float64(x)+d.rates[1]*float64(y)+d.rest[at] <= d.value {
		return
	}
	s := d.s
	if at == len(s.odd) {
		v := value + float64(s.at(x/s.step[0], y/s.step[1]))/(unit*(1<<GrainBits))
		if v > d.value {
			d.value, d.left = v, [2]int64{x, y}
			copy(d.best, d.counts)
		}
		return
	}
	i := s.odd[at]
	size := s.m.Items[i].Size
	each := float64(s.value[i]) / (unit * (1 << GrainBits))
	for n := 0; n <= d.limit[at] && x >= 0 && y >= 0; n++ {
		d.counts[at] = n
		d.try(at+1, x, y, value)
		x, y, value = x-size[0], y-size[1], value+each
	}
	d.counts[at] = 0
}
