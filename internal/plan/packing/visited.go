package packing

// visited remembers what a search has looked at: with as much free, and the same items to come, a
// branch of less value has nothing better to offer, nor a higher bound. It forgets one for
// another, so what it remembers is bounded.
type visited struct {
	width   int // numbers that are free, of resources and places
	round   uint32
	entries []visit
	free    []int64 // of the entries, one after another
}

type visit struct {
	round uint32
	at    int32
	value int64
}

func (v *visited) forget(width int) {
	if v.entries == nil {
		v.entries = make([]visit, visitedSlots)
	}
	if len(v.free) < visitedSlots*width {
		v.free = make([]int64, visitedSlots*width)
	}
	v.width = width
	v.round++ // what was noted in other rounds does not count
}

// surpasses says whether the same branch has been looked at with at least as much value. If not, it
// notes it.
func (v *visited) surpasses(k *knapsack, at int) bool {
	h := uint64(at) * 0x9e3779b97f4a7c15
	for _, x := range k.free {
		h = (h ^ uint64(x)) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	for _, x := range k.rooms {
		h = (h ^ uint64(x)) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	slot := int(h>>40) & (visitedSlots - 1)
	e := &v.entries[slot]
	free := v.free[slot*v.width : (slot+1)*v.width]
	if e.round == v.round && e.at == int32(at) && e.value >= k.value && v.same(k, free) {
		return true
	}
	e.round, e.at, e.value = v.round, int32(at), k.value
	copy(free, k.free)
	copy(free[k.dims:], k.rooms)
	return false
}

func (v *visited) same(k *knapsack, free []int64) bool {
	for d, x := range k.free {
		if free[d] != x {
			return false
		}
	}
	for p, x := range k.rooms {
		if free[k.dims+p] != x {
			return false
		}
	}
	return true
}
