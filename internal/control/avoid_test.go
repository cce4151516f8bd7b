package control

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

func soft(key string) corev1.Taint {
	return corev1.Taint{Key: key, Effect: corev1.TaintEffectPreferNoSchedule}
}

// New pods avoid a node that may go, and as soon as it is needed they do no more. Other taints are left alone, and so are
// nodes that are leaving and nodes of others.
func TestNewPodsAvoidNodesThatMayGo(t *testing.T) {
	own := corev1.Taint{Key: "own", Effect: corev1.TaintEffectNoSchedule}
	unneeded, replacing := soft(v1alpha1.TaintUnneeded), soft(v1alpha1.TaintReplacing)
	for name, tc := range map[string]struct {
		has  []corev1.Taint
		plan plan.Plan
		// change is nil where the node is one of others.
		change func(*v1alpha1.VPSieNode)
		// want is nil where nothing is to be written.
		want []corev1.Taint
	}{
		"it waits to go":           {has: []corev1.Taint{own}, plan: plan.Plan{Unneeded: []string{"n"}}, want: []corev1.Taint{own, unneeded}},
		"it is to be replaced":     {plan: plan.Plan{Replacing: []string{"n"}}, want: []corev1.Taint{replacing}},
		"its replacement is Ready": {has: []corev1.Taint{replacing}, plan: plan.Plan{Replacing: []string{"n"}, Unneeded: []string{"n"}}},
		"it is to be replaced now": {has: []corev1.Taint{unneeded}, plan: plan.Plan{Replacing: []string{"n"}}, want: []corev1.Taint{replacing}},
		"it is needed again":       {has: []corev1.Taint{unneeded, own}, want: []corev1.Taint{own}},
		"it is needed":             {has: []corev1.Taint{own}},
		"all is written":           {has: []corev1.Taint{own, unneeded}, plan: plan.Plan{Unneeded: []string{"n"}}},
		"it goes now":              {plan: plan.Plan{Unneeded: []string{"n"}, Removals: []plan.Removal{{Node: "n"}}}},
		"it is being drained":      {plan: plan.Plan{Unneeded: []string{"n"}}, change: func(m *v1alpha1.VPSieNode) { m.DeletionTimestamp = new(metav1.Now()) }},
		"it is another's":          {has: []corev1.Taint{unneeded}, change: func(m *v1alpha1.VPSieNode) { m.Name, m.Status.NodeName = "m", "m" }},
	} {
		m := &v1alpha1.VPSieNode{ObjectMeta: metav1.ObjectMeta{Name: "n"}, Status: v1alpha1.VPSieNodeStatus{NodeName: "n"}}
		if tc.change != nil {
			tc.change(m)
		}
		api := &tainting{written: map[string][]corev1.Taint{}}
		r := &notes{Client: api}
		n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n"}, Spec: corev1.NodeSpec{Taints: tc.has}}
		left, err := r.avoid(t.Context(), &cluster.Objects{VPSieNodes: []*v1alpha1.VPSieNode{m}, Nodes: []*corev1.Node{n}}, &tc.plan)
		if got, written := api.written["n"]; err != nil || left || written != (tc.want != nil) || !equality.Semantic.DeepEqual(got, tc.want) {
			t.Errorf("%s: the taints %v are written, want %v; left %t (%v)", name, got, tc.want, left, err)
		}
		before, after := nodeNews(n), nodeNews(&corev1.Node{ObjectMeta: n.ObjectMeta, Spec: corev1.NodeSpec{Taints: tc.want}})
		if tc.want != nil && !equality.Semantic.DeepEqual(before, after) {
			t.Errorf("%s: what is written starts another round", name)
		}
	}
}

// However many nodes may go at once, a round writes some of the taints only, and says that some are left.
func TestTaintsAreWrittenBitByBit(t *testing.T) {
	const count = mostNotes + 20
	api := &tainting{written: map[string][]corev1.Taint{}}
	r := &notes{Client: api}
	o, p := &cluster.Objects{}, &plan.Plan{}
	for i := range count {
		name := fmt.Sprintf("n%03d", i)
		o.VPSieNodes = append(o.VPSieNodes, &v1alpha1.VPSieNode{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: v1alpha1.VPSieNodeStatus{NodeName: name}})
		o.Nodes, p.Unneeded = append(o.Nodes, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}), append(p.Unneeded, name)
	}
	for i, want := range []struct {
		written int
		left    bool
	}{{mostNotes, true}, {count, false}, {count, false}} {
		if left, err := r.avoid(t.Context(), o, p); err != nil || left != want.left || len(api.written) != want.written {
			t.Fatalf("round %d: %d of %d taints are written, left %t (%v); want %d, %t", i, len(api.written), count, left, err, want.written, want.left)
		}
		for _, n := range o.Nodes {
			n.Spec.Taints = api.written[n.Name]
		}
	}
}

// A taint is not left for the next round, which nothing may start, when somebody has changed the node meanwhile.
func TestTaintOfANodeThatSomebodyChangesIsWrittenAtOnce(t *testing.T) {
	own, theirs, unneeded := corev1.Taint{Key: "own", Effect: corev1.TaintEffectNoSchedule}, corev1.Taint{Key: "theirs", Effect: corev1.TaintEffectNoSchedule}, soft(v1alpha1.TaintUnneeded)
	for name, tc := range map[string]struct {
		stored []corev1.Taint // nil for a node that is gone
		races  int
		want   []corev1.Taint // nil where nothing is to be written
		fails  bool
	}{
		"once":                   {[]corev1.Taint{own, theirs}, 1, []corev1.Taint{own, theirs, unneeded}, false},
		"and again":              {[]corev1.Taint{own, theirs}, 2, []corev1.Taint{own, theirs, unneeded}, false},
		"without end":            {[]corev1.Taint{own, theirs}, 1000, nil, true},
		"and the taint is there": {[]corev1.Taint{own, unneeded}, 1, nil, false},
		"and it is gone":         {nil, 1, nil, false},
	} {
		api := &tainting{written: map[string][]corev1.Taint{}, races: tc.races, stored: tc.stored}
		r := &notes{Client: api, Live: api}
		m := &v1alpha1.VPSieNode{ObjectMeta: metav1.ObjectMeta{Name: "n"}, Status: v1alpha1.VPSieNodeStatus{NodeName: "n"}}
		n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n"}, Spec: corev1.NodeSpec{Taints: []corev1.Taint{own}}}
		_, err := r.avoid(t.Context(), &cluster.Objects{VPSieNodes: []*v1alpha1.VPSieNode{m}, Nodes: []*corev1.Node{n}}, &plan.Plan{Unneeded: []string{"n"}})
		if got := api.written["n"]; (err != nil) != tc.fails || !equality.Semantic.DeepEqual(got, tc.want) {
			t.Errorf("changed %s: the taints %v are written, want %v (%v)", name, got, tc.want, err)
		}
		if len(n.Spec.Taints) != 1 {
			t.Errorf("changed %s: the node of the cache is changed to %v", name, n.Spec.Taints)
		}
	}
}

// tainting takes down which taints are written, once as many writes as races have met a node that somebody has given the taints
// stored meanwhile.
type tainting struct {
	client.Client
	mu      sync.Mutex
	written map[string][]corev1.Taint
	races   int
	stored  []corev1.Taint
}

func (a *tainting) Get(_ context.Context, key client.ObjectKey, o client.Object, _ ...client.GetOption) error {
	if a.stored == nil {
		return apierrors.NewNotFound(corev1.Resource("nodes"), key.Name)
	}
	n := o.(*corev1.Node)
	n.Name, n.Spec.Taints = key.Name, slices.Clone(a.stored)
	return nil
}

func (a *tainting) Patch(_ context.Context, o client.Object, _ client.Patch, _ ...client.PatchOption) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.races > 0 {
		a.races--
		return apierrors.NewConflict(corev1.Resource("nodes"), o.GetName(), nil)
	}
	a.written[o.GetName()] = o.(*corev1.Node).Spec.Taints
	return nil
}
