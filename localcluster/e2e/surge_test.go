package e2e

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// With drainSurge the real Deployment controller keeps a Deployment of one replica up while its node goes, though its budget allows no
// eviction at all: a restart makes another pod ready first. A controller that is killed before or after it has asked for the restart
// restarts once.
func TestSingleReplicaStaysUpWhileItsNodeGoes(t *testing.T) {
	const name = "surge"
	c := startControllerIn(t, newNamespace(t, name), "--cluster-id="+name)
	group := newGroup(name, 0, 3)
	group.Namespace = c.namespace
	group.Spec.Disruption.DrainSurge = v1alpha1.DrainSurgeSingleReplica
	create(t, group)
	work := newDeployment(name, name, 1)
	one := intstr.FromInt32(1)
	budget := &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: work.Namespace},
		Spec:       policyv1.PodDisruptionBudgetSpec{MinAvailable: &one, Selector: work.Spec.Selector},
	}
	up := watchReplicas(t, work, 1)
	create(t, budget)
	create(t, work)
	var pod string
	c.await(t, "the pod to run", func() (err error) {
		pod, err = up.only(nil)
		return err
	})
	restart := step{"PATCH deployments", 1}
	for _, d := range []death{{}, {restart, before}, {restart, after}} {
		old := machinesOf(t, group)
		if len(old) != 1 {
			t.Fatalf("there are %d VPSieNodes before the drain", len(old))
		}
		revision := generation(t, work)
		c.gate.arm(d)
		remove(t, &old[0])
		c.await(t, "another pod on another node, and the end of "+old[0].Name, func() error {
			next, err := up.only(&old[0])
			if err != nil {
				return err
			}
			if machines := machinesOf(t, group); len(machines) != 1 || machines[0].Name == old[0].Name {
				return fmt.Errorf("there are %d VPSieNodes, and %s has to go", len(machines), old[0].Name)
			}
			pod = next
			return nil
		})
		if _, struck := c.gate.disarm(); len(struck) > 0 != (d.side != "") {
			t.Errorf("%s: the controller was killed: %v", d, struck)
		}
		if restarts := generation(t, work) - revision; restarts != 1 {
			t.Errorf("%s: the Deployment was restarted %d times, want once", d, restarts)
		}
	}
	if len(up.wrong) > 0 {
		t.Errorf("the Deployment was not up all the time: %v", up.wrong)
	}
	t.Logf("the pod %s runs, the last of %d", pod, len(up.pods))
	remove(t, work)
	remove(t, budget)
	remove(t, group)
	c.await(t, "the end of the NodeGroup", func() error { return left(t, group) })
}

func generation(t *testing.T, d *appsv1.Deployment) int64 {
	t.Helper()
	var now appsv1.Deployment
	if err := shared.client.Get(t.Context(), client.ObjectKeyFromObject(d), &now); err != nil {
		t.Fatal(err)
	}
	return now.Generation
}

// replicas are the pods of a Deployment as its watch tells them, every change of each in order.
type replicas struct {
	events chan watch.Event
	pods   map[types.UID]*corev1.Pod
	// least is how many must be ready from when all were; where that is all of them, none may be evicted.
	all, least int
	begun      bool
	// wrong are the moments at which fewer were, and such evictions.
	wrong []string
}

func watchReplicas(t *testing.T, d *appsv1.Deployment, least int) *replicas {
	t.Helper()
	w, err := shared.client.Watch(t.Context(), &corev1.PodList{}, client.InNamespace(d.Namespace), client.MatchingLabels(d.Spec.Template.Labels))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
	r := &replicas{events: make(chan watch.Event, 1000), pods: map[types.UID]*corev1.Pod{}, all: int(*d.Spec.Replicas), least: least}
	go func() {
		defer close(r.events)
		for e := range w.ResultChan() {
			r.events <- e
		}
	}()
	return r
}

// hear takes in what the watch has told until now.
func (r *replicas) hear() error {
	for {
		select {
		case e, open := <-r.events:
			if !open {
				return errors.New("the watch of the pods ended")
			}
			r.see(e)
		default:
			return nil
		}
	}
}

// only is the one pod that there is, ready, and not on the machine's node.
func (r *replicas) only(elsewhere *v1alpha1.VPSieNode) (string, error) {
	if err := r.hear(); err != nil {
		return "", err
	}
	var there []*corev1.Pod
	for _, p := range r.pods {
		there = append(there, p)
	}
	if len(there) != 1 || !serves(there[0]) || elsewhere != nil && there[0].Spec.NodeName == elsewhere.Status.NodeName {
		return "", fmt.Errorf("there are %d pods, %d of them ready", len(there), r.ready())
	}
	return there[0].Name, nil
}

func (r *replicas) see(e watch.Event) {
	p, ok := e.Object.(*corev1.Pod)
	if !ok {
		return
	}
	r.pods[p.UID] = p
	if e.Type == watch.Deleted {
		delete(r.pods, p.UID)
	}
	if r.begun = r.begun || r.ready() == r.all; r.begun && r.ready() < r.least {
		r.wrong = append(r.wrong, fmt.Sprintf("%d pods were ready when %s changed", r.ready(), p.Name))
	}
	if r.least == r.all && slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == corev1.DisruptionTarget }) {
		r.wrong = append(r.wrong, p.Name+" was evicted")
	}
}

func (r *replicas) ready() int {
	n := 0
	for _, p := range r.pods {
		if serves(p) {
			n++
		}
	}
	return n
}

// serves says that the pod is ready and has not been told to end.
func serves(p *corev1.Pod) bool {
	return p.DeletionTimestamp == nil && slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}
