// Package resources is amounts of resources: what pods request, as kube-scheduler counts it,
// and what nodes have. The planner adds and compares them as vectors.
package resources

import (
	"encoding/binary"
	"iter"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Vector is an amount of every resource of a round, by dimension: milli-cores, bytes
// of memory, bytes of ephemeral storage, pods, then the scalar resources that some
// pod asks for. Room may be negative on an overcommitted node.
type Vector []int64

// Dimensions that every round has; the scalar resources follow from FirstScalar.
const (
	CPU = iota
	Memory
	Storage
	Pods
	FirstScalar
)

// Add adds w a number of times, which may be negative.
func (v Vector) Add(w Vector, times int64) {
	for i, x := range w {
		v[i] += x * times
	}
}

// Fits says whether a pod of size w finds room in v. As with kube-scheduler a
// resource that is not asked for is not looked at, however overcommitted it is.
func (v Vector) Fits(w Vector) bool {
	for i, x := range w {
		if x > 0 && x > v[i] {
			return false
		}
	}
	return true
}

// Times is how many pods of size w find room in v, at most most.
func (v Vector) Times(w Vector, most int) int {
	n := int64(most)
	for i, x := range w {
		if x > 0 {
			n = min(n, v[i]/x)
		}
	}
	return int(max(n, 0))
}

// Key spells out the amounts, for use as the key of a map.
func (v Vector) Key() string {
	var b []byte
	for _, x := range v {
		b = binary.AppendVarint(b, x)
	}
	return string(b)
}

// FitsBeside says whether v has room for w and rest together, or for w in what rest
// does not ask for.
func (v Vector) FitsBeside(w, rest Vector) bool {
	for i, x := range w {
		if x > 0 && x > v[i]-rest[i] {
			return false
		}
	}
	return true
}

// Raise makes every amount of v at least that of w.
func (v Vector) Raise(w Vector) {
	for i, x := range w {
		v[i] = max(v[i], x)
	}
}

// Covers says that every amount of v is at least that of w.
func (v Vector) Covers(w Vector) bool {
	for i, x := range w {
		if v[i] < x {
			return false
		}
	}
	return true
}

// Dot is the sum of the amounts by their weights.
func (v Vector) Dot(weights []float64) float64 {
	sum := 0.0
	for i, x := range v {
		sum += weights[i] * float64(x)
	}
	return sum
}

// Dimensions numbers the resources of a round.
type Dimensions struct {
	Names []corev1.ResourceName
	index map[corev1.ResourceName]int
}

// NewDimensions numbers the scalar resources that any of the requests asks for, by name.
func NewDimensions(asked iter.Seq[*Requests]) *Dimensions {
	seen := map[corev1.ResourceName]bool{}
	for r := range asked {
		for _, s := range r.Scalars {
			seen[s.Name] = true
		}
	}
	scalars := make([]corev1.ResourceName, 0, len(seen))
	for name := range seen {
		scalars = append(scalars, name)
	}
	slices.SortFunc(scalars, func(a, b corev1.ResourceName) int { return strings.Compare(string(a), string(b)) })
	d := &Dimensions{
		Names: []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage, corev1.ResourcePods},
		index: make(map[corev1.ResourceName]int, len(scalars)),
	}
	for _, name := range scalars {
		d.index[name] = len(d.Names)
		d.Names = append(d.Names, name)
	}
	return d
}

// Size is what one pod takes from a node.
func (d *Dimensions) Size(r *Requests) Vector {
	v := make(Vector, len(d.Names))
	d.AddSize(v, r, 1)
	return v
}

// AddSize adds a pod's size to v, or takes it off with times -1.
func (d *Dimensions) AddSize(v Vector, r *Requests, times int64) {
	v[CPU] += r.CPU * times
	v[Memory] += r.Memory * times
	v[Storage] += r.Storage * times
	v[Pods] += times
	for _, s := range r.Scalars {
		v[d.index[s.Name]] += s.Amount * times
	}
}

// Amounts reads a node's allocatable.
func (d *Dimensions) Amounts(list corev1.ResourceList) Vector {
	v := make(Vector, len(d.Names))
	for i, name := range d.Names {
		quantity, ok := list[name]
		switch {
		case !ok:
		case i == CPU:
			v[i] = quantity.MilliValue()
		default:
			v[i] = quantity.Value()
		}
	}
	return v
}
