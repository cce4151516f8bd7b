package control

import (
	"context"
	"fmt"
	"maps"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// A NodeGroup of many nodes is a large object, and each of its machines changes its status
// several times on its way. Progress of such a group is written once a second: written at every
// change, it cost the API server more than the orders did.
const (
	manyNodes     = 100
	progressPause = time.Second
)

// statuses remembers when each NodeGroup's status was written last, and when one is due that waits.
type statuses struct {
	written map[types.UID]time.Time
	due     time.Time
}

// waits is how long the status may wait; 0 when it is to be written now.
func (s *statuses) waits(g *v1alpha1.NodeGroup, status *v1alpha1.NodeGroupStatus, now time.Time) time.Duration {
	if status.CurrentNodes < manyNodes || !onlyProgress(&g.Status, status) {
		return 0
	}
	return s.written[g.UID].Add(progressPause).Sub(now)
}

// retain forgets NodeGroups that are gone.
func (s *statuses) retain(alive map[types.UID]bool) {
	maps.DeleteFunc(s.written, func(uid types.UID, _ time.Time) bool { return !alive[uid] })
}

func (s *statuses) note(g *v1alpha1.NodeGroup, now time.Time) {
	if s.written == nil {
		s.written = map[types.UID]time.Time{}
	}
	s.written[g.UID] = now
}

// owe notes that a status waits until then.
func (s *statuses) owe(until time.Time) {
	if s.due.IsZero() || until.Before(s.due) {
		s.due = until
	}
}

// onlyProgress says that the statuses differ in nothing but counts, lists of nodes, and wording.
func onlyProgress(before, after *v1alpha1.NodeGroupStatus) bool {
	a, b := withoutProgress(before), withoutProgress(after)
	return equality.Semantic.DeepEqual(a, b)
}

func withoutProgress(s *v1alpha1.NodeGroupStatus) *v1alpha1.NodeGroupStatus {
	s = s.DeepCopy()
	s.CurrentNodes, s.DesiredNodes, s.ReadyNodes, s.UpdatedNodes = 0, 0, 0, 0
	s.Nodes, s.OmittedNodes = nil, 0
	s.InstanceTypes, s.CostPerHour, s.Waiting = "", "", ""
	for i := range s.Conditions {
		s.Conditions[i].Message = ""
	}
	return s
}

// writeStatus patches what has changed. The object at hand may not show yet what act and
// the machines' steps have written of lastScaleTime, so that is left alone where it has not.
func (r *teller) writeStatus(ctx context.Context, g *v1alpha1.NodeGroup, status v1alpha1.NodeGroupStatus) error {
	if equality.Semantic.DeepEqual(g.Status, status) {
		return nil
	}
	now := r.Clock.Now()
	if wait := r.statuses.waits(g, &status, now); wait > 0 {
		r.statuses.owe(now.Add(wait))
		return nil
	}
	told := g.DeepCopy()
	told.Status = status
	if err := r.Client.Status().Patch(ctx, told, client.MergeFrom(g)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("writing the status of NodeGroup %s: %w", g.Name, err)
	}
	r.statuses.note(g, now)
	return nil
}

// scalings notes in NodeGroups when they scaled.
type scalings struct {
	Client   client.Client
	Clock    clock.PassiveClock
	arrivals *arrivals
}

// noteScaling notes that the group has scaled up or down now. Stored times are whole seconds, so one
// note a second says all that there is to say, however many machines are ordered in it. Who comes while it is being written
// does not wait for it: should it fail, the machines themselves show when the group scaled (cluster.LastScale).
func (d scalings) noteScaling(ctx context.Context, g *v1alpha1.NodeGroup) error {
	now := d.Clock.Now().Truncate(time.Second)
	if !d.arrivals.claimScaling(g.UID, now) {
		return nil
	}
	scaled := g.DeepCopy()
	scaled.Status.LastScaleTime = &metav1.Time{Time: now}
	if err := d.Client.Status().Patch(ctx, scaled, client.MergeFrom(g)); client.IgnoreNotFound(err) != nil {
		d.arrivals.returnScaling(g.UID, now)
		return fmt.Errorf("noting the scaling of NodeGroup %s: %w", g.Name, err)
	}
	return nil
}
