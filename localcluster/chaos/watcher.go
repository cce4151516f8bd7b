package chaos

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// watcher sees the cluster with eyes of its own, straight from the API server, and keeps what it has seen.
type watcher struct {
	tally *tally

	mu       sync.Mutex
	machines map[types.UID]*machineLife
	pods     map[types.UID]*podLife
	apps     map[string]*app
	holders  map[string]string // by namespace
	// excuses are nodes whose machines came to harm, or that a person has dismissed.
	excuses map[string]bool
	// restarted is when the API server was killed last.
	restarted time.Time
	// found are the violations that it has seen itself.
	found []violation
}

// machineLife is a VPSieNode from its creation to its end.
type machineLife struct {
	name, group, instanceType string
	number                    int64
	born                      time.Time
	gone                      time.Time // zero while it is there
	// left is when its deletion began, removal the reason by which a controller decided it.
	left    time.Time
	removal string
	// replaces names the nodes in whose place it was bought.
	replaces string
	// saves: its order is meant to save money, as those of an exchange are. In a roll-out what is outdated is replaced whatever that costs.
	saves bool
	lines []string
}

// watch begins to watch and returns when it has seen everything once. It ends with ctx.
func watch(ctx context.Context, config *rest.Config, scheme client.Client, t *tally) (*watcher, error) {
	w := &watcher{
		tally: t, machines: map[types.UID]*machineLife{}, pods: map[types.UID]*podLife{}, apps: map[string]*app{},
		excuses: map[string]bool{}, holders: map[string]string{},
	}
	c, err := cache.New(config, cache.Options{Scheme: scheme.Scheme()})
	if err != nil {
		return nil, fmt.Errorf("setting up the watcher: %w", err)
	}
	for _, o := range []client.Object{
		&v1alpha1.VPSieNode{}, &corev1.Pod{}, &policyv1.PodDisruptionBudget{}, &appsv1.Deployment{}, &coordinationv1.Lease{},
	} {
		informer, err := c.GetInformer(ctx, o, cache.BlockUntilSynced(false))
		if err != nil {
			return nil, fmt.Errorf("setting up the watcher: %w", err)
		}
		if _, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
			AddFunc:    w.see,
			UpdateFunc: func(_, now any) { w.see(now) },
			DeleteFunc: w.miss,
		}); err != nil {
			return nil, fmt.Errorf("setting up the watcher: %w", err)
		}
	}
	go func() { _ = c.Start(ctx) }() // it fails when it is started twice
	if !c.WaitForCacheSync(ctx) {
		return nil, fmt.Errorf("setting up the watcher: it cannot see the cluster: %w", context.Cause(ctx))
	}
	return w, nil
}

func (w *watcher) see(o any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch o := o.(type) {
	case *v1alpha1.VPSieNode:
		w.seeMachine(o)
	case *corev1.Pod:
		w.seePod(o)
	case *policyv1.PodDisruptionBudget:
		w.app(o.Namespace, o.Spec.Selector.MatchLabels[appLabel]).budget(o)
	case *appsv1.Deployment:
		w.app(o.Namespace, o.Name).scaled(o)
	case *coordinationv1.Lease:
		w.seeLease(o)
	}
}

func (w *watcher) miss(o any) {
	if last, ok := o.(toolscache.DeletedFinalStateUnknown); ok {
		o = last.Obj
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch o := o.(type) {
	case *v1alpha1.VPSieNode:
		m := w.seeMachine(o)
		m.gone = time.Now()
		m.lines = append(m.lines, stamp(m.gone)+" gone")
	case *corev1.Pod:
		w.missPod(o)
	case *policyv1.PodDisruptionBudget:
		w.app(o.Namespace, o.Spec.Selector.MatchLabels[appLabel]).budget(nil)
	}
}

func (w *watcher) seeMachine(o *v1alpha1.VPSieNode) *machineLife {
	m := w.machines[o.UID]
	if m == nil {
		m = &machineLife{name: o.Name, group: o.Spec.NodeGroupName, instanceType: o.Spec.InstanceType, born: o.CreationTimestamp.Time}
		w.machines[o.UID] = m
	}
	m.number = o.Spec.VPSieInstanceID
	w.seeDisruption(m, o)
	line := fmt.Sprintf("version %s phase %s vps %d node %q deleting %t%s", o.ResourceVersion, o.Status.Phase, m.number,
		o.Status.NodeName, o.DeletionTimestamp != nil, verdicts(o.Status.Conditions))
	m.lines = append(m.lines, stamp(time.Now())+" "+line)
	return m
}

// seeDisruption notes why the machine came, and why it goes.
func (w *watcher) seeDisruption(m *machineLife, o *v1alpha1.VPSieNode) {
	if o.DeletionTimestamp != nil && m.left.IsZero() {
		m.left, m.removal = o.DeletionTimestamp.Time, o.Annotations[v1alpha1.AnnotationRemoval]
		if m.removal != "" {
			w.tally.add("nodes removed: " + m.removal)
		}
	}
	if m.replaces == "" {
		m.replaces = o.Annotations[v1alpha1.AnnotationReplaces]
		m.saves = !strings.Contains(o.Annotations[v1alpha1.AnnotationOrder], `"savesPerHour":"0.0000"`)
	}
}

func verdicts(conditions []metav1.Condition) string {
	var b strings.Builder
	for _, c := range conditions {
		fmt.Fprintf(&b, ", %s=%s %s %q", c.Type, c.Status, c.Reason, c.Message)
	}
	return b.String()
}

func (w *watcher) seeLease(o *coordinationv1.Lease) {
	if o.Name != leaseName || o.Spec.HolderIdentity == nil || *o.Spec.HolderIdentity == w.holders[o.Namespace] {
		return
	}
	if w.holders[o.Namespace] = *o.Spec.HolderIdentity; *o.Spec.HolderIdentity != "" {
		w.tally.add("leader changes")
	}
}

// leaseName is what the controllers elect their leader by.
const leaseName = "vpsie-autoscaler"

func stamp(t time.Time) string { return t.UTC().Format("15:04:05.000") }

// history is what a machine's object went through.
func (w *watcher) history(uid types.UID) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if m := w.machines[uid]; m != nil {
		return append([]string{"VPSieNode " + m.name + " of " + m.group}, m.lines...)
	}
	return []string{"no VPSieNode has ever had the UID " + string(uid)}
}

// lives is a copy of all machines' lives.
func (w *watcher) lives() map[types.UID]machineLife {
	w.mu.Lock()
	defer w.mu.Unlock()
	lives := make(map[types.UID]machineLife, len(w.machines))
	for uid, m := range w.machines {
		lives[uid] = *m
	}
	return lives
}

// excuse notes that the node's pods may end in any way from now on.
func (w *watcher) excuse(node string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.excuses[node] = true
}

// excused tells whether the node's pods may end in any way. The caller holds the lock.
func (w *watcher) excused(node string) bool { return w.excuses[node] }

// allExcuses are the nodes that are excused.
func (w *watcher) allExcuses() map[string]bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.excuses)
}

// isExcused is excused for others.
func (w *watcher) isExcused(node string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.excused(node)
}

// apiRestarted notes that the API server was killed just now.
func (w *watcher) apiRestarted() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.restarted = time.Now()
}

func (w *watcher) note(v violation) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.found = append(w.found, v)
}

func (w *watcher) violations() []violation {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]violation{}, w.found...)
}
