package control

import (
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// rollable is a Deployment of one replica. The test plays its controller.
type rollable struct {
	*world
	object *appsv1.Deployment
}

func (w *world) deployment(name string, changes ...func(*appsv1.Deployment)) *rollable {
	w.Helper()
	labels := map[string]string{"app": name}
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: name},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(int32(1)), Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}},
		},
	}
	for _, change := range changes {
		change(d)
	}
	w.must(w.admin.Create(w.Context(), d))
	w.Cleanup(func() { _ = w.admin.Delete(w.clearCtx(), d) })
	r := &rollable{w, d}
	r.status(1, 1)
	return r
}

// status is what the Deployment's controller writes when it has seen everything.
func (r *rollable) status(replicas, updated int32) {
	r.Helper()
	r.reload(r.object)
	r.object.Status = appsv1.DeploymentStatus{ObservedGeneration: r.object.Generation, Replicas: replicas, UpdatedReplicas: updated, ReadyReplicas: 1, AvailableReplicas: 1}
	r.must(r.admin.Status().Update(r.Context(), r.object))
}

// replica is a pod of the Deployment as its n-th template makes it.
func (r *rollable) replica(template, node string, changes ...func(*corev1.Pod)) *corev1.Pod {
	r.Helper()
	name := r.object.Name
	return r.pod(name+"-"+template, node, append([]func(*corev1.Pod){func(p *corev1.Pod) {
		p.Labels = map[string]string{"app": name, appsv1.DefaultDeploymentUniqueLabelKey: template}
		p.OwnerReferences[0].Name = name + "-" + template
	}}, changes...)...)
}

// restarts is how often the Deployment's template was changed.
func (r *rollable) restarts() int64 {
	r.Helper()
	r.reload(r.object)
	return r.object.Generation - 1
}

func surging(g *v1alpha1.NodeGroup) { g.Spec.Disruption.DrainSurge = v1alpha1.DrainSurgeSingleReplica }

// alive takes turns with a new process each time, and wants the pods to stay.
func (w *world) alive(pods ...*corev1.Pod) {
	w.Helper()
	for range 5 {
		w.turn(5 * time.Second)
		w.start(w.deps.Options)
		for _, p := range pods {
			if w.gone(p) || p.DeletionTimestamp != nil {
				w.Fatalf("pod %s was evicted", p.Name)
			}
		}
	}
}

// A Deployment whose only ready replica is on a node that is drained is restarted once, however often the controller is killed; nothing
// is evicted before its new replica is ready, and its budget, which allows no eviction, does not matter.
func TestDrainRestartsSingleReplicas(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	machines := w.ready(w.group("surge", 2, 3, surging), 2)
	m, other := machines[0], machines[1]
	d := w.deployment("single")
	old, beside := d.replica("v1", m.Name), w.pod("beside", m.Name)
	w.budget("single", 0)
	w.dismiss(m)
	w.alive(old, beside)
	if n := d.restarts(); n != 1 {
		t.Fatalf("the Deployment was restarted %d times: %v", n, d.object.Spec.Template.Annotations)
	}
	if at := d.object.Spec.Template.Annotations["kubectl.kubernetes.io/restartedAt"]; at == "" {
		t.Error("it was not restarted as kubectl does it")
	}
	if w.heard("DeploymentRestarted "+m.Name, "default/single") != 1 || w.heard("DeploymentRestarted single", m.Name) != 1 {
		t.Errorf("the restart was not told once of both: %q", w.events)
	}
	d.status(1, 0) // its controller has seen the restart
	w.alive(old, beside)
	fresh := d.replica("v2", other.Name, func(p *corev1.Pod) { p.Name += "-x" })
	fresh.Status.Conditions[0].Status = corev1.ConditionFalse
	w.must(w.admin.Status().Update(w.Context(), fresh))
	d.status(2, 1)
	w.alive(old, beside)
	w.reload(m)
	if why := condition(m.Status.Conditions, v1alpha1.VPSieNodeNodeReady).Message; !strings.Contains(why, "default/single-v1") || !strings.Contains(why, "Deployment single") {
		t.Errorf("what the drain waits for is not told: %s", why)
	}
	w.phase(fresh, corev1.PodRunning)
	w.must(w.admin.Delete(w.Context(), old)) // as its ReplicaSet does then
	d.status(1, 1)
	w.ended(m)
	if w.gone(fresh) || fresh.DeletionTimestamp != nil || !w.gone(beside) {
		t.Error("the new replica is gone, or the pod beside the old one is not")
	}
	if n := d.restarts(); n != 1 {
		t.Errorf("the Deployment was restarted %d times", n)
	}
}

// Nothing is restarted while something else holds the drain; a drain that waits for a replica in vain is given up and has evicted nothing.
func TestDrainThatWaitsForAReplicaGivesUp(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	m := w.ready(w.group("surge", 1, 2, surging), 1)[0]
	d := w.deployment("single")
	old, held := d.replica("v1", m.Name), w.pod("held", m.Name)
	budget := w.budget("held", 0)
	w.dismiss(m)
	w.alive(old, held)
	if n := d.restarts(); n != 0 {
		t.Fatalf("restarted %d times while a budget holds another pod of the node", n)
	}
	w.allow(budget, 1)
	w.alive(old, held)
	if n := d.restarts(); n != 1 {
		t.Fatalf("restarted %d times", n)
	}
	w.until(30*time.Second, "the drain to be given up", func() error {
		if w.heard("DrainFailed "+m.Name, "default/single-v1") == 0 {
			return errNotYet
		}
		return nil
	})
	if n := w.node(m.Name); n.Spec.Unschedulable || w.gone(old) || w.gone(held) || old.DeletionTimestamp != nil || held.DeletionTimestamp != nil {
		t.Errorf("after the failure the node is unschedulable %t, or a pod is gone", n.Spec.Unschedulable)
	}
}

// Pods that a restart would not help, and those of other owners, are evicted.
func TestDrainEvictsWhatARestartWouldNotHelp(t *testing.T) {
	recreate := func(d *appsv1.Deployment) { d.Spec.Strategy.Type = appsv1.RecreateDeploymentStrategyType }
	unavailable := func(d *appsv1.Deployment) {
		d.Spec.Strategy.RollingUpdate = &appsv1.RollingUpdateDeployment{MaxUnavailable: new(intstr.FromInt32(1)), MaxSurge: new(intstr.FromInt32(1))}
	}
	nothing := func(*appsv1.Deployment) {}
	tests := map[string]struct {
		surge   func(*v1alpha1.NodeGroup)
		change  func(*appsv1.Deployment)
		another bool
	}{
		"Disabled":              {surge: func(*v1alpha1.NodeGroup) {}, change: nothing},
		"Recreate":              {surge: surging, change: recreate},
		"maxUnavailable 1":      {surge: surging, change: unavailable},
		"paused":                {surge: surging, change: func(d *appsv1.Deployment) { d.Spec.Paused = true }},
		"another ready replica": {surge: surging, change: func(d *appsv1.Deployment) { d.Spec.Replicas = new(int32(2)) }, another: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, vpsietest.Knobs{})
			machines := w.ready(w.group("evicts", 2, 3, test.surge), 2)
			d := w.deployment("single", test.change)
			old := d.replica("v1", machines[0].Name)
			if test.another {
				d.replica("v1", machines[1].Name, func(p *corev1.Pod) { p.Name += "-2" })
			}
			w.dismiss(machines[0])
			w.until(2*time.Second, "the pod to be evicted", func() error {
				if !w.gone(old) {
					return fmt.Errorf("it is still there: %v", w.node(machines[0].Name).Annotations)
				}
				return nil
			})
			if n := d.restarts(); n != 0 {
				t.Errorf("restarted %d times", n)
			}
		})
	}
}
