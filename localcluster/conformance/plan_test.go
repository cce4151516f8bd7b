package conformance

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	corev1helpers "k8s.io/component-helpers/scheduling/corev1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// plans lets a plan come true and asks kube-scheduler about what has come of it.
func plans(ctx context.Context, o *oracle, c *cluster, seen *tally) (string, error) {
	if err := o.fill(c); err != nil {
		return "", err
	}
	p := c.decide()
	out, err := c.outcome(p)
	if err != nil { // the plan cannot come true: that is what is looked for
		return err.Error(), nil //nolint:nilerr // a finding, not a failure of the comparison
	}
	seen.did(p)
	if err := firstError(
		replace(o.informers.Core().V1().PersistentVolumeClaims().Informer(), out.claims()),
		replace(o.informers.Storage().V1().CSINodes().Informer(), out.csiNodes()),
	); err != nil {
		return "", err
	}
	if why, err := out.turnedOut(ctx, o, seen); why != "" || err != nil {
		return why + told(p), err
	}
	for _, u := range p.Unplaced {
		kept := c.kept[u.Pod]
		if why, err := out.finds(ctx, o, kept, seen); why != "" || err != nil {
			return fmt.Sprintf("%s is called unplaced (%s) and fits %s%s", u.Pod, u.Refusals[0].Message, why, told(p)), err
		}
		if kept.Spec.Priority != nil && *kept.Spec.Priority < 0 {
			continue // nothing is bought for it
		}
		if len(p.Removals) > 0 {
			continue // what a removal opens can be bought for once the node is gone
		}
		for _, b := range c.buyable(p) {
			with := out.copy()
			with.join("another", b.group, b.instanceType)
			if why, err := with.finds(ctx, o, kept, seen); why != "" || err != nil {
				return fmt.Sprintf("%s is called unplaced (%s) and fits one more %s of %s%s", u.Pod, u.Refusals[0].Message, b.instanceType, b.group, told(p)), err
			}
		}
	}
	return "", nil
}

// turnedOut says which pod that the plan gives a place would not be admitted there,
// with everything else where the plan wants it.
func (out *outcome) turnedOut(ctx context.Context, o *oracle, seen *tally) (string, error) {
	for _, p := range out.placed {
		o.show(out.nodes, out.without(p))
		judged, err := o.judge(ctx, again(p))
		if err != nil {
			return "", err
		}
		v := judged[p.Spec.NodeName]
		seen.note(v)
		if !v.admitted {
			return fmt.Sprintf("%s is planned for %s: kube-scheduler %s", nameOf(p), p.Spec.NodeName, v), nil
		}
		if !out.takes[p.Spec.NodeName] {
			return fmt.Sprintf("%s is planned for %s, which takes no pods", nameOf(p), p.Spec.NodeName), nil
		}
	}
	return "", nil
}

// finds is a place for a pod that the plan calls unplaced: a node that is there in
// the end, or one that could have been bought.
func (out *outcome) finds(ctx context.Context, o *oracle, p *corev1.Pod, seen *tally) (string, error) {
	o.show(out.nodes, out.pods)
	judged, err := o.judge(ctx, p)
	if err != nil {
		return "", err
	}
	for _, n := range out.nodes {
		v := judged[n.Name]
		seen.note(v)
		if v.admitted && out.takes[n.Name] {
			if crowded, err := out.crowds(ctx, o, p, n.Name); err != nil || !crowded {
				return n.Name, err
			}
			seen.crowds++
		}
	}
	return "", nil
}

// crowds says whether the pod, put on the node, would take the admission away from
// one that matters as much. kube-scheduler puts pods anywhere that others spread by or
// keep away from, whatever becomes of the others' rules: whether both get a place
// depends on which comes first. The planner counts on no order.
func (out *outcome) crowds(ctx context.Context, o *oracle, p *corev1.Pod, node string) (bool, error) {
	with := out.copy()
	with.put(p, node)
	for _, other := range with.placed {
		if corev1helpers.PodPriority(other) < corev1helpers.PodPriority(p) {
			continue
		}
		o.show(with.nodes, with.without(other))
		judged, err := o.judge(ctx, again(other))
		if err != nil || !judged[other.Spec.NodeName].admitted {
			return true, err
		}
	}
	return false, nil
}

func told(p *plan.Plan) string {
	text := "\nplan:"
	for _, l := range p.Launches {
		text += fmt.Sprintf("\n  buy %s %s for %v", l.Name, l.InstanceType, l.Pods)
	}
	for _, pl := range p.Placements {
		text += fmt.Sprintf("\n  place %s on %s", pl.Pod, pl.Node)
	}
	for _, r := range p.Removals {
		text += fmt.Sprintf("\n  remove %s, move %v", r.Node, r.Moves)
	}
	for _, u := range p.Unplaced {
		text += fmt.Sprintf("\n  unplaced %s", u.Pod)
	}
	return text
}
