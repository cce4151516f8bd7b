package control

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// pod makes a running pod of a ReplicaSet on the node, which goes at once when it is evicted.
func (w *world) pod(name, node string, changes ...func(*corev1.Pod)) *corev1.Pod {
	w.Helper()
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: metav1.NamespaceDefault, Name: name, Labels: map[string]string{"app": name},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "r", UID: "r", Controller: new(true)}},
		},
		Spec: corev1.PodSpec{
			NodeName: node, TerminationGracePeriodSeconds: new(int64(0)), Containers: []corev1.Container{{Name: "c", Image: "i"}},
			Tolerations: []corev1.Toleration{{Operator: corev1.TolerationOpExists}},
		},
	}
	for _, change := range changes {
		change(p)
	}
	w.must(w.admin.Create(w.Context(), p))
	w.phase(p, corev1.PodRunning)
	return p
}

func ownedBy(kind string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.OwnerReferences[0].Kind = kind }
}

func (w *world) phase(p *corev1.Pod, phase corev1.PodPhase) {
	w.Helper()
	p.Status.Phase = phase
	p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	w.must(w.admin.Status().Update(w.Context(), p))
}

// budget makes a disruption budget for a pod's app; the test plays its controller.
func (w *world) budget(app string, allowed int32) *policyv1.PodDisruptionBudget {
	w.Helper()
	b := &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: app},
		Spec: policyv1.PodDisruptionBudgetSpec{
			MinAvailable: new(intstr.FromInt32(1)), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}},
		},
	}
	w.must(w.admin.Create(w.Context(), b))
	w.Cleanup(func() { _ = w.admin.Delete(w.clearCtx(), b) })
	w.allow(b, allowed)
	return b
}

func (w *world) allow(b *policyv1.PodDisruptionBudget, allowed int32) {
	w.Helper()
	w.reload(b)
	b.Status = policyv1.PodDisruptionBudgetStatus{
		ObservedGeneration: b.Generation, DisruptionsAllowed: allowed, CurrentHealthy: 1 + allowed, DesiredHealthy: 1, ExpectedPods: 1 + allowed,
	}
	w.must(w.admin.Status().Update(w.Context(), b))
}

func (w *world) gone(o client.Object) bool {
	w.Helper()
	err := w.admin.Get(w.Context(), client.ObjectKeyFromObject(o), o)
	w.must(client.IgnoreNotFound(err))
	return err != nil
}

func (w *world) node(name string) *corev1.Node {
	w.Helper()
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
	w.reload(n)
	return n
}

func (w *world) dismiss(m *v1alpha1.VPSieNode) {
	w.Helper()
	w.must(w.admin.Delete(w.Context(), m))
}

// ended takes turns until the machine's VPS and objects are gone.
func (w *world) ended(m *v1alpha1.VPSieNode) {
	w.Helper()
	w.until(time.Second, "the end of "+m.Name, func() error {
		if !w.gone(m) {
			return fmt.Errorf("it is %s: %+v", m.Status.Phase, m.Status.Conditions)
		}
		for _, b := range w.bills() {
			if b.Hostname == m.Name {
				return fmt.Errorf("VPS %d still runs", b.ID)
			}
		}
		return nil
	})
}

func excluded(n *corev1.Node) bool { return n.Labels[corev1.LabelNodeExcludeBalancers] != "" }

// Nothing is evicted while a budget keeps one pod from leaving; a drain given up
// takes its cordon back; the next one comes later, and ends when the budget allows.
func TestDrainStartsOnlyWhenItCanEnd(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	m := w.ready(w.group("blocked", 1, 2), 1)[0]
	free, held := w.pod("free", m.Name), w.pod("held", m.Name)
	budget := w.budget("held", 0)
	w.dismiss(m)
	w.after(time.Minute, 5*time.Second)
	if n := w.node(m.Name); !n.Spec.Unschedulable || excluded(n) {
		t.Errorf("a node whose drain waits is unschedulable %t and out of load balancers %t, want true and false", n.Spec.Unschedulable, excluded(n))
	}
	if w.reload(m); !strings.Contains(condition(m.Status.Conditions, v1alpha1.VPSieNodeNodeReady).Message, "default/held") {
		t.Errorf("what holds the drain back is not told: %+v", m.Status.Conditions)
	}
	w.until(30*time.Second, "the drain to be given up", func() error {
		if w.heard("DrainFailed "+m.Name, "default/held", "default/free", "PodDisruptionBudget default/held allows no disruption", v1alpha1.AnnotationSkipDrain) == 0 {
			return errNotYet
		}
		return nil
	})
	if n := w.node(m.Name); n.Spec.Unschedulable || excluded(n) || n.Annotations[annotationDraining] != "" {
		t.Errorf("after the failure the node is still %+v, %v, %v", n.Spec, n.Labels, n.Annotations)
	}
	if w.gone(free) || free.DeletionTimestamp != nil || w.gone(held) {
		t.Fatal("a pod was evicted for nothing")
	}
	failed := w.clock.Now()
	w.until(10*time.Second, "the next try", func() error {
		if !w.node(m.Name).Spec.Unschedulable {
			return errNotYet
		}
		return nil
	})
	if pause := w.clock.Since(failed); pause < w.deps.Options.DrainRetry-time.Minute {
		t.Errorf("tried again after %s", pause)
	}
	w.allow(budget, 1)
	w.ended(m)
	if !w.gone(free) || !w.gone(held) {
		t.Error("the pods were not evicted")
	}
}

// A Job's pod has half of the drain to end, one marked on-completion as long as it
// takes; pods beside the latter are not evicted before.
func TestDrainAwaitsPodsThatRunToTheirEnd(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	m := w.ready(w.group("jobs", 1, 2), 1)[0]
	job := w.pod("job", m.Name, ownedBy("Job"))
	marked := w.pod("marked", m.Name, func(p *corev1.Pod) {
		p.Annotations = map[string]string{"cluster-autoscaler.kubernetes.io/safe-to-evict": "on-completion"}
	})
	beside := w.pod("beside", m.Name)
	w.dismiss(m)
	w.after(2*time.Minute, 10*time.Second)
	if w.gone(beside) || excluded(w.node(m.Name)) {
		t.Fatal("evicting began before the pod that must be waited for had ended")
	}
	w.phase(marked, corev1.PodSucceeded)
	w.until(time.Second, "the pod beside it to go", func() error {
		if !w.gone(beside) {
			return errNotYet
		}
		return nil
	})
	if n := w.node(m.Name); !excluded(n) {
		t.Error("a node whose pods are being evicted is still in load balancers")
	}
	w.after(time.Minute, 10*time.Second)
	if w.gone(job) || job.DeletionTimestamp != nil {
		t.Fatal("the Job's pod was evicted at once")
	}
	w.until(20*time.Second, "the Job's pod to be evicted", func() error {
		if !w.gone(job) {
			return errNotYet
		}
		return nil
	})
	w.reload(m)
	if spent := w.clock.Since(m.Status.TerminatingAt.Time); spent > 7*time.Minute {
		t.Errorf("it was evicted after %s", spent)
	}
	w.ended(m)
}

// The VPS stays until its pods' volumes are detached; those of a DaemonSet stay attached.
func TestVolumesAreDetachedBeforeTheVPSGoes(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	m := w.ready(w.group("volumes", 1, 2), 1)[0]
	attach := func(volume string) *storagev1.VolumeAttachment {
		a := &storagev1.VolumeAttachment{
			ObjectMeta: metav1.ObjectMeta{Name: volume},
			Spec:       storagev1.VolumeAttachmentSpec{Attacher: "csi", NodeName: m.Name, Source: storagev1.VolumeAttachmentSource{PersistentVolumeName: new(volume)}},
		}
		w.must(w.admin.Create(t.Context(), a))
		t.Cleanup(func() { _ = w.admin.Delete(w.clearCtx(), a) })
		return a
	}
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: "daemon"},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}, VolumeName: "of-daemon",
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{"storage": resource.MustParse("1Gi")}},
		},
	}
	w.must(w.admin.Create(t.Context(), claim))
	t.Cleanup(func() { _ = w.admin.Delete(w.clearCtx(), claim) })
	w.pod("daemon", m.Name, ownedBy("DaemonSet"), func(p *corev1.Pod) {
		p.Spec.Volumes = []corev1.Volume{{Name: "v", VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "daemon"},
		}}}
	})
	attach("of-daemon")
	left := attach("left")
	moved := w.pod("moved", m.Name)
	w.dismiss(m)
	w.until(time.Second, "the volume to be told", func() error {
		w.reload(m)
		if c := condition(m.Status.Conditions, v1alpha1.VPSieNodeNodeReady); !strings.Contains(c.Message, "1 volume still attached: [left]") {
			return fmt.Errorf("%+v", c)
		}
		return nil
	})
	w.after(time.Minute, 5*time.Second)
	if w.billOf(m); !w.gone(moved) {
		t.Error("the pod is still there")
	}
	w.must(w.admin.Delete(t.Context(), left))
	w.ended(m)
}

// A drain goes on after a restart, and leaves what a person did to the node.
func TestDrainGoesOnAfterARestart(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	m := w.ready(w.group("restarted", 1, 2), 1)[0]
	first := w.pod("first", m.Name)
	budget := w.budget("third", 1)
	w.patch(w.node(m.Name), `{"spec":{"unschedulable":true},"metadata":{"labels":{"`+corev1.LabelNodeExcludeBalancers+`":"mine"}}}`)
	w.dismiss(m)
	w.until(0, "the drain to begin", func() error {
		if !evicting(w.node(m.Name)) {
			return errNotYet
		}
		return nil
	})
	third := w.pod("third", m.Name)
	w.allow(budget, 0)
	w.start(w.deps.Options)
	w.after(20*time.Second, 5*time.Second)
	if !w.gone(first) {
		t.Error("the drain did not go on")
	}
	if w.gone(third) {
		t.Error("a budget was not honoured")
	}
	w.until(time.Minute, "the drain to be given up", func() error {
		if w.heard("DrainFailed "+m.Name) == 0 {
			return errNotYet
		}
		return nil
	})
	if n := w.node(m.Name); !n.Spec.Unschedulable || n.Labels[corev1.LabelNodeExcludeBalancers] != "mine" || n.Annotations[annotationDraining] != "" {
		t.Errorf("a person's cordon and label were taken away: %+v, %v, %v", n.Spec, n.Labels, n.Annotations)
	}
	w.patch(m, `{"metadata":{"annotations":{"`+v1alpha1.AnnotationSkipDrain+`":"true"}}}`)
	w.ended(m)
	if w.heard("DrainFailed") != 1 {
		t.Errorf("%q", w.events)
	}
}

// What a removal without a drain leaves of pods goes when the VPS is proved to be gone, not before;
// pods elsewhere stay.
func TestPodsEndWithTheirVPS(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{DeleteMillis: 60_000})
	g := w.group("ended", 2, 3)
	machines := w.ready(g, 2)
	here, elsewhere := w.pod("here", machines[0].Name), w.pod("elsewhere", machines[1].Name)
	w.budget("held", 0)
	w.patch(machines[0], `{"metadata":{"annotations":{"`+v1alpha1.AnnotationSkipDrain+`":"true"}}}`)
	w.dismiss(machines[0])
	w.after(30*time.Second, 5*time.Second)
	if w.gone(here) {
		t.Error("the pod was deleted while its VPS may still run it")
	}
	w.ended(machines[0])
	if !w.gone(here) {
		t.Error("the pod stays though its VPS is gone")
	}
	if w.gone(elsewhere) {
		t.Error("the pod of another node was deleted")
	}
}

// Nodes are drained side by side as far as budgets allow.
func TestNodesAreDrainedSideBySide(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("parallel", 3, 6)
	machines := w.ready(g, 3)
	same := func(p *corev1.Pod) { p.Labels["app"] = "same" }
	var pods []*corev1.Pod
	for i, m := range machines {
		w.pod(fmt.Sprintf("loose-%d", i), m.Name)
		pods = append(pods, w.pod(fmt.Sprintf("same-%d", i), m.Name, same))
	}
	budget := w.budget("same", 1)
	for _, m := range machines {
		w.dismiss(m)
	}
	w.turn(time.Second)
	left := func() int {
		n := 0
		for _, p := range pods {
			if !w.gone(p) && p.DeletionTimestamp == nil {
				n++
			}
		}
		return n
	}
	if n := left(); n != 2 {
		t.Errorf("%d of 3 pods of a budget that allows one disruption are left", n)
	}
	for want := 1; want >= 0; want-- {
		w.after(10*time.Second, 5*time.Second)
		if n := left(); n != want+1 {
			t.Errorf("the budget was overdrawn: %d pods are left, want %d", n, want+1)
		}
		w.allow(budget, 1)
		w.until(time.Second, "the next pod to go", func() error {
			if left() != want {
				return errNotYet
			}
			return nil
		})
	}
	for _, m := range machines {
		w.ended(m)
	}
}

// Grace periods are granted in full, however short the drain's own limit is; but
// the pods of a node without a kubelet never confirm their end.
func TestGracePeriodsAreGrantedAndDeadKubeletsAreNotAwaited(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("grace", 2, 4)
	machines := w.ready(g, 2)
	graceful := func(seconds int64) func(*corev1.Pod) {
		return func(p *corev1.Pod) { p.Spec.TerminationGracePeriodSeconds = new(seconds) }
	}
	slow := w.pod("slow", machines[0].Name, graceful(3600))
	w.pod("stuck", machines[1].Name, graceful(30))
	w.pod("unmoved", machines[1].Name, func(p *corev1.Pod) { p.Labels["app"] = "held" })
	for _, m := range machines {
		w.patch(m, `{"metadata":{"annotations":{"`+v1alpha1.AnnotationDrainTimeout+`":"300"}}}`)
		w.dismiss(m)
	}
	w.after(20*time.Minute, time.Minute)
	if w.heard("DrainFailed "+machines[0].Name) > 0 || w.gone(slow) || !w.node(machines[0].Name).Spec.Unschedulable {
		t.Errorf("a grace period was cut short: %q", w.events)
	}
	w.must(w.admin.Delete(t.Context(), slow, client.GracePeriodSeconds(0)))
	w.ended(machines[0])
	w.setReady(machines[1].Name, false)
	w.after(10*time.Minute, time.Minute) // the pause after a drain that was given up
	w.ended(machines[1])
}

// Budgets protect what runs; on a node that has been dead for long nothing does.
func TestBudgetDoesNotKeepADeadNode(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("dead", 1, 2)
	m := w.ready(g, 1)[0]
	w.pod("held", m.Name)
	w.budget("held", 0)
	w.setReady(m.Name, false)
	w.until(time.Minute, "the repair", func() error {
		if w.heard("Repairing "+m.Name) == 0 {
			return errNotYet
		}
		return nil
	})
	w.until(time.Minute, "its VPS to be deleted", func() error {
		for _, b := range w.bills() {
			if b.Hostname == m.Name {
				return errNotYet
			}
		}
		return nil
	})
	if w.heard("DrainFailed") > 0 {
		t.Errorf("%q", w.events)
	}
}

// TestPodThatIsBoundAfterTheDrainIsNotLost: a scheduler that has not heard of the cordon binds a pod when the drain has
// ended and the VPS is about to go.
func TestPodThatIsBoundAfterTheDrainIsNotLost(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	m := w.ready(w.group("bound-late", 1, 1), 1)[0]
	budget := w.budget("late", 0)
	var late *corev1.Pod
	w.machinesThrough(interceptor.NewClient(w.withRights(), interceptor.Funcs{
		SubResourcePatch: func(ctx context.Context, c client.Client, sub string, o client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
			err := c.SubResource(sub).Patch(ctx, o, p, opts...)
			if x, ok := o.(*v1alpha1.VPSieNode); ok && err == nil && late == nil && x.Status.Phase == v1alpha1.PhaseDeleting {
				late = w.pod("late", m.Name)
			}
			return err
		},
	}))
	w.dismiss(m)
	w.after(time.Minute, 5*time.Second)
	if late == nil {
		t.Fatal("the drain has not ended")
	}
	w.billOf(m) // it must still run
	if w.gone(late) || late.DeletionTimestamp != nil {
		t.Fatal("the pod is gone, which its budget holds")
	}
	w.allow(budget, 1)
	w.ended(m)
}
