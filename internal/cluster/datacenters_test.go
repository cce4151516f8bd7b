package cluster

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

func acrossTwo() *v1alpha1.NodeGroup {
	g := &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Name: "web", Generation: 3}}
	g.Spec.MaxNodes, g.Spec.OfferingIDs = 9, []string{"small", "large"}
	g.Spec.Datacenters = []v1alpha1.Datacenter{{ID: "US East (1)"}, {ID: "dc2"}}
	return g
}

// What a group may buy differs by datacenter where a selector chooses.
func TestWhatAGroupMayBuyInEachDatacenter(t *testing.T) {
	g := acrossTwo()
	east, two := g.Spec.Datacenters[0].ID, g.Spec.Datacenters[1].ID
	held := time.Unix(1_700_000_000, 0)
	market := &Market{}
	market.Close(two, Closed{Why: "machines do not arrive", Reason: plan.Backoff, Until: held})
	market.Close(two, Closed{Why: "later"})
	want := []plan.Datacenter{
		{ID: east, Offers: []string{"small", "large"}},
		{ID: two, Offers: []string{"small", "large"}, Closed: "machines do not arrive", Reason: plan.Backoff, Until: held},
	}
	if diff := cmp.Diff(want, DatacentersOf(g, market)); diff != "" {
		t.Error(diff)
	}
	g.Spec.OfferingIDs, g.Spec.OfferingSelector = nil, &v1alpha1.OfferingSelector{Exclude: []string{"x"}}
	g.Status.Offerings = []v1alpha1.OfferingInfo{{InstanceType: "small", DatacenterID: two}, {InstanceType: "large", DatacenterID: two}, {InstanceType: "small", DatacenterID: east}}
	for name, test := range map[string]struct {
		market   *Market
		one, two []string
	}{
		"as last chosen":  {&Market{}, []string{"small"}, []string{"small", "large"}},
		"as chosen now":   {&Market{Selected: []plan.OfferKey{{DatacenterID: east, InstanceType: "huge"}}}, []string{"huge"}, nil},
		"nothing chosen":  {&Market{NoneSelected: true}, nil, nil},
		"without markets": {nil, []string{"small"}, []string{"small", "large"}},
	} {
		list := DatacentersOf(g, test.market)
		if diff := cmp.Diff([][]string{test.one, test.two}, [][]string{list[0].Offers, list[1].Offers}); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if g.Spec.Datacenters = nil; DatacentersOf(g, market) != nil {
		t.Error("a group in one datacenter has several")
	}
}

// A node without a VPSieNode is where its labels say, by its group's name for that.
func TestWhereANodeIs(t *testing.T) {
	one := &v1alpha1.NodeGroup{Spec: v1alpha1.NodeGroupSpec{DatacenterID: "US West (9)"}}
	for name, test := range map[string]struct {
		group  *v1alpha1.NodeGroup
		labels map[string]string
		want   string
	}{
		"our label":               {acrossTwo(), map[string]string{v1alpha1.LabelDatacenter: "US-East--1", corev1.LabelTopologyZone: "dc2"}, "US East (1)"},
		"the zone":                {acrossTwo(), map[string]string{corev1.LabelTopologyZone: "dc2", corev1.LabelTopologyRegion: "far"}, "dc2"},
		"the region":              {acrossTwo(), map[string]string{corev1.LabelTopologyRegion: "US-East--1"}, "US East (1)"},
		"nothing":                 {acrossTwo(), nil, ""},
		"a group in one":          {one, map[string]string{corev1.LabelTopologyZone: "z", corev1.LabelTopologyRegion: "r"}, "US West (9)"},
		"a group in one, by ours": {one, map[string]string{v1alpha1.LabelDatacenter: "US-West--9"}, "US West (9)"},
		"none of ours":            {nil, map[string]string{corev1.LabelTopologyZone: "z", corev1.LabelTopologyRegion: "r"}, "r"},
	} {
		n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Labels: test.labels}}
		if got := datacenterOf(n, test.group); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// That a type is no help in one datacenter says nothing of the other, also after a restart.
func TestProofsOfOneDatacenter(t *testing.T) {
	g := acrossTwo()
	proof := plan.Unsuitable{Group: "web", DatacenterID: "dc2", InstanceType: "small", Pods: "abc", Node: "n1", Reason: plan.TaintNotTolerated, Since: time.Unix(1_700_000_000, 0)}
	g.Status.Unsuitable = UnsuitableStatus(g, &plan.Plan{Unsuitable: []plan.Unsuitable{proof}})
	if g.Status.Unsuitable[0].DatacenterID != "dc2" {
		t.Errorf("the status is %+v", g.Status.Unsuitable)
	}
	if diff := cmp.Diff([]plan.Unsuitable{proof}, unsuitableOf(g)); diff != "" {
		t.Error(diff)
	}
	one := &v1alpha1.NodeGroup{ObjectMeta: g.ObjectMeta, Spec: v1alpha1.NodeGroupSpec{DatacenterID: "dc2"}}
	one.Status.Unsuitable = UnsuitableStatus(one, &plan.Plan{Unsuitable: []plan.Unsuitable{proof}})
	if one.Status.Unsuitable[0].DatacenterID != "" || unsuitableOf(one)[0].DatacenterID != "dc2" {
		t.Errorf("in one datacenter the status is %+v, and read %+v", one.Status.Unsuitable, unsuitableOf(one))
	}
}
