package explain

import (
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/util/duration"
)

// Leaderless says by the Lease of the autoscaler's leader that no autoscaler acts; empty
// when one does. The Lease is nil when there is none.
func Leaderless(lease *coordinationv1.Lease, namespace string, now time.Time) string {
	const look = "kubectl -n %s get pods -l app.kubernetes.io/name=vpsie-autoscaler"
	switch {
	case lease == nil:
		return fmt.Sprintf("No autoscaler runs: there is no Lease vpsie-autoscaler in namespace %s. Nothing is bought or removed. "+look, namespace, namespace)
	case lease.Spec.RenewTime == nil || lease.Spec.HolderIdentity == nil || *lease.Spec.HolderIdentity == "":
		return fmt.Sprintf("No autoscaler acts: nobody holds the Lease vpsie-autoscaler in namespace %s. Nothing is bought or removed. "+look, namespace, namespace)
	}
	grace := 15 * time.Second
	if s := lease.Spec.LeaseDurationSeconds; s != nil {
		grace = time.Duration(*s) * time.Second
	}
	// Clocks differ a little, and a successor needs a moment.
	if silent := now.Sub(lease.Spec.RenewTime.Time); silent > 2*grace {
		return fmt.Sprintf("No autoscaler acts: %s, the last leader, gave its last sign of life %s ago. Nothing is bought or removed. "+look,
			*lease.Spec.HolderIdentity, duration.HumanDuration(silent), namespace)
	}
	return ""
}
