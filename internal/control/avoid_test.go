package control

import (
	"context"
	"fmt"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
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

// tainting takes down which taints are written.
type tainting struct {
	client.Client
	mu      sync.Mutex
	written map[string][]corev1.Taint
}

func (a *tainting) Patch(_ context.Context, o client.Object, _ client.Patch, _ ...client.PatchOption) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.written[o.GetName()] = o.(*corev1.Node).Spec.Taints
	return nil
}
