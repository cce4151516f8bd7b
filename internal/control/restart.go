package control

import (
	"context"
	"fmt"
	"time"

	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// restartAgain is how long a machine that a restart has mended must work before a restart is tried again: one that breaks
// every few hours is replaced.
const restartAgain = 24 * time.Hour

// mend restarts a broken machine's VPS, which costs no node; what a restart does not mend is replaced.
func (s *sweep) mend(ctx context.Context, g *v1alpha1.NodeGroup, m *v1alpha1.VPSieNode, vm *vpsie.VM) error {
	if s.restartable(m, vm) {
		tried, err := s.restart(ctx, m, vm)
		if tried || err != nil {
			return err
		}
	}
	return s.replace(ctx, g, m)
}

// restartable: the VPS is there, nobody has suspended it, and no restart has been tried lately.
func (s *sweep) restartable(m *v1alpha1.VPSieNode, vm *vpsie.VM) bool {
	last, ever := restartedAt(m)
	return s.Options.RestartTimeout > 0 && vm != nil && !vm.Suspended && !vm.Locked && (!ever || s.Clock.Since(last) > restartAgain)
}

// restart notes the restart before it asks for it. It reports false when VPSie refuses, so that the machine is replaced at
// once.
func (s *sweep) restart(ctx context.Context, m *v1alpha1.VPSieNode, vm *vpsie.VM) (tried bool, err error) {
	marked, err := s.mark(ctx, m, v1alpha1.AnnotationRestarted, s.Clock.Now().UTC().Format(time.RFC3339))
	if marked == nil {
		return true, err
	}
	*m = *marked
	if err := s.Cloud.Restart(ctx, vm); err != nil && !vpsie.MayHaveHappened(err) {
		logf.FromContext(ctx).Info("VPSie refuses to restart a VPS", "vpsieNode", m.Name, "vps", vm.ID, "why", err.Error())
		return false, nil
	}
	why := fmt.Sprintf("Node %s has not been ready for %s", cluster.NodeNameOf(m), s.brokenFor(m).Truncate(time.Second))
	logf.FromContext(ctx).Info("restarting a VPS", "vpsieNode", m.Name, "vps", vm.ID, "why", why)
	s.Voice.Say(m, observe.Restarting(why, s.Options.RestartTimeout))
	return true, nil
}

// restarting tells whether a broken machine still has time to come back from its restart.
func (s *sweep) restarting(m *v1alpha1.VPSieNode) bool {
	last, ever := restartedAt(m)
	return ever && s.brokenFor(m) > 0 && s.Clock.Since(last) < s.Options.RestartTimeout
}

func restartedAt(m *v1alpha1.VPSieNode) (time.Time, bool) {
	at, err := time.Parse(time.RFC3339, m.Annotations[v1alpha1.AnnotationRestarted])
	return at, err == nil
}
