package plan

import (
	"cmp"
	"math"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// decideTypes settles the type of groups without mixed instances that have no node
// yet: the one that serves the demand best, one group after another. Types are tried as long
// as the group's part of the stage's steps is not spent, those first that promise most.
func (w *world) decideTypes(lots []*lot) {
	open := slices.DeleteFunc(slices.Clone(w.groups), func(g *group) bool {
		return g.AllowMixed || g.onlyType != "" || g.Deleting || len(g.templates) == 0
	})
	for _, g := range open {
		w.effort.beginPart(len(open))
		var best outcome
		var choice *template
		for _, t := range w.typesOf(g, lots) {
			if choice != nil && w.effort.spent() {
				break
			}
			mark := w.fork()
			set(w, &g.onlyType, t.offer.InstanceType)
			o := w.runBest(lots)
			w.revert(mark)
			if choice == nil || o.better(best) || !best.better(o) && t.index < choice.index {
				best, choice = o, t
			}
		}
		if choice != nil {
			set(w, &g.onlyType, choice.offer.InstanceType)
		}
	}
}

// typesOf is a template of every type that the group may buy: first what has room for most pods that are left, and of these
// what costs least for as many nodes as their resources ask for.
func (w *world) typesOf(g *group, lots []*lot) []*template {
	type promise struct {
		template *template
		unheld   int
		price    float64
	}
	var all []promise
	for _, t := range g.templates { // by type
		if t.barred.reason != "" || len(all) > 0 && all[len(all)-1].template.offer.InstanceType == t.offer.InstanceType {
			continue
		}
		p := promise{template: t}
		demand := make(resources.Vector, len(w.dims.Names))
		for _, l := range lots {
			if t.holds(l) {
				demand.Add(l.size, int64(l.left))
			} else if l.buys() {
				p.unheld += l.left
			}
		}
		w.effort.took(len(lots))
		for d, x := range demand {
			if x > 0 {
				p.price = max(p.price, float64(t.offer.Price)*math.Ceil(float64(x)/float64(max(t.free[d], 1))))
			}
		}
		all = append(all, p)
	}
	slices.SortStableFunc(all, func(a, b promise) int { return cmp.Or(cmp.Compare(a.unheld, b.unheld), cmp.Compare(a.price, b.price)) })
	templates := make([]*template, len(all))
	for i, p := range all {
		templates[i] = p.template
	}
	return templates
}
