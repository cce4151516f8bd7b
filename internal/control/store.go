package control

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
)

// store reads and writes VPSieNodes for the parts that carry them on, and remembers of each what its status cannot say.
type store struct {
	reads
	Client   client.Client
	Cloud    *cloud.Cloud
	Voice    *observe.Voice
	Clock    clock.PassiveClock
	Options  *Options
	arrivals *arrivals
	backoffs backoffs
	rollouts rollouts
	owners   owners

	absences absences
	// doubts are machines with orders of unknown outcome, and since when.
	doubts absences
	// delays are emptied machines whose deletion somebody delays, and since when.
	delays absences
	pauses pauses
}

func newStore(d *Deps) *store {
	return &store{
		reads: reads{d.Live, d.shared}, Client: d.Client, Cloud: d.Cloud, Voice: d.Voice, Clock: d.Clock, Options: &d.Options,
		arrivals: d.arrivals, backoffs: newBackoffs(d), rollouts: rollouts{d.Client, d.Clock}, owners: newOwners(d),
		absences: newAbsences(), doubts: newAbsences(), delays: newAbsences(), pauses: newPauses(),
	}
}

// errGone is the failure to write to a VPSieNode that is not there any more.
var errGone = errors.New("the VPSieNode is gone")

// isStale tells that what a step worked from is not what the API server has.
func isStale(err error) bool { return apierrors.IsConflict(err) || errors.Is(err, errGone) }

// save writes the status when it changed. The lock makes a write from a stale
// copy fail: no machine may fall back to a phase in which it would be ordered again.
// That the object is gone is a failure as well: nothing may be asked of the cloud for it.
func (r *store) save(ctx context.Context, before, m *v1alpha1.VPSieNode) error {
	base := before.DeepCopy()
	if base.ResourceVersion != m.ResourceVersion {
		// Something was written meanwhile, so before no longer says what is stored.
		base.ResourceVersion, base.Status = m.ResourceVersion, v1alpha1.VPSieNodeStatus{}
		if m.Status.Network == nil {
			base.Status.Network = &v1alpha1.NetworkStatus{} // else the patch would leave what is stored
		}
	}
	if equality.Semantic.DeepEqual(base.Status, m.Status) {
		return nil
	}
	wanted := m.DeepCopy()
	err := r.Client.Status().Patch(ctx, wanted, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{}))
	if apierrors.IsConflict(err) {
		return err
	}
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("writing the status of VPSieNode %s: %w", m.Name, errGone)
	}
	if err != nil {
		return fmt.Errorf("writing the status of VPSieNode %s: %w", m.Name, err)
	}
	m.ResourceVersion = wanted.ResourceVersion
	return nil
}

// patch changes metadata and spec, keeping the status at hand.
func (r *store) patch(ctx context.Context, m *v1alpha1.VPSieNode, change func(*v1alpha1.VPSieNode)) error {
	changed := m.DeepCopy()
	change(changed)
	if equality.Semantic.DeepEqual(changed, m) {
		return nil
	}
	base := m.DeepCopy()
	if err := r.Client.Patch(ctx, changed, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{})); err != nil {
		if apierrors.IsConflict(err) {
			return err
		}
		return fmt.Errorf("changing VPSieNode %s: %w", m.Name, err)
	}
	changed.Status = m.Status
	if m.Status.ObservedGeneration == m.Generation {
		// Whoever changed it has seen the change: else the status would be written once more only to say so.
		changed.Status.ObservedGeneration = changed.Generation
	}
	*m = *changed
	return nil
}

// deleteMachine deletes the object, but none that has taken its name since. Its removal deletes the VPS.
func deleteMachine(ctx context.Context, c client.Client, m *v1alpha1.VPSieNode) error {
	err := c.Delete(ctx, m, client.Preconditions{UID: &m.UID})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("deleting VPSieNode %s: %w", m.Name, err)
	}
	return nil
}

// groupOf reads the machine's NodeGroup: through the cache, or from the API server
// itself where a group that is being deleted must not be missed.
func (r *store) groupOf(ctx context.Context, from client.Reader, m *v1alpha1.VPSieNode) (*v1alpha1.NodeGroup, error) {
	var g v1alpha1.NodeGroup
	key := types.NamespacedName{Namespace: m.Namespace, Name: m.Spec.NodeGroupName}
	if err := from.Get(ctx, key, &g); err != nil {
		return nil, fmt.Errorf("reading NodeGroup %s: %w", m.Spec.NodeGroupName, err)
	}
	g.SetDefaults()
	return &g, nil
}

// groupNow reads the machine's NodeGroup as the API server has it, together with other machines that ask.
func (r *store) groupNow(ctx context.Context, m *v1alpha1.VPSieNode) (*v1alpha1.NodeGroup, error) {
	var g v1alpha1.NodeGroup
	if err := readShared(ctx, r.reads, types.NamespacedName{Namespace: m.Namespace, Name: m.Spec.NodeGroupName}, &g); err != nil {
		return nil, fmt.Errorf("reading NodeGroup %s: %w", m.Spec.NodeGroupName, err)
	}
	g.SetDefaults()
	return &g, nil
}
