package control

import (
	"context"
	"iter"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// waiting are the pods that the last round found pending, as namespace and name.
type waiting map[types.NamespacedName]bool

// tellPods says to every pending pod what it waits for, counts the pods by it, and
// takes the time of those that have got a node since the last round.
func (r *teller) tellPods(ctx context.Context, o *cluster.Objects, p *plan.Plan) {
	onWay := map[string]*v1alpha1.VPSieNode{}
	for _, m := range o.VPSieNodes {
		if m.Status.Phase != v1alpha1.PhaseReady {
			onWay[m.Name] = m
		}
	}
	verdicts := observe.Verdicts(p, onWay)
	count, now := map[string]int{}, make(waiting, len(verdicts))
	for _, v := range verdicts {
		count[v.Reason]++
		namespace, name, _ := strings.Cut(v.Pod, "/")
		now[types.NamespacedName{Namespace: namespace, Name: name}] = true
	}
	r.Metrics.Pending(count)
	unsaid := r.Voice.SayPods(r.Clock.Now(), verdicts, pendingOf(o.Planned(), verdicts))
	if unsaid > 0 && r.unsaid == 0 {
		logf.FromContext(ctx).Info("too many pods to tell each what it waits for; the NodeGroups' events tell of them together", "pods", unsaid)
	}
	r.unsaid = unsaid
	r.countBound(o.Planned(), now)
	r.waiting = now
}

// pendingOf are the pods without a node, by namespace/name, if there is a verdict to tell.
func pendingOf(pods iter.Seq[*plan.Pod], verdicts []observe.Verdict) map[string]*plan.Pod {
	pending := make(map[string]*plan.Pod, len(verdicts))
	if len(verdicts) == 0 {
		return pending
	}
	for p := range pods {
		if p.Node() == "" {
			pending[p.Meta().Namespace+"/"+p.Meta().Name] = p
		}
	}
	return pending
}

// countBound takes the waiting time of the pods that were pending in the last round
// and have a node. Those that have gone meanwhile count for nothing.
func (r *teller) countBound(pods iter.Seq[*plan.Pod], now waiting) {
	settled := waiting{}
	for pod := range r.waiting {
		if !now[pod] {
			settled[pod] = true
		}
	}
	if len(settled) == 0 {
		return
	}
	for p := range pods {
		meta := p.Meta()
		if p.Node() != "" && settled[types.NamespacedName{Namespace: meta.Namespace, Name: meta.Name}] {
			r.Metrics.Bound(max(boundAt(p.Object(), r.Clock.Now()).Sub(meta.CreationTimestamp.Time), 0))
		}
	}
}

func boundAt(p *corev1.Pod, now time.Time) time.Time {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionTrue {
			return c.LastTransitionTime.Time
		}
	}
	return now
}
