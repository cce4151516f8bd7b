package simulate

import (
	"context"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Decider decides each round what is bought and removed. It is asked by one simulation alone, one round after another,
// and may remember what it decided before.
type Decider interface {
	Decide(context.Context, *plan.State) (Decided, error)
}

// Decided is what a round comes to. Of the plan a simulation carries out Launches and Removals, and plans again at RecheckAt at
// the latest; the scheduler puts pods on nodes of Replacing and Unneeded last. Cost.After must be what all machines cost then.
type Decided struct {
	*plan.Plan
	// Closed are nodes, by name, that take no more pods while they stay.
	Closed []string
}

// Other is somebody else than the planner who decides, to be compared with it.
type Other struct {
	// Name is shown behind that of the setting.
	Name string
	// New makes one for a simulation.
	New func() Decider
}

// planner decides as the controller does.
type planner struct{}

// Decide plans.
func (planner) Decide(_ context.Context, s *plan.State) (Decided, error) {
	return Decided{Plan: plan.Decide(s)}, nil
}
