package explain

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Scene is what an answer is made from. Lists hold what the question needs, which is
// seldom all that the cluster has.
type Scene struct {
	// Now is the time in the zone that answers are written for.
	Now      time.Time
	Groups   []*v1alpha1.NodeGroup
	Machines []*v1alpha1.VPSieNode
	Nodes    []*corev1.Node
	Pods     []*corev1.Pod
	Budgets  []*policyv1.PodDisruptionBudget
	// Surge knows which pods a drain replaces by a restart of their Deployment; nil when that was not asked for.
	Surge  *plan.Surge
	Rounds Rounds
	// Dead says that no autoscaler acts; empty when one does, or when that is not known.
	Dead string
}

// Rounds is what is known of the autoscaler's decisions.
type Rounds struct {
	// Source says where it comes from, for people.
	Source string
	// Planned: the one round was worked out for this answer, and nothing was done.
	Planned bool
	// List is oldest first.
	List []*observe.Round
	// Last is when the last round was; zero when nothing is known.
	Last time.Time
	// Options are the flags that the rounds were decided with.
	Options plan.Options
	// FromScratch compares the cost with the least that is possible; nil when nobody has.
	FromScratch *observe.Compared
}

// current is the last round; nil when it does not speak of what was asked for.
func (r Rounds) current() *observe.Round {
	if n := len(r.List); n > 0 && !r.List[n-1].Last.Before(r.Last) {
		return r.List[n-1]
	}
	return nil
}

func (s *Scene) group(name string) *v1alpha1.NodeGroup {
	for _, g := range s.Groups {
		if g.Name == name {
			g = g.DeepCopy()
			g.SetDefaults()
			return g
		}
	}
	return nil
}

// Machine finds a VPSieNode by its own name or its node's.
func (s *Scene) Machine(name string) *v1alpha1.VPSieNode {
	i := slices.IndexFunc(s.Machines, func(m *v1alpha1.VPSieNode) bool { return m.Name == name })
	if i < 0 {
		i = slices.IndexFunc(s.Machines, func(m *v1alpha1.VPSieNode) bool { return cluster.NodeNameOf(m) == name })
	}
	if i < 0 {
		return nil
	}
	return s.Machines[i]
}

func (s *Scene) node(name string) *corev1.Node {
	for _, n := range s.Nodes {
		if n.Name == name {
			return n
		}
	}
	return nil
}

// Fact is a thing with the time since which, or at which, it is so.
type Fact struct {
	What string    `json:"what"`
	At   time.Time `json:"at"`
}
