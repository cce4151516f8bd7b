package cluster

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	toolscache "k8s.io/client-go/tools/cache"
	fcache "k8s.io/client-go/tools/cache/testing"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// cached is a cluster's pods behind the informer that the controller's cache has.
type cached struct {
	source *fcache.FakeControllerSource
	stores *Stores
	pods   *Pods
}

func newCached(tb testing.TB, pods int) *cached {
	tb.Helper()
	c := &cached{source: fcache.NewFakeControllerSource(), stores: NewStores(), pods: NewPods()}
	options := c.stores.CacheOptions("kube-system", "vpsie-secret")
	for i := range pods {
		c.source.Add(ordinaryPod(i))
	}
	informer := options.NewInformer(c.source, &corev1.Pod{}, 0, toolscache.Indexers{})
	for object, by := range options.ByObject {
		if _, is := object.(*corev1.Pod); is {
			if err := informer.SetTransform(by.Transform); err != nil {
				tb.Fatal(err)
			}
		}
	}
	for _, k := range objectKinds() {
		if _, pods := k.object.(*corev1.Pod); !pods {
			options.NewInformer(c.source, k.object, 0, toolscache.Indexers{}) // it holds nothing
		}
	}
	registration, err := informer.AddEventHandler(c.follow())
	if err != nil {
		tb.Fatal(err)
	}
	go informer.RunWithContext(tb.Context())
	if !toolscache.WaitForCacheSync(tb.Context().Done(), registration.HasSynced) {
		tb.Fatal("the pods did not arrive")
	}
	return c
}

// follow has the pods hear of every change, as the controller's watch does.
func (c *cached) follow() toolscache.ResourceEventHandlerFuncs {
	return toolscache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { c.pods.Changed(nil, o.(*StoredPod)) },
		UpdateFunc: func(was, is any) { c.pods.Changed(was.(*StoredPod), is.(*StoredPod)) },
		DeleteFunc: func(o any) {
			if gone, missed := o.(toolscache.DeletedFinalStateUnknown); missed {
				o = gone.Obj
			}
			c.pods.Changed(o.(*StoredPod), nil)
		},
	}
}

// ordinaryPod is a pod as a Deployment's are, with the bulk that such pods have.
func ordinaryPod(i int) *corev1.Pod {
	app := fmt.Sprintf("app-%d", i/10)
	controller := true
	var env []corev1.EnvVar
	for e := range 30 {
		env = append(env, corev1.EnvVar{Name: fmt.Sprintf("VARIABLE_%d", e), Value: strings.Repeat("x", 40)})
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "shop", Name: fmt.Sprintf("%s-%d", app, i), UID: types.UID(fmt.Sprint("uid-", i)), Labels: map[string]string{"app": app},
			OwnerReferences: []metav1.OwnerReference{{Kind: "ReplicaSet", Name: app, UID: types.UID(app), Controller: &controller}},
		},
		Spec: corev1.PodSpec{NodeName: fmt.Sprintf("node-%d", i/30), Containers: []corev1.Container{{
			Name: "app", Image: "registry.example.com/shop/" + app, Env: env,
			Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m")}},
		}}},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, Message: strings.Repeat("y", 200)},
	}
}

// change gives a pod another label, as a change that every round has to look at does, and
// waits until the next round will have it.
func (c *cached) change(tb testing.TB, i, round int) {
	tb.Helper()
	p := ordinaryPod(i)
	p.Labels["round"] = fmt.Sprint(round)
	c.source.Modify(p)
	c.await(tb, p.UID, func(now *StoredPod) bool { return now != nil && now.Labels["round"] == fmt.Sprint(round) })
}

// await waits until the next round will have a change.
func (c *cached) await(tb testing.TB, uid types.UID, made func(now *StoredPod) bool) {
	tb.Helper()
	err := wait.PollUntilContextTimeout(tb.Context(), time.Millisecond, time.Minute, true, func(context.Context) (bool, error) {
		c.pods.mu.Lock()
		defer c.pods.mu.Unlock()
		now, changed := c.pods.changed[uid]
		return changed && made(now), nil
	})
	if err != nil {
		tb.Fatal(err)
	}
}

func (c *cached) objects(tb testing.TB) *Objects {
	tb.Helper()
	o, err := c.stores.Objects()
	if err != nil {
		tb.Fatal(err)
	}
	c.pods.Into(o)
	return o
}

func (c *cached) round(tb testing.TB, b *Builder) *plan.State {
	tb.Helper()
	return b.State(c.objects(tb), nil, time.Unix(1_760_000_000, 0), plan.Options{})
}

func liveHeap() int64 {
	runtime.GC()
	runtime.GC() // the first may leave what finalizers held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// One pod that changes must not keep the others of its round.
func TestRoundsKeepNothingOfEachOther(t *testing.T) {
	const pods, rounds = 2000, 300
	c := newCached(t, pods)
	b := NewBuilder()
	c.round(t, b)
	before := liveHeap()
	for round := range rounds {
		c.change(t, round, round+1)
		if have := len(slices.Collect(c.round(t, b).AllPods())); have != pods {
			t.Fatalf("round %d has %d pods, want %d", round, have, pods)
		}
	}
	// A changed pod has labels of its own, a few hundred bytes, and the source keeps what
	// it was told; a round's pods are megabytes.
	const each = 16 << 10
	if grown := liveHeap() - before; grown > rounds*each {
		t.Errorf("%d rounds in each of which one of %d pods changed have left %d KiB", rounds, pods, grown>>10)
	}
	runtime.KeepAlive(b)
	runtime.KeepAlive(c)
}

// A round in which one pod changed allocates no more in a cluster with more pods.
func TestRoundAllocatesNothingForUnchangedPods(t *testing.T) {
	allocated := func(pods int) uint64 {
		c, b := newCached(t, pods), NewBuilder()
		c.round(t, b)
		c.change(t, 0, 1)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		c.round(t, b)
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	// What others allocate at the same time, such as a metrics goroutine, is not a pointer a pod.
	const few, many, pointer = 100, 20_000, 8
	if small, large := allocated(few), allocated(many); large > small+(many-few)*pointer/2 {
		t.Errorf("a round in which one pod changed allocates %d bytes with %d pods, %d with %d", small, few, large, many)
	}
}

// What the cache holds is read-only to a round and to the planner.
func TestRoundsWriteNothingToTheCache(t *testing.T) {
	c := newCached(t, 50)
	before := map[string]*corev1.Pod{}
	for p := range c.objects(t).Planned() {
		before[p.Meta().Name] = p.Object().DeepCopy()
	}
	b := NewBuilder()
	for range 3 {
		plan.Decide(c.round(t, b))
	}
	for p := range c.objects(t).Planned() {
		if !equality.Semantic.DeepEqual(p.Object(), before[p.Meta().Name]) {
			t.Errorf("pod %s was changed in the cache", p.Meta().Name)
		}
	}
}

// Every list of Objects is read, whichever way they are read.
func TestKindsAreAllThatObjectsHave(t *testing.T) {
	o := &Objects{}
	for _, k := range objectKinds() {
		k.add(o, k.object)
	}
	lists := reflect.ValueOf(o).Elem()
	for i := range lists.NumField() {
		switch lists.Type().Field(i).Name {
		case "Aside", "planned", "bound", "KubernetesVersion", "Live":
			continue // They are made of VPSieNodes and Pods, whichever way these are read, or no object's.
		}
		if n := lists.Field(i).Len(); n != 1 {
			t.Errorf("Objects.%s is the list of %d kinds, want one", lists.Type().Field(i).Name, n)
		}
	}
}

func TestKindThatNobodyFilled(t *testing.T) {
	if _, err := NewStores().Objects(); err == nil || !strings.Contains(err.Error(), "NodeGroup") {
		t.Errorf("reading stores without informers gives %v, want an error that names the first kind", err)
	}
}

// The bytes of a round must not grow with the pods that have not changed.
func BenchmarkRoundAfterOneChange(b *testing.B) {
	for _, pods := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprint(pods), func(b *testing.B) {
			c := newCached(b, pods)
			builder := NewBuilder()
			c.round(b, builder)
			b.ReportAllocs()
			for round := 0; b.Loop(); round++ {
				b.StopTimer()
				c.change(b, round%pods, round+1)
				b.StartTimer()
				c.round(b, builder)
			}
		})
	}
}
