package control

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

const (
	reasonNodeNotReady = "NodeNotReady"
	reasonNodeGone     = "NodeGone"
	// reasonStartupTaint: the node is ready, and a startup taint keeps pods off it.
	reasonStartupTaint = "StartupTaint"
	reasonVPSGone      = "VPSGone"
	reasonRepairHeld   = "RepairHeld"
)

// notice says of a machine that has been ready when its VPS does not run any more,
// or runs again.
func (s *sweep) notice(ctx context.Context, m *v1alpha1.VPSieNode, sight *cloud.Sight) error {
	if m.Status.Phase != v1alpha1.PhaseReady || !m.DeletionTimestamp.IsZero() {
		return nil
	}
	vm := sight.ByID(m.Spec.VPSieInstanceID)
	if vm == nil {
		return nil // Its absence is proved by two sights, elsewhere.
	}
	status, reason, message := metav1.ConditionTrue, reasonRunning, "VPS is running on VPSie platform"
	if !vm.Usable() {
		status, reason, message = notRunning(vm)
		s.Voice.SayNew(m, observe.VPSNotRunning(reason, message))
	} else {
		s.Voice.Over(m, "VPSStopped")
		s.Voice.Over(m, "VPSSuspended")
	}
	return s.tell(ctx, m, func(m *v1alpha1.VPSieNode) {
		m.Status.VPSieStatus = statusOf(vm)
		s.condition(m, v1alpha1.VPSieNodeVPSReady, status, reason, message)
	})
}

func notRunning(vm *vpsie.VM) (status metav1.ConditionStatus, reason, message string) {
	reason = "VPSStopped"
	if vm.Suspended {
		reason = "VPSSuspended"
	}
	return metav1.ConditionFalse, reason, fmt.Sprintf("VPS %d is %s at VPSie, which the autoscaler did not ask for", vm.ID, statusOf(vm))
}

// repair replaces machines whose node has not been ready for too long, the longest
// first, and of one NodeGroup no more at once than the limit: what takes all nodes
// at the same time is seldom mended by deleting them.
func (s *sweep) repair(ctx context.Context, all []v1alpha1.VPSieNode, sight *cloud.Sight) error {
	var errs []error
	broken := map[string][]*v1alpha1.VPSieNode{}
	size, busy := map[string]int{}, map[string]int{}
	for i := range all {
		m := &all[i]
		group := m.Spec.NodeGroupName
		size[group]++
		if underRepair(m) || s.restarting(m) {
			busy[group]++
			continue
		}
		if long := s.brokenFor(m); long >= s.patience(m) && long > 0 {
			broken[group] = append(broken[group], m)
		}
	}
	for group, machines := range broken {
		g, err := s.groupNamed(ctx, group)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		slices.SortFunc(machines, func(a, b *v1alpha1.VPSieNode) int {
			return cmp.Or(-cmp.Compare(s.brokenFor(a), s.brokenFor(b)), cmp.Compare(a.Name, b.Name))
		})
		most := s.Options.repairsAtOnce(size[group])
		for _, m := range machines {
			held, err := s.repairHeld(ctx, g, m, busy[group], most)
			if err == nil && held == "" {
				busy[group]++
				err = s.mend(ctx, g, m, sight.ByID(m.Spec.VPSieInstanceID))
			} else if err == nil {
				err = s.hold(ctx, m, held)
			}
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// repairsAtOnce is how many of a NodeGroup's machines may be under repair together:
// one at least, unless repairs are off.
func (o Options) repairsAtOnce(machines int) int {
	if o.RepairLimit <= 0 {
		return 0
	}
	return max(machines*o.RepairLimit/100, 1)
}

// underRepair counts those that leave, and those that come in their place.
func underRepair(m *v1alpha1.VPSieNode) bool {
	if !m.DeletionTimestamp.IsZero() {
		return m.Annotations[v1alpha1.AnnotationRepair] != ""
	}
	switch m.Status.Phase {
	case v1alpha1.PhaseReady, v1alpha1.PhaseFailed:
		return false
	}
	return true
}

// brokenFor is how long a machine that was ready has had no ready node; 0 when it has one.
func (s *sweep) brokenFor(m *v1alpha1.VPSieNode) time.Duration {
	c := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.VPSieNodeNodeReady)
	if c == nil || c.Status == metav1.ConditionTrue || !slices.Contains([]string{reasonNodeNotReady, reasonNodeGone, reasonStartupTaint}, c.Reason) ||
		m.Status.Phase != v1alpha1.PhaseReady || !m.DeletionTimestamp.IsZero() {
		return 0
	}
	return s.Clock.Since(c.LastTransitionTime.Time)
}

// patience is how long a machine may be broken. An agent that has to come back has as long
// as on a new node.
func (s *sweep) patience(m *v1alpha1.VPSieNode) time.Duration {
	if c := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.VPSieNodeNodeReady); c != nil && c.Reason == reasonStartupTaint {
		return s.Options.JoinTimeout
	}
	return s.Options.UnreadyTimeout
}

// repairHeld is why a broken machine is left as it is, "" when it may be replaced.
func (s *sweep) repairHeld(ctx context.Context, g *v1alpha1.NodeGroup, m *v1alpha1.VPSieNode, busy, most int) (string, error) {
	node, err := s.nodeNamed(ctx, cluster.NodeNameOf(m))
	if err != nil {
		return "", err
	}
	var control string
	if node != nil {
		pods, err := podsOn(ctx, s.Live, node.Name)
		if err != nil {
			return "", err
		}
		control = plan.ControlPlane(node, pods)
	}
	limits := cluster.LimitsOf(g, s.Clock.Now())
	switch {
	case node != nil && s.serving.notServing(ctx, m, node).reason == "":
		return "its node is ready by now", nil
	case !orderedByUs(m):
		return "a person made the VPSieNode; delete it to have the VPS deleted", nil
	case cluster.MustNotDelete(m) || node != nil && cluster.MustNotDelete(node):
		return "the annotation " + v1alpha1.AnnotationDoNotDelete + " keeps it", nil
	case limits.Paused:
		return "NodeGroup " + g.Name + " is " + limits.Pause(), nil
	case control != "":
		return control, nil
	case most == 0:
		return "repairs are off (--repair-limit=0)", nil
	case busy >= most:
		return fmt.Sprintf("other machines of NodeGroup %s are leaving or coming, and --repair-limit=%d lets %d do so at once", m.Spec.NodeGroupName, s.Options.RepairLimit, most), nil
	}
	return "", nil
}

// groupNamed reads a NodeGroup, as the API server has it now: it may have been paused
// just before. One that is gone is as good as one without settings.
func (s *sweep) groupNamed(ctx context.Context, name string) (*v1alpha1.NodeGroup, error) {
	g := &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Namespace: s.Options.Namespace, Name: name}}
	if err := s.Live.Get(ctx, client.ObjectKeyFromObject(g), g); client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("reading NodeGroup %s: %w", name, err)
	}
	return g, nil
}

// nodeNamed reads a Node, as the API server has it now: a cache that is behind shows
// a node that works as broken.
func (s *sweep) nodeNamed(ctx context.Context, name string) (*corev1.Node, error) {
	var node corev1.Node
	if err := s.Live.Get(ctx, types.NamespacedName{Name: name}, &node); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	return &node, nil
}

// replace deletes the object; its removal deletes the VPS, and the next round buys
// another where one is needed.
func (s *sweep) replace(ctx context.Context, g *v1alpha1.NodeGroup, m *v1alpha1.VPSieNode) error {
	long := s.brokenFor(m).Truncate(time.Second)
	why := fmt.Sprintf("Node %s has not been ready for %s", cluster.NodeNameOf(m), long)
	if c := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.VPSieNodeNodeReady); c != nil && c.Reason == reasonStartupTaint {
		why = fmt.Sprintf("Node %s has taken no pods for %s: %s", cluster.NodeNameOf(m), long, c.Message)
	}
	if vps := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.VPSieNodeVPSReady); vps != nil && vps.Status != metav1.ConditionTrue {
		why += ": " + vps.Message
	}
	if marked, err := s.mark(ctx, m, v1alpha1.AnnotationRepair, why); marked == nil {
		return err
	}
	logf.FromContext(ctx).Info("replacing a machine", "vpsieNode", m.Name, "vps", m.Spec.VPSieInstanceID, "why", why)
	s.Voice.Say(m, observe.Repairing(why))
	s.Voice.Say(g, observe.Repairing(why))
	return deleteMachine(ctx, s.Client, m)
}

// mark annotates the machine before something is done to it. It returns the machine as it is then, and nil when it was not
// written: without an error because somebody else has changed it, of which the next sweep sees what has become.
func (s *sweep) mark(ctx context.Context, m *v1alpha1.VPSieNode, annotation, value string) (*v1alpha1.VPSieNode, error) {
	marked := m.DeepCopy()
	metav1.SetMetaDataAnnotation(&marked.ObjectMeta, annotation, value)
	if err := s.Client.Patch(ctx, marked, client.MergeFromWithOptions(m, client.MergeFromWithOptimisticLock{})); err != nil {
		return nil, ignoreRace(err)
	}
	return marked, nil
}

// hold says why a broken machine stays.
func (s *sweep) hold(ctx context.Context, m *v1alpha1.VPSieNode, why string) error {
	text := fmt.Sprintf("Node %s is not ready and not replaced: %s", cluster.NodeNameOf(m), why)
	s.Voice.SayNew(m, observe.RepairHeld(text))
	return s.tell(ctx, m, func(m *v1alpha1.VPSieNode) {
		m.Status.LastError = text
		s.condition(m, v1alpha1.VPSieNodeError, metav1.ConditionTrue, reasonRepairHeld, text)
	})
}

// tell writes what the sweep has to say of a machine. Whoever else works on it goes first.
func (s *sweep) tell(ctx context.Context, m *v1alpha1.VPSieNode, change func(*v1alpha1.VPSieNode)) error {
	changed := m.DeepCopy()
	change(changed)
	if equality.Semantic.DeepEqual(m.Status, changed.Status) {
		return nil
	}
	err := s.Client.Status().Patch(ctx, changed, client.MergeFromWithOptions(m, client.MergeFromWithOptimisticLock{}))
	if err == nil {
		*m = *changed
	}
	return ignoreRace(err)
}

// ignoreRace drops the errors of an object that somebody else changed or deleted:
// the next sweep sees what they made of it.
func ignoreRace(err error) error {
	if apierrors.IsConflict(err) {
		return nil
	}
	return client.IgnoreNotFound(err)
}
