package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/config"
	"github.com/vpsie/vpsie-autoscaler/internal/testenv"
)

const (
	small = "small-2cpu-4gb"
	// purpose is the label by which a test's pods find the nodes of its group.
	purpose = "test/purpose"
)

func quantity(milli int64) *resource.Quantity {
	return resource.NewMilliQuantity(milli, resource.DecimalSI)
}

// group creates a NodeGroup that scales at once in both directions, and deletes it,
// with its machines, when the test ends.
func (b *bed) group(t *testing.T, name string, maxNodes int32, change ...func(*v1alpha1.NodeGroup)) *v1alpha1.NodeGroup {
	t.Helper()
	g := &v1alpha1.NodeGroup{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: config.Namespace},
		Spec: v1alpha1.NodeGroupSpec{
			MaxNodes: maxNodes, DatacenterID: "dc-us-east-1", OfferingIDs: []string{small}, OSImageID: "ubuntu-22.04-lts",
			Labels: map[string]string{purpose: name},
			ScaleUpPolicy: v1alpha1.ScaleUpPolicy{
				StabilizationWindowSeconds: new(int32(1)), CPUThreshold: new(int32(100)), MemoryThreshold: new(int32(100)),
			},
			ScaleDownPolicy: v1alpha1.ScaleDownPolicy{StabilizationWindowSeconds: new(int32(1)), UnneededTime: new(int32(0))},
		},
	}
	for _, c := range change {
		c(g)
	}
	b.create(t, g)
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if err := b.client.Delete(ctx, g); client.IgnoreNotFound(err) != nil {
			t.Error(err)
		}
		for range 600 {
			if err := b.client.Get(ctx, client.ObjectKeyFromObject(g), g.DeepCopy()); apierrors.IsNotFound(err) {
				return
			}
			wait, stop := context.WithTimeout(ctx, pause)
			<-wait.Done()
			stop()
		}
		t.Errorf("NodeGroup %s does not end", g.Name)
	})
	return g
}

func (b *bed) create(t *testing.T, o client.Object) {
	t.Helper()
	if err := b.client.Create(t.Context(), o); err != nil {
		t.Fatal(err)
	}
}

// pod creates a pod of which a small node holds one, and which runs on the group's
// nodes only. It is gone when the test ends.
func (b *bed) pod(t *testing.T, name string, g *v1alpha1.NodeGroup) *corev1.Pod {
	t.Helper()
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: metav1.NamespaceDefault, Labels: map[string]string{"app": name},
			Annotations: map[string]string{"cluster-autoscaler.kubernetes.io/safe-to-evict": "true"},
		},
		Spec: corev1.PodSpec{
			TerminationGracePeriodSeconds: new(int64(0)),
			NodeSelector:                  map[string]string{purpose: g.Name},
			Tolerations:                   []corev1.Toleration{{Operator: corev1.TolerationOpExists, Key: "test/taint"}},
			Containers: []corev1.Container{{Name: "c", Image: "none", Resources: corev1.ResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1500m")},
			}}},
		},
	}
	b.create(t, p)
	t.Cleanup(func() { b.remove(t, p) })
	return p
}

func (b *bed) remove(t *testing.T, o client.Object) {
	t.Helper()
	if err := b.client.Delete(context.WithoutCancel(t.Context()), o); client.IgnoreNotFound(err) != nil {
		t.Error(err)
	}
}

// bind does the scheduler's work, and the kubelet's.
func (b *bed) bind(t *testing.T, p *corev1.Pod, node string) {
	t.Helper()
	target := &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Name: p.Name, Namespace: p.Namespace}, Target: corev1.ObjectReference{Kind: "Node", Name: node}}
	if err := b.client.SubResource("binding").Create(t.Context(), p, target); err != nil {
		t.Fatal(err)
	}
	// The eviction of a pod that is not ready asks no disruption budget.
	if err := b.client.Status().Patch(t.Context(), p, client.RawPatch(types.StrategicMergePatchType, []byte(`{"status":{"phase":"Running","conditions":[{"type":"PodScheduled","status":"True"},{"type":"Ready","status":"True"}]}}`))); err != nil {
		t.Fatal(err)
	}
}

func (b *bed) annotate(t *testing.T, o client.Object, name, value string) {
	t.Helper()
	text := `"` + value + `"`
	if value == "" {
		text = "null"
	}
	b.patch(t, o, fmt.Sprintf(`{"metadata":{"annotations":{%q:%s}}}`, name, text))
}

func (b *bed) patch(t *testing.T, o client.Object, merge string) {
	t.Helper()
	if err := b.client.Patch(t.Context(), o, client.RawPatch(types.MergePatchType, []byte(merge))); err != nil {
		t.Fatal(err)
	}
}

// machines waits until the group has so many machines, all of them ready and none
// on its way out, and returns them.
func (b *bed) machines(t *testing.T, g *v1alpha1.NodeGroup, want int) []v1alpha1.VPSieNode {
	t.Helper()
	var own []v1alpha1.VPSieNode
	testenv.Eventually(t, func(ctx context.Context) error {
		own = nil
		for _, m := range b.allMachines(ctx, t, g) {
			if m.Status.Phase != v1alpha1.PhaseReady || m.DeletionTimestamp != nil {
				return fmt.Errorf("VPSieNode %s is in %s: %s", m.Name, m.Status.Phase, m.Status.LastError)
			}
			own = append(own, m)
		}
		if len(own) != want {
			return fmt.Errorf("NodeGroup %s has %d machines, want %d", g.Name, len(own), want)
		}
		return nil
	})
	return own
}

func (b *bed) allMachines(ctx context.Context, t *testing.T, g *v1alpha1.NodeGroup) []v1alpha1.VPSieNode {
	t.Helper()
	var list v1alpha1.VPSieNodeList
	if err := b.client.List(ctx, &list, client.InNamespace(config.Namespace), client.MatchingFields{"spec.nodeGroupName": g.Name}); err != nil {
		t.Fatal(err)
	}
	return list.Items
}

// rounds waits until the controller has decided twice since it was called: what it
// was going to do it has then done.
func (b *bed) rounds(t *testing.T, g *v1alpha1.NodeGroup) {
	t.Helper()
	const decisions = "vpsie_autoscaler_decision_duration_seconds"
	before := b.value(t, decisions)
	for i := range 2 {
		b.annotate(t, g, "test/poke", fmt.Sprintf("%v-%d", before, i))
		testenv.Eventually(t, func(context.Context) error {
			if b.value(t, decisions) <= before+float64(i) {
				return errors.New("no decision yet")
			}
			return nil
		})
	}
}

// heard waits for an event with these words in its note.
func (b *bed) heard(t *testing.T, about client.Object, kind, reason string, words ...string) {
	t.Helper()
	testenv.Eventually(t, func(ctx context.Context) error {
		var said []string
		for _, e := range b.events(ctx, t, about) {
			if e.Type == kind && e.Reason == reason && containsAll(e.Note, words) {
				return nil
			}
			said = append(said, fmt.Sprintf("%s %s: %s", e.Type, e.Reason, e.Note))
		}
		return fmt.Errorf("nobody has said %s %s %q about %s; said was\n%s", kind, reason, words, about.GetName(), strings.Join(said, "\n"))
	})
}

func containsAll(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

func (b *bed) events(ctx context.Context, t *testing.T, about client.Object) []eventsv1.Event {
	t.Helper()
	var list eventsv1.EventList
	if err := b.client.List(ctx, &list, client.InNamespace(about.GetNamespace())); err != nil {
		t.Fatal(err)
	}
	var own []eventsv1.Event
	for _, e := range list.Items {
		if e.Regarding.UID == about.GetUID() {
			own = append(own, e)
		}
	}
	return own
}

// condition waits until a NodeGroup's condition is so.
func (b *bed) condition(t *testing.T, g *v1alpha1.NodeGroup, kind string, status metav1.ConditionStatus, reason string) {
	t.Helper()
	testenv.Eventually(t, func(ctx context.Context) error {
		if err := b.client.Get(ctx, client.ObjectKeyFromObject(g), g); err != nil {
			return err
		}
		c := meta.FindStatusCondition(g.Status.Conditions, kind)
		if c == nil || c.Status != status || c.Reason != reason {
			return fmt.Errorf("condition %s of NodeGroup %s is %+v, want %s %s", kind, g.Name, c, status, reason)
		}
		if c.ObservedGeneration != g.Generation || g.Status.ObservedGeneration != g.Generation {
			return fmt.Errorf("generation is %d, observed by the status is %d, by condition %s %d", g.Generation, g.Status.ObservedGeneration, kind, c.ObservedGeneration)
		}
		return nil
	})
}
