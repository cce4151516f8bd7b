package simulate

import (
	"cmp"
	"container/heap"
	"time"
)

// event is something that happens at a time. Events of the same time happen in the order
// in which they were planned.
type event struct {
	at     time.Time
	number int
	do     func()
}

// events is a queue, the soonest first.
type events struct {
	list []event
	made int
}

// plan has something happen at a time.
func (q *events) plan(at time.Time, do func()) {
	q.made++
	heap.Push((*eventHeap)(&q.list), event{at, q.made, do})
}

// next is when the next event is; false when there is none.
func (q *events) next() (time.Time, bool) {
	if len(q.list) == 0 {
		return time.Time{}, false
	}
	return q.list[0].at, true
}

// take returns the next event.
func (q *events) take() event { return heap.Pop((*eventHeap)(&q.list)).(event) }

type eventHeap []event

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	return cmp.Or(h[i].at.Compare(h[j].at), cmp.Compare(h[i].number, h[j].number)) < 0
}
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push and Pop are for container/heap.
func (h *eventHeap) Push(x any) { *h = append(*h, x.(event)) }

// Pop takes the last one.
func (h *eventHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
