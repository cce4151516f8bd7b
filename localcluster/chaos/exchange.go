package chaos

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// Bounds on how old what a controller knows may be. windowSlack is from a decision to the deletion that it ends with: the writes in
// between are refused and dropped. priceSlack is how long the cloud may keep a new price from it by errors.
const (
	windowSlack = 10 * time.Second
	priceSlack  = 90 * time.Second
)

// prices are what the plans have cost from each time on, the oldest first.
type prices []priceList

type priceList struct {
	from     time.Time
	perMonth map[string]float64
}

// listPrices are those of the catalogue.
func listPrices() map[string]float64 {
	all := map[string]float64{}
	for _, p := range vpsietest.DefaultCatalogue().Plans {
		price, err := strconv.ParseFloat(p.PricePerMonth, 64)
		if err != nil {
			continue
		}
		all[p.Nickname] = price
	}
	return all
}

// span is the least and the most that the plan has cost from a time to another.
func (all prices) span(plan string, from, to time.Time) (least, most float64) {
	least = math.Inf(1)
	for i, list := range all {
		if list.from.After(to) || i+1 < len(all) && !all[i+1].from.After(from) {
			continue
		}
		least, most = min(least, list.perMonth[plan]), max(most, list.perMonth[plan])
	}
	return least, most
}

// What a replacement has to save, as the estates' groups have it, and for how long at least both machines are taken to be paid for.
const (
	payback  = 24 * time.Hour
	bothPaid = 15 * time.Minute
)

// exchange is machines that were bought in the place of others.
type exchange struct {
	bought []machineLife
	uids   []types.UID
	// replaced are those of the others that are known, all: it is every one of them.
	replaced []machineLife
	all      bool
}

// exchanges are those of the run by the names of what was to be replaced, and the roll-outs beside them.
func (e *evidence) exchanges() (cheaper, rollouts map[string]*exchange) {
	byName := map[string]machineLife{}
	for _, m := range e.machines {
		byName[m.name] = m
	}
	cheaper, rollouts = map[string]*exchange{}, map[string]*exchange{}
	for uid, m := range e.machines {
		if m.replaces == "" {
			continue
		}
		x := &exchange{all: true}
		for name := range strings.SplitSeq(m.replaces, ",") {
			old, known := byName[name]
			x.replaced, x.all = append(x.replaced, old), x.all && known
		}
		kind := cheaper
		if !m.saves {
			kind = rollouts
		}
		if kind[m.replaces] == nil {
			kind[m.replaces] = x
		}
		x = kind[m.replaces]
		x.bought, x.uids = append(x.bought, m), append(x.uids, uid)
	}
	return cheaper, rollouts
}

// wasteful finds exchanges that cost more than they save, by whatever prices a controller could know.
func (e *evidence) wasteful() []violation {
	var found []violation
	cheaper, _ := e.exchanges()
	for replaces, x := range cheaper {
		first := slices.MinFunc(x.bought, func(a, b machineLife) int { return a.born.Compare(b.born) })
		before, after := 0.0, 0.0
		for _, m := range x.bought {
			least, _ := e.prices.span(m.instanceType, first.born.Add(-priceSlack), first.born.Add(slack))
			after += least
		}
		for _, m := range x.replaced {
			_, most := e.prices.span(m.instanceType, first.born.Add(-priceSlack), first.born.Add(slack))
			before += most
		}
		if x.all && (before-after)*payback.Hours() <= after*bothPaid.Hours() {
			found = append(found, violation{
				at: first.born, what: fmt.Sprintf("%d machines at %.2f a month were bought in the place of %s at %.2f", len(x.bought), after, replaces, before),
				hostnames: []string{first.name}, uids: x.uids,
			})
		}
	}
	return found
}
