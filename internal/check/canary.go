package check

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/control"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// Step is one step in the life of the VPS that was bought on request.
type Step struct {
	What string `json:"what"`
	// Seconds since the order.
	Seconds float64 `json:"seconds"`
	Message string  `json:"message,omitempty"`
}

const (
	canaryPoll = 2 * time.Second
	// canaryWait bounds the wait until the VPS runs, canaryEnd that until it is gone.
	canaryWait, canaryEnd = 20 * time.Minute, 10 * time.Minute
	// askAgain is after how long a deletion without effect is asked for again.
	askAgain = time.Minute
)

// trial is one VPS on trial.
type trial struct {
	*inspection
	order cloud.Order
	began time.Time
}

// canary buys one VPS, watches it and deletes it, whatever happens meanwhile.
func (i *inspection) canary(ctx context.Context) {
	if i.Failed() {
		i.skip("canary", "", "nothing is bought while there are problems")
		return
	}
	g, offer, wanted := i.cheapest(ctx)
	if offer == nil {
		i.skip("canary", "", "no NodeGroup has an offering that can be bought")
		return
	}
	object := "NodeGroup " + g.Name
	id := uuid.NewString()
	t := &trial{inspection: i, began: i.opts.Cloud.Clock.Now(), order: cloud.Order{
		Name: cloud.CanaryPrefix + strings.ToLower(rand.Text()[:6]), UID: id, Group: g.Name, Wanted: wanted, InstanceType: offer.InstanceType, Spot: offer.Spot,
		UserData: "#cloud-config\n# A trial of vpsie-autoscaler check --canary, which joins nothing and is deleted.\n", Tags: g.Spec.Tags,
	}}
	err := i.cloud.Create(ctx, t.order)
	if err != nil && !vpsie.MayHaveHappened(err) {
		i.problem("canary", object, "see what VPSie refuses", err)
		return
	}
	t.step("ordered", "%s as %s, at $%s a month", offer.InstanceType, t.order.Name, offer.Price)
	vm := t.watch(ctx)
	// Also after an interruption: what was bought must go.
	ending := context.WithoutCancel(ctx)
	if vm == nil {
		vm = t.find(ending)
	}
	if vm == nil {
		i.problem("canary", object, "look for "+t.order.Name+" in the console and delete it", fmt.Errorf("VPSie took the order, and shows no VPS"))
		return
	}
	if t.end(ending, vm) {
		i.ok("canary", object, "a %s was bought, ran and was deleted; see the steps", offer.InstanceType)
	} else {
		i.problem("canary", object, fmt.Sprintf("delete VPS %d (%s) in the VPSie console: it costs money", vm.ID, vm.Hostname), fmt.Errorf("the VPS is not gone"))
	}
}

func (i *inspection) cheapest(ctx context.Context) (g *v1alpha1.NodeGroup, offer *plan.Offer, wanted cloud.Wanted) {
	for n := range i.groups {
		for _, w := range control.WantedOf(&i.groups[n]) {
			offers, _, err := i.cloud.Market(ctx, w)
			if err != nil {
				continue
			}
			for _, o := range offers {
				if offer == nil || o.Price < offer.Price {
					g, offer, wanted = &i.groups[n], o, w
				}
			}
		}
	}
	return g, offer, wanted
}

func (t *trial) step(what, format string, args ...any) {
	t.Canary = append(t.Canary, Step{What: what, Seconds: t.opts.Cloud.Clock.Since(t.began).Seconds(), Message: fmt.Sprintf(format, args...)})
}

// find is the VPS as a list shows it now; nil when none does, or none answers.
func (t *trial) find(ctx context.Context) *vpsie.VM {
	sight, err := t.cloud.Look(ctx, t.opts.Cloud.Clock.Now())
	if err != nil {
		return nil
	}
	vm, _, err := sight.ByHostname(t.order.Name)
	if err != nil {
		return nil
	}
	return vm
}

// watch waits until the VPS runs and has an address, and says in what it differs from the order.
func (t *trial) watch(ctx context.Context) (vm *vpsie.VM) {
	pending, listed := false, false
	for wait := true; wait; wait = t.pause(ctx, canaryWait) {
		sight, err := t.cloud.Look(ctx, t.opts.Cloud.Clock.Now())
		if err != nil {
			continue
		}
		found, queued, err := sight.ByHostname(t.order.Name)
		if err != nil {
			t.step("unclear", "%s", oneLine(err))
			return vm
		}
		if queued && !pending {
			pending = true
			t.step("pending", "VPSie lists the order")
		}
		if found == nil {
			continue
		}
		vm = found
		if !listed {
			listed = true
			t.step("listed", "VPS %d, %s", vm.ID, vm.Identifier)
		}
		if vm.Usable() && (vm.IPv4 != "" || t.order.Wanted.Wires.NoPublicIPv4) {
			t.step("running", "%s", cmp.Or(t.differences(ctx, vm), "as ordered"))
			return vm
		}
	}
	t.step("waited too long", "the VPS does not run")
	return vm
}

func (t *trial) differences(ctx context.Context, vm *vpsie.VM) string {
	found, err := t.cloud.Differences(ctx, t.order.Wanted, t.order.InstanceType, vm)
	if err != nil {
		found = append(found, oneLine(err))
	}
	if vm.Hostname != t.order.Name {
		found = append(found, fmt.Sprintf("its hostname is %s", vm.Hostname))
	}
	if _, ours := t.cloud.Ours(vm); !ours {
		found = append(found, "its notes do not carry the autoscaler's mark, so that a VPS whose record is lost would not be found")
	}
	return strings.Join(found, "; ")
}

// end deletes the VPS and reports whether two lists in a row lack it. Other answers than a refusal of the password say
// little, so it is asked again now and then.
func (t *trial) end(ctx context.Context, vm *vpsie.VM) bool {
	defer func() { _ = t.cloud.DropUserData(ctx, t.order.Name) }() // it holds no secret
	began, asked := t.opts.Cloud.Clock.Now(), time.Time{}
	for absent := 0; t.opts.Cloud.Clock.Since(began) < canaryEnd; {
		if absent == 0 && t.opts.Cloud.Clock.Since(asked) > askAgain {
			asked = t.opts.Cloud.Clock.Now()
			if !t.delete(ctx, vm) {
				return false
			}
		}
		if sight, err := t.cloud.Look(ctx, t.opts.Cloud.Clock.Now()); err == nil {
			found, pending, several := sight.ByHostname(t.order.Name)
			if absent++; found != nil || pending || several != nil {
				absent = 0
			}
		}
		if absent == 2 {
			t.step("gone", "two lists in a row lack it")
			return true
		}
		if !t.pause(ctx, canaryWait+canaryEnd) {
			return false
		}
	}
	return false
}

// delete reports false when it is pointless to ask again.
func (t *trial) delete(ctx context.Context, vm *vpsie.VM) bool {
	err := t.cloud.Delete(ctx, vm, "vpsie-autoscaler check --canary")
	if err == nil || vpsie.IsNotFound(err) {
		t.step("deletion accepted", "")
		return true
	}
	t.step("deletion refused", "%s", oneLine(err))
	return vpsie.ClassOf(err) != vpsie.WrongPassword
}

// pause waits for the next look, and reports whether there is time for one.
func (t *trial) pause(ctx context.Context, most time.Duration) bool {
	timer := time.NewTimer(cmp.Or(t.opts.poll, canaryPoll))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return t.opts.Cloud.Clock.Since(t.began) < most
	}
}
