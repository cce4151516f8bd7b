package control

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// podless is a cache that has not heard of any Pod yet.
var podless = interceptor.Funcs{List: func(ctx context.Context, c client.WithWatch, l client.ObjectList, opts ...client.ListOption) error {
	if _, ok := l.(*corev1.PodList); ok {
		return nil
	}
	return c.List(ctx, l, opts...)
}}

// crossing has something happen between the look at a Node and its cordon.
func crossing(happen func(node string)) interceptor.Funcs {
	var once sync.Once
	return interceptor.Funcs{Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
		n, ok := o.(*corev1.Node)
		if !ok || !n.Spec.Unschedulable {
			return c.Patch(ctx, o, p, opts...)
		}
		once.Do(func() { happen(n.Name) })
		// Without a version, as if the cordon had been made just before.
		cordon := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}},"spec":{"unschedulable":true}}`, annotationDraining, n.Annotations[annotationDraining])
		return c.Patch(ctx, o, client.RawPatch(types.MergePatchType, []byte(cordon)), opts...)
	}}
}

// shrinking lets a group's nodes go at once when they are not needed.
func shrinking(g *v1alpha1.NodeGroup) {
	g.Spec.ScaleDownPolicy = v1alpha1.ScaleDownPolicy{
		Enabled: new(true), StabilizationWindowSeconds: new(int32(1)), UnneededTime: new(int32(1)),
		CPUThreshold: new(int32(50)), MemoryThreshold: new(int32(50)),
	}
}

func bare(p *corev1.Pod) { p.OwnerReferences = nil }

func tiny(p *corev1.Pod) {
	p.Spec.Containers[0].Resources.Requests = corev1.ResourceList{"cpu": resource.MustParse("100m")}
}

// stays tells what is wrong with a node that should go on working.
func (w *world) stays(name string) {
	w.Helper()
	m := &v1alpha1.VPSieNode{}
	m.Namespace, m.Name = w.deps.Options.Namespace, name
	if w.gone(m) || m.DeletionTimestamp != nil {
		w.Fatal("the machine was dismissed")
	}
	if n := w.node(name); n.Spec.Unschedulable || n.Annotations[annotationDraining] != "" {
		w.Errorf("the node is left cordoned: %+v, %v", n.Spec, n.Annotations)
	}
}

// TestUnseenPodKeepsItsNode: a node looks empty to a cache that is late, and a pod runs there that nothing would make
// anew.
func TestUnseenPodKeepsItsNode(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("unseen-pod", 1, 2, shrinking)
	m := w.ready(g, 1)[0]
	p := w.pod("bare", m.Name, bare)
	w.roundThrough(interceptor.NewClient(w.withRights(), podless))
	w.patch(g, `{"spec":{"minNodes":0}}`)
	w.after(time.Minute, 5*time.Second)
	w.stays(m.Name)
	if w.gone(p) || p.DeletionTimestamp != nil {
		t.Fatal("the pod was evicted")
	}
	w.roundThrough(w.deps.Client)
	w.must(w.admin.Delete(w.Context(), p))
	w.ended(m)
}

// TestOutageThatNobodyHasMetKeepsTheNode: the cloud went away after everybody had last looked at it.
func TestOutageThatNobodyHasMetKeepsTheNode(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("unmet-outage", 1, 1, shrinking)
	m := w.ready(g, 1)[0]
	w.must(w.fake.SetFaults(vpsietest.Fault{Status: 0}))
	w.patch(g, `{"spec":{"minNodes":0}}`)
	for range 5 { // rounds alone: a reconciled machine would look
		w.clock.Step(2 * time.Second)
		_, err := w.round.Reconcile(t.Context(), reconcile.Request{})
		w.must(err)
	}
	w.stays(m.Name)
	w.must(w.fake.SetFaults())
	w.ended(m)
}

const pausePatch = `{"metadata":{"annotations":{"` + v1alpha1.AnnotationPause + `":"true"}}}`

// A decision is made from a NodeGroup as it was read, and a person has paused it since.
func TestNothingIsBoughtForANodeGroupThatHasChangedSince(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("paused-meanwhile", 0, 1)
	load, pause := w.deps.Load, sync.Once{}
	w.deps.Load = func() (*cluster.Objects, error) {
		o, err := load()
		if len(o.NodeGroups) > 0 && len(o.Pods) > 0 {
			pause.Do(func() { w.patch(g, pausePatch) })
		}
		return o, err
	}
	w.round = newRound(&w.deps, w.round.builder)
	w.pending("waits", "1")
	w.after(10*time.Second, time.Second)
	if n := w.ordered(); n > 0 {
		t.Fatalf("%d VPSes were bought for a NodeGroup that is paused", n)
	}
	w.patch(g, `{"metadata":{"annotations":{"`+v1alpha1.AnnotationPause+`":null}}}`)
	w.ready(g, 1)
}

// TestWhatHappensDuringTheCordonKeepsTheNode: the last look at a node that is to go comes when nothing more can be
// bound to it.
func TestWhatHappensDuringTheCordonKeepsTheNode(t *testing.T) {
	for name, happen := range map[string]func(w *world, node string){
		"a pod that must stay is bound": func(w *world, node string) { w.pod("late", node, bare) },
		"its pod is not to be evicted any more": func(w *world, node string) {
			w.patch(&corev1.Pod{ObjectMeta: named("on-" + node)}, `{"metadata":{"annotations":{"`+"cluster-autoscaler.kubernetes.io/safe-to-evict"+`":"false"}}}`)
		},
		"a person pauses its NodeGroup": func(w *world, _ string) {
			w.patch(w.nodeGroups()[0], pausePatch)
		},
		"a person closes its window": func(w *world, _ string) {
			w.patch(w.nodeGroups()[0],
				`{"spec":{"disruption":{"budgets":[{"kind":"Window","cron":"0 0 29 2 *","durationSeconds":60}]}}}`)
		},
		"a person protects it": func(w *world, node string) {
			w.patch(w.node(node), `{"metadata":{"annotations":{"`+v1alpha1.AnnotationDoNotDelete+`":"true"}}}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, vpsietest.Knobs{})
			g := w.group("crossing", 2, 2, shrinking)
			for _, m := range w.ready(g, 2) {
				w.pod("on-"+m.Name, m.Name, tiny)
			}
			chosen := ""
			w.roundThrough(interceptor.NewClient(w.withRights(), crossing(func(node string) {
				chosen = node
				happen(w, node)
			})))
			w.patch(g, `{"spec":{"minNodes":1}}`)
			w.until(time.Second, "a node to be chosen", func() error {
				if chosen == "" {
					return errNotYet
				}
				return nil
			})
			w.turn(0)
			w.stays(chosen)
			if p := (&corev1.Pod{ObjectMeta: named("on-" + chosen)}); w.gone(p) || p.DeletionTimestamp != nil {
				t.Error("its pod was evicted")
			}
		})
	}
}

// TestForgottenCordonIsTakenBack: the process ended between the cordon and the deletion. What a person cordoned stays so.
func TestForgottenCordonIsTakenBack(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	all := w.ready(w.group("forgotten", 2, 2), 2)
	ours, persons := all[0].Name, all[1].Name
	w.must(w.round.precheck.cordons.cordon(w.Context(), w.node(ours)))
	w.patch(w.node(persons), `{"spec":{"unschedulable":true}}`)
	w.must(w.round.precheck.cordons.cordon(w.Context(), w.node(persons)))
	if !w.node(ours).Spec.Unschedulable {
		t.Fatal("nothing was cordoned")
	}
	w.turn(time.Second)
	w.stays(ours)
	if n := w.node(persons); !n.Spec.Unschedulable || n.Annotations[annotationDraining] != "" {
		t.Errorf("what a person cordoned is now %+v, %v", n.Spec, n.Annotations)
	}
}

func named(pod string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: pod}
}

// TestLatePodThatMustStayHoldsItsNode: a scheduler that has not heard of the cordon binds a pod that nothing would make
// anew when the autoscaler has looked for the last time. It is not evicted, however often the drain is tried.
func TestLatePodThatMustStayHoldsItsNode(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("late", 1, 2, shrinking)
	m := w.ready(g, 1)[0]
	var late *corev1.Pod
	w.roundThrough(interceptor.NewClient(w.withRights(), interceptor.Funcs{
		Delete: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
			if late == nil && o.GetName() == m.Name {
				late = w.pod("late", m.Name, bare)
			}
			return c.Delete(ctx, o, opts...)
		},
	}))
	w.patch(g, `{"spec":{"minNodes":0}}`)
	w.until(30*time.Second, "two drains to be given up", func() error {
		if late != nil && (w.gone(late) || late.DeletionTimestamp != nil) {
			t.Fatal("the pod was evicted")
		}
		if n := w.heard("DrainFailed "+m.Name, "default/late"); n < 2 {
			return fmt.Errorf("%d were", n)
		}
		return nil
	})
	w.billOf(m) // it must still run
	w.must(w.admin.Delete(w.Context(), late))
	w.after(4*w.deps.Options.DrainRetry, time.Minute)
	w.ended(m)
}
