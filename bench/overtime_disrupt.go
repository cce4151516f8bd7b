package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sigs.k8s.io/karpenter/pkg/controllers/disruption"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// method is one of Karpenter's ways to save, in its order. Its commands stand for a while in the simulation's time before the
// validator sees them; Karpenter's own would wait for a clock.
type method struct {
	disruption.Method
	validator disruption.Validator
}

// command is one that has begun: its nodes go once the machine that was bought in their place is Ready.
type command struct {
	nodes []string
	begun time.Time
}

// hasPods says that pods are still on its nodes.
func (c *command) hasPods(o *overTime) bool {
	return slices.ContainsFunc(c.nodes, func(name string) bool { return len(o.k.store.byNode[name]) > 0 })
}

// follow has the nodes of commands go whose replacement is Ready, and gives those up whose replacement does not come.
func (o *overTime) follow(s *plan.State, d *decision) {
	o.commands = slices.DeleteFunc(o.commands, func(c *command) bool {
		i := slices.IndexFunc(s.Nodes, func(n *plan.Node) bool { return slices.Equal(n.Replaces, c.nodes) })
		switch {
		case i >= 0 && s.Nodes[i].State == plan.Ready:
			o.remove(c.nodes, plan.Replaced, d)
			return true
		case i < 0 || s.Nodes[i].State != plan.Ordered || !d.now.Before(c.begun.Add(commandTimeout)):
			o.k.cluster.UnmarkForDeletion(c.nodes...)
			if i >= 0 {
				d.plan.GivenUp = append(d.plan.GivenUp, plan.GivenUp{Machines: []string{s.Nodes[i].Name}, Why: "it did not come in time"})
			}
			return true
		}
		d.due(c.begun.Add(commandTimeout))
		return false
	})
}

// remove has nodes go.
func (o *overTime) remove(names []string, reason plan.RemovalReason, d *decision) {
	for _, name := range names {
		told := o.nodes[name]
		if told == nil || told.state == plan.Terminating {
			continue
		}
		r := plan.Removal{Node: name, Group: o.group, Reason: reason, Saves: plan.Hourly(told.machine.price)}
		for _, p := range o.k.store.byNode[name] {
			r.Moves = append(r.Moves, plan.Move{Pod: p.Namespace + "/" + p.Name})
		}
		d.plan.Removals = append(d.plan.Removals, r)
	}
}

// disrupt has the disruption controller look for something to save, or begin what it has found.
func (o *overTime) disrupt(ctx context.Context, d *decision) error {
	from := 0
	switch {
	case o.proposed != nil && d.now.Before(o.validateAt):
		d.due(o.validateAt)
		return nil
	case o.proposed != nil:
		c, by := *o.proposed, o.methods[o.proposedBy]
		o.proposed, from = nil, o.proposedBy+1
		valid, err := by.validator.Validate(ctx, c, 0)
		if err == nil {
			o.looked = time.Time{} // It looks again at once.
			d.due(d.now.Add(time.Second))
			o.begin(ctx, by, valid, d)
			return nil
		}
		if !disruption.IsValidationError(err) {
			return fmt.Errorf("validating a command of Karpenter: %w", err)
		}
	case d.now.Before(o.looked.Add(lookForDisruption)):
		d.due(o.looked.Add(lookForDisruption))
		return nil
	case len(o.commands) == 0 && o.k.cluster.ConsolidationState().Equal(o.settled):
		return nil // Nothing has changed: its methods would say so after they have copied all nodes.
	}
	o.looked = d.now
	for i := from; i < len(o.methods); i++ {
		c, err := o.propose(ctx, o.methods[i])
		if err != nil {
			return err
		}
		if c != nil {
			o.proposed, o.proposedBy, o.validateAt = c, i, d.now.Add(standing)
			d.due(o.validateAt)
			return nil
		}
	}
	if from == 0 {
		o.settled = o.k.cluster.ConsolidationState()
	}
	d.due(d.now.Add(lookForDisruption))
	return nil
}

// propose asks a method for a command; nil for none.
func (o *overTime) propose(ctx context.Context, m method) (*disruption.Command, error) {
	k := o.k
	candidates, err := disruption.GetCandidates(ctx, k.cluster, k.store, k.recorder, k.clock, k.cloud, m.ShouldDisrupt, m.Class(), o.queue)
	if err != nil {
		return nil, fmt.Errorf("listing Karpenter's candidates: %w", err)
	}
	if len(candidates) == 0 {
		return nil, nil
	}
	budgets, err := disruption.BuildDisruptionBudgetMapping(ctx, k.cluster, k.clock, k.store, k.cloud, k.recorder, m.Reason())
	if err != nil {
		return nil, fmt.Errorf("reading Karpenter's budgets: %w", err)
	}
	commands, err := m.ComputeCommands(ctx, budgets, candidates...)
	if err != nil {
		return nil, fmt.Errorf("consolidating with Karpenter: %w", err)
	}
	for i := range commands {
		if commands[i].Decision() != disruption.NoOpDecision {
			return &commands[i], nil
		}
	}
	return nil, nil
}

// begin buys what a command needs. Without a replacement its nodes go at once. A command for which nothing is left on sale since
// it was proposed comes to nothing, as its launch would.
func (o *overTime) begin(ctx context.Context, by method, c disruption.Command, d *decision) {
	var launches []plan.Launch
	for _, r := range c.Replacements {
		m := o.k.cheapest(r.NodeClaim)
		if m == nil {
			return
		}
		launches = append(launches, o.launch(m, plan.Replacement, r.Pods))
	}
	begun := &command{begun: d.now}
	for _, candidate := range c.Candidates {
		begun.nodes = append(begun.nodes, candidate.Name())
	}
	slices.Sort(begun.nodes)
	o.k.cluster.MarkForDeletion(begun.nodes...)
	c.Results.Record(ctx, o.k.recorder, o.k.cluster)
	if len(c.Replacements) == 0 {
		o.remove(begun.nodes, plan.RemovalReason(by.Reason()), d)
		return
	}
	for i := range launches {
		launches[i].Replaces = begun.nodes
	}
	d.plan.Launches = append(d.plan.Launches, launches...)
	o.commands = append(o.commands, begun)
}
