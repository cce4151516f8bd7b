package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/testenv"
)

// A paused group neither buys nor removes, not even for minNodes.
func TestPauseAnnotation(t *testing.T) {
	t.Parallel()
	b := live(t)
	g := b.group(t, "paused", 3, func(g *v1alpha1.NodeGroup) {
		g.Annotations = map[string]string{v1alpha1.AnnotationPause: "true"}
		g.Spec.MinNodes = 1
	})
	p := b.pod(t, "paused", g)
	b.heard(t, p, corev1.EventTypeWarning, "ScaleUpRefused", "paused", "(Paused)")
	b.rounds(t, g)
	if m := b.allMachines(t.Context(), t, g); len(m) > 0 {
		t.Fatalf("the paused group has %d machines", len(m))
	}
	b.annotate(t, g, v1alpha1.AnnotationPause, "false")
	b.machines(t, g, 1)
	b.annotate(t, g, v1alpha1.AnnotationPause, "true")
	b.patch(t, g, `{"spec":{"minNodes":0}}`)
	b.remove(t, p)
	b.rounds(t, g)
	b.rounds(t, g)
	b.machines(t, g, 1)
	b.annotate(t, g, v1alpha1.AnnotationPause, "")
	b.machines(t, g, 0)
}

// A value that makes no sense is refused by an event, and what was in force stays.
func TestMinNodesOverrideAnnotation(t *testing.T) {
	t.Parallel()
	b := live(t)
	g := b.group(t, "min-override", 3)
	b.annotate(t, g, v1alpha1.AnnotationMinNodesOverride, "2")
	b.machines(t, g, 2)
	for value, words := range map[string][]string{
		"many": {v1alpha1.AnnotationMinNodesOverride, `"many"`, "2 stays in force"},
		"-1":   {v1alpha1.AnnotationMinNodesOverride, `"-1"`, "2 stays in force"},
		"4":    {"MinNodes exceeds MaxNodes", v1alpha1.AnnotationMinNodesOverride, "2 and 3 stay in force"},
	} {
		b.annotate(t, g, v1alpha1.AnnotationMinNodesOverride, value)
		b.heard(t, g, corev1.EventTypeWarning, "InvalidConfiguration", words...)
		b.condition(t, g, v1alpha1.NodeGroupError, "True", "InvalidConfiguration")
		b.rounds(t, g)
		b.machines(t, g, 2)
	}
	b.annotate(t, g, v1alpha1.AnnotationMinNodesOverride, "")
	b.machines(t, g, 0)
	b.condition(t, g, v1alpha1.NodeGroupError, "False", "NoError")
}

func TestMaxNodesOverrideAnnotation(t *testing.T) {
	t.Parallel()
	b := live(t)
	g := b.group(t, "max-override", 3, func(g *v1alpha1.NodeGroup) {
		g.Annotations = map[string]string{v1alpha1.AnnotationMaxNodesOverride: "1"}
	})
	b.pod(t, "max-override-a", g)
	b.pod(t, "max-override-b", g)
	b.machines(t, g, 1)
	b.heard(t, g, corev1.EventTypeWarning, "ScaleLimitReached", "Maximum nodes reached", "maxNodes is 1")
	b.annotate(t, g, v1alpha1.AnnotationMaxNodesOverride, "lots")
	b.heard(t, g, corev1.EventTypeWarning, "InvalidConfiguration", v1alpha1.AnnotationMaxNodesOverride, `"lots"`, "1 stays in force")
	b.rounds(t, g)
	b.machines(t, g, 1)
	b.annotate(t, g, v1alpha1.AnnotationMaxNodesOverride, "2")
	b.machines(t, g, 2)
}

// The annotation holds on the VPSieNode as on its Node; a person's own deletion is no
// automatic one.
func TestDoNotDeleteAnnotation(t *testing.T) {
	t.Parallel()
	b := live(t)
	g := b.group(t, "do-not-delete", 2)
	p := b.pod(t, "do-not-delete", g)
	m := b.machines(t, g, 1)[0]
	node := &corev1.Node{}
	if err := b.client.Get(t.Context(), client.ObjectKey{Name: m.Status.NodeName}, node); err != nil {
		t.Fatal(err)
	}
	b.annotate(t, node, v1alpha1.AnnotationDoNotDelete, "true")
	b.remove(t, p)
	for _, o := range []client.Object{node, &m} {
		b.annotate(t, o, v1alpha1.AnnotationDoNotDelete, "true")
		b.rounds(t, g)
		b.rounds(t, g)
		b.machines(t, g, 1)
		if o == client.Object(node) {
			b.annotate(t, &m, v1alpha1.AnnotationDoNotDelete, "true")
			b.annotate(t, node, v1alpha1.AnnotationDoNotDelete, "")
		}
	}
	b.annotate(t, &m, v1alpha1.AnnotationDoNotDelete, "")
	b.machines(t, g, 0)
}

// drain-timeout: see TestMetricsTellAStory for the VPSieNode's; this is the Node's.
func TestDrainTimeoutAnnotation(t *testing.T) {
	t.Parallel()
	b := live(t)
	g := b.group(t, "drain-timeout", 2)
	p := b.pod(t, "drain-timeout", g)
	m := b.machines(t, g, 1)[0]
	b.bind(t, p, m.Status.NodeName)
	b.budget(t, p, 0)
	b.annotate(t, &corev1.Node{ObjectMeta: objectMeta(m.Status.NodeName)}, v1alpha1.AnnotationDrainTimeout, "1")
	b.remove(t, &m)
	b.heard(t, &m, corev1.EventTypeWarning, "DrainFailed", "default/drain-timeout", "not drained after 1s")
	b.budget(t, p, 1)
	testenv.Eventually(t, func(ctx context.Context) error {
		if client.IgnoreNotFound(b.client.Get(ctx, client.ObjectKeyFromObject(&m), m.DeepCopy())) != nil || len(b.allMachines(ctx, t, g)) > 0 {
			return errors.New("the drained machine is still there")
		}
		return nil
	})
}

// A value that makes no sense is told by an event, and what does less harm holds: the group
// buys nothing, the machine stays.
func TestAnnotationsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	b := live(t)
	g := b.group(t, "no-sense", 2)
	p := b.pod(t, "no-sense", g)
	m := b.machines(t, g, 1)[0]
	b.annotate(t, &m, v1alpha1.AnnotationDoNotDelete, "yes")
	b.heard(t, &m, corev1.EventTypeWarning, "InvalidConfiguration", v1alpha1.AnnotationDoNotDelete, `"yes"`, "does not remove it")
	b.annotate(t, &m, v1alpha1.AnnotationDrainTimeout, "1m")
	b.heard(t, &m, corev1.EventTypeWarning, "InvalidConfiguration", v1alpha1.AnnotationDrainTimeout, `"1m"`, "--drain-timeout stays in force")
	b.remove(t, p)
	b.rounds(t, g)
	b.rounds(t, g)
	b.machines(t, g, 1)
	b.annotate(t, g, v1alpha1.AnnotationPause, "True")
	b.heard(t, g, corev1.EventTypeWarning, "InvalidConfiguration", v1alpha1.AnnotationPause, `"True"`, "stays paused")
	b.condition(t, g, v1alpha1.NodeGroupError, "True", "InvalidConfiguration")
	b.annotate(t, &m, v1alpha1.AnnotationDoNotDelete, "false")
	b.rounds(t, g)
	b.rounds(t, g)
	b.machines(t, g, 1)
	b.annotate(t, g, v1alpha1.AnnotationPause, "false")
	b.annotate(t, g, "autoscaler.vpsie.com/paused", "true")
	b.heard(t, g, corev1.EventTypeWarning, "InvalidConfiguration", "autoscaler.vpsie.com/paused means nothing", v1alpha1.AnnotationPause)
	b.machines(t, g, 0)
}

// Every label of the reference, on the VPSieNode and on the Node, with the NodeGroup's
// own and its taints.
func TestLabelsOfTheReference(t *testing.T) {
	t.Parallel()
	b := live(t)
	g := b.group(t, "labels", 2, func(g *v1alpha1.NodeGroup) {
		g.Spec.MinNodes = 1
		g.Spec.Labels["environment"], g.Spec.Labels["workload-type"] = "production", "general"
		g.Spec.Taints = []corev1.Taint{{Key: "test/taint", Value: "v", Effect: corev1.TaintEffectNoSchedule}}
	})
	m := b.machines(t, g, 1)[0]
	var node corev1.Node
	if err := b.client.Get(t.Context(), client.ObjectKey{Name: m.Status.NodeName}, &node); err != nil {
		t.Fatal(err)
	}
	for _, on := range []struct {
		object client.Object
		labels map[string]string
	}{
		{&m, map[string]string{
			"nodegroup":                          g.Name,
			"autoscaler.vpsie.com/instance-type": small,
			"autoscaler.vpsie.com/datacenter":    "dc-us-east-1",
		}},
		{&node, map[string]string{
			"autoscaler.vpsie.com/nodegroup":     g.Name,
			"autoscaler.vpsie.com/instance-type": small,
			"autoscaler.vpsie.com/datacenter":    "dc-us-east-1",
			"environment":                        "production",
			"workload-type":                      "general",
			corev1.LabelInstanceTypeStable:       small,
			corev1.LabelTopologyRegion:           "dc-us-east-1",
		}},
	} {
		for name, want := range on.labels {
			if got := on.object.GetLabels()[name]; got != want {
				t.Errorf("%T: label %s is %q, want %q", on.object, name, got, want)
			}
		}
	}
	if fmt.Sprint(node.Spec.Taints) != fmt.Sprint(g.Spec.Taints) {
		t.Errorf("the node's taints are %v, want %v", node.Spec.Taints, g.Spec.Taints)
	}
}

// What the autoscaler notes on its machines: why it bought them, and since when they
// could go.
func TestAnnotationsOfTheAutoscaler(t *testing.T) {
	t.Parallel()
	b := live(t)
	g := b.group(t, "notes", 2, func(g *v1alpha1.NodeGroup) { g.Spec.ScaleDownPolicy.UnneededTime = new(int32(3600)) })
	p := b.pod(t, "notes", g)
	m := b.machines(t, g, 1)[0]
	b.bind(t, p, m.Status.NodeName)
	since := func(noted bool) {
		t.Helper()
		testenv.Eventually(t, func(ctx context.Context) error {
			if err := b.client.Get(ctx, client.ObjectKeyFromObject(&m), &m); err != nil {
				return err
			}
			text := m.Annotations[v1alpha1.AnnotationUnneededSince]
			at, err := time.Parse(time.RFC3339, text)
			if noted && (err != nil || time.Since(at) > time.Hour) || !noted && text != "" {
				return fmt.Errorf("%s is %q, want it there: %t", v1alpha1.AnnotationUnneededSince, text, noted)
			}
			var n corev1.Node
			if err := b.client.Get(ctx, client.ObjectKey{Name: m.Status.NodeName}, &n); err != nil {
				return err
			}
			avoided := slices.ContainsFunc(n.Spec.Taints, func(t corev1.Taint) bool {
				return t.Key == v1alpha1.TaintUnneeded && t.Effect == corev1.TaintEffectPreferNoSchedule
			})
			if avoided != noted {
				return fmt.Errorf("the node's taints are %v; want %s: %t", n.Spec.Taints, v1alpha1.TaintUnneeded, noted)
			}
			return nil
		})
	}
	since(false)
	b.remove(t, p)
	since(true)
	b.bind(t, b.pod(t, "notes-again", g), m.Status.NodeName)
	since(false)
	if got := m.Annotations[v1alpha1.AnnotationLaunchReason]; got != "PendingPods" {
		t.Errorf("the launch reason is %q", got)
	}
	if l := observe.ReadNote(m.Annotations[v1alpha1.AnnotationOrder]); l == nil || !slices.Contains(l.Pods, client.ObjectKeyFromObject(p).String()) {
		t.Errorf("the order is %q, without pod %s", m.Annotations[v1alpha1.AnnotationOrder], p.Name)
	}
	least := b.group(t, "notes-least", 2, func(g *v1alpha1.NodeGroup) { g.Spec.MinNodes = 1 })
	if got := b.machines(t, least, 1)[0].Annotations[v1alpha1.AnnotationLaunchReason]; got != "MinNodes" {
		t.Errorf("the launch reason is %q", got)
	}
}

// A node registers with the startup taint, which its user data asks for, and is
// without it when it is ready.
func TestStartupTaint(t *testing.T) {
	t.Parallel()
	b := live(t)
	g := b.group(t, "startup", 1, func(g *v1alpha1.NodeGroup) {
		g.Spec.MinNodes, g.Spec.UserData = 1, "{{.KubeletExtraArgs}}"
	})
	m := b.machines(t, g, 1)[0]
	if got := b.cloud.booted(m.Name).UserData; !strings.Contains(got, v1alpha1.TaintUninitialized+"=:NoSchedule") {
		t.Errorf("the user data is %q, without the startup taint", got)
	}
	var node corev1.Node
	if err := b.client.Get(t.Context(), client.ObjectKey{Name: m.Status.NodeName}, &node); err != nil {
		t.Fatal(err)
	}
	if len(node.Spec.Taints) > 0 {
		t.Errorf("the ready node has the taints %v", node.Spec.Taints)
	}
}
