package chaos

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// weather makes the cloud misbehave through its admin interface, and machines come to harm.
type weather struct {
	admin string
	tally *tally
	// excuse notes that a node's pods may end in any way.
	excuse func(node string)
	// ledger is what there is.
	ledger func() vpsietest.Ledger
	// prices are those that there have been.
	prices prices
	// planted counts the machines that are none of ours.
	planted int
}

type object = map[string]any

// turn begins another regime.
func (w *weather) turn(ctx context.Context, g regime) error {
	if err := w.knobs(ctx, g); err != nil {
		return err
	}
	if err := w.ask(ctx, http.MethodPut, "/faults", object{"rules": append([]vpsietest.Fault{}, g.rules()...)}); err != nil {
		return err
	}
	if g.trouble == expired || g.trouble == all {
		w.tally.add("weather: all tokens expired")
		if err := w.ask(ctx, http.MethodPost, "/token/expire", nil); err != nil {
			return err
		}
	}
	if g.plant {
		if err := w.plant(ctx); err != nil {
			return err
		}
	}
	w.tally.add("weather: " + string(g.trouble))
	return w.harm(ctx, g.harm, g.die)
}

func (w *weather) knobs(ctx context.Context, g regime) error {
	knobs := object{
		"createMillis": g.createMillis, "bootMillis": g.bootMillis, "readyMillis": g.readyMillis, "deleteMillis": g.deleteMillis,
		"gapMillis": g.gapMillis, "addressMillis": g.addressMillis, "flaggedMillis": g.flaggedMillis,
		"neverJoin": g.neverJoin, "neverAppear": g.neverAppear, "pageSize": g.pageSize, "errorsAt200": g.errorsAt200, "notFound": g.notFound,
		"chatty": g.chatty, "dropUserData": g.dropUserData, "orderDialect": cmp.Or(g.orderDialect, "any"),
		"hiddenRows": g.hiddenRows, "totalExcess": g.totalExcess,
	}
	live := len(running(w.ledger().VMs))
	quota := 0
	if g.scarce != none {
		quota = max(live+g.scarce, 1)
		w.tally.add("weather: quota lowered")
	}
	knobs["quota"] = quota
	stock := object{}
	for _, plan := range fickle() {
		stock[plan] = nil // as many as there are
	}
	if g.soldOut != "" {
		stock[g.soldOut] = g.left
		w.tally.add("weather: stock lowered")
	}
	knobs["stock"] = stock
	for what, drawn := range map[string]bool{
		"machines hidden from the list": g.hiddenRows > 0, "lists that claim more": g.totalExcess > 0, "chatty answers": g.chatty,
		"orders in dialect A only": g.orderDialect == "A", "orders in dialect B only": g.orderDialect == "B", "user data dropped": g.dropUserData,
		"seconds between order and list": g.gapMillis > 1000,
	} {
		if drawn {
			w.tally.add("weather: " + what)
		}
	}
	if g.neverJoin > 0 {
		w.tally.add("weather: machines that never join, at most")
	}
	if g.neverAppear > 0 {
		w.tally.add("weather: orders that come to nothing, at most")
	}
	list := listPrices()
	texts := object{}
	for plan, price := range list {
		if plan == g.bargain {
			price /= 2
			w.tally.add("weather: prices changed")
		}
		list[plan] = price
		texts[plan] = strconv.FormatFloat(price, 'f', 2, 64)
	}
	knobs["prices"] = texts
	// Noted first: a controller may know it as soon as it is so.
	w.prices = append(w.prices, priceList{time.Now(), list})
	return w.ask(ctx, http.MethodPut, "/knobs", knobs)
}

// clear ends all trouble.
func (w *weather) clear(ctx context.Context) error {
	if err := w.turn(ctx, regime{trouble: calm, scarce: none, createMillis: 100, bootMillis: 100, readyMillis: 100, deleteMillis: 100}); err != nil {
		return err
	}
	return w.ask(ctx, http.MethodDelete, "/faults", nil)
}

// rules are the regime's faults. Orders and deletions suffer most; what is asked for at each start suffers least, since a
// controller that never gets to ask for anything would prove nothing.
func (g regime) rules() []vpsietest.Fault {
	if g.trouble == refuses {
		return []vpsietest.Fault{{Method: http.MethodPost, Path: machinesPath, Probability: g.chance, Status: http.StatusOK, Effect: "before", Body: json.RawMessage(g.refusal)}}
	}
	var all []vpsietest.Fault
	for _, f := range g.faults() {
		chance := f.Probability
		for _, part := range []struct {
			method, path string
			share        float64
		}{
			{http.MethodPost, machinesPath, 1}, {http.MethodDelete, machinesPath, 1}, {http.MethodGet, machinesPath + "*", 0.7}, {"", "", 0.2},
		} {
			f.Method, f.Path, f.Probability = part.method, part.path, chance*part.share
			all = append(all, f)
		}
	}
	return all
}

// faults are the regime's, each with its chance.
func (g regime) faults() []vpsietest.Fault {
	one := func(f vpsietest.Fault, share float64) vpsietest.Fault {
		f.Probability = g.chance * share
		return f
	}
	failing := vpsietest.Fault{Status: g.status, Effect: "before"}
	lying := vpsietest.Fault{Status: g.status, Effect: "after", Body: json.RawMessage(`"<html>gateway</html>"`)}
	dropping := vpsietest.Fault{Effect: "before"}
	losing := vpsietest.Fault{Effect: "after"}
	throttling := vpsietest.Fault{Status: http.StatusTooManyRequests, Effect: "before", Headers: map[string]string{"Retry-After": "1"}}
	late := vpsietest.Fault{Effect: "delay", DelayMillis: 300}
	tooLate := vpsietest.Fault{Effect: "delay", DelayMillis: int(2 * requestTimeout.Milliseconds())}
	refusing := vpsietest.Fault{Status: http.StatusUnauthorized, Effect: "before"}
	switch g.trouble {
	case errorsOut:
		return []vpsietest.Fault{one(failing, 1)}
	case liesOut:
		return []vpsietest.Fault{one(lying, 1)}
	case drops:
		return []vpsietest.Fault{one(dropping, 1)}
	case losses:
		return []vpsietest.Fault{one(losing, 1)}
	case throttles:
		return []vpsietest.Fault{one(throttling, 1)}
	case slow:
		return []vpsietest.Fault{one(tooLate, 0.3), one(late, 0.7)}
	case expired:
		return []vpsietest.Fault{one(refusing, 0.7)}
	case all:
		return []vpsietest.Fault{
			one(failing, 0.2), one(lying, 0.3), one(dropping, 0.2), one(losing, 0.3), one(throttling, 0.05), one(tooLate, 0.05), one(late, 0.1), one(refusing, 0.1),
		}
	}
	return nil
}

// harm befalls one of the cluster's machines that run.
func (w *weather) harm(ctx context.Context, what harm, die uint64) error {
	if what == noHarm {
		return nil
	}
	ours := slices.DeleteFunc(running(w.ledger().VMs), func(b vpsietest.Bill) bool { return !isEstate(markOf(b).cluster) })
	if len(ours) == 0 {
		return nil
	}
	victim := ours[die%uint64(len(ours))]
	w.excuse(strings.ToLower(victim.Hostname))
	w.tally.add("weather: machines that somebody has made to " + string(what))
	// It may have gone by itself meanwhile.
	_ = w.ask(ctx, http.MethodPost, "/vms/"+victim.Identifier+"/"+string(what), nil)
	return nil
}

// plant adds a machine that is none of ours: without a mark, or with that of another cluster.
func (w *weather) plant(ctx context.Context) error {
	w.planted++
	spec := object{
		"hostname": fmt.Sprintf("%s%d", foreignPrefix, w.planted), "plan": "micro-1cpu-2gb", "datacenter": "dc-us-east-1",
		"userData": "a token that is not known keeps it out of the cluster: abcdef.0123456789abcdef",
	}
	switch w.planted % 3 {
	case 1:
		spec["notes"] = fmt.Sprintf("vpsie-autoscaler/another-cluster/a0/%s%d/00000000-0000-0000-0000-000000000000", foreignPrefix, w.planted)
	case 2:
		spec["notes"] = "somebody's own"
	}
	w.tally.add("weather: foreign machines planted")
	return w.ask(ctx, http.MethodPost, "/vms", spec)
}

// foreignPrefix begins the hostnames of machines that are none of ours; it looks like one of the NodeGroup "a0".
const foreignPrefix = "vpsie-a0-not-ours-"

func (w *weather) ask(ctx context.Context, method, path string, body any) error {
	content, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("asking the cloud's admin interface for %s %s: %w", method, path, err)
	}
	request, err := http.NewRequestWithContext(ctx, method, w.admin+path, bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("asking the cloud's admin interface for %s %s: %w", method, path, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("asking the cloud's admin interface for %s %s: %w", method, path, err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return fmt.Errorf("asking the cloud's admin interface for %s %s: %s: %s", method, path, response.Status, answer)
	}
	return nil
}

// running lists the VPSes that cost money now.
func running(bills []vpsietest.Bill) []vpsietest.Bill {
	return slices.DeleteFunc(slices.Clone(bills), func(b vpsietest.Bill) bool { return b.DeletedAt != nil })
}
