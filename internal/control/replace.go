package control

import (
	"context"
	"errors"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// The pause after a replacement that came to nothing doubles with each that follows on the
// same node, from the first to the longest: each has cost a machine.
const (
	firstReplacePause   = time.Hour
	longestReplacePause = 24 * time.Hour
)

// givenUp writes down which replacements are given up.
func (r *notes) givenUp(ctx context.Context, o *cluster.Objects, p *plan.Plan) error {
	machines := byNodeName(o.VPSieNodes)
	var errs []error
	for i := range p.GivenUp {
		errs = append(errs, r.giveUpReplacement(ctx, o, machines, &p.GivenUp[i]))
	}
	return errors.Join(errs...)
}

// FailedAgain is what is noted on a node whose replacement is given up now.
func FailedAgain(m *v1alpha1.VPSieNode, why string, now time.Time) cluster.ReplacementFailure {
	failure := cluster.ReplacementFailure{Times: 1, Why: why}
	if before := cluster.FailedReplacement(m); before != nil {
		failure.Times += before.Times
	}
	pause := longestReplacePause
	if failure.Times < 6 { // the doubling is past the longest then
		pause = min(firstReplacePause<<(failure.Times-1), longestReplacePause)
	}
	failure.Until = now.Add(pause).UTC().Truncate(time.Second)
	return failure
}

// giveUpReplacement has the nodes wait before another replacement is tried, and then the
// machines be like any other. In this order: what ends in between is done again.
func (r *notes) giveUpReplacement(ctx context.Context, o *cluster.Objects, machines map[string]*v1alpha1.VPSieNode, g *plan.GivenUp) error {
	now := r.Clock.Now()
	for _, name := range g.Nodes {
		m := machines[name]
		if m == nil || !m.DeletionTimestamp.IsZero() {
			continue
		}
		failure := FailedAgain(m, g.Why, now)
		if err := r.annotate(ctx, m, "noting that a replacement is given up on", func(m *v1alpha1.VPSieNode) {
			metav1.SetMetaDataAnnotation(&m.ObjectMeta, v1alpha1.AnnotationReplacementFailed, failure.String())
		}); err != nil {
			return err
		}
	}
	for _, name := range g.Machines {
		m := machines[name]
		if m == nil {
			continue
		}
		if err := r.annotate(ctx, m, "noting that a replacement is given up on", func(m *v1alpha1.VPSieNode) { delete(m.Annotations, v1alpha1.AnnotationReplaces) }); err != nil {
			return err
		}
		for _, group := range o.NodeGroups {
			if group.Name == m.Spec.NodeGroupName {
				r.Voice.Say(group, observe.ReplacementFailed(m.Name, g.Nodes, g.Why))
			}
		}
	}
	logf.FromContext(ctx).Info("gave a replacement up", "machines", g.Machines, "nodes", g.Nodes, "why", g.Why)
	return nil
}
