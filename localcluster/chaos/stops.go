package chaos

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// ordersNotListed is the condition reason of NodeGroups while buying is stopped for the account.
const ordersNotListed = "OrdersNotListed"

// lift is the person who hears that buying is stopped, because orders were accepted and never listed. It looks first
// whether buying has really stopped, then allows one more order, as often as it takes.
func (r *run) lift(ctx context.Context, e estate) error {
	for sleep(ctx, time.Second) {
		stopped := r.stopped(ctx, e)
		if stopped == nil {
			continue
		}
		r.tally.add("stops of buying")
		from := time.Now().Add(slack)
		if !sleep(ctx, slack+watchOfStop) {
			return nil
		}
		still := r.stopped(ctx, e)
		if still == nil {
			continue // The VPS was listed after all.
		}
		for _, o := range r.counter.ordersOf(e, from, time.Now()) {
			r.watcher.note(violation{
				at: o.at, what: fmt.Sprintf("VPS %s was ordered although buying is stopped since %s", o.hostname, stamp(from)), hostnames: []string{o.hostname},
			})
		}
		merge := fmt.Sprintf(`{"metadata":{"annotations":{%q:"true"}}}`, v1alpha1.AnnotationTryNow)
		if err := r.client.Patch(ctx, still, client.RawPatch(types.MergePatchType, []byte(merge))); err == nil { // else it is tried again
			r.tally.add("stops of buying that a person lifted")
			sleep(ctx, untilTried)
		}
	}
	return nil
}

const (
	// watchOfStop is how long a stop is watched before it is lifted.
	watchOfStop = 3 * time.Second
	// untilTried is how long the controllers may need to take notice of the person.
	untilTried = 5 * time.Second
)

// stopped is a NodeGroup of the estate that says that buying is stopped, nil when none does.
func (r *run) stopped(ctx context.Context, e estate) *v1alpha1.NodeGroup {
	var list v1alpha1.NodeGroupList
	if err := r.client.List(ctx, &list, client.InNamespace(e.namespace())); err != nil {
		return nil // the API server is away
	}
	for i := range list.Items {
		lost := 0
		for _, b := range list.Items[i].Status.Backoffs {
			if b.Reason == ordersNotListed {
				lost++
			}
		}
		if lost >= mostLost {
			return &list.Items[i]
		}
	}
	return nil
}

// mostLost is at how many lost orders buying stops.
const mostLost = 2

// ordersOf lists the estate's orders for VPSes in a time.
func (c *counter) ordersOf(e estate, from, to time.Time) []order {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []order
	for _, o := range c.orders {
		if o.method != http.MethodPost || o.at.Before(from) || o.at.After(to) {
			continue
		}
		for _, g := range e.nodeGroups() {
			if strings.HasPrefix(o.hostname, "vpsie-"+g.Name+"-") {
				found = append(found, o)
			}
		}
	}
	return found
}
