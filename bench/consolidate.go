package main

import (
	"context"
	"fmt"
	"math"
	"time"

	"sigs.k8s.io/karpenter/pkg/controllers/disruption"
	"sigs.k8s.io/karpenter/pkg/controllers/provisioning"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// consolidate measures one round of Karpenter's multi-node consolidation, which
// looks for nodes that can go together, or be replaced by one, among the hundred
// that save the most for their pods, within a minute. No disruption budget holds it
// up, and the wait before it looks whether the command still stands is left out.
func (k *karpenter) consolidate(ctx context.Context) (outcome, spent, error) {
	provisioner := provisioning.NewProvisioner(k.store, k.recorder, k.cloud, k.cluster, k.clock, nil, nil)
	queue := disruption.NewQueue(k.store, k.recorder, k.cluster, k.clock, provisioner)
	method := disruption.NewMultiNodeConsolidation(
		disruption.MakeConsolidation(k.clock, k.cluster, k.store, provisioner, k.cloud, k.recorder, queue), disruption.WithValidator(atOnce{}))
	k.cluster.MarkUnconsolidated()

	read := stopwatch()
	candidates, err := disruption.GetCandidates(ctx, k.cluster, k.store, k.recorder, k.clock, k.cloud, method.ShouldDisrupt, method.Class(), queue)
	if err != nil {
		return outcome{}, spent{}, fmt.Errorf("listing Karpenter's candidates: %w", err)
	}
	commands, err := method.ComputeCommands(ctx, map[string]int{k.pool.Name: math.MaxInt}, candidates...)
	if err != nil {
		return outcome{}, spent{}, fmt.Errorf("consolidating with Karpenter: %w", err)
	}
	took := read()
	var out outcome
	for _, c := range commands {
		out.gone += len(c.Candidates)
		out.price -= plan.Money(math.Round(c.SourceCost() * hoursPerMonth * moneyUnit))
		for _, r := range c.Replacements {
			price, err := k.launchPrice(r.NodeClaim)
			if err != nil {
				return outcome{}, spent{}, err
			}
			out.price += price
			out.bought++
		}
	}
	return out, took, nil
}

// atOnce lets a command stand without waiting for the cluster to stay quiet.
type atOnce struct{}

func (atOnce) Validate(_ context.Context, c disruption.Command, _ time.Duration) (disruption.Command, error) {
	return c, nil
}
