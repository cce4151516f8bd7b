package record

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

var then = time.Date(2025, 10, 12, 12, 0, 0, 0, time.UTC)

// sample is an input with two pods of one workload and one for itself.
func sample() (*cluster.Objects, map[string]cluster.Market, *plan.Limit) {
	pod := func(name, app string, seconds int) *corev1.Pod {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: "payroll", Name: name, Labels: map[string]string{"app": app, "app.kubernetes.io/name": app, "rank": "7"},
				CreationTimestamp: metav1.NewTime(then.Add(time.Duration(seconds) * time.Second)),
				OwnerReferences:   []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: app + "-1", UID: "u", Controller: new(true)}},
			},
			Spec: corev1.PodSpec{
				Containers: []corev1.Container{{Name: "c", Image: "registry/x", Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1")}}}},
				Affinity: &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{
					TopologyKey: corev1.LabelHostname, Namespaces: []string{"payroll"},
					LabelSelector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: metav1.LabelSelectorOpIn, Values: []string{app}}}},
				}}}},
			},
			Status: corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: "payroll/" + name + " does not fit"}}},
		}
	}
	o := &cluster.Objects{
		NodeGroups: []*v1alpha1.NodeGroup{{
			ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "kube-system", Generation: 3},
			Spec:       v1alpha1.NodeGroupSpec{MaxNodes: 5, DatacenterID: "dc", OfferingIDs: []string{"small"}, OSImageID: "u"},
		}},
		Namespaces:        []*corev1.Namespace{{ObjectMeta: metav1.ObjectMeta{Name: "payroll", Labels: map[string]string{corev1.LabelMetadataName: "payroll"}}}},
		Pods:              []*corev1.Pod{pod("secretive-b", "secretive", 1), pod("secretive-a", "secretive", 2), pod("other-x", "other", 3)},
		KubernetesVersion: "1.37",
	}
	offer := &plan.Offer{
		InstanceType: "small", DatacenterID: "dc", Category: "A", Price: 12_000_001, Available: true, Stock: -1,
		Capacity:     corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("2"), corev1.ResourceMemory: resource.MustParse("4Gi")},
		Allocatable:  plan.EstimateAllocatable(2, 4096, 80),
		BackoffUntil: then.Add(-time.Hour), BackoffReason: "sold out",
	}
	return o, map[string]cluster.Market{"web": {
		Offers: []*plan.Offer{offer}, Fixed: map[*plan.Offer]bool{offer: true}, Prices: map[string]plan.Money{"vm": 7}, NoGrowth: "", Limit: &plan.Limit{Left: 4, Reason: plan.Unproven, Message: "few"},
	}}, &plan.Limit{Left: 3, Reason: plan.Unproven, Message: "three"}
}

func decide(t *testing.T, r *Record) (*plan.Plan, string) {
	t.Helper()
	objects, markets, limit := r.Input()
	state := cluster.NewBuilder().State(objects, markets, r.At, r.Options)
	state.Limit = limit
	p := plan.Decide(state)
	text, err := Fingerprint(p)
	if err != nil {
		t.Fatal(err)
	}
	return p, text
}

// What is written and read again, compressed or not, is what was there; the plan is the same.
func TestRecordSurvivesItsFile(t *testing.T) {
	o, markets, limit := sample()
	options := plan.Options{ExpendablePriorityCutoff: -10, StartupTaints: []plan.StartupTaint{{Key: "example.com/*"}}}
	r := New(o, markets, limit, then, options)
	state := cluster.NewBuilder().State(o, markets, then, options)
	state.Limit = limit
	original := plan.Decide(state)
	want, err := Fingerprint(original)
	if err != nil {
		t.Fatal(err)
	}
	if len(original.Launches) != 3 {
		t.Fatalf("%d launches, want 3: %+v", len(original.Launches), original)
	}
	if len(r.Pods.Classes) != 2 || len(r.Pods.Pods) != 3 {
		t.Errorf("%d classes of %d pods, want 2 of 3", len(r.Pods.Classes), len(r.Pods.Pods))
	}
	for _, name := range []string{"record.json", "record.json.gz"} {
		file := filepath.Join(t.TempDir(), name)
		if err := r.WriteFile(file); err != nil {
			t.Fatal(err)
		}
		read, err := ReadFile(file, nil)
		if err != nil {
			t.Fatal(err)
		}
		var a, b bytes.Buffer
		if err := r.Write(&a); err != nil {
			t.Fatal(err)
		}
		if err := read.Write(&b); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(a.String(), b.String()); diff != "" {
			t.Errorf("%s, -written +read: %s", name, diff)
		}
		if _, got := decide(t, read); got != want {
			t.Errorf("%s: the plan is another one", name)
		}
	}
}

// With hidden names nothing tells of the business, and the plan does the same.
func TestHiddenNames(t *testing.T) {
	o, markets, limit := sample()
	r := New(o, markets, limit, then, plan.Options{})
	before, _ := decide(t, r)
	if err := r.HideNames(); err != nil {
		t.Fatal(err)
	}
	after, _ := decide(t, r)
	if len(after.Launches) != len(before.Launches) || len(after.Unplaced) != len(before.Unplaced) || after.Cost.After != before.Cost.After {
		t.Errorf("the plan does something else: %+v, before %+v", after, before)
	}
	var text bytes.Buffer
	if err := r.Write(&text); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"secretive", "payroll", "other"} {
		if strings.Contains(text.String(), name) {
			t.Errorf("it has %s: %s", name, &text)
		}
	}
	for _, word := range []string{`"web"`, `"small"`, `"rank": "7"`} {
		if !strings.Contains(text.String(), word) {
			t.Errorf("it lacks %s", word)
		}
	}
}

// A file that no record is, or not a whole one, is refused by saying what is wrong.
func TestReadRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":               "not a record",
		"apiVersion: v1": "not a record",
		`{"apiVersion": "v1", "kind": "List", "items": []}`:                                                                                                 `apiVersion "v1" and kind "List" are not`,
		`{"apiVersion": "record.autoscaler.vpsie.com/v2", "kind": "Record"}`:                                                                                "a matching version",
		`{"apiVersion": "record.autoscaler.vpsie.com/v1", "kind": "Record"}`:                                                                                "at: the time is missing",
		`{"apiVersion": "record.autoscaler.vpsie.com/v1", "kind": "Record", "at": "2025-10-12T12:00:00Z"}`:                                                  "objects: they are missing",
		`{"apiVersion": "record.autoscaler.vpsie.com/v1", "kind": "Record", "at": "2025-10-12T12:00:00Z", "objects": {"nodes": [null]}}`:                    "item 0 of nodes",
		`{"apiVersion": "record.autoscaler.vpsie.com/v1", "kind": "Record", "at": "2025-10-12T12:00:00Z", "objects": {}, "pods": {"pods": [{"class": 0}]}}`: "none of the 0 classes",
		`{"apiVersion": "record.autoscaler.vpsie.com/v1", "kind": "Record", "at": "2025-10-12T12:00:00Z", "objects": {}, "pods": {"classes": [null]}}`:      "pods.classes[0] is null",
		`{"apiVersion": "record.autoscaler.vpsie.com/v1", "kind": "Record", "at": "2025-10-12T12:00`:                                                        "not a record",
		"\x1f\x8b": "unpacking it",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// Records of earlier releases stay readable, and are planned as they were.
func TestVersion1IsStillRead(t *testing.T) {
	r, err := ReadFile("testdata/v1.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := decide(t, r)
	if len(p.Launches) != 3 || p.Launches[0].InstanceType != "small" || len(p.Unplaced) != 0 {
		t.Errorf("%+v", p)
	}
}
