package cluster

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
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
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// cached is a cluster's pods behind the informer that the controller's cache has.
type cached struct {
	source *fcache.FakeControllerSource
	stores *Stores
}

func newCached(tb testing.TB, pods int) *cached {
	tb.Helper()
	c := &cached{source: fcache.NewFakeControllerSource(), stores: NewStores()}
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
	go informer.RunWithContext(tb.Context())
	if !toolscache.WaitForCacheSync(tb.Context().Done(), informer.HasSynced) {
		tb.Fatal("the pods did not arrive")
	}
	return c
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
// waits until the store has it.
func (c *cached) change(tb testing.TB, i, round int) {
	tb.Helper()
	p := ordinaryPod(i)
	p.Labels["round"] = fmt.Sprint(round)
	c.source.Modify(p)
	store := c.stores.of(&corev1.Pod{})[0]
	err := wait.PollUntilContextTimeout(tb.Context(), time.Millisecond, time.Minute, true, func(context.Context) (bool, error) {
		o, _, err := store.GetByKey(client.ObjectKeyFromObject(p).String())
		return err == nil && o.(*corev1.Pod).Labels["round"] == fmt.Sprint(round), err
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
		if state := c.round(t, b); len(state.Pods) != pods {
			t.Fatalf("round %d has %d pods, want %d", round, len(state.Pods), pods)
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

// Pods that are gone are forgotten.
func TestBuilderForgetsPodsThatAreGone(t *testing.T) {
	c := newCached(t, 20)
	b := NewBuilder()
	c.round(t, b)
	for i := range 10 {
		c.source.Delete(ordinaryPod(i))
	}
	store := c.stores.of(&corev1.Pod{})[0]
	if err := wait.PollUntilContextTimeout(t.Context(), time.Millisecond, time.Minute, true, func(context.Context) (bool, error) {
		return len(store.ListKeys()) == 10, nil
	}); err != nil {
		t.Fatal(err)
	}
	if state := c.round(t, b); len(state.Pods) != 10 || len(b.pods) != 10 {
		t.Errorf("of 20 pods 10 are gone, and a State has %d, the Builder %d", len(state.Pods), len(b.pods))
	}
}

// What the cache holds is read-only to a round and to the planner.
func TestRoundsWriteNothingToTheCache(t *testing.T) {
	c := newCached(t, 50)
	before := map[string]*corev1.Pod{}
	for _, p := range c.objects(t).Pods {
		before[p.Name] = p.DeepCopy()
	}
	b := NewBuilder()
	for range 3 {
		plan.Decide(c.round(t, b))
	}
	for _, p := range c.objects(t).Pods {
		if !equality.Semantic.DeepEqual(p, before[p.Name]) {
			t.Errorf("pod %s was changed in the cache", p.Name)
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
		if lists.Type().Field(i).Name == "Aside" {
			continue // It is taken from VPSieNodes, whichever way they are read.
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

// The bytes of a round must not grow with the pods that have not changed, but by a pointer or two each.
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
