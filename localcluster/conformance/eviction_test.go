package conformance

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// evictions says where a plan and the eviction API disagree: a Ready node is removed whose
// pods could not be evicted, or one is kept for a budget that lets its pods go. The API's
// rule is written down here once more, from its documentation (API-initiated eviction) and
// that of PodDisruptionBudgets; that it is the API server's, the tests of the controller
// hold against a real one.
func (c *cluster) evictions(p *plan.Plan, seen *tally) string {
	used, nodes := map[string]int{}, map[string]int{}
	broken := map[string]bool{} // budgets that nodes use which go and are not Ready
	for _, r := range p.Removals {
		asked, why := c.asks(r.Node)
		if n := c.nodeNamed(r.Node); n == nil || n.State != plan.Ready {
			for budget := range asked {
				broken[budget] = true
			}
			continue
		}
		if why != "" {
			return fmt.Sprintf("%s is removed, and %s", r.Node, why)
		}
		for budget, n := range asked {
			used[budget], nodes[budget] = used[budget]+n, nodes[budget]+1
			seen.charged++
		}
	}
	for _, b := range slices.Sorted(maps.Keys(used)) {
		// The pods of one node are evicted one after another, as new ones become healthy.
		if allowed := int(c.budgetNamed(b).Status.DisruptionsAllowed); nodes[b] > 1 && used[b] > allowed {
			return fmt.Sprintf("budget %s allows %d disruptions, and %d nodes with %d of its pods are removed at once", b, allowed, nodes[b], used[b])
		}
	}
	for _, k := range p.Kept {
		if k.Reason != plan.KeptPodDisruptionBudget {
			continue
		}
		asked, why := c.asks(k.Node)
		for budget, n := range asked {
			if why == "" && broken[budget] {
				why = "a node that is not Ready uses the budget, too"
			}
			if why == "" && nodes[budget] > 0 && used[budget]+n > int(c.budgetNamed(budget).Status.DisruptionsAllowed) {
				why = "others use the budget up"
			}
		}
		if why == "" {
			return fmt.Sprintf("%s is kept (%s), and all of its pods could be evicted", k.Node, k.Message)
		}
		seen.held++
	}
	return ""
}

// TestRandomBudgets holds removals against the eviction API's rule where nothing but budgets
// keeps a node.
func TestRandomBudgets(t *testing.T) {
	cases, first := fewCases, uint64(firstSeed)
	number(t, casesVariable, func(n uint64) { cases = int(n) })
	number(t, seedVariable, func(n uint64) { first = n })
	seen, disagreements := newTally(), 0
	compare := func(_ context.Context, _ *oracle, c *cluster, seen *tally) (string, error) {
		p := c.decide()
		seen.did(p)
		return c.evictions(p, seen), nil
	}
	for i := range cases {
		seed := first + uint64(i)
		c := drawBudgets(seed)
		if err := c.store(t.Context()); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		why, _ := compare(t.Context(), nil, c, seen)
		if why == "" {
			continue
		}
		if disagreements++; disagreements <= reported {
			small, why := shrink(t.Context(), nil, c, compare, why)
			t.Errorf("seed %d: %s\n%s", seed, why, small)
		}
	}
	t.Logf("%d removals, %d paid for by budgets, %d nodes kept by budgets; %d disagreements in %d cases from seed %d",
		seen.removals, seen.charged, seen.held, disagreements, cases, first)
	if cases >= enough && (seen.charged < 100 || seen.held < 100) {
		t.Errorf("%d nodes go at the cost of a budget, and %d are kept by one: that tests nothing", seen.charged, seen.held)
	}
}

// drawBudgets draws a group of large nodes that small pods leave room on.
func drawBudgets(seed uint64) *cluster {
	d := &drawing{Rand: rand.New(rand.NewPCG(seed, 0x627564)), cluster: &cluster{}, roomy: true}
	c := d.cluster
	c.namespaces = []*corev1.Namespace{{ObjectMeta: named("default")}, {ObjectMeta: named("other")}, {ObjectMeta: named("bare")}}
	c.offers = []*plan.Offer{{InstanceType: "type-0", DatacenterID: "dc", Price: 10_000_000, Allocatable: d.allocatable(), Available: true, Stock: -1}}
	c.groups = []*plan.Group{{
		Name: "g0", Max: 10, DatacenterID: "dc", Offers: []string{"type-0"},
		ScaleUp: plan.ScaleUp{CPU: 100, Memory: 100}, ScaleDown: plan.ScaleDown{Enabled: true, CPU: 100, Memory: 100},
	}}
	for i := range d.between(2, 6) {
		name := fmt.Sprintf("n%d", i)
		n := &plan.Node{Name: name, Machine: name, Group: "g0", InstanceType: "type-0", DatacenterID: "dc", State: plan.Ready, Object: &corev1.Node{ObjectMeta: named(name)}}
		n.Object.Labels = map[string]string{corev1.LabelHostname: name, plan.LabelNodeGroup: "g0"}
		n.Object.Status.Allocatable = d.allocatable()
		c.nodes = append(c.nodes, n)
	}
	for i := range d.between(1, 10) {
		p := d.freshPod()
		p.Name, p.UID = fmt.Sprintf("p%d", i), types.UID(fmt.Sprintf("p%d", i))
		p.Spec = corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}
		d.bind(p)
		c.pods = append(c.pods, p)
	}
	d.disruptions()
	return c
}

func named(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name} }
