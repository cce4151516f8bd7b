package control

import (
	"cmp"
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
)

// backoffs are the pauses in buying after failures: of orders that VPSie refused, and of machines that did not join.
type backoffs struct {
	Client   client.Client
	Cloud    *cloud.Cloud
	Clock    clock.PassiveClock
	arrivals *arrivals
}

func newBackoffs(d *Deps) backoffs { return backoffs{d.Client, d.Cloud, d.Clock, d.arrivals} }

// recall takes over, after a restart, what the stored objects tell of the time before: the
// NodeGroups' back-offs, and which orders are not listed.
func (d backoffs) recall(o *cluster.Objects) {
	for _, g := range o.NodeGroups {
		for _, b := range g.Status.Backoffs {
			switch {
			case b.Scope == scopeOrder:
				d.arrivals.orders.lose(b.VPSieNode, lostIn(b))
				continue
			case b.Reason == reasonNotArriving:
				d.arrivals.recall(place{g.Name, b.DatacenterID}, b)
				continue
			}
			scope, group := cloud.Scope(cmp.Or(b.Scope, string(cloud.ScopeOffering))), ""
			if scope == cloud.ScopeGroup {
				group = g.Name
			}
			d.Cloud.Recall(cloud.Backoff{
				Scope: scope, Group: group, Datacenter: b.DatacenterID, InstanceType: b.InstanceType, Spot: b.CapacityType == v1alpha1.CapacitySpot, Failures: int(b.Failures),
				Until: b.Until.Time, Reason: b.Reason, Message: b.Message,
			})
		}
	}
	d.arrivals.orders.liftForeign(d.Cloud.Fingerprint())
	d.arrivals.orders.recall(o.AllVPSieNodes())
}

// retries does what the annotation try-now asks for.
type retries struct {
	Client   client.Client
	backoffs backoffs
	rollouts rollouts
}

// tryNow does what the annotation asks for: what was refused or has failed is tried again.
// The annotation goes last, so that a restart on the way only does it once more.
func (r retries) tryNow(ctx context.Context, groups []*v1alpha1.NodeGroup) error {
	for _, g := range groups {
		if !r.backoffs.retryAsked(g) {
			continue
		}
		logf.FromContext(ctx).Info("trying again what was refused or has failed", "nodeGroup", g.Name)
		done := g.DeepCopy()
		delete(done.Annotations, v1alpha1.AnnotationTryNow)
		if err := r.rollouts.resumeRollout(ctx, g); err != nil {
			return err
		}
		if err := r.Client.Patch(ctx, done, client.MergeFrom(g)); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("taking annotation %s off NodeGroup %s: %w", v1alpha1.AnnotationTryNow, g.Name, err)
		}
	}
	return nil
}

// retryAsked ends the back-offs of a group that asks for it, and tells whether it does.
func (d backoffs) retryAsked(g *v1alpha1.NodeGroup) bool {
	if g.Annotations[v1alpha1.AnnotationTryNow] != "true" {
		return false
	}
	d.Cloud.TryNow(WantedOf(g)...)
	d.arrivals.retry(g.Name, d.Clock.Now())
	d.arrivals.orders.lift(d.Cloud.Fingerprint())
	return true
}

// backoffsOf are the group's back-offs as its status keeps them, and in words those
// that are in force and leave something else to buy.
func (d backoffs) backoffsOf(g *v1alpha1.NodeGroup) (kept []v1alpha1.Backoff, words []string) {
	kept = d.arrivals.orders.notes()
	for _, p := range placesOf(g) {
		b := d.arrivals.noted(p)
		if b == nil {
			continue
		}
		kept = append(kept, *b)
		if why, _ := d.arrivals.held(p, d.Clock.Now()); why != "" && g.Spec.Zonal() {
			words = append(words, p.datacenter+": "+why)
		}
	}
	for _, b := range d.Cloud.Backoffs(WantedOf(g)...) {
		kept = append(kept, v1alpha1.Backoff{
			Scope: string(b.Scope), InstanceType: b.InstanceType, CapacityType: capacityOf(b.Spot), DatacenterID: b.Datacenter, Failures: int32(b.Failures),
			Until: metav1.NewTime(b.Until.Truncate(time.Second)), Reason: b.Reason, Message: b.Message,
		})
		switch {
		case !b.Until.After(d.Clock.Now()):
		case b.Scope == cloud.ScopeOffering && g.Spec.Zonal():
			words = append(words, nameOf(b)+" in "+b.Datacenter+": "+b.Error())
		case b.Scope == cloud.ScopeOffering:
			words = append(words, nameOf(b)+": "+b.Error())
		case b.Scope == cloud.ScopeGroup && b.Datacenter != "":
			words = append(words, b.Datacenter+": "+b.Error())
		}
	}
	return kept, words
}
