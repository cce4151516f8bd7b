package conformance

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
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
	if why := c.evictions(p, seen); why != "" {
		return why + told(p), nil
	}
	claims, volumes, why := out.storage()
	if why != "" {
		return why + told(p), nil
	}
	if err := firstError(
		replace(o.informers.Core().V1().PersistentVolumeClaims().Informer(), claims),
		replace(o.informers.Core().V1().PersistentVolumes().Informer(), volumes),
		replace(o.informers.Storage().V1().CSINodes().Informer(), out.csiNodes()),
	); err != nil {
		return "", err
	}
	if why, err := out.turnedOut(ctx, o, seen); why != "" || err != nil {
		return why + told(p), err
	}
	for _, u := range p.Unplaced {
		kept := c.kept[u.Pod]
		if why, err := out.finds(ctx, o, kept, p, seen); why != "" || err != nil {
			return fmt.Sprintf("%s is called unplaced (%s) and fits %s%s", u.Pod, u.Refusals[0].Message, why, told(p)), err
		}
		if kept.Spec.Priority != nil && *kept.Spec.Priority < 0 {
			continue // nothing is bought for it
		}
		if len(p.Removals) > 0 {
			continue // what a removal opens can be bought for once the node is gone
		}
		for _, b := range c.buyable(p) {
			if no, err := c.provesNoHelp(ctx, o, kept, b); no || err != nil {
				if err != nil {
					return "", err
				}
				continue
			}
			why, err := out.findsBought(ctx, o, kept, b, seen)
			if why != "" || err != nil {
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
			early, err := out.admittedEarly(ctx, o, p)
			if err != nil || !early {
				return fmt.Sprintf("%s is planned for %s: kube-scheduler %s", nameOf(p), p.Spec.NodeName, v), err
			}
			seen.early++
		}
		if !out.takes[p.Spec.NodeName] {
			return fmt.Sprintf("%s is planned for %s, which takes no pods", nameOf(p), p.Spec.NodeName), nil
		}
	}
	return "", nil
}

// admittedEarly says whether a pod goes on its node before the machines come that the
// plan buys: what arrives with them, a DaemonSet's pods among it, does not send it away.
func (out *outcome) admittedEarly(ctx context.Context, o *oracle, p *corev1.Pod) (bool, error) {
	now := out.copy()
	now.nodes = slices.DeleteFunc(now.nodes, func(n *corev1.Node) bool { return out.bought[n.Name] })
	return now.admitted(ctx, o, p)
}

// finds is a node that is there in the end and has a place for a pod that the plan
// calls unplaced.
func (out *outcome) finds(ctx context.Context, o *oracle, p *corev1.Pod, decided *plan.Plan, seen *tally) (string, error) {
	for _, n := range out.nodes {
		if i := slices.IndexFunc(decided.Launches, func(l plan.Launch) bool { return l.Name == n.Name }); i >= 0 {
			no, err := out.cluster.provesNoHelp(ctx, o, p, purchase{decided.Launches[i].Group, decided.Launches[i].InstanceType})
			if err != nil {
				return "", err
			}
			if no {
				continue // it will be like the node that refuses the pod, whatever was ordered
			}
		}
		if fits, err := out.fits(ctx, o, p, n.Name, seen); fits || err != nil {
			return n.Name, err
		}
	}
	return "", nil
}

// findsBought is finds for a node that could be bought on top of the plan.
func (out *outcome) findsBought(ctx context.Context, o *oracle, p *corev1.Pod, b purchase, seen *tally) (string, error) {
	with := out.copy()
	with.join("another", b.group, b.instanceType)
	sees := func(csi []*storagev1.CSINode) error {
		return replace(o.informers.Storage().V1().CSINodes().Informer(), csi)
	}
	if err := sees(with.csiNodes()); err != nil {
		return "", err
	}
	fits, err := with.fits(ctx, o, p, "another", seen)
	if err := firstError(err, sees(out.csiNodes())); !fits || err != nil {
		return "", err
	}
	return "another", nil
}

// fits says whether the pod would be admitted on the node, also without what the plan
// finds room for only once nothing else wants it: expendable pods come last, and a
// place beside them, or at a distance from them, was none when the others were placed.
func (out *outcome) fits(ctx context.Context, o *oracle, p *corev1.Pod, node string, seen *tally) (bool, error) {
	if !out.takes[node] {
		return false, nil
	}
	lasting := out.copy()
	if corev1helpers.PodPriority(p) >= 0 {
		lasting.pods = slices.DeleteFunc(lasting.pods, func(other *corev1.Pod) bool {
			return corev1helpers.PodPriority(other) < 0 && slices.Contains(out.placed, other)
		})
	}
	for _, there := range []*outcome{out, lasting} {
		o.show(there.nodes, there.pods)
		judged, err := o.judge(ctx, p)
		if err != nil {
			return false, err
		}
		seen.note(judged[node])
		if !judged[node].admitted {
			return false, nil
		}
	}
	crowded, err := out.crowds(ctx, o, p, node)
	if crowded {
		seen.crowds++
	}
	return !crowded, err
}

// crowds says whether the pod, put on the node, would take the admission away from
// one that matters as much, or only has its place thanks to one that matters less and
// would lose its own. kube-scheduler puts pods anywhere that others spread by or keep
// away from, whatever becomes of the others' rules: whether both get a place depends on
// which comes first. The planner counts on no order.
func (out *outcome) crowds(ctx context.Context, o *oracle, p *corev1.Pod, node string) (bool, error) {
	with := out.copy()
	with.put(p, node)
	for again := true; again; {
		again = false
		for _, other := range with.placed {
			ok, err := with.admitted(ctx, o, other)
			if err != nil {
				return false, err
			}
			if ok {
				continue
			}
			if corev1helpers.PodPriority(other) >= corev1helpers.PodPriority(p) {
				return true, nil // the pod itself among them
			}
			with.pods, again = with.without(other), true
			with.placed = slices.DeleteFunc(with.placed, func(one *corev1.Pod) bool { return one == other })
			break
		}
	}
	return false, nil
}

// admitted says whether a pod would be admitted where it is.
func (out *outcome) admitted(ctx context.Context, o *oracle, p *corev1.Pod) (bool, error) {
	o.show(out.nodes, out.without(p))
	judged, err := o.judge(ctx, again(p))
	return judged[p.Spec.NodeName].admitted, err
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
