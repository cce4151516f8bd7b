package e2e

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// disarm ends the count of steps and checks that each planned death took place, and that the controller lives again.
// A step that is repeated as often as it takes may take fewer times in another run.
func (l *life) disarm(t *testing.T, planned ...death) []step {
	t.Helper()
	steps, struck := l.gate.disarm()
	for _, d := range planned {
		if d.side == "" || slices.Contains(struck, d) {
			continue
		}
		if d.step.time == 1 {
			t.Errorf("the controller never came to %s; its steps were %v", d.step, steps)
		}
		t.Logf("not killed: this time there was no %s", d.step)
	}
	if len(struck) > 0 {
		l.await(t, "the controller to be started again", func() error { return l.running().Err() })
	}
	return steps
}

// look describes the state of everything that belongs to the life, in which names are replaced, or says what has not come to
// rest. There must be so many machines, none of them an old one.
func (l *life) look(t *testing.T, count int) (string, error) {
	t.Helper()
	machines, nodes, bills := machinesOf(t, l.group), nodesOf(t, l.group), running(billsOf(l.group))
	if len(machines) != count || len(nodes) != count || len(bills) != count {
		return "", fmt.Errorf("there are %d VPSieNodes, %d Nodes and %d VPSes, want %d of each", len(machines), len(nodes), len(bills), count)
	}
	slices.SortFunc(bills, func(a, b bill) int { return strings.Compare(a.Hostname, b.Hostname) })
	var names, texts []string
	for i := range machines { // The API server lists them, and the Nodes, by name.
		if err := l.rests(t, &machines[i], &nodes[i], bills[i]); err != nil {
			return "", err
		}
		names = append(names, machines[i].Name)
		text := strings.ReplaceAll(describeMachine(&machines[i]), bills[i].Identifier, "<vps>")
		texts = append(texts, l.anonymous(text+"\n"+describeNode(&nodes[i]), machines[i].Name))
	}
	if err := l.podsRun(t, names); err != nil {
		return "", err
	}
	var group v1alpha1.NodeGroup
	if err := shared.client.Get(t.Context(), client.ObjectKeyFromObject(l.group), &group); err != nil {
		return "", err
	}
	if ready := meta(group.Status.Conditions, v1alpha1.NodeGroupReady); ready != metav1.ConditionTrue || int(group.Status.ReadyNodes) != count || int(group.Status.CurrentNodes) != count {
		return "", fmt.Errorf("NodeGroup %s has %d ready nodes of %d%s", group.Name, group.Status.ReadyNodes, group.Status.CurrentNodes, told(group.Status.Conditions))
	}
	if tokens := bootstrapTokens(t, l.group); len(tokens) > 0 {
		return "", fmt.Errorf("the bootstrap tokens %v are still there", tokens)
	}
	slices.Sort(texts)
	texts = append([]string{l.anonymous(describeGroup(&group))}, texts...)
	l.machines = append(l.machines, names...)
	return strings.Join(texts, "\n"), nil
}

// rests says what of a machine has not come to rest.
func (l *life) rests(t *testing.T, machine *v1alpha1.VPSieNode, node *corev1.Node, bill bill) error {
	t.Helper()
	if slices.Contains(l.machines, machine.Name) {
		return fmt.Errorf("VPSieNode %s is still there%s", machine.Name, told(machine.Status.Conditions))
	}
	if machine.Status.Phase != v1alpha1.PhaseReady {
		return fmt.Errorf("VPSieNode %s is in %s%s", machine.Name, machine.Status.Phase, told(machine.Status.Conditions))
	}
	if machine.Spec.VPSieInstanceID != int64(bill.ID) || bill.Hostname != machine.Name || node.Name != machine.Name {
		t.Fatalf("VPSieNode %s has VPS %d, VPS %d has the hostname %s, the node is %s", machine.Name, machine.Spec.VPSieInstanceID, bill.ID, bill.Hostname, node.Name)
	}
	// Kubernetes takes this away a moment after it lets pods run.
	if slices.ContainsFunc(node.Spec.Taints, func(t corev1.Taint) bool { return t.Key == corev1.TaintNodeNotReady }) {
		return fmt.Errorf("node %s still has the taints %v", node.Name, node.Spec.Taints)
	}
	// It may have come once more after the node was taken for ready, and the controller hears of its end after we do.
	if ready := meta(machine.Status.Conditions, v1alpha1.VPSieNodeNodeReady); ready != metav1.ConditionTrue {
		return fmt.Errorf("VPSieNode %s does not say yet that its node is ready%s", machine.Name, told(machine.Status.Conditions))
	}
	return nil
}

// podName matches the name of a pod of the lane's Deployment.
var podName = regexp.MustCompile("<purpose>-[a-z0-9]+-[a-z0-9]{5}")

// anonymous is the text without what differs from one life to the next.
func (l *life) anonymous(text string, machines ...string) string {
	var names []string
	for _, name := range machines {
		names = append(names, name, "<machine>")
	}
	for _, name := range l.machines {
		names = append(names, name, "<old>")
	}
	text = strings.NewReplacer(append(names, l.group.Name, "<group>", l.purpose, "<purpose>")...).Replace(text)
	return podName.ReplaceAllString(text, "<pod>")
}

// podsRun says nothing when as many pods run on the nodes as the Deployment has, and at least one on each.
func (l *life) podsRun(t *testing.T, nodes []string) error {
	t.Helper()
	var pods corev1.PodList
	if err := shared.client.List(t.Context(), &pods, client.InNamespace(l.work.Namespace), client.MatchingLabels(l.work.Spec.Template.Labels)); err != nil {
		t.Fatal(err)
	}
	on := map[string]int{}
	for _, p := range pods.Items {
		if p.Status.Phase == corev1.PodRunning && slices.Contains(nodes, p.Spec.NodeName) && p.DeletionTimestamp == nil {
			on[p.Spec.NodeName]++
			on[""]++
		}
	}
	if want := int(*l.work.Spec.Replicas); on[""] != want || len(pods.Items) != want || len(on) != len(nodes)+1 {
		return fmt.Errorf("of %d pods %v run on the nodes, want %d", len(pods.Items), on, want)
	}
	return nil
}

func meta(conditions []metav1.Condition, kind string) metav1.ConditionStatus {
	for _, c := range conditions {
		if c.Type == kind {
			return c.Status
		}
	}
	return metav1.ConditionUnknown
}
