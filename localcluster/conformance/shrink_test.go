package conformance

import (
	"context"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	storagev1 "k8s.io/api/storage/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// shrink leaves out of a cluster what the disagreement does not need.
func shrink(ctx context.Context, o *oracle, c *cluster, compare check, why string) (*cluster, string) {
	for again := true; again; {
		again = false
		for _, smaller := range c.smaller() {
			if smaller.store(ctx) != nil {
				continue // what is left out can make the rest invalid
			}
			if still, err := compare(ctx, o, smaller, newTally()); err == nil && still != "" {
				c, why, again = smaller, still, true
				break
			}
		}
	}
	return c, why
}

// smaller are the clusters with one thing less, larger things first.
func (c *cluster) smaller() []*cluster {
	var all []*cluster
	try := func(change func(*cluster)) {
		less := *c
		change(&less)
		all = append(all, &less)
	}
	for i := range c.pods {
		try(func(l *cluster) { l.pods = slices.Delete(slices.Clone(c.pods), i, i+1) })
	}
	for i, n := range c.nodes {
		used := slices.ContainsFunc(c.pods, func(p *corev1.Pod) bool { return p.Spec.NodeName == n.Name })
		if !used {
			try(func(l *cluster) { l.nodes = slices.Delete(slices.Clone(c.nodes), i, i+1) })
		}
	}
	dropEach(c.csiNodes, func(rest []*csiNode) { try(func(l *cluster) { l.csiNodes = rest }) })
	dropEach(c.drivers, func(rest []*driver) { try(func(l *cluster) { l.drivers = rest }) })
	dropEach(c.capacities, func(rest []*capacity) { try(func(l *cluster) { l.capacities = rest }) })
	dropEach(c.attachments, func(rest []*attachment) { try(func(l *cluster) { l.attachments = rest }) })
	dropEach(c.claims, func(rest []*claim) { try(func(l *cluster) { l.claims = rest }) })
	dropEach(c.volumes, func(rest []*volume) { try(func(l *cluster) { l.volumes = rest }) })
	dropEach(c.classes, func(rest []*class) { try(func(l *cluster) { l.classes = rest }) })
	typed := slices.ContainsFunc(c.nodes, func(n *plan.Node) bool { return n.InstanceType != "" })
	if len(c.groups) == 0 && !typed && len(c.offers) > 0 { // what a node of a type has is for its offer to say
		try(func(l *cluster) { l.offers = nil })
	}
	dropEach(c.budgets, func(rest []*budget) { try(func(l *cluster) { l.budgets = rest }) })
	dropEach(c.daemons, func(rest []*daemonSet) { try(func(l *cluster) { l.daemons = rest }) })
	for i, g := range c.groups {
		// What an ordered machine becomes is for its group to say.
		coming := slices.ContainsFunc(c.nodes, func(n *plan.Node) bool { return n.State == plan.Ordered && n.Group == g.Name })
		if !coming {
			try(func(l *cluster) { l.groups = slices.Delete(slices.Clone(c.groups), i, i+1) })
		}
	}
	for i, p := range c.pods {
		for _, change := range simpler(p) {
			try(func(l *cluster) {
				l.pods = slices.Clone(c.pods)
				l.pods[i] = p.DeepCopy()
				change(l.pods[i])
			})
		}
	}
	for i, n := range c.nodes {
		if n.State == plan.Ordered {
			continue // it is what its type says
		}
		for key := range n.Object.Labels {
			try(func(l *cluster) {
				l.nodes = slices.Clone(c.nodes)
				less := *n
				less.Object = n.Object.DeepCopy()
				delete(less.Object.Labels, key)
				l.nodes[i] = &less
			})
		}
		if len(n.Object.Spec.Taints) > 0 || n.Object.Spec.Unschedulable {
			try(func(l *cluster) {
				l.nodes = slices.Clone(c.nodes)
				less := *n
				less.Object = n.Object.DeepCopy()
				less.Object.Spec = corev1.NodeSpec{}
				l.nodes[i] = &less
			})
		}
	}
	return all
}

func dropEach[T any](list []T, with func(rest []T)) {
	for i := range list {
		with(slices.Delete(slices.Clone(list), i, i+1))
	}
}

// simpler are changes that leave one thing out of a pod.
func simpler(p *corev1.Pod) []func(*corev1.Pod) {
	var all []func(*corev1.Pod)
	may := func(is bool, change func(*corev1.Pod)) {
		if is {
			all = append(all, change)
		}
	}
	s := &p.Spec
	may(len(s.Tolerations) > 0, func(p *corev1.Pod) { p.Spec.Tolerations = nil })
	may(len(s.NodeSelector) > 0, func(p *corev1.Pod) { p.Spec.NodeSelector = nil })
	may(len(s.Volumes) > 0, func(p *corev1.Pod) { p.Spec.Volumes = p.Spec.Volumes[1:] })
	may(len(s.InitContainers) > 0, func(p *corev1.Pod) { p.Spec.InitContainers = nil })
	may(len(s.Containers) > 1, func(p *corev1.Pod) { p.Spec.Containers = p.Spec.Containers[:1] })
	may(s.Overhead != nil, func(p *corev1.Pod) { p.Spec.Overhead = nil })
	may(s.Resources != nil, func(p *corev1.Pod) { p.Spec.Resources = nil })
	may(s.Priority != nil, func(p *corev1.Pod) { p.Spec.Priority = nil })
	may(len(s.Containers[0].Ports) > 0, func(p *corev1.Pod) { p.Spec.Containers[0].Ports = p.Spec.Containers[0].Ports[1:] })
	may(len(s.Containers[0].Resources.Requests) > 0, func(p *corev1.Pod) { p.Spec.Containers[0].Resources = corev1.ResourceRequirements{} })
	may(p.DeletionTimestamp != nil, func(p *corev1.Pod) { p.DeletionTimestamp, p.DeletionGracePeriodSeconds = nil, nil })
	may(len(p.Status.ContainerStatuses) > 0, func(p *corev1.Pod) { p.Status.ContainerStatuses = nil })
	may(p.Labels["v"] != "", func(p *corev1.Pod) { delete(p.Labels, "v") })
	for i := range s.TopologySpreadConstraints {
		may(true, func(p *corev1.Pod) {
			p.Spec.TopologySpreadConstraints = slices.Delete(p.Spec.TopologySpreadConstraints, i, i+1)
		})
	}
	if a := s.Affinity; a != nil {
		may(a.NodeAffinity != nil, func(p *corev1.Pod) { p.Spec.Affinity.NodeAffinity = nil })
		may(a.PodAffinity != nil, func(p *corev1.Pod) { p.Spec.Affinity.PodAffinity = nil })
		may(a.PodAntiAffinity != nil, func(p *corev1.Pod) { p.Spec.Affinity.PodAntiAffinity = nil })
	}
	return all
}

type (
	csiNode    = storagev1.CSINode
	driver     = storagev1.CSIDriver
	capacity   = storagev1.CSIStorageCapacity
	attachment = storagev1.VolumeAttachment
	class      = storagev1.StorageClass
	claim      = corev1.PersistentVolumeClaim
	volume     = corev1.PersistentVolume
	daemonSet  = appsv1.DaemonSet
	budget     = policyv1.PodDisruptionBudget
)
