package control

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// lostOrder is an order that VPSie took and did not list in time.
type lostOrder struct {
	group, datacenter, instanceType string
	// account is the fingerprint of the account that it was made with.
	account, why string
	at           time.Time
	spot         bool
}

// lose notes a lost order, and tells whether it is new.
func (o *orders) lose(machine string, l lostOrder) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, known := o.lost[machine]
	if !known {
		o.lost[machine] = l
	}
	return !known
}

// lostAs returns the lost order of a VPSieNode.
func (o *orders) lostAs(machine string) (lostOrder, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	l, lost := o.lost[machine]
	return l, lost
}

// found ends the loss of an order whose VPS is listed after all.
func (o *orders) found(machine string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.lost, machine)
}

// lift allows one more order, which a person did with the account that has this
// fingerprint: when that order is lost as well, buying stops again.
func (o *orders) lift(account string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	newest := ""
	for _, name := range slices.Sorted(maps.Keys(o.lost)) {
		if newest == "" || o.lost[name].at.After(o.lost[newest].at) {
			newest = name
		}
	}
	maps.DeleteFunc(o.lost, func(name string, _ lostOrder) bool { return name != newest })
	if l, left := o.lost[newest]; left {
		l.account = account // It allows no further order after the next restart.
		o.lost[newest] = l
	}
}

// liftForeign lifts the stop when another account than the present one lost an order: a
// person has changed the Secret while the controller did not run.
func (o *orders) liftForeign(account string) {
	o.mu.Lock()
	foreign := false
	for _, l := range o.lost {
		foreign = foreign || l.account != "" && l.account != account
	}
	o.mu.Unlock()
	if foreign {
		o.lift(account)
	}
}

// stopped is why nothing may be bought for the account, "" when it may.
func (o *orders) stopped() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.lost) < mostLost {
		return ""
	}
	return fmt.Sprintf("Buying is stopped for the whole account: VPSie took %d orders and never listed their VPSes (VPSieNodes %s). "+
		"Look for VPSes with these names in VPSie's console, check the project and the rights of the token, then change the Secret or annotate a NodeGroup with %s=true, which allows one more order",
		len(o.lost), strings.Join(slices.Sorted(maps.Keys(o.lost)), ", "), v1alpha1.AnnotationTryNow)
}

// count is how many orders are lost.
func (o *orders) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.lost)
}

// notes are the lost orders for the status of every NodeGroup: the stop outlives the
// NodeGroup that ordered.
func (o *orders) notes() []v1alpha1.Backoff {
	o.mu.Lock()
	defer o.mu.Unlock()
	var kept []v1alpha1.Backoff
	for _, name := range slices.Sorted(maps.Keys(o.lost)) {
		l := o.lost[name]
		kept = append(kept, v1alpha1.Backoff{
			Scope: scopeOrder, VPSieNode: name, NodeGroup: l.group, DatacenterID: l.datacenter, InstanceType: l.instanceType, CapacityType: capacityOf(l.spot), Account: l.account,
			Failures: 1, Until: metav1.NewTime(l.at.Truncate(time.Second)), Reason: reasonNotListed, Message: l.why,
		})
	}
	return kept
}

// lostIn reads a lost order from a NodeGroup's status.
func lostIn(b v1alpha1.Backoff) lostOrder {
	return lostOrder{
		group: b.NodeGroup, datacenter: b.DatacenterID, instanceType: b.InstanceType, spot: b.CapacityType == v1alpha1.CapacitySpot,
		account: b.Account, why: b.Message, at: b.Until.Time,
	}
}
