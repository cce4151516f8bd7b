package dryrun

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

func TestPodsByWhatTheyAreOneOf(t *testing.T) {
	owned := func(kind, name string, labels map[string]string) *plan.Pod {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: kind + "-pod", Labels: labels}}
		if kind != "" {
			pod.OwnerReferences = []metav1.OwnerReference{{Kind: kind, Name: name, Controller: new(true)}}
		}
		return plan.NewPod(pod)
	}
	for name, test := range map[string]struct {
		pod  *plan.Pod
		want string
	}{
		"of a Deployment":       {owned("ReplicaSet", "web-5d8f", map[string]string{"pod-template-hash": "5d8f"}), "Deployment ns/web"},
		"of a ReplicaSet alone": {owned("ReplicaSet", "web-5d8f", nil), "ReplicaSet ns/web-5d8f"},
		"of a StatefulSet":      {owned("StatefulSet", "db1", nil), "StatefulSet ns/db1"},
		"of a CronJob":          {owned("Job", "backup-29001234", nil), "Job ns/backup-*"},
		"by itself":             {owned("", "", nil), "ns/-pod"},
	} {
		names := namePods(slices.Values([]*plan.Pod{test.pod}))
		if got := names.of("ns/" + test.pod.Object().Name); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
	none := podNames{}
	for name, want := range map[string]string{"ns/worker-17": "ns/worker-*", "ns/worker17": "ns/worker*", "ns/worker": "ns/worker"} {
		if got := none.of(name); got != want {
			t.Errorf("%s is one of %q, want %q", name, got, want)
		}
	}
	summary := none.summary([]string{"n/a-1", "n/b-1", "n/a-2", "n/c", "n/d", "n/e"})
	if diff := cmp.Diff("2 of n/a-*, n/b-1, n/c, 2 others", summary); diff != "" {
		t.Errorf("summary -want +got:\n%s", diff)
	}
	if got := none.summary([]string{"n/a", "n/b", "n/c", "n/d"}); got != "n/a, n/b, n/c, n/d" {
		t.Errorf("summary %q leaves out one that has room", got)
	}
}
