package conformance

import (
	"fmt"
	"maps"
	"slices"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// evictions says where a plan and the eviction API disagree: a Ready node is removed whose
// pods could not be evicted, or one is kept for a budget that lets its pods go. The API's
// rule is written down here once more, from its documentation (API-initiated eviction) and
// that of PodDisruptionBudgets; that it is the API server's, the tests of the controller
// hold against a real one.
func (c *cluster) evictions(p *plan.Plan, seen *tally) string {
	used, nodes := map[string]int{}, map[string]int{}
	for _, r := range p.Removals {
		asked, why := c.asks(r.Node)
		if n := c.nodeNamed(r.Node); n == nil || n.State != plan.Ready {
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
