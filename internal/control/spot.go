package control

import (
	"context"
	"fmt"
	"time"

	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// capacityOf is how a status writes that something is of a spot instance.
func capacityOf(spot bool) string {
	if spot {
		return v1alpha1.CapacitySpot
	}
	return ""
}

// nameOf is the refused instance type for people.
func nameOf(b cloud.Backoff) string {
	return plan.OfferKey{InstanceType: b.InstanceType, Spot: b.Spot}.For()
}

// interrupted removes a spot instance of which VPSie has said that it takes it away: the drain
// moves its pods while it still runs, and the next round buys for them what is on sale then. It
// needs no leave of budgets or limits, because nothing keeps the VPS.
func (s *sweep) interrupted(ctx context.Context, m *v1alpha1.VPSieNode, sight *cloud.Sight) error {
	vm := sight.ByID(m.Spec.VPSieInstanceID)
	if vm == nil || vm.InterruptedAt.IsZero() || !cluster.IsSpot(m) || !orderedByUs(m) || !m.DeletionTimestamp.IsZero() {
		return nil
	}
	why := fmt.Sprintf("VPSie takes spot instance %d (%s) away at %s", m.Spec.VPSieInstanceID, m.Spec.InstanceType, vm.InterruptedAt.UTC().Format(time.RFC3339))
	if err := s.noteInterruption(ctx, m, why); err != nil {
		return err
	}
	g, err := s.groupNamed(ctx, m.Spec.NodeGroupName)
	if err != nil || cluster.LimitsOf(g, s.Clock.Now()).Paused {
		return err
	}
	if marked, err := s.mark(ctx, m, v1alpha1.AnnotationRepair, why); marked == nil {
		return err
	}
	return deleteMachine(ctx, s.Client, m)
}

// noteInterruption leaves such spot instances alone for a while, and says so.
func (s *sweep) noteInterruption(ctx context.Context, m *v1alpha1.VPSieNode, why string) error {
	g, err := s.groupNamed(ctx, m.Spec.NodeGroupName)
	if err != nil {
		return err
	}
	logf.FromContext(ctx).Info("a spot instance is interrupted", "vpsieNode", m.Name, "vps", m.Spec.VPSieInstanceID, "why", why)
	s.Cloud.Interrupted(wantedFor(m, g), m.Spec.InstanceType, why)
	e := observe.SpotInterrupted(why)
	s.Voice.SayNew(m, e)
	if g.UID != "" {
		s.Voice.SayNew(g, e)
	}
	return nil
}

// spotOn are the group's offers of spot instances; known is false while nobody can tell what is sold.
func spotOn(market *cluster.Market) (offers []*plan.Offer, known bool) {
	for _, o := range market.Offers {
		if o.Spot {
			offers = append(offers, o)
		}
	}
	if market.Blocked == plan.NoSpotSold {
		return nil, true
	}
	return offers, len(market.Offers) > 0 || market.NoneSelected
}
