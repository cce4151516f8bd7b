package chaos

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// violation is something that must never happen, or never last.
type violation struct {
	at   time.Time
	what string
	// about are the hostnames and VPSes, and the UIDs of the VPSieNodes, whose story is told with it.
	hostnames []string
	uids      []types.UID
}

// evidence is what the judgement of a whole run rests on.
type evidence struct {
	bills    []vpsietest.Bill
	machines map[types.UID]machineLife
	// most is each NodeGroup's maximum; their names differ between the estates.
	most map[string]int
	// budgets are the disruption budgets that each NodeGroup has had; minds are the generations of its group by which each machine may
	// have been removed, by its name.
	budgets map[string]editions
	minds   map[string][]int64
	// prices say what each plan has cost when.
	prices prices
	// excuses are machines that came to harm, or that a person has dismissed.
	excuses map[string]bool
}

// mark is whose a VPS is, as its notes say.
type mark struct{ cluster, group, name, uid string }

func markOf(b vpsietest.Bill) mark {
	parts := strings.Split(b.Notes, "/")
	if len(parts) != 5 || parts[0] != "vpsie-autoscaler" {
		return mark{}
	}
	return mark{parts[1], parts[2], parts[3], parts[4]}
}

func (e *evidence) ours() []vpsietest.Bill {
	return slices.DeleteFunc(slices.Clone(e.bills), func(b vpsietest.Bill) bool { return !isEstate(markOf(b).cluster) })
}

// judge finds what was wrong at any time of the run.
func (e *evidence) judge() []violation {
	return slices.Concat(e.twice(), e.tooMany(), e.unexplained(), e.stolen(), e.disrupted(), e.wasteful())
}

// hidden tells whether no list had shown the VPS at a time when it was looked for long enough: an order without an answer
// is rightly made again by then, and its VPSieNode may go. What becomes of the VPS is seen when all is at rest.
func hidden(b vpsietest.Bill, at time.Time) bool {
	return (b.ListedAt == nil || b.ListedAt.After(at)) && at.Sub(b.CreatedAt) > createSettle-slack
}

// twice finds machines that were there more than once at a time.
func (e *evidence) twice() []violation {
	var found []violation
	orderedAgain := e.orderedAgain()
	for name, bills := range e.byName() {
		for i, b := range bills[1:] {
			if before := bills[i]; !orderedAgain[before.ID] && (before.DeletedAt == nil || before.DeletedAt.After(b.CreatedAt)) {
				found = append(found, violation{
					at: b.CreatedAt, what: fmt.Sprintf("VPS %d and VPS %d are both there under the hostname %s", before.ID, b.ID, name),
					hostnames: []string{name}, uids: []types.UID{types.UID(markOf(b).uid)},
				})
			}
		}
	}
	return found
}

// orderedAgain are the VPSes, by number, that were ordered once more while they were hidden.
func (e *evidence) orderedAgain() map[int]bool {
	again := map[int]bool{}
	for _, bills := range e.byName() {
		for i, b := range bills[1:] {
			again[bills[i].ID] = hidden(bills[i], b.CreatedAt)
		}
	}
	return again
}

// byName are our VPSes by their hostnames, the first one first.
func (e *evidence) byName() map[string][]vpsietest.Bill {
	byName := map[string][]vpsietest.Bill{}
	for _, b := range e.ours() {
		name := strings.ToLower(b.Hostname)
		byName[name] = append(byName[name], b)
	}
	for _, bills := range byName {
		slices.SortFunc(bills, func(a, b vpsietest.Bill) int { return a.CreatedAt.Compare(b.CreatedAt) })
	}
	return byName
}

// tooMany finds moments at which a NodeGroup had more VPSes than it may.
func (e *evidence) tooMany() []violation {
	type change struct {
		at   time.Time
		by   int
		bill vpsietest.Bill
	}
	changes := map[string][]change{}
	orderedAgain := e.orderedAgain()
	for _, b := range e.ours() {
		if orderedAgain[b.ID] {
			continue
		}
		group := markOf(b).group
		changes[group] = append(changes[group], change{b.CreatedAt, 1, b})
		if b.DeletedAt != nil {
			changes[group] = append(changes[group], change{*b.DeletedAt, -1, b})
		}
	}
	var found []violation
	for group, all := range changes {
		// Of two at the same moment the end comes first.
		slices.SortStableFunc(all, func(a, b change) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.by, b.by)) })
		there := 0
		for _, c := range all {
			if there += c.by; c.by > 0 && there > e.most[group] {
				found = append(found, violation{
					at: c.at, what: fmt.Sprintf("NodeGroup %s has %d VPSes and may have %d", group, there, e.most[group]),
					hostnames: []string{c.bill.Hostname}, uids: []types.UID{types.UID(markOf(c.bill).uid)},
				})
			}
		}
	}
	return found
}

// slack is how much later the watcher may hear of an end than it was, or earlier by the API server's clock, which
// counts in whole seconds.
const slack = 1500 * time.Millisecond

// unexplained finds VPSes that no VPSieNode stood for all their time, and bills that are higher than that time's.
func (e *evidence) unexplained() []violation {
	var found []violation
	say := func(b vpsietest.Bill, at time.Time, format string, args ...any) {
		found = append(found, violation{
			at: at, what: fmt.Sprintf("VPS %d (%s): ", b.ID, b.Hostname) + fmt.Sprintf(format, args...),
			hostnames: []string{b.Hostname}, uids: []types.UID{types.UID(markOf(b).uid)},
		})
	}
	for _, b := range e.ours() {
		m, known := e.machines[types.UID(markOf(b).uid)]
		switch {
		case !known:
			say(b, b.CreatedAt, "it was ordered for a VPSieNode that was never there")
			continue
		case b.CreatedAt.Before(m.born.Add(-slack)):
			say(b, b.CreatedAt, "it is older than its VPSieNode")
		case b.Plan != m.instanceType:
			say(b, b.CreatedAt, "it is a %s; its VPSieNode asks for a %s", b.Plan, m.instanceType)
		}
		if !m.gone.IsZero() && (b.DeletedAt == nil || b.DeletedAt.After(m.gone.Add(slack))) && !hidden(b, m.gone) {
			say(b, m.gone, "it outlived its VPSieNode, which went at %s", stamp(m.gone))
		}
		if most := e.cost(b); e.spent(b).Cmp(most) > 0 {
			say(b, b.CreatedAt, "it cost %s, and its time costs %s", b.Cost, most.FloatString(9))
		}
	}
	return found
}

func (e *evidence) spent(b vpsietest.Bill) *big.Rat {
	r, ok := new(big.Rat).SetString(b.Cost)
	if !ok {
		return new(big.Rat)
	}
	return r
}

// cost is what a VPS may have cost from its order to its end, or to now, with a little for the rounding.
func (e *evidence) cost(b vpsietest.Bill) *big.Rat {
	end := time.Now()
	if b.DeletedAt != nil {
		end = *b.DeletedAt
	}
	price, ok := new(big.Rat).SetString(b.PricePerMonth)
	if !ok {
		return new(big.Rat)
	}
	const hoursPerMonth = 720
	cost := price.Mul(price, big.NewRat(int64(end.Sub(b.CreatedAt)+time.Millisecond), int64(hoursPerMonth*time.Hour)))
	return cost.Add(cost, big.NewRat(1, 1_000_000_000))
}

// money is what all our VPSes cost together, and what their VPSieNodes' times on the same plans cost.
func (e *evidence) money() (spent, explained *big.Rat) {
	spent, explained = new(big.Rat), new(big.Rat)
	for _, b := range e.ours() {
		spent.Add(spent, e.spent(b))
		m, known := e.machines[types.UID(markOf(b).uid)]
		if !known {
			continue
		}
		b.CreatedAt, b.DeletedAt, b.Plan = m.born, nil, m.instanceType
		if !m.gone.IsZero() {
			b.DeletedAt = new(m.gone.Add(slack))
		}
		explained.Add(explained, e.cost(b))
	}
	return spent, explained
}

// stolen finds machines of others that are gone.
func (e *evidence) stolen() []violation {
	var found []violation
	for _, b := range e.bills {
		if !isEstate(markOf(b).cluster) && b.DeletedAt != nil {
			found = append(found, violation{at: *b.DeletedAt, what: fmt.Sprintf("VPS %d (%s), which is somebody else's, was deleted", b.ID, b.Hostname), hostnames: []string{b.Hostname}})
		}
	}
	return found
}
