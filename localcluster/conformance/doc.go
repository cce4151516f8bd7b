// Package conformance holds the planner's understanding of Kubernetes against
// kube-scheduler's own: random clusters are decided by internal/plan, and the real
// PreFilter and Filter plugins judge every single answer.
package conformance
