package control

import (
	"slices"
	"testing"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// What a machine replaces is part of the intent, so that it is known after a restart.
func TestReplacementsNameTheirNodes(t *testing.T) {
	g := &v1alpha1.NodeGroup{}
	g.Name = "web"
	m := machineFor(g, plan.Launch{Reason: plan.Replacement, Replaces: []string{"a", "b"}})
	if got := cluster.Replaces(m); !slices.Equal(got, []string{"a", "b"}) || m.Annotations[v1alpha1.AnnotationReplaces] != "a,b" {
		t.Errorf("replaces %q, annotations %v", got, m.Annotations)
	}
	if m := machineFor(g, plan.Launch{Reason: plan.PendingPods}); m.Annotations[v1alpha1.AnnotationReplaces] != "" || len(cluster.Replaces(m)) > 0 {
		t.Errorf("a machine that replaces nothing has annotations %v", m.Annotations)
	}
}
