package chaos

import (
	"context"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/config"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// scene is everything that must agree when all is at rest.
type scene struct {
	groups      []v1alpha1.NodeGroup
	machines    []v1alpha1.VPSieNode
	nodes       []corev1.Node
	pods        []corev1.Pod
	deployments []appsv1.Deployment
	secrets     []corev1.Secret
	bills       []vpsietest.Bill
}

// lookAt reads the scene.
func lookAt(ctx context.Context, c client.Client, cloud *vpsietest.Server) (*scene, error) {
	var (
		groups      v1alpha1.NodeGroupList
		machines    v1alpha1.VPSieNodeList
		nodes       corev1.NodeList
		pods        corev1.PodList
		deployments appsv1.DeploymentList
		secrets     corev1.SecretList
	)
	for _, l := range []client.ObjectList{&groups, &machines, &nodes, &pods, &deployments} {
		if err := c.List(ctx, l); err != nil {
			return nil, fmt.Errorf("looking at the cluster: %w", err)
		}
	}
	if err := c.List(ctx, &secrets, client.InNamespace(config.Namespace)); err != nil {
		return nil, fmt.Errorf("looking at the cluster: %w", err)
	}
	return &scene{groups.Items, machines.Items, nodes.Items, pods.Items, deployments.Items, secrets.Items, cloud.Ledger().VMs}, nil
}

// doubtful tells that VPSes are there for orders of which the controllers do not know what came.
func (s *scene) doubtful() bool {
	ordered := sets.New[types.UID]()
	for _, b := range running(s.bills) {
		ordered.Insert(types.UID(markOf(b).uid))
	}
	return slices.ContainsFunc(s.machines, func(m v1alpha1.VPSieNode) bool {
		return ordered.Has(m.UID) && cluster.Unanswered(&m)
	})
}

// unrest says what does not agree; nothing when all is well.
func (s *scene) unrest() []string {
	return slices.Concat(s.unrestOfMachines(), s.unrestOfNodes(), s.unrestOfPods(), s.unrestOfGroups(), s.unrestOfSecrets())
}

// unrestOfMachines matches VPSieNodes with VPSes, one to one.
func (s *scene) unrestOfMachines() []string {
	var found []string
	byUID := map[string][]vpsietest.Bill{}
	for _, b := range running(s.bills) {
		if m := markOf(b); isEstate(m.cluster) {
			byUID[m.uid] = append(byUID[m.uid], b)
		}
	}
	for _, m := range s.machines {
		bills := byUID[string(m.UID)]
		delete(byUID, string(m.UID))
		switch {
		case m.DeletionTimestamp != nil:
			found = append(found, fmt.Sprintf("VPSieNode %s is being deleted, in phase %s%s", m.Name, m.Status.Phase, verdicts(m.Status.Conditions)))
		case m.Status.Phase != v1alpha1.PhaseReady:
			found = append(found, fmt.Sprintf("VPSieNode %s is in phase %s%s", m.Name, m.Status.Phase, verdicts(m.Status.Conditions)))
		case len(bills) != 1:
			found = append(found, fmt.Sprintf("VPSieNode %s has %d VPSes", m.Name, len(bills)))
		case int64(bills[0].ID) != m.Spec.VPSieInstanceID || !strings.EqualFold(bills[0].Hostname, m.Name):
			found = append(found, fmt.Sprintf("VPSieNode %s names VPS %d; its VPS is %d, called %s", m.Name, m.Spec.VPSieInstanceID, bills[0].ID, bills[0].Hostname))
		}
	}
	for _, bills := range byUID {
		for _, b := range bills {
			found = append(found, fmt.Sprintf("VPS %d (%s) has no VPSieNode", b.ID, b.Hostname))
		}
	}
	return found
}

// unrestOfNodes matches Nodes with VPSieNodes.
func (s *scene) unrestOfNodes() []string {
	var found []string
	nodes := map[string]*corev1.Node{}
	for i := range s.nodes {
		nodes[s.nodes[i].Name] = &s.nodes[i]
	}
	for _, m := range s.machines {
		n := nodes[m.Status.NodeName]
		delete(nodes, m.Status.NodeName)
		var taints []corev1.Taint // but for that of a node that could go
		if n != nil {
			taints = slices.DeleteFunc(slices.Clone(n.Spec.Taints), func(t corev1.Taint) bool { return t.Key == v1alpha1.TaintUnneeded })
		}
		switch {
		case n == nil:
			found = append(found, fmt.Sprintf("VPSieNode %s has no Node", m.Name))
		case !nodeReady(n):
			found = append(found, fmt.Sprintf("node %s is not ready", n.Name))
		case n.Spec.Unschedulable || n.Labels[corev1.LabelNodeExcludeBalancers] != "":
			found = append(found, fmt.Sprintf("node %s is cordoned, or kept out of load balancers", n.Name))
		case n.Labels[v1alpha1.LabelNodeGroup] != m.Spec.NodeGroupName || n.Labels[purpose] != m.Spec.NodeGroupName:
			found = append(found, fmt.Sprintf("node %s lacks labels of NodeGroup %s: %v", n.Name, m.Spec.NodeGroupName, n.Labels))
		case slices.ContainsFunc(taints, func(t corev1.Taint) bool { return t.Key != dedicated.Key }):
			found = append(found, fmt.Sprintf("node %s has the taints %v", n.Name, taints))
		case strings.HasPrefix(m.Spec.NodeGroupName, "b") != (len(taints) == 1):
			found = append(found, fmt.Sprintf("node %s of NodeGroup %s has the taints %v", n.Name, m.Spec.NodeGroupName, taints))
		}
	}
	for name := range nodes {
		found = append(found, fmt.Sprintf("node %s has no VPSieNode", name))
	}
	return found
}

func nodeReady(n *corev1.Node) bool {
	return slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	})
}

// unrestOfPods finds pods that do not run.
func (s *scene) unrestOfPods() []string {
	var found []string
	for _, p := range s.pods {
		if p.DeletionTimestamp != nil || !isReady(&p) {
			found = append(found, fmt.Sprintf("pod %s/%s is %s on node %q, deleted %t", p.Namespace, p.Name, p.Status.Phase, p.Spec.NodeName, p.DeletionTimestamp != nil))
		}
	}
	for _, d := range s.deployments {
		if d.Status.AvailableReplicas != *d.Spec.Replicas || d.Status.Replicas != *d.Spec.Replicas {
			found = append(found, fmt.Sprintf("Deployment %s has %d pods, %d available, and wants %d", d.Name, d.Status.Replicas, d.Status.AvailableReplicas, *d.Spec.Replicas))
		}
	}
	return found
}

// unrestOfGroups holds NodeGroups to their limits, and their status to the truth.
func (s *scene) unrestOfGroups() []string {
	var found []string
	for _, g := range s.groups {
		own := int32(0)
		for _, m := range s.machines {
			if m.Spec.NodeGroupName == g.Name {
				own++
			}
		}
		if own < g.Spec.MinNodes || own > g.Spec.MaxNodes {
			found = append(found, fmt.Sprintf("NodeGroup %s has %d machines; its limits are %d and %d", g.Name, own, g.Spec.MinNodes, g.Spec.MaxNodes))
		}
		if st := g.Status; st.CurrentNodes != own || st.DesiredNodes != own || st.ReadyNodes != own {
			found = append(found, fmt.Sprintf("NodeGroup %s has %d machines and says current %d, desired %d, ready %d%s",
				g.Name, own, st.CurrentNodes, st.DesiredNodes, st.ReadyNodes, verdicts(st.Conditions)))
		}
	}
	return found
}

// unrestOfSecrets finds bootstrap tokens that were left behind: all machines have joined.
func (s *scene) unrestOfSecrets() []string {
	var found []string
	for _, x := range s.secrets {
		if x.Type == corev1.SecretTypeBootstrapToken {
			found = append(found, fmt.Sprintf("bootstrap token %s is left: %s", x.Name, x.Data["description"]))
		}
	}
	return found
}
