package conformance

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// TestDivergences holds planner and kube-scheduler together where another autoscaler
// is known to mean something else than kube-scheduler.
func TestDivergences(t *testing.T) {
	for _, d := range []divergence{
		{
			name:  "the minimum of a spread by hostname is the real one",
			nodes: []*plan.Node{small("n1"), small("n2"), small("n3")},
			pods: slices.Concat(
				copies(2, bare("a", "n1", "app=a")), copies(2, bare("b", "n2", "app=a")), copies(2, bare("c", "n3", "app=a")),
				copies(3, bare("d", "", "app=a", spread(corev1.LabelHostname, 1, "app=a"))),
			),
			want: map[string]string{"d-1": "n1", "d-2": "n2", "d-3": "n3"},
		},
		{
			name:  "one existing pod must match all terms of a required affinity",
			nodes: []*plan.Node{small("n1")},
			pods: []*corev1.Pod{
				bare("one", "n1", "app=a"), bare("two", "n1", "tier=b"),
				bare("seeker", "", "app=s", near(corev1.LabelHostname, "app=a"), near(corev1.LabelTopologyZone, "tier=b")),
			},
			want: map[string]string{"seeker": ""},
		},
		{
			name:  "of several spread constraints only nodes with all keys count",
			nodes: []*plan.Node{small("n1", "rack=r1", "topology.kubernetes.io/zone=z1"), small("n2", "topology.kubernetes.io/zone=z2")},
			pods: []*corev1.Pod{
				bare("old", "n1", "app=a"),
				bare("new", "", "app=a", spread(corev1.LabelTopologyZone, 1, "app=a"), spread("rack", 5, "app=a")),
			},
			want: map[string]string{"new": "n1"},
		},
		{
			name:  "host ports of sidecars count",
			nodes: []*plan.Node{small("n1")},
			pods:  append(copies(2, bare("new", "", "app=a", sidecarPort(80))), bare("old", "n1", "app=a", sidecarPort(80))),
			max:   2,
			want:  map[string]string{"new-1": "g-new-1", "new-2": "g-new-2"},
		},
		{
			name:  "pods that are being deleted count for affinity and not for spread",
			nodes: []*plan.Node{small("n1")},
			pods: []*corev1.Pod{
				bare("old", "n1", "app=a", terminating), bare("seeker", "", "app=s", near(corev1.LabelHostname, "app=a")),
				bare("shy", "", "app=x", apart(corev1.LabelHostname, "app=a")),
				bare("even", "", "app=a", spread(corev1.LabelHostname, 1, "app=a")),
			},
			want: map[string]string{"seeker": "n1", "shy": "", "even": "n1"},
		},
		{
			name:  "minDomains belongs to the constraint of its pod",
			nodes: []*plan.Node{small("n1", "topology.kubernetes.io/zone=z1")},
			pods: slices.Concat(
				copies(2, bare("strict", "", "app=a", "v=1", spread(corev1.LabelTopologyZone, 1, "app=a", minDomains(2), byRevision))),
				copies(2, bare("easy", "", "app=a", "v=2", spread(corev1.LabelTopologyZone, 1, "app=a", byRevision))),
			),
			want: map[string]string{"strict-1": "n1", "strict-2": "", "easy-1": "n1", "easy-2": "n1"},
		},
		{
			name:  "matchLabelKeys are each pod's own",
			nodes: []*plan.Node{small("n1"), small("n2")},
			pods: slices.Concat(
				copies(2, bare("old", "", "app=a", "v=1", spread(corev1.LabelHostname, 1, "app=a", byRevision))),
				copies(2, bare("new", "", "app=a", "v=2", spread(corev1.LabelHostname, 1, "app=a", byRevision))),
			),
			want: map[string]string{"old-1": "n1", "old-2": "n2", "new-1": "n1", "new-2": "n2"},
		},
		{
			name:  "anti-affinity by zone is decided for all zones at once",
			nodes: []*plan.Node{small("n1", "topology.kubernetes.io/zone=z1")},
			pods:  copies(4, bare("api", "", "app=api", apart(corev1.LabelTopologyZone, "app=api"))),
			max:   5, zones: []string{"z1", "z2", "z3"},
			want: map[string]string{"api-1": "n1", "api-2": "g-new-1", "api-3": "g-new-2", "api-4": ""},
		},
	} {
		t.Run(d.name, d.test)
	}
}

type divergence struct {
	name  string
	nodes []*plan.Node
	pods  []*corev1.Pod
	// max is how many nodes can be bought, in any of the zones.
	max   int
	zones []string
	// want is the node that each pending pod gets; empty for none.
	want map[string]string
}

// test decides the case from files and as stored: the planner must do the same, and
// kube-scheduler must agree with every part of it.
func (d divergence) test(t *testing.T) {
	o, err := newOracle(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, fromFiles := range []bool{true, false} {
		c := d.cluster()
		c.fromFiles = fromFiles
		if err := c.store(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the first decision must leave nothing behind in the pods
			got := map[string]string{}
			for name := range d.want {
				got[name] = places(c.decide())["default/"+name]
			}
			if !maps.Equal(got, d.want) {
				t.Errorf("from files %t: got %v, want %v", fromFiles, got, d.want)
			}
		}
		for _, compare := range []check{verdicts, plans} {
			if why, err := compare(t.Context(), o, c, newTally()); why != "" || err != nil {
				t.Errorf("from files %t: %s %v", fromFiles, why, err)
			}
		}
	}
}

func (d divergence) cluster() *cluster {
	c := &cluster{nodes: d.nodes, pods: d.pods, namespaces: []*corev1.Namespace{{ObjectMeta: metav1.ObjectMeta{Name: "default"}}}}
	if d.max == 0 {
		return c
	}
	g := &plan.Group{Name: "g", Max: d.max, DatacenterID: "dc", AllowMixed: true, ScaleUp: plan.ScaleUp{Enabled: true, CPU: 100, Memory: 100}}
	zones := d.zones
	if len(zones) == 0 {
		zones = []string{"z"}
	}
	for _, zone := range zones {
		o := &plan.Offer{
			InstanceType: "small-" + zone, DatacenterID: "dc", Price: 10_000_000, Allocatable: small("").Object.Status.Allocatable,
			Labels: map[string]string{corev1.LabelTopologyZone: zone}, Available: true, Stock: -1,
		}
		c.offers, g.Offers = append(c.offers, o), append(g.Offers, o.InstanceType)
	}
	c.groups = []*plan.Group{g}
	return c
}

func small(name string, labels ...string) *plan.Node {
	o := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: pairs(labels...)}}
	o.Labels[corev1.LabelHostname] = name
	if _, ok := o.Labels[corev1.LabelTopologyZone]; !ok {
		o.Labels[corev1.LabelTopologyZone] = "z"
	}
	o.Status.Allocatable = corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("2"), corev1.ResourceMemory: resource.MustParse("4Gi"), corev1.ResourcePods: resource.MustParse("110"),
	}
	return &plan.Node{Name: name, State: plan.Ready, Object: o}
}

// bare is a pod with labels, given as text, and whatever functions add to it.
func bare(name, node string, with ...any) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, UID: types.UID(name), Labels: map[string]string{}}}
	p.Spec.NodeName, p.Spec.SchedulerName = node, corev1.DefaultSchedulerName
	p.Spec.Containers = []corev1.Container{{Name: "main", Image: "example.com/image", Resources: corev1.ResourceRequirements{
		Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m")},
	}}}
	for _, w := range with {
		switch w := w.(type) {
		case string:
			maps.Copy(p.Labels, pairs(w))
		case func(*corev1.Pod):
			w(p)
		}
	}
	return p
}

func copies(n int, p *corev1.Pod) []*corev1.Pod {
	var all []*corev1.Pod
	for i := range n {
		one := p.DeepCopy()
		one.Name = fmt.Sprintf("%s-%d", p.Name, i+1)
		one.UID = types.UID(one.Name)
		all = append(all, one)
	}
	return all
}
