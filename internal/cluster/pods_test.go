package cluster

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

func versioned(name, uid, version string) *StoredPod {
	return StorePod(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "ns", UID: types.UID(uid), ResourceVersion: version}})
}

// plannedOf are the pods of the next State.
func plannedOf(p *Pods) []*plan.Pod {
	o := &Objects{}
	p.Into(o)
	return slices.Collect(NewBuilder().State(o, nil, time.Now(), plan.Options{}).AllPods())
}

// A pod is worked out again when it has changed, and only then.
func TestPodsAreWorkedOutOnce(t *testing.T) {
	p := NewPods()
	old := versioned("p", "u", "1")
	p.Changed(nil, old)
	first := plannedOf(p)[0]
	if plannedOf(p)[0] != first {
		t.Error("a pod that had not changed was worked out twice")
	}
	p.Changed(old, versioned("p", "u", "2"))
	if second := plannedOf(p)[0]; second == first || second.Meta().ResourceVersion != "2" {
		t.Errorf("after a change it is version %s", second.Meta().ResourceVersion)
	}
}

// Whatever comes and goes in whatever order, the pods are those that are there.
func TestPodsFollowEveryChange(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	p, there := NewPods(), map[string]*StoredPod{}
	for i := range 5000 {
		name := fmt.Sprint("p-", random.IntN(60))
		before := there[name]
		uid := fmt.Sprint("uid-", i)
		if before != nil && random.IntN(3) > 0 {
			uid = string(before.UID) // else another pod has taken the name
		}
		after := versioned(name, uid, fmt.Sprint(i))
		after.node = []string{"", "n1", "n2", "n3"}[random.IntN(4)]
		there[name] = after
		if before != nil && random.IntN(3) == 0 {
			after = nil
			delete(there, name)
		}
		p.Changed(before, after)
		if random.IntN(10) > 0 {
			continue
		}
		o := &Objects{}
		p.Into(o)
		if n := len(slices.Collect(o.Planned())); n != len(there) || len(p.places) != len(there) {
			t.Fatalf("after %d changes: %d pods, %d indexed; want %d", i+1, n, len(p.places), len(there))
		}
		for pod := range o.Planned() {
			if meta := pod.Meta(); there[meta.Name] == nil || &there[meta.Name].ObjectMeta != meta {
				t.Fatalf("after %d changes: pod %s is version %s, want that of %v", i+1, meta.Name, meta.ResourceVersion, there[meta.Name])
			}
		}
	}
}

// Objects that were read without a Pods are planned from as well.
func TestPodsOfFiles(t *testing.T) {
	o := &Objects{Pods: []*corev1.Pod{versioned("a", "", "").Pod(), versioned("b", "", "").Pod()}}
	planned := NewBuilder().State(o, nil, time.Now(), plan.Options{}).Pods
	if !slices.EqualFunc(planned, o.Pods, func(a *plan.Pod, b *corev1.Pod) bool { return a.Object() == b }) {
		t.Errorf("%d pods are planned, want the two that were read", len(planned))
	}
}
