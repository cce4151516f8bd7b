package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/testenv"
)

func objectMeta(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name} }

// The life of a machine, as told to those who watch the group, the machine and the pod.
func TestEventsOfALife(t *testing.T) {
	t.Parallel()
	b := live(t)
	g := b.group(t, "life", 2)
	p := b.pod(t, "life", g)
	m := b.machines(t, g, 1)[0]
	b.heard(t, g, corev1.EventTypeNormal, "ScalingUp", "1 "+small, "default/life", "0.0167 per hour")
	b.heard(t, p, corev1.EventTypeNormal, "NodeOrdered", m.Name, small, "NodeGroup life")
	b.heard(t, &m, corev1.EventTypeNormal, "VPSCreated", fmt.Sprint(m.Spec.VPSieInstanceID))
	b.heard(t, &m, corev1.EventTypeNormal, "NodeJoined", m.Status.NodeName)
	b.heard(t, &m, corev1.EventTypeNormal, "NodeReady", m.Status.NodeName)
	b.remove(t, p)
	b.heard(t, g, corev1.EventTypeNormal, "ScalingDown", m.Status.NodeName, "Empty")
	b.heard(t, &m, corev1.EventTypeNormal, "Terminating", m.Status.NodeName)
	b.machines(t, g, 0)
	for _, about := range []client.Object{g, p, &m} {
		said := map[string]int{}
		for _, e := range b.events(t.Context(), t, about) {
			said[e.Reason]++
			if e.ReportingController != "vpsie-autoscaler" || e.Series != nil {
				t.Errorf("event %s comes from %s with series %v", e.Reason, e.ReportingController, e.Series)
			}
		}
		for reason, times := range said {
			if times != 1 {
				t.Errorf("%T %s heard %s %d times", about, about.GetName(), reason, times)
			}
		}
	}
}

// A pod hears why it waits once, however many rounds there are, and at once when the
// reason or its words change, as they do also when another test's group comes or goes.
func TestEventsOnAPodSayWhyItWaits(t *testing.T) {
	t.Parallel()
	b := live(t)
	g := b.group(t, "why", 1, func(g *v1alpha1.NodeGroup) { g.Spec.ScaleUpPolicy.Enabled = new(false) })
	p := b.pod(t, "why", g)
	told := func() []eventsv1.Event {
		t.Helper()
		said := b.events(t.Context(), t, p)
		slices.SortFunc(said, func(a, b eventsv1.Event) int { return a.EventTime.Compare(b.EventTime.Time) })
		for i := range said[1:] {
			if said[i].Note == said[i+1].Note {
				t.Fatalf("said twice was %s: %s", said[i].Reason, said[i].Note)
			}
		}
		return said
	}
	const disabled = "(ScaleUpDisabled)"
	b.heard(t, p, corev1.EventTypeWarning, "ScaleUpRefused", "No node is bought for it: ", "why "+small, disabled)
	b.rounds(t, g)
	b.rounds(t, g)
	told()
	b.annotate(t, g, v1alpha1.AnnotationPause, "true")
	b.heard(t, p, corev1.EventTypeWarning, "ScaleUpRefused", "(Paused)")
	b.annotate(t, g, v1alpha1.AnnotationPause, "")
	testenv.Eventually(t, func(context.Context) error {
		said := told()
		if last := said[len(said)-1]; last.Reason != "ScaleUpRefused" || !strings.Contains(last.Note, disabled) {
			return fmt.Errorf("said last was %s: %s, want the first reason again", last.Reason, last.Note)
		}
		return nil
	})
	b.patch(t, g, `{"spec":{"scaleUpPolicy":{"enabled":true}}}`)
	b.heard(t, p, corev1.EventTypeNormal, "NodeOrdered", "vpsie-why-")
}

func TestEventsOnAGroupOfOfferingsThatAreNotSold(t *testing.T) {
	b := live(t)
	b.knobs(t, `{"stock":{"large-8cpu-16gb":0}}`, `{"stock":{"large-8cpu-16gb":null}}`)
	g := b.group(t, "sold-out", 1, func(g *v1alpha1.NodeGroup) {
		g.Spec.OfferingIDs = []string{"large-8cpu-16gb"}
		g.Spec.MinNodes = 1
	})
	b.heard(t, g, corev1.EventTypeWarning, "ProvisioningFailed", "Instance type not available")
	b.condition(t, g, v1alpha1.NodeGroupError, "True", "OutOfStock")
	b.condition(t, g, v1alpha1.NodeGroupReady, "False", "OutOfStock")
}

// kubectl wait, as people and tools use it; a generation that has not been looked at
// is not taken for ready.
func TestKubectlWaitsForReady(t *testing.T) {
	t.Parallel()
	b := live(t)
	g := b.group(t, "awaited", 3, func(g *v1alpha1.NodeGroup) { g.Spec.MinNodes = 1 })
	wait := func(minNodes int) {
		b.env.Kubectl(t, "wait", "-n", g.Namespace, "--for=condition=Ready", "--timeout=60s", "ng/"+g.Name)
		b.condition(t, g, v1alpha1.NodeGroupReady, "True", "AllNodesReady")
		b.env.Kubectl(t, "wait", "-n", g.Namespace, fmt.Sprintf("--for=jsonpath={.status.readyNodes}=%d", minNodes), "--timeout=60s", "ng/"+g.Name)
	}
	wait(1)
	b.patch(t, g, `{"spec":{"minNodes":2}}`)
	b.condition(t, g, v1alpha1.NodeGroupAtMinCapacity, "True", "AtMinNodes")
	b.machines(t, g, 2)
	wait(2)
	for kind, want := range map[string]string{
		v1alpha1.NodeGroupScaling: "Stable", v1alpha1.NodeGroupError: "NoError", v1alpha1.NodeGroupAtMinCapacity: "AtMinNodes", v1alpha1.NodeGroupAtMaxCapacity: "BelowMaxNodes",
	} {
		status := metav1.ConditionFalse
		if kind == v1alpha1.NodeGroupAtMinCapacity {
			status = metav1.ConditionTrue
		}
		b.condition(t, g, kind, status, want)
	}
	b.patch(t, g, `{"spec":{"maxNodes":2}}`)
	b.condition(t, g, v1alpha1.NodeGroupAtMaxCapacity, "True", "AtMaxNodes")
}

// Every condition and time of a VPSieNode that is ready.
func TestConditionsOfAMachine(t *testing.T) {
	t.Parallel()
	b := live(t)
	g := b.group(t, "told", 1, func(g *v1alpha1.NodeGroup) { g.Spec.MinNodes = 1 })
	m := b.machines(t, g, 1)[0]
	want := map[string]string{
		v1alpha1.VPSieNodeVPSReady: "True VPSRunning", v1alpha1.VPSieNodeNodeJoined: "True NodeJoinedCluster",
		v1alpha1.VPSieNodeNodeReady: "True NodeReady", v1alpha1.VPSieNodeError: "False NoError",
	}
	testenv.Eventually(t, func(ctx context.Context) error {
		if err := b.client.Get(ctx, client.ObjectKeyFromObject(&m), &m); err != nil {
			return err
		}
		if m.Status.ObservedGeneration != m.Generation {
			return fmt.Errorf("generation %d, observed %d", m.Generation, m.Status.ObservedGeneration)
		}
		return nil
	})
	for _, c := range m.Status.Conditions {
		if got := string(c.Status) + " " + c.Reason; got != want[c.Type] {
			t.Errorf("condition %s is %s, want %s", c.Type, got, want[c.Type])
		}
		delete(want, c.Type)
	}
	if len(want) > 0 {
		t.Errorf("without the conditions %v", want)
	}
	s := m.Status
	for name, at := range map[string]*metav1.Time{"createdAt": s.CreatedAt, "orderedAt": s.OrderedAt, "provisionedAt": s.ProvisionedAt, "joinedAt": s.JoinedAt, "readyAt": s.ReadyAt} {
		if at == nil {
			t.Errorf("status.%s is empty", name)
		}
	}
	if s.VPSieStatus != "running" || !strings.EqualFold(s.Hostname, m.Name) || s.NodeName != m.Name || s.Resources.CPU != 2 || s.Resources.MemoryMB != 4096 ||
		s.Resources.DiskGB == 0 || s.Resources.BandwidthGB == 0 || s.CostPerHour == "" || m.Spec.VPSieInstanceID == 0 || m.Spec.IPAddress == "" {
		t.Errorf("VPSieNode %+v", m)
	}
	b.remove(t, &m)
	testenv.Eventually(t, func(ctx context.Context) error {
		if err := b.client.Get(ctx, client.ObjectKeyFromObject(&m), &m); err != nil {
			return client.IgnoreNotFound(err)
		}
		if m.Status.TerminatingAt == nil {
			return fmt.Errorf("status.terminatingAt is empty in %s", m.Status.Phase)
		}
		return nil
	})
}
