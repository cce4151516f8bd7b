package filter

import (
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Place is what limits how many pods of a kind a node takes, apart from their size: they keep
// apart by hostname, or spread by it. The zero place limits nothing.
type Place struct {
	apart  *counter
	spread *Spread
}

// Room is how many pods of the place a node takes.
func (p Place) Room() int64 {
	if p.spread != nil {
		return int64(p.spread.maxSkew)
	}
	return 1
}

// KeepsApart says that the pods keep apart, so no node ever takes a second one.
func (p Place) KeepsApart() bool { return p.apart != nil }

// Spreads says that the pods spread, so a node takes more once other nodes hold some.
func (p Place) Spreads() bool { return p.spread != nil }

// PlaceOf is the place of a kind's pods; the zero place when they have none.
func (f *Filters) PlaceOf(k *Kind) Place {
	if p := f.PlaceApart(k); p.apart != nil {
		return p
	}
	for i, s := range k.Class.spreads {
		if k.spreadsOwn[i] > 0 && f.keys[s.key].key == corev1.LabelHostname {
			return Place{spread: s}
		}
	}
	return Place{}
}

// PlaceApart is the place of a kind's pods if they keep apart by hostname, else the zero
// place: every pod of the kind both counts and avoids.
func (f *Filters) PlaceApart(k *Kind) Place {
	for _, a := range k.Class.apart {
		if f.keys[a.met.key].key == corev1.LabelHostname && slices.Contains(k.counted, a.met) {
			return Place{apart: a.met}
		}
	}
	return Place{}
}

// PlacesApart are the places of pods that may keep apart, in the order in which their
// constraints were read.
func (f *Filters) PlacesApart() []Place {
	var places []Place
	for _, k := range f.apartKeys() {
		places = append(places, Place{apart: f.apart[k].met})
	}
	return places
}

// ByHostname says whether a term of the affinity ties pods to a node.
func (f *Filters) ByHostname(t *Affinity) bool {
	return slices.ContainsFunc(t.counters, func(c counter) bool { return f.keys[c.key].key == corev1.LabelHostname })
}

// Counts says whether pods of the kind count for a place of pods that spread.
func (p Place) Counts(k *Kind) bool { return slices.Contains(k.spreading, p.spread) }

// Counted is how many pods do so, on nodes that count.
func (p Place) Counted() int {
	n := 0
	for _, count := range p.spread.counts {
		n += int(count)
	}
	return n
}

// CountsNew says whether nodes to be bought of a class, with such domains (NewDomains), surely count for a place of pods that
// spread.
func (p Place) CountsNew(n *NodeClass, domains []int32) bool {
	e := p.spread.over
	for _, key := range e.keys {
		if domains[key] < 0 && domains[key] != freshDomain {
			return false
		}
	}
	v := e.class.On(n)
	return !e.class.PerHost && !(e.honorAffinity && v&Mismatched != 0) && !(e.honorTaint && v&Repelled != 0)
}

// Counting are the kinds of pods that count for a place of pods that spread.
func (f *Filters) Counting(p Place) []*Kind {
	var counting []*Kind
	for _, k := range f.kinds {
		if p.Counts(k) {
			counting = append(counting, k)
		}
	}
	return counting
}

// StaysEmpty says that nodes to be bought count for a place of pods that spread, and none of the pods that count may be on one.
func (p Place) StaysEmpty(counting []*Kind, n *NodeClass, domains []int32) bool {
	return p.CountsNew(n, domains) &&
		!slices.ContainsFunc(counting, func(k *Kind) bool { return k.Class.PerHost || k.Class.On(n) == Suits })
}

// Level is how many pods of a place of pods that spread each node holds that counts, at least; without such nodes there is no limit.
func (p Place) Level() int {
	if p.spread.over.domains == 0 {
		return math.MaxInt32
	}
	return int(p.spread.least())
}
