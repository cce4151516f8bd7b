package chaos

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

const (
	safeToEvict = "cluster-autoscaler.kubernetes.io/safe-to-evict"
	// stopAfter is how long kwok lets a pod take to stop.
	stopAfter = "localcluster.vpsie.com/stop-after"
	// purpose is the label by which pods choose a NodeGroup's nodes.
	purpose = "chaos.test/purpose"
	// owner is the label by which they choose an estate's.
	owner = "chaos.test/owner"
)

// userData is what a machine needs to join, a bootstrap token among it.
const userData = `#cloud-config
write_files:
- path: /etc/default/kubelet
  content: KUBELET_EXTRA_ARGS="{{.KubeletExtraArgs}}"
runcmd:
- kubeadm join {{.APIServer}} --token {{.BootstrapToken}} --discovery-token-ca-cert-hash {{.CACertHash}}
`

// dedicated keeps pods off the groups "b" that do not tolerate it.
var dedicated = corev1.Taint{Key: "chaos.test/dedicated", Value: "b", Effect: corev1.TaintEffectNoSchedule}

// estate is what one crew looks after: NodeGroups and a workload in a namespace of their own. Several of them share the
// account, each under a mark of its own, as several clusters would.
type estate int

// estates is how many there are: while one crew is dead the others are not.
const estates = 3

func (e estate) namespace() string { return fmt.Sprintf("chaos-%d", e) }

// clusterID is the mark on its VPSes.
func (e estate) clusterID() string { return e.namespace() }

// isEstate tells a mark of one of the estates.
func isEstate(clusterID string) bool {
	for e := range estate(estates) {
		if e.clusterID() == clusterID {
			return true
		}
	}
	return false
}

func (e estate) group(letter string) string { return fmt.Sprintf("%s%d", letter, e) }

// nodeGroups have together always more room than the workload can ask for when all is at rest.
func (e estate) nodeGroups() []*v1alpha1.NodeGroup {
	groups := []*v1alpha1.NodeGroup{
		e.newGroup("a", 1, 5, true, "small-2cpu-4gb", "medium-4cpu-8gb"),
		e.newGroup("b", 1, 4, false, "medium-4cpu-8gb", "large-8cpu-16gb"),
		e.newGroup("c", 2, 6, true, "micro-1cpu-2gb", "small-2cpu-4gb", "medium-4cpu-8gb"),
	}
	groups[1].Spec.Taints = []corev1.Taint{dedicated}
	one, two := intstr.FromInt32(1), intstr.FromInt32(2)
	groups[0].Spec.Disruption = v1alpha1.Disruption{
		Consolidation: v1alpha1.ConsolidateWhenCheaper, PaybackHours: new(int32(payback.Hours())), DriftPolicy: v1alpha1.DriftReplace, DrainSurge: v1alpha1.DrainSurgeSingleReplica,
		Budgets: []v1alpha1.DisruptionBudget{{Nodes: &one}},
	}
	groups[1].Spec.Disruption = v1alpha1.Disruption{
		DriftPolicy: v1alpha1.DriftReplace, Budgets: []v1alpha1.DisruptionBudget{{Nodes: &one, Reasons: []v1alpha1.DisruptionReason{"Drifted", "Expired"}}},
	}
	groups[2].Spec.Disruption = v1alpha1.Disruption{
		Consolidation: v1alpha1.ConsolidateWhenCheaper, PaybackHours: new(int32(payback.Hours())), DriftPolicy: v1alpha1.DriftReplace,
		Budgets: []v1alpha1.DisruptionBudget{
			{Nodes: &two},
			timetables()[0].put(v1alpha1.DisruptionBudget{Kind: v1alpha1.DisruptionWindow, Reasons: []v1alpha1.DisruptionReason{"Underutilized", "Replaced", "Drifted"}}),
		},
	}
	return groups
}

func (e estate) newGroup(letter string, least, most int32, mixed bool, offerings ...string) *v1alpha1.NodeGroup {
	name := e.group(letter)
	return &v1alpha1.NodeGroup{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: e.namespace()},
		Spec: v1alpha1.NodeGroupSpec{
			MinNodes: least, MaxNodes: most, AllowMixedInstances: mixed,
			DatacenterID: "dc-us-east-1", OfferingIDs: offerings, OSImageID: "ubuntu-22.04-lts", SSHKeyIDs: []string{"ssh-key-123"},
			Labels: map[string]string{purpose: name, owner: e.namespace()}, UserData: userData, Tags: []string{"chaos"},
			ScaleUpPolicy: v1alpha1.ScaleUpPolicy{
				StabilizationWindowSeconds: new(int32(1)), CPUThreshold: new(int32(100)), MemoryThreshold: new(int32(100)),
			},
			ScaleDownPolicy: v1alpha1.ScaleDownPolicy{
				StabilizationWindowSeconds: new(int32(1)), UnneededTime: new(int32(1)),
				CPUThreshold: new(int32(70)), MemoryThreshold: new(int32(70)),
			},
		},
	}
}

// work is one Deployment of the workload.
type work struct {
	name, group, cpu, memory string
	least, most              int
	priority                 string
	stops                    time.Duration
	// budgets are the limits between which its disruption budget changes; none has no budget.
	budgets []policyv1.PodDisruptionBudgetSpec
	apart   bool // one a node
}

func works() []work {
	unavailable := func(v intstr.IntOrString) policyv1.PodDisruptionBudgetSpec {
		return policyv1.PodDisruptionBudgetSpec{MaxUnavailable: &v}
	}
	available := func(v intstr.IntOrString) policyv1.PodDisruptionBudgetSpec {
		return policyv1.PodDisruptionBudgetSpec{MinAvailable: &v}
	}
	one, two, half := intstr.FromInt32(1), intstr.FromInt32(2), intstr.FromString("50%")
	return []work{
		{name: "web", group: "a", cpu: "300m", memory: "256Mi", most: 8, budgets: []policyv1.PodDisruptionBudgetSpec{unavailable(one), unavailable(two)}},
		{name: "api", group: "a", cpu: "700m", memory: "512Mi", least: 2, most: 6, stops: time.Second, budgets: []policyv1.PodDisruptionBudgetSpec{available(half), available(one)}},
		{name: "db", group: "b", cpu: "1500m", memory: "1Gi", most: 5, budgets: []policyv1.PodDisruptionBudgetSpec{unavailable(one)}, priority: "chaos-high"},
		{name: "queue", group: "c", cpu: "800m", memory: "512Mi", most: 5, budgets: []policyv1.PodDisruptionBudgetSpec{unavailable(half), unavailable(one)}, priority: "chaos-high"},
		{name: "batch", group: "c", cpu: "400m", memory: "256Mi", most: 8, stops: 2 * time.Second, priority: "chaos-low"},
		{name: "edge", cpu: "200m", memory: "128Mi", most: 4, apart: true, budgets: []policyv1.PodDisruptionBudgetSpec{unavailable(one)}},
	}
}

// priorities are the classes that the workload uses; pods of the low one are preempted.
func priorities() []client.Object {
	return []client.Object{
		&schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: "chaos-high"}, Value: 1000},
		&schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: "chaos-low"}, Value: -5},
	}
}

func (w work) deployment(e estate, replicas int) *appsv1.Deployment {
	labels := map[string]string{appLabel: w.name}
	spec := e.podSpec(w.group, w.cpu, w.memory)
	spec.PriorityClassName = w.priority
	if w.apart {
		spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{
				LabelSelector: &metav1.LabelSelector{MatchLabels: labels}, TopologyKey: corev1.LabelHostname,
			}},
		}}
	}
	annotations := map[string]string{}
	if w.stops > 0 {
		annotations[stopAfter] = w.stops.String()
	}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: w.name, Namespace: e.namespace()},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(int32(replicas)), Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: annotations}, Spec: spec},
		},
	}
}

func (w work) budget(e estate, die uint64) *policyv1.PodDisruptionBudget {
	spec := w.budgets[die%uint64(len(w.budgets))]
	spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{appLabel: w.name}}
	return &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Name: w.name, Namespace: e.namespace()}, Spec: spec}
}

// podSpec asks for a size, on the nodes of a group where one is named.
func (e estate) podSpec(group, cpu, memory string) corev1.PodSpec {
	soon := new(int64(5))
	spec := corev1.PodSpec{
		Containers: []corev1.Container{{Name: "work", Image: "work", Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory),
		}}}},
		// Pods of machines that died are given up soon.
		Tolerations: []corev1.Toleration{
			{Key: corev1.TaintNodeNotReady, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: soon},
			{Key: corev1.TaintNodeUnreachable, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: soon},
		},
	}
	spec.NodeSelector = map[string]string{owner: e.namespace()}
	if group != "" {
		spec.NodeSelector[purpose] = e.group(group)
	}
	if group == "b" {
		spec.Tolerations = append(spec.Tolerations, corev1.Toleration{Key: dedicated.Key, Operator: corev1.TolerationOpExists})
	}
	return spec
}

// barePod has nothing that would bring it back.
func (e estate) barePod(which, amount uint64) *corev1.Pod {
	group := []string{"a", "c", ""}[amount%3]
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("bare-%d", which%mostBare), Namespace: e.namespace()},
		Spec:       e.podSpec(group, []string{"100m", "300m", "600m"}[amount/3%3], "128Mi"),
	}
	switch amount / 9 % 3 {
	case 0:
		pod.Annotations = map[string]string{safeToEvict: "true"}
	case 1:
		pod.Annotations = map[string]string{safeToEvict: "false"}
	}
	return pod
}

// mostBare is how many bare pods there are at most.
const mostBare = 6

// daemons run on every node, and hold none. Their priority makes room on a node that other pods have filled before the DaemonSet
// controller came to it.
func (e estate) daemons() *appsv1.DaemonSet {
	labels := map[string]string{"daemon": "chaos"}
	spec := e.podSpec("", "50m", "32Mi")
	spec.PriorityClassName = "system-node-critical"
	spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
	return &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Name: "daemon", Namespace: e.namespace()},
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: spec},
		},
	}
}

// put makes an object be as given, whether it is there or not.
func put(ctx context.Context, c client.Client, o client.Object) error {
	err := c.Create(ctx, o)
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}
