package control

import (
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// A machine that is to go does not wait behind all those that are to come, nor one to be ordered behind those that have been:
// neither at first nor when it is looked at again.
func TestUrgentMachinesComeFirst(t *testing.T) {
	queue := priorityqueue.New[reconcile.Request]("urgent machines")
	defer queue.ShutDown()
	named := func(name, phase string) *v1alpha1.VPSieNode {
		m := &v1alpha1.VPSieNode{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: v1alpha1.VPSieNodeStatus{Phase: v1alpha1.VPSieNodePhase(phase)}}
		if name == "leaving" {
			m.DeletionTimestamp = &metav1.Time{Time: time.Now()}
		}
		return m
	}
	ordered := string(v1alpha1.PhaseProvisioning)
	for _, name := range []string{"a", "b", "c", "pending"} {
		queue.Add(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(named(name, ordered))})
	}
	for _, m := range []*v1alpha1.VPSieNode{named("d", ordered), named("pending", string(v1alpha1.PhasePending)), named("leaving", ordered)} {
		urgentFirst().Update(t.Context(), event.UpdateEvent{ObjectOld: m, ObjectNew: m}, queue)
	}
	urgentFirst().Create(t.Context(), event.CreateEvent{Object: named("new", "")}, queue)
	var order []string
	for range 3 { // those that come first; waiting for one that was never queued would hang
		request, _, _ := queue.GetWithPriority()
		order = append(order, request.Name)
	}
	if order[0] != "leaving" || !slices.Contains(order[1:3], "pending") || !slices.Contains(order[1:3], "new") {
		t.Errorf("the machines are worked on in the order %v, want the one that leaves first, then the two to be ordered", order)
	}
	for name, want := range map[string]int{"leaving": leavingPriority, "pending": orderPriority} {
		if p := turn(named(name, string(v1alpha1.PhasePending)), reconcile.Result{}).Priority; p == nil || *p != want {
			t.Errorf("machine %s loses its place when it is looked at again", name)
		}
	}
	if p := turn(named("a", ordered), reconcile.Result{}).Priority; p != nil {
		t.Errorf("a machine that has been ordered gets priority %d", *p)
	}
}

// A machine that may not be ordered yet is woken as soon as another is listed or given up, in the order in which they asked.
func TestWaitingMachinesAreWoken(t *testing.T) {
	now := time.Now()
	o := newOrders()
	o.recall(nil)
	var woken []string
	o.wakeBy(func(name client.ObjectKey) { woken = append(woken, name.Name) })
	machine := func(name string) *v1alpha1.VPSieNode {
		return &v1alpha1.VPSieNode{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name)}}
	}
	for i, name := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		if admitted := o.admit(machine(name), now); admitted != (i < mostLost) {
			t.Fatalf("machine %s may be ordered: %t", name, admitted)
		}
	}
	o.admit(machine("c"), now) // asks again, and keeps its place
	o.see("a", true, now)
	if want := []string{"c", "d"}; !slices.Equal(woken, want) {
		t.Fatalf("when the first order was listed %v were woken, want %v", woken, want)
	}
	for _, name := range []string{"c", "d"} {
		if !o.admit(machine(name), now) {
			t.Errorf("machine %s was woken and may not be ordered", name)
		}
	}
	o.forget("e", now) // given up while it waited
	o.forget("b", now) // refused
	if want := []string{"c", "d", "f"}; !slices.Equal(woken, want) {
		t.Errorf("after an order was refused %v were woken, want %v", woken, want)
	}
}
