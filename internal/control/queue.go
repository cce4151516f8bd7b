package control

import (
	"context"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// Priorities of VPSieNodes above the others' 0. When a thousand machines wait for the API server and the cloud's request
// limit, one that is to go, which costs money, would else wait for its turn behind all of them; and pods would wait for
// machines that are ordered only after those before them have joined.
const (
	orderPriority   = 1
	leavingPriority = 2
)

func priorityOf(o client.Object) int {
	m, ok := o.(*v1alpha1.VPSieNode)
	switch {
	case !ok:
		return 0
	case !m.DeletionTimestamp.IsZero():
		return leavingPriority
	case m.Spec.VPSieInstanceID == 0 && (m.Status.Phase == "" || m.Status.Phase == v1alpha1.PhasePending):
		return orderPriority
	}
	return 0
}

// urgentFirst has VPSieNodes that are to go or to be ordered worked on before the others.
func urgentFirst() handler.EventHandler {
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			enqueueUrgent(q, e.Object)
		},
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			enqueueUrgent(q, e.ObjectNew)
		},
	}
}

func enqueueUrgent(q workqueue.TypedRateLimitingInterface[reconcile.Request], o client.Object) {
	if p := priorityOf(o); p > 0 {
		enqueue(q, client.ObjectKeyFromObject(o), p)
	}
}

func enqueue(q workqueue.TypedRateLimitingInterface[reconcile.Request], name client.ObjectKey, priority int) {
	request := reconcile.Request{NamespacedName: name}
	if ranked, ok := q.(priorityqueue.PriorityQueue[reconcile.Request]); ok {
		ranked.AddWithOpts(priorityqueue.AddOpts{Priority: &priority}, request)
		return
	}
	q.Add(request)
}

// whenAdmitted has the machines worked on again that may be ordered now.
func whenAdmitted(a *arrivals) source.Source {
	return source.Func(func(_ context.Context, q workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		a.orders.wakeBy(func(name client.ObjectKey) {
			a.upcoming.expect(name.Name)
			enqueue(q, name, orderPriority)
		})
		return nil
	})
}

// turn is when to work on a machine again, before or among the others.
func turn(m client.Object, result reconcile.Result) reconcile.Result {
	if p := priorityOf(m); p > 0 {
		result.Priority = &p
	}
	return result
}
