package plan

import (
	"math"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// amount is an amount of what thresholds look at: milli-cores and bytes of memory.
type amount struct{ cpu, memory int64 }

func amountOf(v resources.Vector) amount { return amount{v[resources.CPU], v[resources.Memory]} }

func (a amount) plus(b amount) amount  { return amount{a.cpu + b.cpu, a.memory + b.memory} }
func (a amount) minus(b amount) amount { return amount{a.cpu - b.cpu, a.memory - b.memory} }

func (a amount) times(n int64) amount { return amount{a.cpu * n, a.memory * n} }

func (a *amount) addRequests(r *resources.Requests) {
	a.cpu += r.CPU
	a.memory += r.Memory
}

// load is how much of what is there is used.
type load struct{ used, room amount }

func (l load) plus(m load) load  { return load{l.used.plus(m.used), l.room.plus(m.room)} }
func (l load) minus(m load) load { return load{l.used.minus(m.used), l.room.minus(m.room)} }

// reaches says that the load is at or above a scale-up threshold. 100 switches a
// threshold off, and 0, which no number of nodes gets below, does too.
func (l load) reaches(cpu, memory int) bool {
	return reachesOne(l.used.cpu, l.room.cpu, cpu) || reachesOne(l.used.memory, l.room.memory, memory)
}

func reachesOne(used, room int64, percent int) bool {
	return percent > 0 && percent < 100 && room > 0 && used*100 >= int64(percent)*room
}

// takes is how many pods of the size the load takes without reaching a threshold.
func (l load) takes(size amount, cpu, memory int) int {
	return min(takesOne(l.used.cpu, l.room.cpu, size.cpu, cpu), takesOne(l.used.memory, l.room.memory, size.memory, memory))
}

func takesOne(used, room, each int64, percent int) int {
	if percent <= 0 || percent >= 100 || each <= 0 {
		return math.MaxInt
	}
	return int(max(int64(percent)*room-used*100-1, 0) / (100 * each))
}

// below says that the load is under both scale-down thresholds.
func (l load) below(cpu, memory int) bool {
	return belowOne(l.used.cpu, l.room.cpu, cpu) && belowOne(l.used.memory, l.room.memory, memory)
}

func belowOne(used, room int64, percent int) bool {
	if room <= 0 {
		return used <= 0
	}
	return used*100 < int64(percent)*room
}

// Percent is the share used, rounded down.
func Percent(used, room int64) int64 {
	if room <= 0 {
		return 0
	}
	return used * 100 / room
}

// load is what the host's pods request, with DaemonSet and static pods left out of both
// what is used and what there is.
func (h *host) load() load {
	used := h.requested
	for _, s := range h.placed {
		if s.lot.expendable {
			continue
		}
		used = used.plus(amountOf(s.lot.size).times(int64(s.n)))
	}
	return load{used: used, room: amountOf(h.alloc).minus(h.overhead)}
}

// counts says whether the host counts towards its group's utilisation: nodes that
// are Ready, on their way, or to be bought.
func (h *host) counts() bool {
	return h.group != nil && !h.retired && (h.node == nil || h.node.State == Ready || h.node.State == Ordered)
}

// loads are the loads of the groups.
func (w *world) loads() map[*group]load {
	sums := make(map[*group]load, len(w.groups))
	// Hosts of a group mostly follow one another, by name, and there are many.
	var of *group
	var sum load
	for _, h := range w.hosts {
		if !h.counts() {
			continue
		}
		if h.group != of {
			if of != nil {
				sums[of] = sum
			}
			of, sum = h.group, sums[h.group]
		}
		sum = sum.plus(h.load())
	}
	if of != nil {
		sums[of] = sum
	}
	return sums
}
