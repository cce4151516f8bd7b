package cluster

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// A value that is neither true nor false protects, and skips nothing; it is told.
func TestSwitchesOfAnnotations(t *testing.T) {
	for value, want := range map[string]struct{ protects, skips, told bool }{
		"":      {false, false, false},
		"false": {false, false, false},
		"true":  {true, true, false},
		"True":  {true, false, true},
		"yes":   {true, false, true},
		"1":     {true, false, true},
		" true": {true, false, true},
	} {
		meta := metav1.ObjectMeta{Name: "x", Annotations: map[string]string{v1alpha1.AnnotationDoNotDelete: value, v1alpha1.AnnotationSkipDrain: value}}
		g := &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{v1alpha1.AnnotationPause: value}}}
		m, node := &v1alpha1.VPSieNode{ObjectMeta: meta}, &corev1.Node{ObjectMeta: meta}
		g.Spec.MaxNodes = 1
		if LimitsOf(g, time.Time{}).Paused != want.protects || MustNotDelete(m) != want.protects || MustNotDelete(node) != want.protects {
			t.Errorf("%q: paused %t, kept %t and %t, want %t", value, LimitsOf(g, time.Time{}).Paused, MustNotDelete(m), MustNotDelete(node), want.protects)
		}
		if SkipsDrain(m) != want.skips || SkipsDrain(node) != want.skips {
			t.Errorf("%q: skips the drain %t, want %t", value, SkipsDrain(m), want.skips)
		}
		told := [][]string{GroupProblems(g, time.Time{}), MachineProblems(m, node)}
		for i, number := range []int{1, 4} {
			if !want.told {
				number = 0
			}
			if len(told[i]) != number {
				t.Errorf("%q: told %q, want %d problems", value, told[i], number)
			}
		}
		if text := strings.Join(told[1], "\n"); want.told && (!strings.Contains(text, v1alpha1.AnnotationDoNotDelete+`: "`+value+`" is neither true nor false`) || !strings.Contains(text, "Node x: annotation ")) {
			t.Errorf("%q: told %q", value, text)
		}
	}
}

func TestDrainTimeoutOfAnnotations(t *testing.T) {
	for value, want := range map[string]time.Duration{"0": 0, "90": 90 * time.Second, "1m": -1, "-1": -1, "1.5": -1, "": -1, "99999999999": -1} {
		m := &v1alpha1.VPSieNode{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{v1alpha1.AnnotationDrainTimeout: value}}}
		got, ok := DrainTimeout(m)
		if ok != (want >= 0) || ok && got != want {
			t.Errorf("%q: %s, %t; want %s", value, got, ok, want)
		}
		if problems := MachineProblems(m, nil); (len(problems) > 0) != (want < 0 && value != "") {
			t.Errorf("%q: told %q", value, problems)
		}
	}
}

// Values of other autoscalers' annotations that mean nothing are told of pods, once for all
// that have them, and of Nodes.
func TestAnnotationsOfOthersAreTold(t *testing.T) {
	meta := func(name, key, value string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: "shop", Name: name, Annotations: map[string]string{key: value}}
	}
	const evict, disabled = "cluster-autoscaler.kubernetes.io/safe-to-evict", "cluster-autoscaler.kubernetes.io/scale-down-disabled"
	told := Gaps(&Objects{
		Nodes: []*corev1.Node{{ObjectMeta: meta("n", disabled, "yes")}},
		Pods:  []*corev1.Pod{{ObjectMeta: meta("b", evict, "no")}, {ObjectMeta: meta("a", evict, "no")}, {ObjectMeta: meta("c", evict, "true")}},
	})
	text := strings.Join(told, "\n")
	for _, want := range []string{
		"Node n: annotation " + disabled + `: "yes" is not true or false`,
		"pods shop/a, shop/b: annotation " + evict + `: "no" is not true, false or on-completion`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("told %q, want %q", text, want)
		}
	}
}

// An annotation in the autoscaler's name that means nothing where it is, is told: somebody relies on it.
func TestStrayAnnotationsAreTold(t *testing.T) {
	meta := func(keys ...string) metav1.ObjectMeta {
		m := metav1.ObjectMeta{Name: "x", Annotations: map[string]string{}}
		for _, key := range keys {
			m.Annotations[key] = "true"
		}
		return m
	}
	told := Gaps(&Objects{
		NodeGroups: []*v1alpha1.NodeGroup{{ObjectMeta: meta("autoscaler.vpsie.com/paused", v1alpha1.AnnotationPause, v1alpha1.AnnotationDoNotDelete, "example.com/paused")}},
		VPSieNodes: []*v1alpha1.VPSieNode{{ObjectMeta: meta(v1alpha1.AnnotationPause, v1alpha1.AnnotationDoNotDelete, v1alpha1.AnnotationOrder)}},
		Nodes:      []*corev1.Node{{ObjectMeta: meta(v1alpha1.AnnotationMinNodesOverride, "autoscaler.vpsie.com/draining")}},
	})
	told = slices.DeleteFunc(told, func(n string) bool { return !strings.Contains(n, "means nothing on") })
	var heads []string
	for _, n := range told {
		head, _, _ := strings.Cut(n, " means nothing on")
		heads = append(heads, head)
	}
	if diff := cmp.Diff([]string{
		"NodeGroup x: annotation autoscaler.vpsie.com/do-not-delete", "NodeGroup x: annotation autoscaler.vpsie.com/paused",
		"VPSieNode x: annotation autoscaler.vpsie.com/pause", "Node x: annotation autoscaler.vpsie.com/min-nodes-override",
	}, heads); diff != "" || !strings.Contains(told[0], "on a NodeGroup, where these do: autoscaler.vpsie.com/max-nodes-override,") {
		t.Errorf("-want +got:\n%s%q", diff, told)
	}
}
