package filter

import "slices"

// Kind is a set of pods with the same hard constraints, size apart, that the
// constraints of all pods see alike.
type Kind struct {
	Number  int // among all kinds, from 0
	Class   *Class
	profile *profile

	// holds, counted, gathered and spreading are what a placed pod is counted in: as
	// one that keeps others away, as one that others keep away from, as one that
	// others seek, and as one that others spread by.
	holds, counted []*counter
	gathered       []*Affinity
	spreading      []*Spread

	// avoids must count nothing where a pod is placed.
	avoids []*counter
	// avoidsOwn says that one pod of the kind keeps the next away.
	avoidsOwn bool
	// seeksOwn says that a pod matches its own required affinity.
	seeksOwn bool
	// spreadsOwn is by constraint of the class 1 when it picks the pod itself.
	spreadsOwn []int32
}

// Free says that nothing about other pods limits where pods of the kind go.
func (k *Kind) Free() bool {
	return len(k.avoids) == 0 && k.Class.seeks == nil && len(k.Class.spreads) == 0 && len(k.Class.ports) == 0 && k.Class.volumes == nil
}

// Safe says that pods of the kind would be admitted again wherever they are, without
// a look at every one.
func (k *Kind) Safe() bool {
	c := k.Class
	return len(k.avoids) == 0 && c.seeks == nil && len(c.ports) == 0 && c.volumes == nil &&
		!slices.ContainsFunc(c.spreads, func(s *Spread) bool { return !s.even() })
}

// Minded says of every kind, by its number, whether its pods may be turned out by one
// more of k.
func (t *topology) Minded(k *Kind) []bool {
	minded := make([]bool, len(t.kinds))
	for _, o := range t.kinds {
		// The first that seeks its own kind is no longer the first.
		minded[o.Number] = slices.Contains(k.gathered, o.Class.seeks) ||
			slices.ContainsFunc(o.Class.spreads, func(s *Spread) bool { return slices.Contains(k.spreading, s) }) ||
			slices.ContainsFunc(o.avoids, func(c *counter) bool { return slices.Contains(k.holds, c) || slices.Contains(k.counted, c) })
	}
	return minded
}

// Unseen says that pods of the kind are counted nowhere.
func (k *Kind) Unseen() bool {
	return len(k.holds) == 0 && len(k.counted) == 0 && len(k.gathered) == 0 && len(k.spreading) == 0
}

// SoughtBy are the required affinities that pods of the kind satisfy.
func (k *Kind) SoughtBy() []*Affinity { return k.gathered }

// Seeks is the required affinity of pods of the kind; nil for none.
func (k *Kind) Seeks() *Affinity { return k.Class.seeks }

// SeeksItself says that pods of the kind satisfy their own required affinity.
func (k *Kind) SeeksItself() bool { return k.seeksOwn }

// SpreadsByOthers says that pods of the kind spread by pods that they are not among: where
// they may go changes with every one of these.
func (k *Kind) SpreadsByOthers() bool { return slices.Contains(k.spreadsOwn, 0) }
