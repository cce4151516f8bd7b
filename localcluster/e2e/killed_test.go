package e2e

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// A death is one at a step; the zero value lets the controller live.
type death struct {
	step step
	side side
}

func (d death) String() string {
	if d.side == "" {
		return "unharmed"
	}
	return fmt.Sprintf("%s %s", d.side, d.step)
}

// A life is a NodeGroup from its creation to its end, with one machine that a pod needs.
type life struct {
	*lane
	group *v1alpha1.NodeGroup
	// machines are the VPSieNodes that the pod's node had, the last one last.
	machines []string
}

// A renewal is an edit of the NodeGroup that has another machine take the place of the one that there is.
type renewal struct{ what, edit string }

// renewals follow one another in every life.
func renewals() []renewal {
	return []renewal{
		{"exchange", fmt.Sprintf(`{"spec":{"offeringIDs":["%s","%s"]}}`, medium, small)},
		{"roll-out", `{"spec":{"osImageID":"debian-12"}}`},
	}
}

// A course is a life as it is planned: where the controller dies in each of its parts.
type course struct {
	launch death
	// renewals are in the order of those.
	renewals []death
	end      planned
}

func (c course) String() string {
	text := "launch " + c.launch.String()
	for i, r := range renewals() {
		text += fmt.Sprintf(", %s %s", r.what, c.renewals[i])
	}
	return fmt.Sprintf("%s, %s %s", text, c.end.ending, c.end.death)
}

// A record is how a life went: what there was when each of its parts had come to rest, and the steps of each.
type record struct {
	rests   []string
	steps   [][]step
	removed []step
}

// The ways to be rid of a machine: its NodeGroup is deleted while a pod still runs on it, or its pod goes.
type ending string

const (
	groupDeleted ending = "NodeGroup deleted"
	podGone      ending = "pod gone"
)

// lanes is how many lives go on at once, each with a namespace and a controller of its own. They mostly wait.
const lanes = 5

func TestKilledAtEveryStep(t *testing.T) {
	killedAtEveryStep(t, "lane", func(*v1alpha1.NodeGroup) {}, func(step) bool { return true })
}

// killedAtEveryStep has NodeGroups of that shape live, and kills the controller at each of the steps that concern the test.
func killedAtEveryStep(t *testing.T, kind string, shape func(*v1alpha1.NodeGroup), concerns func(step) bool) {
	t.Helper()
	first := newLane(t, kind, 0, shape)
	unharmed := make([]death, len(renewals()))
	want := first.live(t, course{renewals: unharmed, end: planned{ending: groupDeleted}})
	other := first.live(t, course{renewals: unharmed, end: planned{ending: podGone}})
	if diff := cmp.Diff(want.rests, other.rests); diff != "" {
		t.Fatalf("two unharmed lives differ (-first +second):\n%s", diff)
	}
	t.Logf("a launch has %d steps: %v", len(want.steps[0]), want.steps[0])
	for i, r := range renewals() {
		t.Logf("the %s has %d steps: %v", r.what, len(want.steps[i+1]), want.steps[i+1])
	}
	t.Logf("a removal with the NodeGroup has %d: %v", len(want.removed), want.removed)
	t.Logf("a removal when the pod has gone has %d: %v", len(other.removed), other.removed)
	t.Logf("in the end:\n%s", strings.Join(want.rests, "\n\n"))

	courses := courses(want, other, concerns)
	deals := make(chan course, len(courses))
	for i, c := range courses {
		if !testing.Short() || i%3 == 0 {
			deals <- c
		}
	}
	close(deals)
	var wait sync.WaitGroup
	for i := range lanes {
		l := first
		if i > 0 {
			l = newLane(t, kind, i, shape)
		}
		wait.Go(func() {
			for c := range deals {
				if !t.Run(c.String(), func(t *testing.T) {
					got := l.live(t, c)
					if diff := cmp.Diff(want.rests, got.rests); diff != "" {
						t.Errorf("the outcome is another than that of an unharmed life (-unharmed +killed):\n%s", diff)
					}
				}) {
					return // What is left of this life would be in the way of the next.
				}
			}
		})
	}
	wait.Wait()
}

// courses are as many lives as it takes to die once on both sides of every step of every part that concerns the test.
func courses(first, second record, concerns func(step) bool) []course {
	parts := make([][]death, len(first.steps))
	endings := append(plans(first.removed, groupDeleted, concerns), plans(second.removed, podGone, concerns)...)
	most := len(endings)
	for i, steps := range first.steps {
		parts[i] = deaths(steps, concerns)
		most = max(most, len(parts[i]))
	}
	nth := func(list []death, i int) death {
		if i < len(list) {
			return list[i]
		}
		return death{}
	}
	var all []course
	for i := range most {
		c := course{launch: nth(parts[0], i), end: planned{ending: groupDeleted}}
		for _, part := range parts[1:] {
			c.renewals = append(c.renewals, nth(part, i))
		}
		if i < len(endings) {
			c.end = endings[i]
		}
		all = append(all, c)
	}
	return all
}

// A lane is where one life follows another.
type lane struct {
	*controller
	purpose string
	shape   func(*v1alpha1.NodeGroup)
	version string // of the API, in which NodeGroups are written; empty is the one that Go clients use
	work    *appsv1.Deployment
	lives   int
}

func newLane(t *testing.T, kind string, number int, shape func(*v1alpha1.NodeGroup)) *lane {
	t.Helper()
	l := &lane{purpose: fmt.Sprintf("%s%d", kind, number), shape: shape}
	if number == 0 {
		l.controller = startController(t)
	} else {
		l.controller = startControllerIn(t, newNamespace(t, l.purpose), "--cluster-id="+l.purpose)
	}
	l.work = newDeployment(l.purpose, l.purpose, 1)
	create(t, l.work)
	t.Cleanup(func() { _ = shared.client.Delete(context.WithoutCancel(t.Context()), l.work) })
	return l
}

// live is one life from its beginning to its end.
func (l *lane) live(t *testing.T, c course) record {
	t.Helper()
	l.lives++
	group := newGroup(fmt.Sprintf("%s-life%d", l.purpose, l.lives), 0, 3)
	group.Namespace = l.namespace
	group.Spec.Labels[purpose] = l.purpose
	// Larger than the pod needs, until the edit of the exchange.
	group.Spec.OfferingIDs, group.Spec.AllowMixedInstances = []string{medium}, true
	group.Spec.Disruption.PaybackHours = new(int32(24)) // however young the machine is
	group.Spec.Disruption.Consolidation, group.Spec.Disruption.DriftPolicy = v1alpha1.ConsolidateWhenCheaper, v1alpha1.DriftReplace
	l.shape(group)
	one := &life{lane: l, group: group}
	var r record
	rest, steps := one.launch(t, c.launch)
	r.rests, r.steps = append(r.rests, rest), append(r.steps, steps)
	for i, renewal := range renewals() {
		rest, steps := one.renew(t, renewal, c.renewals[i])
		r.rests, r.steps = append(r.rests, rest), append(r.steps, steps)
	}
	r.removed = one.remove(t, c.end.death, c.end.ending)
	return r
}

type planned struct {
	death  death
	ending ending
}

func deaths(steps []step, concerns func(step) bool) []death {
	var all []death
	for _, s := range steps {
		if !concerns(s) {
			continue
		}
		all = append(all, death{s, before}, death{s, after})
	}
	return all
}

func plans(steps []step, e ending, concerns func(step) bool) []planned {
	var all []planned
	for _, d := range deaths(steps, concerns) {
		all = append(all, planned{d, e})
	}
	return all
}

// launch creates the NodeGroup for the waiting pod, and waits until the pod runs and all has come to rest. It returns
// the state at rest, in which names are replaced.
func (l *life) launch(t *testing.T, d death) (outcome string, steps []step) {
	t.Helper()
	l.gate.arm(d.step, d.side)
	create(t, inVersion(t, l.group, l.version))
	l.await(t, "the pod to run on a ready node", func() (err error) {
		outcome, err = l.look(t)
		return err
	})
	return outcome, l.disarm(t, d)
}

// renew edits the NodeGroup, and waits until another machine runs the pod and all has come to rest.
func (l *life) renew(t *testing.T, r renewal, d death) (outcome string, steps []step) {
	t.Helper()
	l.gate.arm(d.step, d.side)
	patch(t, l.group, r.edit)
	l.await(t, "another machine to take the place of "+l.machines[len(l.machines)-1], func() (err error) {
		outcome, err = l.look(t)
		return err
	})
	return outcome, l.disarm(t, d)
}

// remove ends the machine and the NodeGroup, and waits until nothing is left of either.
func (l *life) remove(t *testing.T, d death, e ending) (steps []step) {
	t.Helper()
	l.gate.arm(d.step, d.side)
	if e == podGone {
		scale(t, l.work, 0)
		l.await(t, "the surplus VPSieNode to be gone", func() error {
			if machines := machinesOf(t, l.group); len(machines) > 0 {
				return fmt.Errorf("%s is in %s%s", machines[0].Name, machines[0].Status.Phase, told(machines[0].Status.Conditions))
			}
			return nil
		})
		steps = l.disarm(t, d)
	}
	remove(t, l.group)
	l.await(t, "the end of all that the launch has made", func() error { return left(t, l.group) })
	if e == groupDeleted {
		steps = l.disarm(t, d)
	}
	scale(t, l.work, 1)
	if bills := billsOf(l.group); len(bills) != 1+len(renewals()) {
		t.Errorf("%d VPSes were ordered for one machine that was replaced %d times: %+v", len(bills), len(renewals()), bills)
	}
	if still := stillAttached(l.group); len(still) > 0 {
		t.Errorf("VPSes that are gone are still attached: %v", still)
	}
	return steps
}

// disarm ends the count of steps and checks that a planned death took place, and that the controller lives again.
// A step that is repeated as often as it takes may take fewer times in another run.
func (l *life) disarm(t *testing.T, d death) []step {
	t.Helper()
	steps, struck := l.gate.disarm()
	if d.side != "" && !struck {
		if d.step.time == 1 {
			t.Errorf("the controller never came to %s; its steps were %v", d.step, steps)
		}
		t.Logf("not killed: this time there was no %s", d.step)
	}
	if struck {
		l.await(t, "the controller to be started again", func() error { return l.running().Err() })
	}
	return steps
}

// look describes the state of everything that belongs to the life, or says what has not come to rest.
func (l *life) look(t *testing.T) (string, error) {
	t.Helper()
	machines := machinesOf(t, l.group)
	nodes, bills := nodesOf(t, l.group), running(billsOf(l.group))
	if len(machines) != 1 || len(nodes) != 1 || len(bills) != 1 {
		return "", fmt.Errorf("there are %d VPSieNodes, %d Nodes and %d VPSes", len(machines), len(nodes), len(bills))
	}
	machine, node, bill := machines[0], nodes[0], bills[0]
	if slices.Contains(l.machines, machine.Name) {
		return "", fmt.Errorf("VPSieNode %s is still there%s", machine.Name, told(machine.Status.Conditions))
	}
	if machine.Status.Phase != v1alpha1.PhaseReady {
		return "", fmt.Errorf("VPSieNode %s is in %s%s", machine.Name, machine.Status.Phase, told(machine.Status.Conditions))
	}
	if machine.Spec.VPSieInstanceID != int64(bill.ID) || bill.Hostname != machine.Name || node.Name != machine.Name {
		t.Fatalf("VPSieNode %s has VPS %d, VPS %d has the hostname %s, the node is %s", machine.Name, machine.Spec.VPSieInstanceID, bill.ID, bill.Hostname, node.Name)
	}
	if err := l.podRuns(t, node.Name); err != nil {
		return "", err
	}
	// Kubernetes takes this away a moment after it lets pods run.
	if slices.ContainsFunc(node.Spec.Taints, func(t corev1.Taint) bool { return t.Key == corev1.TaintNodeNotReady }) {
		return "", fmt.Errorf("node %s still has the taints %v", node.Name, node.Spec.Taints)
	}
	// It may have come once more after the node was taken for ready, and the controller hears of its end after we do.
	if ready := meta(machine.Status.Conditions, v1alpha1.VPSieNodeNodeReady); ready != metav1.ConditionTrue {
		return "", fmt.Errorf("VPSieNode %s does not say yet that its node is ready%s", machine.Name, told(machine.Status.Conditions))
	}
	var group v1alpha1.NodeGroup
	if err := shared.client.Get(t.Context(), client.ObjectKeyFromObject(l.group), &group); err != nil {
		return "", err
	}
	if ready := meta(group.Status.Conditions, v1alpha1.NodeGroupReady); ready != metav1.ConditionTrue || group.Status.ReadyNodes != 1 || group.Status.CurrentNodes != 1 {
		return "", fmt.Errorf("NodeGroup %s has %d ready nodes of %d%s", group.Name, group.Status.ReadyNodes, group.Status.CurrentNodes, told(group.Status.Conditions))
	}
	if tokens := bootstrapTokens(t, l.group); len(tokens) > 0 {
		return "", fmt.Errorf("the bootstrap tokens %v are still there", tokens)
	}
	text := strings.Join([]string{describeGroup(&group), describeMachine(&machine), describeNode(&node)}, "\n")
	names := []string{machine.Name, "<machine>"}
	for i, name := range l.machines {
		names = append(names, name, fmt.Sprintf("<machine %d>", i+1))
	}
	text = strings.NewReplacer(append(names, l.group.Name, "<group>", l.purpose, "<purpose>")...).Replace(text)
	l.machines = append(l.machines, machine.Name)
	return podName.ReplaceAllString(text, "<pod>"), nil
}

// podName matches the name of a pod of the lane's Deployment.
var podName = regexp.MustCompile("<purpose>-[a-z0-9]+-[a-z0-9]{5}")

func (l *life) podRuns(t *testing.T, node string) error {
	t.Helper()
	var pods corev1.PodList
	list(t, &pods, l.work.Namespace)
	for _, p := range pods.Items {
		if p.Status.Phase == corev1.PodRunning && p.Spec.NodeName == node && p.DeletionTimestamp == nil {
			return nil
		}
	}
	return errors.New("no pod runs on it")
}

func meta(conditions []metav1.Condition, kind string) metav1.ConditionStatus {
	for _, c := range conditions {
		if c.Type == kind {
			return c.Status
		}
	}
	return metav1.ConditionUnknown
}
