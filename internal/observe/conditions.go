package observe

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Set writes a condition. Unlike meta.SetStatusCondition alone it counts a new
// reason as a transition, because the steps of a machine's life are told by
// reasons and their age is asked for.
func Set(conditions *[]metav1.Condition, generation int64, now time.Time, kind string, status metav1.ConditionStatus, reason, message string) {
	if old := meta.FindStatusCondition(*conditions, kind); old != nil && old.Reason != reason {
		old.LastTransitionTime = metav1.NewTime(now)
	}
	meta.SetStatusCondition(conditions, metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: clip(message),
		ObservedGeneration: generation, LastTransitionTime: metav1.NewTime(now),
	})
}
