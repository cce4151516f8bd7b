package explain

import (
	"fmt"

	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
)

// PrintDrain says what deleting the node's VPSieNode will do.
func (a *NodeAnswer) PrintDrain(p *Page) {
	m := a.machine
	what := "Node %s (%s, NodeGroup %s) will be drained, and its VPS deleted for good."
	if a.Load == nil {
		what = "Machine %s (%s, NodeGroup %s), which has no Kubernetes node, will be given up."
	}
	p.news(Busy, what, a.Node, m.Spec.InstanceType, m.Spec.NodeGroupName)
	moving, last, held := a.evictions()
	var steps []string
	if restarts := a.restarts(); len(restarts) > 0 {
		steps = append(steps, fmt.Sprintf("before any pod is evicted, another pod of each is made ready by a restart: %s", observe.Some(restarts)))
	}
	if len(moving) == 0 {
		steps = append(steps, "no pod needs to be evicted")
	} else {
		steps = append(steps, fmt.Sprintf("%s evicted, as far as PodDisruptionBudgets allow it: %s", pods(len(moving)), observe.Some(moving)))
	}
	if len(last) > 0 {
		steps = append(steps, fmt.Sprintf("at the end the pods of DaemonSets are evicted that ask for it: %s", observe.Some(last)))
	}
	switch {
	case m.Spec.VPSieInstanceID != 0 && a.Price != "":
		steps = append(steps, fmt.Sprintf("VPS %d is deleted with its disk, which saves %s an hour", m.Spec.VPSieInstanceID, a.Price))
	case m.Spec.VPSieInstanceID != 0:
		steps = append(steps, fmt.Sprintf("VPS %d is deleted with its disk", m.Spec.VPSieInstanceID))
	default:
		steps = append(steps, "its VPS, which was ordered but is not known yet, is deleted when it appears")
	}
	if g := a.group; g != nil {
		if limits := cluster.LimitsOf(g, p.now); int(g.Status.DesiredNodes) <= limits.Min {
			steps = append(steps, fmt.Sprintf("NodeGroup %s has %s and minNodes %d: another is bought in its place", g.Name, observe.Count(int(g.Status.DesiredNodes), "node"), limits.Min))
		} else if len(moving) > 0 {
			steps = append(steps, "pods that fit no other node make the autoscaler buy one")
		}
	}
	p.list(steps)
	if len(held) > 0 {
		p.heading("WHAT HOLDS IT UP, OR WHAT IS LOST")
		p.list(held)
	}
}

// evictions are the pods that a drain evicts, those that it evicts at the end, and what holds any of them back.
func (a *NodeAnswer) evictions() (moving, last, held []string) {
	for _, h := range a.Pods {
		switch {
		case h.EvictedLast:
			last = append(last, h.Pod)
		case h.Stays, h.Restarts != "":
		default:
			moving = append(moving, h.Pod)
			if h.Why != "" {
				held = append(held, h.Why)
			}
		}
	}
	return moving, last, held
}
