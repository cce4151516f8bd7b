package plan_test

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/plantest"
)

// TestSpreadPodsLieEvenly: two apps of thirty small pods that spread by hostname do not buy a node for
// each pod of one where few nodes hold as many each. Spread costs less than a tenth then, and no node has
// two pods of an app more than another.
func TestSpreadPodsLieEvenly(t *testing.T) {
	pods := plantest.CompanyPods(200, 1, false)[:60]
	for i, p := range pods {
		p.Labels["app"] = []string{"one", "other"}[i%2]
		p.Spec.Containers = pods[0].Spec.Containers
	}
	decide := func() *plan.Plan {
		s := plantest.Company(0, 1, false)
		for _, p := range pods {
			s.Pods = append(s.Pods, plan.NewPod(p))
		}
		return plan.Decide(s)
	}
	free := decide()
	for _, p := range pods {
		plantest.Spread(p, corev1.LabelHostname)
	}
	spread := decide()
	if float64(spread.Cost.After) > 1.1*float64(free.Cost.After) || len(spread.Unplaced) > 0 {
		t.Errorf("%d nodes for %s an hour, %s without spread, %d pods without a node", len(spread.Launches), spread.Cost.After, free.Cost.After, len(spread.Unplaced))
	}
	for _, app := range []string{"one", "other"} {
		var counts []int
		for _, l := range spread.Launches {
			n := 0
			for _, p := range pods {
				if p.Labels["app"] == app && slices.Contains(l.Pods, p.Namespace+"/"+p.Name) {
					n++
				}
			}
			counts = append(counts, n)
		}
		if slices.Max(counts) > slices.Min(counts)+1 {
			t.Errorf("app %s has %v pods on the nodes", app, counts)
		}
	}
}
