package plan

import (
	"cmp"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/packing"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// realiseAll buys the program's patterns as often as it uses them in whole numbers, those
// that it uses for the greater part once, or else the one that it uses most.
func (b *buyer) realiseAll(c *packing.Program) int {
	bought := 0
	b.byWorth = slices.Clone(b.sizes)
	slices.SortStableFunc(b.byWorth, func(x, y *sizeGroup) int { return cmp.Compare(y.worth, x.worth) })
	uses := c.Uses()
	slices.SortStableFunc(uses, func(x, y packing.Use) int { return cmp.Compare(y.Times, x.Times) })
	for _, u := range uses {
		n := int(u.Times)
		if n == 0 {
			if bought > 0 && u.Times < 0.5 {
				break
			}
			n = 1
		}
		if len(c.Items) < len(b.sizes) {
			n = (n + 1) / 2 // what is left of the sizes then goes together differently
		}
		bought += b.buyWhole(c, u.Pattern, n)
	}
	return bought
}

// buyWhole buys a pattern a number of times, as long as what other pods ask for lets
// it be filled nearly as it should. It says how many it bought.
func (b *buyer) buyWhole(c *packing.Program, p packing.Pattern, times int) int {
	wanted := 0.0
	var items []int
	for i, n := range p.Taken {
		if n > 0 {
			wanted += float64(n) * c.Duals[i]
			items = append(items, i)
		}
	}
	if wanted <= 0 {
		return 0
	}
	// The items that are worth most first: small ones make up best for what sizes differ
	// from the means.
	slices.SortStableFunc(items, func(i, j int) int { return cmp.Compare(c.Duals[j], c.Duals[i]) })
	twins := b.twins(c, p.Bin)
	done := 0
	for done < times && len(twins) > 0 {
		t := slices.MinFunc(twins, func(x, y *template) int {
			return cmp.Compare(x.group.count+x.group.opened, y.group.count+y.group.opened)
		})
		mark := b.w.fork()
		if t.buyable() > 0 && b.realise(c, p, t, items, wholePattern*wanted) >= fullPattern*wanted {
			b.bought++
			done++
			continue
		}
		b.w.revert(mark)
		twins = slices.DeleteFunc(twins, func(u *template) bool { return u == t })
	}
	return done
}

// twins are the template and those that differ from it by where their nodes are alone.
// Where the nodes are even, so are the pods, and those that spread find their places.
func (b *buyer) twins(c *packing.Program, t int) []*template {
	twins := []*template{b.bins[t]}
	for u, other := range b.bins {
		if other.offer.Price == twins[0].offer.Price && !slices.Equal(other.domains, twins[0].domains) &&
			slices.Equal(other.free, twins[0].free) && slices.Equal(c.Bins[u].Takes, c.Bins[t].Takes) {
			twins = append(twins, other)
		}
	}
	return twins
}

// realise buys a node for the pattern and puts pods of its items on it, and says
// what they are worth.
func (b *buyer) realise(c *packing.Program, p packing.Pattern, t *template, items []int, wanted float64) float64 {
	h := b.w.open(t, PendingPods)
	rest := make(resources.Vector, len(h.free)) // what the pods to come take on average
	for _, i := range items {
		rest.Add(c.Items[i].Size, int64(p.Taken[i]))
	}
	got := 0.0
	for g, i := range items {
		mean := c.Items[i].Size
		if sizes := b.byItem[i]; len(sizes) == 1 {
			rest.Add(mean, int64(-p.Taken[i]))
			got += float64(b.stackOf(h, sizes[0], p.Taken[i])) * c.Duals[i]
			continue
		}
		for k := range p.Taken[i] {
			rest.Add(mean, -1)
			sizes := b.byItem[i]
			if g == len(items)-1 && k == p.Taken[i]-1 {
				sizes = b.byWorth // the last one fills the node up, whatever item it is
			}
			if s := b.stackBest(h, sizes, rest); s != nil {
				got += c.Duals[s.item] * s.part
			}
		}
	}
	if got < wanted {
		got += b.topUp(c, h)
	}
	return got
}

// topUp fills the host with whatever it takes, what is worth most first, and says what
// that is worth.
func (b *buyer) topUp(c *packing.Program, h *host) float64 {
	got := 0.0
	for _, s := range b.byWorth {
		if h.free.Fits(s.size) {
			got += float64(b.stackOf(h, s, h.free.Times(s.size, s.pods()))) * c.Duals[s.item] * s.part
		}
	}
	return got
}

// stackBest puts the largest pod of the item on the host that leaves room for the
// rest, else the smallest that it has room for at all.
func (b *buyer) stackBest(h *host, sizes []*sizeGroup, rest resources.Vector) *sizeGroup {
	for _, s := range sizes {
		if h.free.FitsBeside(s.size, rest) && b.stackOf(h, s, 1) > 0 {
			return s
		}
	}
	for _, s := range slices.Backward(sizes) {
		if h.free.Fits(s.size) && b.stackOf(h, s, 1) > 0 {
			return s
		}
	}
	return nil
}

// stackOf puts up to n pods of the size on the host and says how many.
func (b *buyer) stackOf(h *host, s *sizeGroup, n int) int {
	done := 0
	for _, l := range s.lots {
		if done == n {
			break
		}
		if l.left > 0 && b.choice(b.w, l, h.template) {
			done += b.w.stack(h, l, min(n-done, l.left))
		}
	}
	return done
}
