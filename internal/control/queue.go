package control

import (
	"context"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// leavingPriority is that of a VPSieNode that is being deleted, above the others' 0. When a
// thousand machines wait for the cloud's request limit, one that is to go, which costs
// money, would else wait for its turn behind all of them.
const leavingPriority = 1

// leavingFirst has VPSieNodes that start to be deleted worked on before the others.
func leavingFirst() handler.EventHandler {
	return handler.Funcs{UpdateFunc: func(_ context.Context, e event.UpdateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
		if e.ObjectNew.GetDeletionTimestamp().IsZero() {
			return
		}
		request := reconcile.Request{NamespacedName: client.ObjectKeyFromObject(e.ObjectNew)}
		if ranked, ok := q.(priorityqueue.PriorityQueue[reconcile.Request]); ok {
			ranked.AddWithOpts(priorityqueue.AddOpts{Priority: new(leavingPriority)}, request)
			return
		}
		q.Add(request)
	}}
}

// turn is when to work on a machine again, before or among the others.
func turn(m client.Object, result reconcile.Result) reconcile.Result {
	if !m.GetDeletionTimestamp().IsZero() {
		result.Priority = new(leavingPriority)
	}
	return result
}
