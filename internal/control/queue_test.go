package control

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// A machine that is to go does not wait behind all those that are to come, neither at first nor when it is looked at again.
func TestMachinesThatLeaveComeFirst(t *testing.T) {
	queue := priorityqueue.New[reconcile.Request]("machines that leave")
	defer queue.ShutDown()
	named := func(name string, leaving bool) *v1alpha1.VPSieNode {
		m := &v1alpha1.VPSieNode{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if leaving {
			m.DeletionTimestamp = &metav1.Time{Time: time.Now()}
		}
		return m
	}
	for _, name := range []string{"a", "b", "c"} {
		queue.Add(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(named(name, false))})
	}
	for _, m := range []*v1alpha1.VPSieNode{named("d", false), named("leaving", true)} {
		leavingFirst().Update(t.Context(), event.UpdateEvent{ObjectOld: named(m.Name, false), ObjectNew: m}, queue)
	}
	var order []string
	for range 4 {
		request, _, _ := queue.GetWithPriority()
		order = append(order, request.Name)
	}
	if order[0] != "leaving" {
		t.Errorf("the machines are worked on in the order %v, want the one that leaves first", order)
	}
	if p := turn(named("leaving", true), reconcile.Result{}).Priority; p == nil || *p <= 0 {
		t.Error("a machine that leaves loses its place when it is looked at again")
	}
	if p := turn(named("a", false), reconcile.Result{}).Priority; p != nil {
		t.Errorf("a machine that stays gets priority %d", *p)
	}
}
