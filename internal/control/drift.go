package control

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// rollouts notes in NodeGroups whether their roll-out goes on.
type rollouts struct {
	Client client.Client
	Clock  clock.PassiveClock
}

// stopRollout notes that a machine which was bought in the place of a node did not join. It is
// written before the machine is given up: nothing else tells of it afterwards.
func (d rollouts) stopRollout(ctx context.Context, g *v1alpha1.NodeGroup, m *v1alpha1.VPSieNode, why string) error {
	if len(cluster.Replaces(m)) == 0 {
		return nil
	}
	stopped := g.DeepCopy()
	stopped.Status.RolloutStopped = &v1alpha1.RolloutStopped{
		VPSieNode: m.Name, Message: why, Since: metav1.NewTime(d.Clock.Now()), Generation: g.Generation,
	}
	if err := d.Client.Status().Patch(ctx, stopped, client.MergeFrom(g)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("noting that the roll-out of NodeGroup %s stops: %w", g.Name, err)
	}
	return nil
}

// resumeRollout forgets what stopped the roll-out.
func (d rollouts) resumeRollout(ctx context.Context, g *v1alpha1.NodeGroup) error {
	if g.Status.RolloutStopped == nil {
		return nil
	}
	resumed := g.DeepCopy()
	resumed.Status.RolloutStopped = nil
	if err := d.Client.Status().Patch(ctx, resumed, client.MergeFrom(g)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("resuming the roll-out of NodeGroup %s: %w", g.Name, err)
	}
	return nil
}

// noteDrift says on every VPSieNode in what it differs from what a new one would be, notes what it
// was made from where nothing comparable is known yet, and takes away why it was to go where it
// does not. It tells whether some are left to write.
func (r *notes) noteDrift(ctx context.Context, o *cluster.Objects, s *plan.State, p *plan.Plan) (left bool, err error) {
	fresh := make(map[string]*v1alpha1.MadeFrom, len(o.NodeGroups))
	limits := map[string]*plan.Group{}
	for _, g := range o.NodeGroups {
		fresh[g.Name] = cluster.MadeFrom(g, r.kubernetesVersion())
	}
	for _, g := range s.Groups {
		limits[g.Name] = g
	}
	goes := map[string]bool{}
	for _, x := range p.Removals {
		goes[x.Node] = true
	}
	machines := make(map[string]*v1alpha1.VPSieNode, len(o.VPSieNodes))
	for _, m := range o.VPSieNodes {
		machines[m.Name] = m
	}
	var changes []func() error
	for _, n := range s.Nodes {
		m, made := machines[n.Machine], fresh[n.Group]
		if m == nil || made == nil || !m.DeletionTimestamp.IsZero() || n.State == plan.Ordered || n.Adopted {
			continue
		}
		if told := r.driftOf(m, made, n, limits[n.Group].Disruption.MaxAge); told != nil {
			changes = append(changes, func() error { return r.writeDrift(ctx, m, told) })
		}
		if _, marked := m.Annotations[v1alpha1.AnnotationRemoval]; marked && !goes[n.Name] {
			changes = append(changes, func() error { return r.unmark(ctx, m) })
		}
	}
	left = len(changes) > mostNotes
	return left, forEach(changes[:min(len(changes), mostNotes)], func(write func() error) error { return write() })
}

// driftOf is the machine with its condition Drifted as it is now, and with what it lacks of fresh; nil when nothing changes.
func (r *notes) driftOf(m *v1alpha1.VPSieNode, fresh *v1alpha1.MadeFrom, n *plan.Node, maxAge time.Duration) *v1alpha1.VPSieNode {
	status, reason, message := metav1.ConditionFalse, "UpToDate", "Made from what a new machine would be made from"
	expires := n.Expires(maxAge)
	switch {
	case n.Drift != "":
		status, reason, message = metav1.ConditionTrue, "MadeOtherwise", n.Drift
	case !expires.IsZero() && !r.Clock.Now().Before(expires):
		status, reason, message = metav1.ConditionTrue, "Expired", fmt.Sprintf("Expired at %s (disruption.nodeMaxAgeSeconds)", expires.UTC().Format(time.RFC3339))
	}
	was := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.VPSieNodeDrifted)
	needless := was == nil && status == metav1.ConditionFalse // what is as it should be needs no word
	said := needless || was != nil && was.Status == status && was.Reason == reason && was.Message == message
	unnoted := cluster.Unnoted(m, fresh)
	if said && unnoted == nil {
		return nil
	}
	told := m.DeepCopy()
	if unnoted != nil {
		told.Status.MadeFrom = unnoted
	}
	if !needless {
		observe.Set(&told.Status.Conditions, told.Generation, r.Clock.Now(), v1alpha1.VPSieNodeDrifted, status, reason, message)
	}
	return told
}

// writeDrift writes the machine's status. The lock keeps what the machine's own steps write; a
// copy that is behind is written in a later round.
func (r *notes) writeDrift(ctx context.Context, m, told *v1alpha1.VPSieNode) error {
	err := r.Client.Status().Patch(ctx, told, client.MergeFromWithOptions(m, client.MergeFromWithOptimisticLock{}))
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("noting what VPSieNode %s was made from: %w", m.Name, err)
	}
	if cluster.IsDrifted(told) && !cluster.IsDrifted(m) {
		c := meta.FindStatusCondition(told.Status.Conditions, v1alpha1.VPSieNodeDrifted)
		r.Voice.Say(m, observe.Drifted(c.Message))
	}
	return nil
}

// unmark takes the reason of a removal away that came to nothing, because the process ended before
// the VPSieNode was deleted.
func (r *notes) unmark(ctx context.Context, m *v1alpha1.VPSieNode) error {
	return r.annotate(ctx, m, "taking annotation "+v1alpha1.AnnotationRemoval+" off", func(m *v1alpha1.VPSieNode) { delete(m.Annotations, v1alpha1.AnnotationRemoval) })
}
