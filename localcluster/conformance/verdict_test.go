package conformance

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// verdicts asks both about every pending pod on every node.
func verdicts(ctx context.Context, o *oracle, c *cluster, seen *tally) (string, error) {
	if err := o.fill(c); err != nil {
		return "", err
	}
	o.show(c.objects(), c.bound())
	for _, p := range c.pods {
		if !waiting(p) {
			continue
		}
		want, err := o.judge(ctx, c.kept[nameOf(p)])
		if err != nil {
			return "", err
		}
		for _, n := range c.nodes {
			v := want[n.Name]
			seen.note(v)
			if got := c.planAdmits(p, n); got != v.admitted {
				return fmt.Sprintf("pod %s on node %s: plan says %t, kube-scheduler %s", nameOf(p), n.Name, got, v), nil
			}
		}
	}
	return "", nil
}

// planAdmits says whether the planner would put the one pod on the node, were that
// the only one that takes pods.
func (c *cluster) planAdmits(p *corev1.Pod, on *plan.Node) bool {
	var nodes []*plan.Node
	for _, n := range c.nodes {
		only := &plan.Node{Name: n.Name, State: plan.NotReady, Object: n.Object}
		if n == on {
			only.State = plan.Ready
		}
		nodes = append(nodes, only)
	}
	pods := []*corev1.Pod{p}
	for _, other := range c.pods {
		if other.Spec.NodeName != "" {
			pods = append(pods, other)
		}
	}
	s := c.state(nodes, pods)
	s.Groups, s.Offers = nil, nil
	placements := plan.Decide(s).Placements
	return len(placements) == 1 && placements[0].Pod == nameOf(p) && placements[0].Node == on.Name
}

func (v verdict) String() string {
	if v.admitted {
		return "admits it"
	}
	return "refuses it: " + v.plugin + ": " + v.reason
}
