package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// machines carries VPSieNodes through their lives: it sees where each stands, and hands it to the part that takes it further.
type machines struct {
	*store
	launcher
	remover
	account account
	Metrics *observe.Metrics
}

func newMachines(d *Deps) *machines {
	s := newStore(d)
	return &machines{store: s, launcher: newLauncher(d, s), remover: remover{s, wiring{s}, newDrainer(d, s)}, account: newAccount(d), Metrics: d.Metrics}
}

// workers is how many machines are worked on at once; they mostly wait for the cloud.
const workers = 32

func setupNodes(mgr ctrl.Manager, d *Deps) error {
	r := newMachines(d)
	err := ctrl.NewControllerManagedBy(mgr).Named("vpsienode").
		For(&v1alpha1.VPSieNode{}).
		Watches(&v1alpha1.VPSieNode{}, urgentFirst()).
		WatchesRawSource(whenAdmitted(d.arrivals)).
		Watches(&v1alpha1.VPSieNode{}, handler.EnqueueRequestsFromMapFunc(r.ofSibling)).
		Watches(&corev1.Node{}, handler.EnqueueRequestsFromMapFunc(r.ofNode), changed(nodeNews)).
		Watches(&v1alpha1.NodeGroup{}, handler.EnqueueRequestsFromMapFunc(r.ofGroup), changed(settingsNews)).
		Watches(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(r.ofSecret)).
		WithOptions(controller.Options{MaxConcurrentReconciles: workers}).
		Complete(d.measured("vpsienode", r))
	if err != nil {
		return fmt.Errorf("setting up VPSieNodes: %w", err)
	}
	return nil
}

// ofNode finds the machines that a node may be the node of: those that it is claimed by,
// else those that wait for one and that it looks like. Where it looks like none of them
// it may be any waiting machine's, whose VPS was last seen before it had an address.
func (r *machines) ofNode(ctx context.Context, o client.Object) []reconcile.Request {
	node, ok := o.(*corev1.Node)
	if !ok {
		return nil
	}
	found, err := r.owners.claimantsOf(ctx, node.Name)
	if err != nil {
		return nil
	}
	sight := r.Cloud.Seen() // nothing that hears of changes may wait for the cloud
	looksLike := func(m *v1alpha1.VPSieNode) bool { return isNodeOf(node, m, vmIn(sight, m)) }
	// As many nodes register as machines wait: to look through them all would be a million looks for a thousand.
	if !slices.ContainsFunc(found, func(m *v1alpha1.VPSieNode) bool { return m.Status.NodeName == node.Name || looksLike(m) }) {
		waiting, err := r.owners.waiting(ctx)
		if err != nil {
			return nil
		}
		alike := slices.DeleteFunc(slices.Clone(waiting), func(m *v1alpha1.VPSieNode) bool { return !looksLike(m) })
		if len(alike) == 0 {
			alike = waiting
		}
		found = append(found, alike...)
	}
	requests := make([]reconcile.Request, len(found))
	for i, m := range found {
		requests[i] = reconcile.Request{NamespacedName: client.ObjectKeyFromObject(m)}
	}
	return requests
}

// ofSecret wakes every machine when the account changes: what credentials held up goes on.
func (r *machines) ofSecret(ctx context.Context, o client.Object) []reconcile.Request {
	if o.GetName() != r.Options.SecretName || r.account.loadAccount(ctx) != nil {
		return nil
	}
	r.pauses.endAll()
	var list v1alpha1.VPSieNodeList
	if err := r.Client.List(ctx, &list, client.InNamespace(r.Options.Namespace)); err != nil {
		return nil
	}
	requests := make([]reconcile.Request, len(list.Items))
	for i := range list.Items {
		requests[i] = reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])}
	}
	return requests
}

// Reconcile takes one machine one step further.
func (r *machines) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	defer r.arrivals.upcoming.served(req.Name)
	var m v1alpha1.VPSieNode
	if err := r.Client.Get(ctx, req.NamespacedName, &m); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	before := m.DeepCopy()
	wait, err := r.step(ctx, &m)
	if isStale(err) {
		// The cache is behind; the newer object, or its end, is on its way and will be seen.
		return turn(&m, reconcile.Result{RequeueAfter: staleRetry}), nil
	}
	if written := r.save(ctx, before, &m); written != nil && !errors.Is(written, errGone) {
		if isStale(written) {
			return turn(&m, reconcile.Result{RequeueAfter: staleRetry}), nil
		}
		return turn(&m, reconcile.Result{}), errors.Join(err, written)
	}
	r.Metrics.Machine(before, &m)
	for _, e := range append(milestones(before, &m), r.broke(before, &m)...) {
		r.Voice.Say(&m, e)
	}
	return turn(&m, reconcile.Result{RequeueAfter: wait}), err
}

// broke says at once that a node which was ready is not now.
func (r *machines) broke(before, m *v1alpha1.VPSieNode) []observe.Event {
	is := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.VPSieNodeNodeReady)
	if m.Status.Phase != v1alpha1.PhaseReady || before.Status.Phase != v1alpha1.PhaseReady || is == nil || is.Status != metav1.ConditionFalse ||
		!meta.IsStatusConditionTrue(before.Status.Conditions, v1alpha1.VPSieNodeNodeReady) {
		return nil
	}
	return []observe.Event{observe.NodeNotReady(cluster.NodeNameOf(m), is.Message, is.LastTransitionTime.Add(r.Options.UnreadyTimeout))}
}

// milestones are the events of what this reconciliation has reached. They are said
// once it is written down: what a stale copy shows as new has been said before.
func milestones(before, m *v1alpha1.VPSieNode) []observe.Event {
	var events []observe.Event
	was, is := &before.Status, &m.Status
	// The hostname stands for having seen the VPS: the number is written to the spec before,
	// and a status that could not be written after it would lose the event.
	switch seen := was.Hostname == "" && is.Hostname != ""; {
	case seen && orderedByUs(m):
		events = append(events, observe.VPSCreated(m.Spec.VPSieInstanceID, m.Spec.InstanceType))
	case seen:
		events = append(events, observe.VPSAdopted(m))
	}
	if was.JoinedAt == nil && is.JoinedAt != nil {
		events = append(events, observe.NodeJoined(is.NodeName))
	}
	if was.ReadyAt == nil && is.ReadyAt != nil {
		events = append(events, observe.NodeReady(is.NodeName))
	}
	if was.TerminatingAt == nil && is.TerminatingAt != nil {
		events = append(events, observe.Terminating(m))
	}
	return events
}

// step dispatches by where the machine stands; it returns how long to wait when
// no event will tell of progress.
func (r *machines) step(ctx context.Context, m *v1alpha1.VPSieNode) (time.Duration, error) {
	leaving := !m.DeletionTimestamp.IsZero()
	if leaving && !controllerutil.ContainsFinalizer(m, v1alpha1.Finalizer) {
		return 0, nil
	}
	owner, err := r.owners.otherOwner(ctx, m, r.owners.lastSeen(ctx, m))
	switch {
	case err != nil:
		return 0, err
	case leaving && (owner != nil || cluster.Disowned(m)):
		return 0, r.letGo(ctx, m)
	case leaving:
		return r.remove(ctx, m)
	case owner != nil:
		r.yieldTo(m, owner)
		return 0, nil
	case cluster.IsDuplicate(m):
		r.startOver(m)
		return staleRetry, nil
	}
	m.Status.ObservedGeneration = m.Generation
	if !controllerutil.ContainsFinalizer(m, v1alpha1.Finalizer) {
		return 0, r.adopt(ctx, m)
	}
	switch m.Status.Phase {
	case "", v1alpha1.PhasePending:
		return r.launch(ctx, m)
	case v1alpha1.PhaseProvisioning:
		return r.provision(ctx, m)
	case v1alpha1.PhaseFailed:
		if left := r.keptUntil(m).Sub(r.Clock.Now()); left > 0 {
			return left, nil
		}
		return 0, r.discard(ctx, m)
	}
	return r.join(ctx, m)
}

// adopt takes over an object that a person made: the finalizer comes before
// anything else.
func (r *machines) adopt(ctx context.Context, m *v1alpha1.VPSieNode) error {
	return r.patch(ctx, m, func(m *v1alpha1.VPSieNode) {
		controllerutil.AddFinalizer(m, v1alpha1.Finalizer)
		if m.Labels[v1alpha1.LabelParent] == "" {
			metav1.SetMetaDataLabel(&m.ObjectMeta, v1alpha1.LabelParent, plan.LabelValue(m.Spec.NodeGroupName))
		}
	})
}

// discard deletes the object of a machine that failed; its removal deletes what
// there is of the VPS, and the next round buys another. What a person made stays
// and shows its error.
func (r *store) discard(ctx context.Context, m *v1alpha1.VPSieNode) error {
	if !orderedByUs(m) {
		return nil
	}
	return deleteMachine(ctx, r.Client, m)
}

// keptUntil is when a failed machine goes at the earliest: one that did not join stays for its log to be read.
func (r *store) keptUntil(m *v1alpha1.VPSieNode) time.Time {
	c := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.VPSieNodeError)
	if c == nil || c.Reason != observe.ReasonJoinFailed || m.Status.ProvisionedAt == nil {
		return time.Time{}
	}
	return r.endOfKeeping(m)
}

// endOfKeeping is until when a running machine that does not join stays.
func (r *store) endOfKeeping(m *v1alpha1.VPSieNode) time.Time {
	return m.Status.ProvisionedAt.Add(r.Options.JoinTimeout + r.Options.KeepFailed)
}

// orderedByUs tells the autoscaler's machines from those that a person adopted.
func orderedByUs(m *v1alpha1.VPSieNode) bool {
	return m.Annotations[v1alpha1.AnnotationLaunchReason] != ""
}

// fail ends a machine's way up.
func (r *store) fail(m *v1alpha1.VPSieNode, e observe.Event) {
	r.Voice.Say(m, e)
	m.Status.Phase = v1alpha1.PhaseFailed
	m.Status.LastError = e.Note
	r.condition(m, v1alpha1.VPSieNodeError, metav1.ConditionTrue, e.Reason, e.Note)
}

// trouble notes an error that time or a person may mend.
func (r *store) trouble(m *v1alpha1.VPSieNode, reason string, err error) {
	m.Status.LastError = err.Error()
	r.condition(m, v1alpha1.VPSieNodeError, metav1.ConditionTrue, reason, err.Error())
}

func (r *store) calm(m *v1alpha1.VPSieNode) {
	r.condition(m, v1alpha1.VPSieNodeError, metav1.ConditionFalse, "NoError", "")
}

func (r *store) condition(m *v1alpha1.VPSieNode, kind string, status metav1.ConditionStatus, reason, message string) {
	observe.Set(&m.Status.Conditions, m.Generation, r.Clock.Now(), kind, status, reason, message)
}
