package conformance

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/controller/daemon"
	daemonutil "k8s.io/kubernetes/pkg/controller/daemon/util"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// outcome is the cluster once a plan has come true.
type outcome struct {
	cluster *cluster
	nodes   []*corev1.Node
	// takes says which nodes pods can be put on.
	takes map[string]bool
	// bought are the nodes that the plan buys.
	bought map[string]bool
	pods   []*corev1.Pod
	// placed are the pods that the plan gave a place, as they lie there.
	placed []*corev1.Pod
}

// decide shows the cluster to the planner. Machines on their way are no nodes yet.
func (c *cluster) decide() *plan.Plan {
	var nodes []*plan.Node
	for _, n := range c.nodes {
		shown := *n
		if n.State == plan.Ordered {
			shown.Object = nil
		}
		nodes = append(nodes, &shown)
	}
	return plan.Decide(c.state(nodes, c.pods))
}

func (c *cluster) outcome(p *plan.Plan) (*outcome, error) {
	out := &outcome{cluster: c, takes: map[string]bool{}, bought: map[string]bool{}}
	gone := map[string]bool{}
	for _, r := range p.Removals {
		gone[r.Node] = true
	}
	for _, n := range c.nodes {
		if gone[n.Name] {
			continue
		}
		there := c.arrive(n)
		out.nodes = append(out.nodes, there)
		out.takes[n.Name] = n.State == plan.Ready || n.State == plan.Ordered
		if n.State == plan.Ordered || n.State == plan.Ready && fresh(n) {
			out.runDaemons(there, n.Group, n.InstanceType)
		}
	}
	for _, l := range p.Launches {
		out.join(l.Name, l.Group, l.InstanceType)
		out.bought[l.Name] = true
	}
	for _, pod := range c.pods {
		if pod.Spec.NodeName != "" && !gone[pod.Spec.NodeName] {
			out.pods = append(out.pods, c.kept[nameOf(pod)])
		}
	}
	for pod, node := range places(p) {
		kept := c.kept[pod]
		if kept == nil {
			return nil, fmt.Errorf("the plan places %s, which there is not", pod)
		}
		if _, there := out.takes[node]; !there {
			return nil, fmt.Errorf("the plan places %s on %s, which there is not", pod, node)
		}
		out.put(kept, node)
	}
	slices.SortFunc(out.placed, func(a, b *corev1.Pod) int { return compareNames(nameOf(a), nameOf(b)) })
	return out, nil
}

func compareNames(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// places is where the plan puts pods, by their names.
func places(p *plan.Plan) map[string]string {
	all := map[string]string{}
	for _, l := range p.Launches {
		for _, pod := range l.Pods {
			all[pod] = l.Name
		}
	}
	for _, pl := range p.Placements {
		all[pl.Pod] = pl.Node
	}
	for _, r := range p.Removals {
		for _, m := range r.Moves {
			all[m.Pod] = m.To
		}
	}
	return all
}

// put lays a pod on a node.
func (out *outcome) put(pod *corev1.Pod, node string) {
	there := pod.DeepCopy()
	there.Spec.NodeName = node
	out.pods, out.placed = append(out.pods, there), append(out.placed, there)
}

// copy is the same again, to try something out on.
func (out *outcome) copy() *outcome {
	with := *out
	with.nodes, with.takes = slices.Clone(out.nodes), maps.Clone(out.takes)
	with.pods, with.placed = slices.Clone(out.pods), slices.Clone(out.placed)
	return &with
}

// purchase is a node that a group could get.
type purchase struct{ group, instanceType string }

// buyable is what could be bought on top of the plan.
func (c *cluster) buyable(p *plan.Plan) []purchase {
	var all []purchase
	for _, g := range c.groups {
		count := 0
		for _, n := range c.nodes {
			if n.Group == g.Name {
				count++
			}
		}
		sold := map[string]int{}
		for _, l := range p.Launches {
			sold[l.InstanceType]++
			if l.Group == g.Name {
				count++
			}
		}
		// Which type a group without mixed instances may have depends on what it has.
		if count >= g.Max || !g.AllowMixed && g.Preferred == "" && len(typesOf(g)) > 1 {
			continue
		}
		for _, o := range c.offers {
			named := slices.Contains(typesOf(g), o.InstanceType) && (g.AllowMixed || g.Preferred == "" || g.Preferred == o.InstanceType)
			if named && o.Available && (o.Stock < 0 || o.Stock > sold[o.InstanceType]) {
				all = append(all, purchase{g.Name, o.InstanceType})
			}
		}
	}
	return all
}

// without is everything but the pod.
func (out *outcome) without(pod *corev1.Pod) []*corev1.Pod {
	return slices.DeleteFunc(slices.Clone(out.pods), func(p *corev1.Pod) bool { return p == pod })
}

// join adds a node of a group, with the DaemonSet pods that will run on it.
func (out *outcome) join(name, group, instanceType string) {
	c := out.cluster
	g := c.groups[slices.IndexFunc(c.groups, func(g *plan.Group) bool { return g.Name == group })]
	n := c.machine(name, g, instanceType)
	out.nodes, out.takes[name] = append(out.nodes, n), true
	out.runDaemons(n, group, instanceType)
}

// runDaemons starts on the node what the DaemonSet controller would, and has not yet.
func (out *outcome) runDaemons(n *corev1.Node, group, instanceType string) {
	for _, ds := range out.cluster.daemons {
		runs := slices.ContainsFunc(out.cluster.bound(), func(p *corev1.Pod) bool {
			owner := metav1.GetControllerOf(p)
			return p.Spec.NodeName == n.Name && owner != nil && owner.Kind == "DaemonSet" && owner.Name == ds.Name
		})
		if runs {
			continue
		}
		if should, _ := daemon.NodeShouldRunDaemonPod(klog.Logger{}, n, ds); !should {
			continue
		}
		p := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: ds.Namespace, Name: ds.Name + "-" + n.Name, UID: types.UID(ds.Name + "-" + n.Name), Labels: ds.Spec.Template.Labels,
			},
			Spec: *ds.Spec.Template.Spec.DeepCopy(),
		}
		daemonutil.AddOrUpdateDaemonPodTolerations(&p.Spec)
		p.Spec.NodeName = n.Name
		p.Spec.Containers[0].Resources.Requests[corev1.ResourceCPU] = out.cluster.daemonCPU(ds, group, instanceType)
		for i := range p.Spec.Containers {
			for j := range p.Spec.Containers[i].Ports {
				port := &p.Spec.Containers[i].Ports[j]
				if port.Protocol == "" {
					port.Protocol = corev1.ProtocolTCP
				}
			}
		}
		out.pods = append(out.pods, p)
	}
}

// again is the pod as its controller would make it anew. Where pods of other
// schedulers go is not known; the planner reckons with kube-scheduler's rules.
func again(p *corev1.Pod) *corev1.Pod {
	fresh := p.DeepCopy()
	fresh.Spec.NodeName, fresh.Status, fresh.DeletionTimestamp = "", corev1.PodStatus{}, nil
	fresh.Spec.SchedulerName = corev1.DefaultSchedulerName
	return fresh
}
