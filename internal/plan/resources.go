package plan

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// vec is an amount of every resource of a round, by dimension: milli-cores, bytes
// of memory, bytes of ephemeral storage, pods, then the scalar resources that some
// pod asks for. Room may be negative on an overcommitted node.
type vec []int64

const (
	dimCPU = iota
	dimMemory
	dimStorage
	dimPods
	firstScalar
)

func (v vec) add(w vec, times int64) {
	for i, x := range w {
		v[i] += x * times
	}
}

// fits says whether a pod of size w finds room in v. As with kube-scheduler a
// resource that is not asked for is not looked at, however overcommitted it is.
func (v vec) fits(w vec) bool {
	for i, x := range w {
		if x > 0 && x > v[i] {
			return false
		}
	}
	return true
}

// times is how many pods of size w find room in v, at most most.
func (v vec) times(w vec, most int) int {
	n := int64(most)
	for i, x := range w {
		if x > 0 {
			n = min(n, v[i]/x)
		}
	}
	return int(max(n, 0))
}

// key spells out the amounts.
func (v vec) key() string {
	var b rulesBuilder
	for _, x := range v {
		b.number(int(x))
	}
	return string(b.buf)
}

// fitsBeside says whether v has room for w and rest together, or for w in what rest
// does not ask for.
func (v vec) fitsBeside(w, rest vec) bool {
	for i, x := range w {
		if x > 0 && x > v[i]-rest[i] {
			return false
		}
	}
	return true
}

// raise makes every amount of v at least that of w.
func (v vec) raise(w vec) {
	for i, x := range w {
		v[i] = max(v[i], x)
	}
}

// covers says that every amount of v is at least that of w.
func (v vec) covers(w vec) bool {
	for i, x := range w {
		if v[i] < x {
			return false
		}
	}
	return true
}

func (v vec) dot(weights []float64) float64 {
	sum := 0.0
	for i, x := range v {
		sum += weights[i] * float64(x)
	}
	return sum
}

// dims numbers the resources of a round.
type dims struct {
	names []corev1.ResourceName
	index map[corev1.ResourceName]int
}

// newDims numbers the scalar resources that any of the pods asks for, by name.
func newDims(pods []*Pod, daemons []*daemon) *dims {
	seen := map[corev1.ResourceName]bool{}
	note := func(p *Pod) {
		for _, s := range p.requests.scalars {
			seen[s.name] = true
		}
	}
	for _, p := range pods {
		note(p)
	}
	for _, d := range daemons {
		note(d.pod)
	}
	scalars := make([]corev1.ResourceName, 0, len(seen))
	for name := range seen {
		scalars = append(scalars, name)
	}
	slices.SortFunc(scalars, func(a, b corev1.ResourceName) int { return strings.Compare(string(a), string(b)) })
	d := &dims{
		names: []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage, corev1.ResourcePods},
		index: make(map[corev1.ResourceName]int, len(scalars)),
	}
	for _, name := range scalars {
		d.index[name] = len(d.names)
		d.names = append(d.names, name)
	}
	return d
}

// size is what one pod takes from a node.
func (d *dims) size(r *requests) vec {
	v := make(vec, len(d.names))
	d.addSize(v, r, 1)
	return v
}

// addSize adds a pod's size to v, or takes it off with times -1.
func (d *dims) addSize(v vec, r *requests, times int64) {
	v[dimCPU] += r.cpu * times
	v[dimMemory] += r.memory * times
	v[dimStorage] += r.storage * times
	v[dimPods] += times
	for _, s := range r.scalars {
		v[d.index[s.name]] += s.amount * times
	}
}

// amounts reads a node's allocatable.
func (d *dims) amounts(list corev1.ResourceList) vec {
	v := make(vec, len(d.names))
	for i, name := range d.names {
		quantity, ok := list[name]
		switch {
		case !ok:
		case i == dimCPU:
			v[i] = quantity.MilliValue()
		default:
			v[i] = quantity.Value()
		}
	}
	return v
}
