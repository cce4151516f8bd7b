package observe

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// How drains and evictions end, what a sweep finds, and why machines are given up.
const (
	DrainDone   = "done"
	drainFailed = "failed"

	EvictionGranted = "evicted"
	EvictionRefused = "refused"
	EvictionFailed  = "failed"

	LeakVPS    = "vps"
	LeakNode   = "node"
	LeakObject = "object"

	failedProvision = "provision"
	failedJoin      = "join"
	failedGone      = "gone"
)

func startupSteps() []string { return []string{"provision", "join", "ready", "total"} }

// Machine counts what a reconciliation of a VPSieNode has reached. It is told once
// the status is stored, so that nothing is counted twice from a stale copy.
func (m *Metrics) Machine(before, after *v1alpha1.VPSieNode) {
	was, is := &before.Status, &after.Status
	// What a person adopted was not ordered: its beginning is not known.
	if was.ReadyAt == nil && is.ReadyAt != nil && after.Annotations[v1alpha1.AnnotationLaunchReason] != "" {
		m.started(is)
	}
	if was.Phase != v1alpha1.PhaseFailed && is.Phase == v1alpha1.PhaseFailed {
		reason := failedProvision
		if errorReason(is) == ReasonJoinFailed {
			reason = failedJoin
		}
		m.failures.WithLabelValues(reason).Inc()
	}
	if was.Phase != v1alpha1.PhaseDeleting && is.Phase == v1alpha1.PhaseDeleting && is.NodeName != "" {
		m.drains.WithLabelValues(DrainDone).Inc()
	}
	if errorReason(was) != "DrainFailed" && errorReason(is) == "DrainFailed" {
		m.drains.WithLabelValues(drainFailed).Inc()
	}
}

// started tells how long each step took.
func (m *Metrics) started(s *v1alpha1.VPSieNodeStatus) {
	times := []*metav1.Time{s.CreatedAt, s.ProvisionedAt, s.JoinedAt, s.ReadyAt}
	for i, step := range startupSteps()[:3] {
		if times[i] != nil && times[i+1] != nil {
			m.startup.WithLabelValues(step).Observe(max(times[i+1].Sub(times[i].Time).Seconds(), 0))
		}
	}
	if s.CreatedAt != nil {
		m.startup.WithLabelValues("total").Observe(max(s.ReadyAt.Sub(s.CreatedAt.Time).Seconds(), 0))
	}
}

func errorReason(s *v1alpha1.VPSieNodeStatus) string {
	if c := meta.FindStatusCondition(s.Conditions, v1alpha1.VPSieNodeError); c != nil && c.Status == metav1.ConditionTrue {
		return c.Reason
	}
	return ""
}

// Evicted counts an eviction that was asked for.
func (m *Metrics) Evicted(result string) { m.evictions.WithLabelValues(result).Inc() }

// Leak counts what a sweep found without its counterpart.
func (m *Metrics) Leak(kind string) { m.leaks.WithLabelValues(kind).Inc() }

// Gone counts a machine whose VPS somebody else deleted.
func (m *Metrics) Gone() { m.failures.WithLabelValues(failedGone).Inc() }
