package plan

import "slices"

// kind is a set of pods with the same hard constraints, size apart, that the
// constraints of all pods see alike.
type kind struct {
	number  int // among all kinds, from 0
	class   *class
	profile *profile

	// holds, counted, gathered and spreading are what a placed pod is counted in: as
	// one that keeps others away, as one that others keep away from, as one that
	// others seek, and as one that others spread by.
	holds, counted []*counter
	gathered       []*together
	spreading      []*spread

	// avoids must count nothing where a pod is placed.
	avoids []*counter
	// avoidsOwn says that one pod of the kind keeps the next away.
	avoidsOwn bool
	// seeksOwn says that a pod matches its own required affinity.
	seeksOwn bool
	// spreadsOwn is by constraint of the class 1 when it picks the pod itself.
	spreadsOwn []int32
}

// free says that nothing about other pods limits where pods of the kind go.
func (k *kind) free() bool {
	return len(k.avoids) == 0 && k.class.seeks == nil && len(k.class.spreads) == 0 && len(k.class.ports) == 0 && k.class.volumes == nil
}

// safe says that pods of the kind would be admitted again wherever they are, without
// a look at every one.
func (k *kind) safe() bool {
	c := k.class
	return len(k.avoids) == 0 && c.seeks == nil && len(c.ports) == 0 && c.volumes == nil &&
		!slices.ContainsFunc(c.spreads, func(s *spread) bool { return !s.even() })
}

// minded says of every kind, by its number, whether its pods may be turned out by one
// more of k.
func (t *topology) minded(k *kind) []bool {
	minded := make([]bool, len(t.kinds))
	for _, o := range t.kinds {
		// The first that seeks its own kind is no longer the first.
		minded[o.number] = slices.Contains(k.gathered, o.class.seeks) ||
			slices.ContainsFunc(o.class.spreads, func(s *spread) bool { return slices.Contains(k.spreading, s) }) ||
			slices.ContainsFunc(o.avoids, func(c *counter) bool { return slices.Contains(k.holds, c) || slices.Contains(k.counted, c) })
	}
	return minded
}

// unseen says that pods of the kind are counted nowhere.
func (k *kind) unseen() bool {
	return len(k.holds) == 0 && len(k.counted) == 0 && len(k.gathered) == 0 && len(k.spreading) == 0
}

// count counts n pods of the kind on the host in, or out when n is negative.
// Topology spread does not mind pods that are being deleted.
func (w *world) count(k *kind, h *host, n int32, leaving bool) {
	w.countInWay(k, h, n)
	for _, t := range k.gathered {
		t.add(h, n)
	}
	if leaving {
		return
	}
	for _, s := range k.spreading {
		if s.eligible(w, h) {
			s.add(h, n)
		}
	}
}

// countInWay counts n pods of the kind on the host in, or out, for those they are in
// the way of, but not for those that seek them or spread by them.
func (w *world) countInWay(k *kind, h *host, n int32) {
	if k.class.volumes != nil {
		w.use(k.class, h, int(n))
	}
	for _, c := range k.holds {
		c.add(h, n)
	}
	for _, c := range k.counted {
		c.add(h, n)
	}
}

// most is how many of up to want pods of the lot can be put on the host at once;
// more may fit after that.
func (w *world) most(l *lot, h *host, want int) int {
	k, room := l.kind, h.free
	if l.preempts {
		room = h.freeOrYielded()
	}
	n := room.Times(l.size, want)
	if n == 0 || w.verdict(k.class, h) != suits || len(l.barred) > 0 && h.barred(l) {
		return 0
	}
	if k.free() {
		return n
	}
	return w.amongOthers(k, h, n)
}

// amongOthers is how many of n pods the other pods admit to the host.
func (w *world) amongOthers(k *kind, h *host, n int) int {
	if len(k.class.ports) > 0 {
		if anyClash(k.class.ports, h.ports) {
			return 0
		}
		n = 1
	}
	if k.class.volumes != nil {
		if !w.attachable(k.class, h) {
			return 0
		}
		n = 1
	}
	for _, c := range k.avoids {
		if c.at(h) > 0 {
			return 0
		}
	}
	if k.avoidsOwn {
		n = 1
	}
	if t := k.class.seeks; t != nil && !t.allows(h, k.seeksOwn) {
		return 0
	}
	for i, s := range k.class.spreads {
		n = min(n, s.allows(h, k.spreadsOwn[i], n))
	}
	return n
}
