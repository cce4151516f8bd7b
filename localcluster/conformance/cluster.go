package conformance

import (
	"context"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	storagev1 "k8s.io/api/storage/v1"
	"sigs.k8s.io/yaml"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// cluster is what a case consists of.
type cluster struct {
	namespaces []*corev1.Namespace
	groups     []*plan.Group
	offers     []*plan.Offer
	nodes      []*plan.Node
	// pods are as users wrote them; kept is what the API server makes of them, by name.
	pods     []*corev1.Pod
	kept     map[string]*corev1.Pod
	volumes  []*corev1.PersistentVolume
	claims   []*corev1.PersistentVolumeClaim
	classes  []*storagev1.StorageClass
	csiNodes []*storagev1.CSINode
	// drivers, capacities and attachments are what storage tells of itself.
	drivers     []*storagev1.CSIDriver
	capacities  []*storagev1.CSIStorageCapacity
	attachments []*storagev1.VolumeAttachment
	daemons     []*appsv1.DaemonSet
	budgets     []*policyv1.PodDisruptionBudget
	// fromFiles gives the planner pending pods as written instead of as stored.
	fromFiles bool
}

func nameOf(p *corev1.Pod) string { return p.Namespace + "/" + p.Name }

// store works out what the API server keeps.
func (c *cluster) store(ctx context.Context) error {
	c.kept = map[string]*corev1.Pod{}
	for _, n := range c.nodes {
		if n.State == plan.Ordered {
			n.Object = c.arrive(n)
		}
	}
	for _, p := range c.pods {
		kept, err := stored(ctx, p)
		if err != nil {
			return err
		}
		c.kept[nameOf(p)] = kept
	}
	return nil
}

// seen is the pod as the planner is shown it. What is on a node has been through the
// API server in any case.
func (c *cluster) seen(p *corev1.Pod) *corev1.Pod {
	if c.fromFiles && p.Spec.NodeName == "" {
		return p
	}
	return c.kept[nameOf(p)]
}

// state is the cluster as the planner sees it, with these nodes and pods.
func (c *cluster) state(nodes []*plan.Node, pods []*corev1.Pod) *plan.State {
	s := &plan.State{
		Now: epoch, Groups: c.groups, Offers: c.offers, Nodes: nodes, DaemonSets: c.daemons,
		Namespaces: c.namespaces, Volumes: c.volumes, Claims: c.claims, StorageClasses: c.classes, CSINodes: c.csiNodes, Budgets: c.budgets,
		CSIDrivers: c.drivers, StorageCapacities: c.capacities, VolumeAttachments: c.attachments,
		Options: plan.Options{ExpendablePriorityCutoff: -10, IgnoreTimers: true},
	}
	for _, p := range pods {
		s.Pods = append(s.Pods, plan.NewPod(c.seen(p)))
	}
	return s
}

// objects are the nodes that Kubernetes knows.
func (c *cluster) objects() []*corev1.Node {
	var all []*corev1.Node
	for _, n := range c.nodes {
		all = append(all, n.Object)
	}
	return all
}

// bound are the pods on nodes, as stored.
func (c *cluster) bound() []*corev1.Pod {
	var all []*corev1.Pod
	for _, p := range c.pods {
		if p.Spec.NodeName != "" {
			all = append(all, c.kept[nameOf(p)])
		}
	}
	return all
}

// waiting says that a pod wants a place.
func waiting(p *corev1.Pod) bool {
	return p.Spec.NodeName == "" && p.DeletionTimestamp == nil && p.Status.Phase != corev1.PodSucceeded && p.Status.Phase != corev1.PodFailed
}

// String prints the cluster as YAML, for people who look into a disagreement.
func (c *cluster) String() string {
	var b strings.Builder
	show := func(what string, object any) {
		text, err := yaml.Marshal(object)
		if err != nil {
			text = []byte(err.Error())
		}
		fmt.Fprintf(&b, "--- %s\n%s", what, text)
	}
	for _, g := range c.groups {
		fmt.Fprintf(&b, "--- group %+v\n", *g)
	}
	for _, o := range c.offers {
		fmt.Fprintf(&b, "--- offer %s at %d, stock %d, available %t, labels %v\n", o.InstanceType, o.Price, o.Stock, o.Available, o.Labels)
		show("of it", o.Allocatable)
	}
	for _, n := range c.nodes {
		fmt.Fprintf(&b, "--- node %s %s of group %q, type %q, labels %v\n", n.Name, n.State, n.Group, n.InstanceType, n.Object.Labels)
		show("of it", n.Object.Spec)
		show("of it", n.Object.Status.Allocatable)
	}
	showAll(show, "daemonset", c.daemons)
	showAll(show, "budget", c.budgets)
	showAll(show, "csinode", c.csiNodes)
	showAll(show, "csidriver", c.drivers)
	showAll(show, "capacity", c.capacities)
	showAll(show, "attachment", c.attachments)
	showAll(show, "volume", c.volumes)
	showAll(show, "claim", c.claims)
	showAll(show, "class", c.classes)
	showAll(show, "pod", c.pods)
	return b.String()
}

func showAll[T any](show func(what string, object any), what string, list []T) {
	for _, one := range list {
		show(what, one)
	}
}
