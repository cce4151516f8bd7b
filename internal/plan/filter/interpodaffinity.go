package filter

// domains numbers the values of a topology key.
type domains struct {
	key   string
	known map[string]int32
	// size is how many there are, those of nodes to be bought included.
	size int32
}

// noDomain is the domain of a node without the label.
const noDomain int32 = -1

func (d *domains) of(labels map[string]string) int32 {
	value, ok := labels[d.key]
	if !ok {
		return noDomain
	}
	n, ok := d.known[value]
	if !ok {
		n = d.size
		d.known[value] = n
		d.size++
	}
	return n
}

// counter counts pods by the domain of their node.
type counter struct {
	key    int // index of the topology key
	counts []int32
}

func (c *counter) at(h *NodeInfo) int32 {
	d := h.domains[c.key]
	if d < 0 || int(d) >= len(c.counts) {
		return 0
	}
	return c.counts[d]
}

// add counts n more pods on the node and says whether its node has the label.
func (c *counter) add(h *NodeInfo, n int32) bool {
	d := h.domains[c.key]
	if d < 0 {
		return false
	}
	c.counts = grown(c.counts, d)
	c.counts[d] += n
	return true
}

// grown makes a list long enough to hold index i.
func grown(list []int32, i int32) []int32 {
	for int(i) >= len(list) {
		list = append(list, 0)
	}
	return list
}

// Affinity is a pod's required affinity to others: all terms must be met at once,
// by pods that match all of them.
type Affinity struct {
	selectors []*selector
	// counters count the pods that all selectors pick, one counter a term, for the
	// term's topology key.
	counters []counter
	// total is the sum over all terms.
	total int
}

// picks says whether all selectors pick pods of the profile.
func (t *Affinity) picks(p *profile) bool {
	for _, s := range t.selectors {
		if !p.has(s) {
			return false
		}
	}
	return true
}

func (t *Affinity) add(h *NodeInfo, n int32) {
	for i := range t.counters {
		if t.counters[i].add(h, n) {
			t.total += int(n)
		}
	}
}

// Found says that there is a pod that all terms pick.
func (t *Affinity) Found() bool { return t.total > 0 }

// allows says whether a pod may go on the node. While no pod matches anywhere, the
// first that matches its own terms may go wherever the labels are.
func (t *Affinity) allows(h *NodeInfo, matchesItself bool) bool {
	found := true
	for i := range t.counters {
		if h.domains[t.counters[i].key] < 0 {
			return false
		}
		if t.counters[i].at(h) <= 0 {
			found = false
		}
	}
	return found || t.total == 0 && matchesItself
}
