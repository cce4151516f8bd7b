package chaos

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// windowCron opens the windows of disruption budgets in every second minute, for a minute.
const (
	windowCron    = "*/2 * * * *"
	windowSeconds = 60
)

// inWindow says whether such a window is open.
func inWindow(t time.Time) bool { return t.UTC().Minute()%2 == 0 }

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

// decided are the machines that a controller has removed by a decision of its own for one of the reasons; none is all. Those that
// somebody else may have ended are left out.
func (e *evidence) decided(group string, reasons []v1alpha1.DisruptionReason) map[types.UID]machineLife {
	found := map[types.UID]machineLife{}
	for uid, m := range e.machines {
		if m.group != group || m.left.IsZero() || m.removal == "" || e.excuses[m.name] {
			continue
		}
		if len(reasons) == 0 || slices.Contains(reasons, v1alpha1.DisruptionReason(m.removal)) {
			found[uid] = m
		}
	}
	return found
}

// crowded finds moments at which more nodes left for a budget's reasons than it allows.
func (e *evidence) crowded() []violation {
	var found []violation
	for group, budgets := range e.budgets {
		for _, b := range budgets {
			if b.Kind == v1alpha1.DisruptionWindow || b.Nodes == nil {
				continue
			}
			going := e.decided(group, b.Reasons)
			for uid, m := range going {
				at := 0
				for _, o := range going {
					if !o.left.After(m.left) && (o.gone.IsZero() || o.gone.After(m.left.Add(slack))) {
						at++
					}
				}
				if at > b.Nodes.IntValue() {
					found = append(found, violation{
						at: m.left, what: fmt.Sprintf("%d nodes of NodeGroup %s leave when %s goes (%s); a disruption budget allows %s", at, group, m.name, m.removal, b.Nodes),
						hostnames: []string{m.name}, uids: []types.UID{uid},
					})
				}
			}
		}
	}
	return found
}

// untimely finds nodes that went outside the window for their reason.
func (e *evidence) untimely() []violation {
	var found []violation
	for group, budgets := range e.budgets {
		for _, b := range budgets {
			if b.Kind != v1alpha1.DisruptionWindow {
				continue
			}
			for uid, m := range e.decided(group, b.Reasons) {
				if !inWindow(m.left) && !inWindow(m.left.Add(-windowSlack)) {
					found = append(found, violation{
						at: m.left, what: fmt.Sprintf("%s goes (%s) while the window of NodeGroup %s is closed", m.name, m.removal, group),
						hostnames: []string{m.name}, uids: []types.UID{uid},
					})
				}
			}
		}
	}
	return found
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

// exchanges are those of the run by the names of what was to be replaced. Roll-outs, which replace what is outdated whatever that
// costs, are told apart by the condition of one of the machines, which is written in the round that buys.
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
		x, outdated := &exchange{all: true}, false
		for name := range strings.SplitSeq(m.replaces, ",") {
			old, known := byName[name]
			x.replaced, x.all = append(x.replaced, old), x.all && known
			outdated = outdated || !old.drifted.IsZero() && old.drifted.Before(m.born.Add(windowSlack))
		}
		kind := cheaper
		if outdated {
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
