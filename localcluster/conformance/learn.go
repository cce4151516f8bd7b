package conformance

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// agentTaint is a startup taint that needs no flag.
const agentTaint = "agent.example.com/agent-not-ready"

// machine is what a node of the group and type will be once it has joined, by the rules
// of the documentation written down one after another: what was ordered, and what all
// Ready nodes of the group and type show; without any those of the group, without these
// those of the type, which do not say what the group orders itself.
func (c *cluster) machine(name string, g *plan.Group, instanceType string) *corev1.Node {
	o := c.offer(instanceType)
	n := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: plan.NodeLabels(g, o)},
		Spec:       corev1.NodeSpec{Taints: g.Taints},
		Status:     corev1.NodeStatus{Allocatable: o.Allocatable.DeepCopy()},
	}
	teachers, level := c.teachers(g.Name, instanceType)
	if len(teachers) > 0 {
		learnt := c.common(teachers)
		if level == otherGroups {
			maps.DeleteFunc(learnt, func(key, _ string) bool { _, ordered := n.Labels[key]; return ordered })
		}
		maps.Copy(n.Labels, learnt)
		maps.Copy(n.Labels, o.Labels)
	}
	if level == 0 && len(teachers) > 1 {
		for _, t := range teachers[0].Object.Spec.Taints {
			same := func(other corev1.Taint) bool { return other.MatchTaint(&t) }
			everywhere := func(m *plan.Node) bool {
				return slices.ContainsFunc(m.Object.Spec.Taints, func(other corev1.Taint) bool { return same(other) && other.Value == t.Value })
			}
			if t.Key != agentTaint && repels(t) && !strings.HasPrefix(t.Key, "node.kubernetes.io/") &&
				!slices.ContainsFunc(g.Taints, same) && !slices.ContainsFunc(teachers, func(m *plan.Node) bool { return !everywhere(m) }) {
				n.Spec.Taints = append(slices.Clone(n.Spec.Taints), t)
			}
		}
	}
	c.devices(g, n.Status.Allocatable, instanceType)
	n.Labels[corev1.LabelHostname] = name
	return n
}

func (c *cluster) offer(instanceType string) *plan.Offer {
	return c.offers[slices.IndexFunc(c.offers, func(o *plan.Offer) bool { return o.InstanceType == instanceType })]
}

// typesOf are the instance types that the group may buy. Each is sold in one datacenter.
func typesOf(g *plan.Group) []string {
	var types []string
	for _, k := range g.Buys() {
		types = append(types, k.InstanceType)
	}
	return types
}

func fresh(n *plan.Node) bool {
	return !n.ReadySince.IsZero() && epoch.Sub(n.ReadySince) < 10*time.Minute
}

// like are the Ready nodes of which that is true, settled ones first, by name.
func (c *cluster) like(is func(*plan.Node) bool) []*plan.Node {
	var found []*plan.Node
	for _, settled := range []bool{true, false} {
		for _, n := range c.nodes {
			if n.State == plan.Ready && n.Group != "" && fresh(n) != settled && is(n) {
				found = append(found, n)
			}
		}
	}
	return found
}

// teachers are the nodes that show what a new one will be, and how near they are.
func (c *cluster) teachers(group, instanceType string) ([]*plan.Node, int) {
	for level, is := range levels(group, instanceType, c.offer(instanceType).DatacenterID) {
		if found := c.like(is); len(found) > 0 {
			return found, level
		}
	}
	return nil, 0
}

// otherGroups is the level at which only nodes of other groups are left to learn from.
const otherGroups = 2

func levels(group, instanceType, datacenter string) []func(*plan.Node) bool {
	return []func(*plan.Node) bool{
		func(n *plan.Node) bool { return n.Group == group && n.InstanceType == instanceType },
		func(n *plan.Node) bool { return n.Group == group && n.DatacenterID == datacenter },
		func(n *plan.Node) bool { return n.InstanceType == instanceType },
	}
}

// common are the labels that all have, fresh ones perhaps not yet, beside what was ordered.
func (c *cluster) common(teachers []*plan.Node) map[string]string {
	found := map[string]string{}
	for _, n := range teachers {
		if n != teachers[0] && !fresh(teachers[0]) {
			break
		}
		i := slices.IndexFunc(c.groups, func(g *plan.Group) bool { return g.Name == n.Group })
		var ordered map[string]string
		if i >= 0 {
			ordered = plan.NodeLabels(c.groups[i], c.offer(n.InstanceType))
		}
		for key, value := range n.Object.Labels {
			was, there := ordered[key]
			if key != corev1.LabelHostname && key != plan.LabelNodeGroup && value != n.Name && (!there || was != value) {
				found[key] = value
			}
		}
	}
	maps.DeleteFunc(found, func(key, value string) bool {
		return slices.ContainsFunc(teachers, func(n *plan.Node) bool {
			has, ok := n.Object.Labels[key]
			return ok && has != value || !ok && !fresh(n)
		})
	})
	return found
}

// devices are the least that all settled nodes have, and what was ordered where these
// differ.
func (c *cluster) devices(g *plan.Group, list corev1.ResourceList, instanceType string) {
	for level, is := range levels(g.Name, instanceType, c.offer(instanceType).DatacenterID) {
		teachers := c.like(is)
		types := map[string]bool{}
		for _, n := range teachers {
			types[n.InstanceType] = true
		}
		if len(teachers) == 0 || level == 1 && len(types) < 2 {
			continue
		}
		var amounts, early []int64
		for _, n := range teachers {
			q := n.Object.Status.Allocatable[gpu]
			if fresh(n) {
				early = append(early, q.Value())
			} else {
				amounts = append(amounts, q.Value())
			}
		}
		ordered := list[gpu]
		amount := ordered.Value()
		switch {
		case len(amounts) == 0:
			for _, a := range early {
				amount = max(amount, a)
			}
		case slices.Min(amounts) > 0 || slices.Max(amounts) == 0:
			amount = slices.Min(amounts)
		}
		list[gpu] = *resource.NewQuantity(amount, resource.DecimalSI)
		return
	}
}

// arrive makes machines on their way, and nodes that are Ready since a short time, what
// they will be when agents have done their work.
func (c *cluster) arrive(n *plan.Node) *corev1.Node {
	i := slices.IndexFunc(c.groups, func(g *plan.Group) bool { return g.Name == n.Group })
	switch {
	case n.State == plan.Ordered:
		return c.machine(n.Name, c.groups[i], n.InstanceType)
	case n.State != plan.Ready || !fresh(n):
		return n.Object
	}
	there := n.Object.DeepCopy()
	there.Spec.Taints = slices.DeleteFunc(there.Spec.Taints, func(t corev1.Taint) bool { return t.Key == agentTaint })
	if i < 0 {
		return there
	}
	will := c.machine(n.Name, c.groups[i], n.InstanceType)
	maps.Copy(will.Labels, there.Labels)
	there.Labels = will.Labels
	has, more := there.Status.Allocatable[gpu], will.Status.Allocatable[gpu]
	if more.Cmp(has) > 0 {
		there.Status.Allocatable[gpu] = more
	}
	return there
}

// daemonCPU is what a DaemonSet's pod asks for on a new node: as much as its template
// says, and as the nearest of its pods do.
func (c *cluster) daemonCPU(ds *appsv1.DaemonSet, group, instanceType string) resource.Quantity {
	most := ds.Spec.Template.Spec.Containers[0].Resources.Requests[corev1.ResourceCPU]
	for _, is := range append(levels(group, instanceType, c.offer(instanceType).DatacenterID), func(*plan.Node) bool { return true }) {
		found := false
		for _, p := range c.pods {
			on := func(n *plan.Node) bool { return n.Name == p.Spec.NodeName && n.State == plan.Ready && is(n) }
			if owner := metav1.GetControllerOf(p); owner == nil || owner.Name != ds.Name || !slices.ContainsFunc(c.nodes, on) {
				continue
			}
			found = true
			if q := p.Spec.Containers[0].Resources.Requests[corev1.ResourceCPU]; q.Cmp(most) > 0 {
				most = q
			}
		}
		if found {
			break
		}
	}
	return most
}

// provesNoHelp says that a Ready node of the group and type with nothing but DaemonSets'
// pods refuses the pod: none like it is bought for the pod.
func (c *cluster) provesNoHelp(ctx context.Context, o *oracle, p *corev1.Pod, b purchase) (bool, error) {
	for _, n := range c.nodes {
		if n.State != plan.Ready || n.Group != b.group || n.InstanceType != b.instanceType || n.Object.Spec.Unschedulable {
			continue
		}
		var own []*corev1.Pod
		vacant := true
		for _, other := range c.bound() {
			if other.Spec.NodeName != n.Name || other.Status.Phase == corev1.PodSucceeded || other.Status.Phase == corev1.PodFailed {
				continue
			}
			owner := metav1.GetControllerOf(other)
			vacant = vacant && owner != nil && owner.Kind == "DaemonSet"
			own = append(own, other)
		}
		if !vacant {
			continue
		}
		o.show([]*corev1.Node{n.Object}, own)
		judged, err := o.judge(ctx, p)
		if err != nil || !judged[n.Name].admitted {
			return err == nil, err
		}
	}
	return false, nil
}
