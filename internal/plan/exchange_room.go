package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// An exchange counts on free room of nodes that stay. Between its beginning and the arrival of its machines no other removal takes that
// room, and it begins with none that the pods of nodes will need which could go and wait for a timer.

// rehearsed are the orders of targets that were rehearsed before the exchange's machines were bought. Each may bring a group to a
// scale-up threshold, or leave a pod without room.
func (r *remover) rehearsed(e *exchange) [][]*host {
	others := slices.DeleteFunc(slices.Clone(r.targets), func(h *host) bool { return slices.Contains(e.machines, h) })
	machines := slices.SortedStableFunc(slices.Values(e.machines), func(a, b *host) int {
		return compareMachines(a.group, a.node.Offer(), b.group, b.node.Offer())
	})
	return [][]*host{slices.Concat(others, machines), slices.Concat(machines, others)}
}

// compareMachines orders machines by what is known of them before they have names.
func compareMachines(a *group, x OfferKey, b *group, y OfferKey) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(fmt.Sprint(x), fmt.Sprint(y)))
}

// members are the candidates that the exchange is to replace.
func (e *exchange) members(candidates []*candidate) []*candidate {
	return slices.DeleteFunc(slices.Clone(candidates), func(c *candidate) bool { return c.host.replacedBy != e || c.gone })
}

// spoilt is an exchange under way that could go on before others were taken, and no longer can; nil for none.
func (r *remover) spoilt() *exchange {
	for _, e := range r.w.exchanges {
		if e.live() && e.possible && !r.possible(e) {
			return e
		}
	}
	return nil
}

// possible says whether all nodes of the exchange that are still there could go if all of its machines were Ready.
func (r *remover) possible(e *exchange) bool {
	usual := r.targets
	defer func() {
		r.targets = usual
		r.startOver()
	}()
	members := r.toGo(e)
	for _, r.targets = range r.rehearsed(e) {
		r.startOver()
		if r.rehearse(members).reason == "" {
			return true
		}
	}
	return false
}

// toGo are the nodes of the exchange that are still to go. Before its machines are Ready these are no candidates.
func (r *remover) toGo(e *exchange) []*candidate {
	var list []*candidate
	for _, h := range e.nodes {
		i := slices.IndexFunc(r.found, func(c *candidate) bool { return c.host == h })
		switch {
		case i >= 0 && r.found[i].gone || h.leaving() || h.node.State == Failed:
		case i >= 0:
			list = append(list, r.found[i])
		default:
			list = append(list, &candidate{host: h, price: r.w.priceOf(h.node), evicted: r.w.evictedFrom(h)})
		}
	}
	slices.SortFunc(list, byWorth)
	return list
}

// goneSoon takes the nodes that could go and wait for a time, as if they went now, as far as they can: an exchange must not
// take the room that their pods need. It returns all that go.
func (r *remover) goneSoon(unneeded []*candidate) []*candidate {
	kept, budgeted := r.kept, r.budgeted
	r.kept, r.budgeted = maps.Clone(kept), false
	for _, c := range unneeded {
		if !c.gone {
			r.startOver()
			r.takeAs(c, c.reason)
		}
	}
	r.startOver()
	r.kept, r.budgeted = kept, budgeted
	return goneOf(r.found)
}
