package control

import (
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// sweep compares the account with the cluster now and then, for what no step's
// own care can exclude: a VPS whose order showed up after its object was gone,
// and an object whose VPS somebody else deleted.
type sweep struct {
	Client   client.Client
	Live     client.Reader
	Cloud    *cloud.Cloud
	Clock    clock.PassiveClock
	Voice    *observe.Voice
	Metrics  *observe.Metrics
	Options  *Options
	arrivals *arrivals
	balance  balance
	serving  serving

	missing absences
	// strays are VPSes without an object, and since when.
	strays absences
	// orphans are Nodes without a VPS or an object, and since when.
	orphans absences
	// leaks are the strays, and the objects without a VPS, that have been counted.
	leaks sets.Set[types.UID]
}

func setupSweep(mgr ctrl.Manager, d *Deps) error {
	s := newSweep(d)
	if err := mgr.Add(manager.RunnableFunc(s.run)); err != nil {
		return fmt.Errorf("setting up the sweep: %w", err)
	}
	return nil
}

func newSweep(d *Deps) *sweep {
	return &sweep{
		Client: d.Client, Live: d.Live, Cloud: d.Cloud, Clock: d.Clock, Voice: d.Voice, Metrics: d.Metrics, Options: &d.Options,
		arrivals: d.arrivals, balance: newBalance(d), serving: serving{d.Client, &d.Options},
		missing: newAbsences(), strays: newAbsences(), orphans: newAbsences(), leaks: sets.New[types.UID](),
	}
}

func (s *sweep) condition(m *v1alpha1.VPSieNode, kind string, status metav1.ConditionStatus, reason, message string) {
	observe.Set(&m.Status.Conditions, m.Generation, s.Clock.Now(), kind, status, reason, message)
}

func (s *sweep) run(ctx context.Context) error {
	tick := time.NewTicker(s.Options.SweepInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := s.once(ctx); err != nil && ctx.Err() == nil {
			logf.FromContext(ctx).Error(err, "sweeping")
		}
	}
}

func (s *sweep) once(ctx context.Context) error {
	sight, err := s.Cloud.Look(ctx, s.Clock.Now())
	if err != nil {
		return fmt.Errorf("reading the account: %w", err)
	}
	var list v1alpha1.VPSieNodeList
	if err := s.Client.List(ctx, &list, client.InNamespace(s.Options.Namespace)); err != nil {
		return fmt.Errorf("listing VPSieNodes: %w", err)
	}
	strays, err := s.withoutObject(ctx, sight, list.Items)
	if err != nil {
		return err
	}
	var errs []error
	for i := range sight.VMs {
		vm := &sight.VMs[i]
		sibling, stray := strays[vm]
		if !stray {
			s.strays.forget(strayKey(vm))
			s.leaks.Delete(strayKey(vm))
			continue
		}
		errs = append(errs, s.stray(ctx, vm, sibling, sight.Began))
	}
	for i := range list.Items {
		errs = append(errs, s.notice(ctx, &list.Items[i], sight), s.interrupted(ctx, &list.Items[i], sight), s.lost(ctx, &list.Items[i], sight))
	}
	s.noteFunds(ctx, list.Items)
	errs = append(errs, s.repair(ctx, list.Items, sight), s.nodes(ctx, list.Items, sight))
	return errors.Join(errs...)
}

// withoutObject are the VPSes with this cluster's mark that no VPSieNode stands for, with the VPSieNode whose twins they are,
// if any. Only when the cache has none for one of them, which is rare, are all objects asked for. That
// comes after the look at the machines: an object that is ordered in between is then
// known, while the other order would take its VPS for a stray.
func (s *sweep) withoutObject(ctx context.Context, sight *cloud.Sight, cached []v1alpha1.VPSieNode) (map[*vpsie.VM]*v1alpha1.VPSieNode, error) {
	strays := map[*vpsie.VM]*v1alpha1.VPSieNode{}
	for i := range sight.VMs {
		if _, ours := s.Cloud.Ours(&sight.VMs[i]); ours && !sight.VMs[i].Gone() {
			strays[&sight.VMs[i]] = nil
		}
	}
	s.dropKnown(strays, cached)
	if len(strays) == 0 {
		return nil, nil
	}
	var live v1alpha1.VPSieNodeList
	if err := s.Live.List(ctx, &live, client.InNamespace(s.Options.Namespace)); err != nil {
		return nil, fmt.Errorf("listing VPSieNodes: %w", err)
	}
	s.dropKnown(strays, live.Items)
	return strays, nil
}

// dropKnown leaves the VPSes that none of the objects stands for. An object that is being deleted takes its twins along.
func (s *sweep) dropKnown(strays map[*vpsie.VM]*v1alpha1.VPSieNode, objects []v1alpha1.VPSieNode) {
	known := make(map[string]*v1alpha1.VPSieNode, len(objects))
	numbers := make(map[int64]bool, len(objects))
	for i := range objects {
		known[string(objects[i].UID)] = &objects[i]
		numbers[objects[i].Spec.VPSieInstanceID] = true
	}
	for vm := range strays {
		mark, _ := s.Cloud.Ours(vm)
		switch m := known[mark.UID]; {
		case numbers[int64(vm.ID)], m != nil && (!isTwin(vm, m) || !m.DeletionTimestamp.IsZero()):
			delete(strays, vm)
		default:
			strays[vm] = m
		}
	}
}

// lost ends the object of a machine whose VPS two lists lack: its removal cleans
// up, and the next round buys another if it is needed. While its node is ready the
// VPS cannot be gone: the lists are another account's or project's.
func (s *sweep) lost(ctx context.Context, m *v1alpha1.VPSieNode, sight *cloud.Sight) error {
	// Of one that a person made, the number may be that of no VPS at all.
	hadOne := m.Spec.VPSieInstanceID != 0 && (orderedByUs(m) || m.Status.Hostname != "")
	if !hadOne || !m.DeletionTimestamp.IsZero() || byNumber(s.Cloud, m, sight) != nil {
		s.missing.forget(m.UID)
		s.leaks.Delete(m.UID)
		return nil
	}
	if !s.missing.since(m.UID, sight.Began, proofAfter(m, sight, secondLook)) {
		return nil
	}
	node, err := s.nodeNamed(ctx, cluster.NodeNameOf(m))
	if err != nil {
		return fmt.Errorf("reading node %s: %w", cluster.NodeNameOf(m), err)
	}
	if !s.leaks.Has(m.UID) {
		s.leaks.Insert(m.UID)
		s.Metrics.Leak(observe.LeakObject)
		s.Metrics.Gone()
	}
	gone := observe.VPSGone(m.Spec.VPSieInstanceID)
	s.Voice.SayNew(m, gone)
	if err := s.tell(ctx, m, func(m *v1alpha1.VPSieNode) {
		m.Status.LastError = gone.Note
		s.condition(m, v1alpha1.VPSieNodeVPSReady, metav1.ConditionFalse, reasonVPSGone, gone.Note)
	}); err != nil {
		return err
	}
	if !orderedByUs(m) || node != nil && cluster.IsReady(node) {
		return nil
	}
	if cluster.IsSpot(m) {
		why := fmt.Sprintf("VPSie has taken spot instance %d (%s) away without notice", m.Spec.VPSieInstanceID, m.Spec.InstanceType)
		if err := s.noteInterruption(ctx, m, why); err != nil {
			return err
		}
	}
	logf.FromContext(ctx).Info("the VPS of a VPSieNode is gone", "vpsieNode", m.Name, "vps", m.Spec.VPSieInstanceID)
	return deleteMachine(ctx, s.Client, m)
}
