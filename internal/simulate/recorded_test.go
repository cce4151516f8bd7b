package simulate

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/internal/record"
)

// recorded writes a record of pods, by name and when they were created, at a time.
func recorded(t *testing.T, at time.Time, pods map[string]time.Time) string {
	t.Helper()
	s := setting(nil)
	o := *s.Objects
	for name, created := range pods {
		p := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID(name), CreationTimestamp: metav1.NewTime(created)},
			Spec: corev1.PodSpec{
				NodeName: "old", NodeSelector: map[string]string{"pool": "web"},
				Volumes: []corev1.Volume{{Name: "v", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "gone"}}}},
				Containers: []corev1.Container{{Name: "c", Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
					corev1.ResourceCPU: resource.MustParse("1500m"), corev1.ResourceMemory: resource.MustParse("1Gi"),
				}}}},
			},
			Status: corev1.PodStatus{Phase: corev1.PodRunning},
		}
		if strings.HasPrefix(name, "daemon") {
			p.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "DaemonSet", Name: "d", UID: "d", Controller: new(true)}}
		}
		o.Pods = append(o.Pods, p)
	}
	file := filepath.Join(t.TempDir(), "record.json.gz")
	if err := record.New(&o, s.Markets, nil, at, plan.Options{}).WriteFile(file); err != nil {
		t.Fatal(err)
	}
	return file
}

// A pod is wanted from its creation until the record that lacks it; the simulation needs no
// other pods, nodes or volumes than those it makes.
func TestRecordsAreAWorkload(t *testing.T) {
	at := time.Date(2025, 10, 12, 12, 0, 0, 0, time.UTC)
	first := recorded(t, at, map[string]time.Time{"a": at.Add(-time.Hour), "b": at.Add(-time.Hour), "daemon": at})
	second := recorded(t, at.Add(2*time.Hour), map[string]time.Time{"a": at.Add(-time.Hour), "c": at.Add(time.Hour)})
	w, err := Recorded([]string{second, first}, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][2]time.Duration{}
	for _, d := range w.Demands {
		got[d.Name] = [2]time.Duration{d.Created, d.Deleted}
	}
	if len(got) != 3 || got["a"] != [2]time.Duration{0, forEver} || got["b"] != [2]time.Duration{0, 2 * time.Hour} || got["c"] != [2]time.Duration{time.Hour, forEver} || w.Length != 2*time.Hour {
		t.Errorf("%v, %s long", got, w.Length)
	}
	labelled := setting(func(g *v1alpha1.NodeGroup) { g.Spec.Labels = map[string]string{"pool": "web"} })
	r := run(t, w, labelled, options(calm()))
	if r.Pods.Wanted != 3 || r.Pods.NeverRan != 0 || r.Machines.Bought == 0 {
		t.Errorf("%+v %+v", r.Pods, r.Machines)
	}
	// One record is as long as it is asked for, else a day.
	for least, want := range map[time.Duration]time.Duration{0: 24 * time.Hour, time.Hour: time.Hour} {
		if w, err = Recorded([]string{first}, nil, least); err != nil || w.Length != want {
			t.Errorf("%v, %s long, want %s", err, w.Length, want)
		}
	}
	if _, err := Recorded([]string{recorded(t, at, nil)}, nil, 0); err == nil || !strings.Contains(err.Error(), "no pod") {
		t.Errorf("%v", err)
	}
}

// Nodes are as large as the NodeGroup's kubelet settings make them.
func TestKubeletSettingsSizeTheNodes(t *testing.T) {
	few := setting(func(g *v1alpha1.NodeGroup) { g.Spec.Kubelet = &v1alpha1.Kubelet{MaxPods: new(int32(10))} })
	g := few.Objects.NodeGroups[0]
	large := few.Markets["web"].Offers[1]
	if size := cluster.Allocatable(g, large); size.Pods().Value() != 10 {
		t.Fatalf("%s pods to a node, want 10", size.Pods())
	}
	var rows []string
	for range 40 {
		rows = append(rows, "0,,10,10")
	}
	w := trace(t, append(rows, "3600,3600,1,1")...)
	few.Name = "few"
	if many, r := run(t, w, setting(nil), options(calm())), run(t, w, few, options(calm())); many.Machines.Most != 1 || r.Machines.Most != 4 || r.Pods.NeverRan != 0 {
		t.Errorf("40 pods on %d nodes, and on %d with maxPods 10 (%d never ran); want 1, 4", many.Machines.Most, r.Machines.Most, r.Pods.NeverRan)
	}
}
