package control

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// specHash stands for all of a NodeGroup that decides whether its machines join.
func (o Options) specHash(g *v1alpha1.NodeGroup) string {
	var where any = g.Spec.DatacenterID
	if g.Spec.Zonal() {
		where = slices.Sorted(slices.Values(g.Spec.DatacenterIDs()))
	}
	decides := []any{where, g.Spec.OSImageID, g.Spec.UserData, g.Spec.SSHKeyIDs, o.Bootstrap, o.APIServer}
	if kubelet := cluster.KubeletText(g); kubelet != "" { // without settings the hash is what it always was
		decides = append(decides, kubelet)
	}
	if network := cluster.NetworkText(g); network != "" {
		decides = append(decides, network)
	}
	text, err := json.Marshal(decides)
	if err != nil {
		return "" // Strings and lists of them can always be written.
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// triesWithoutProof is after how many failures in a row also a group whose machines
// once joined buys one machine at a time.
const triesWithoutProof = 2

// probation is how many machines may be bought for a group while nobody knows whether
// they join; nil when there is no limit.
func (d market) probation(g *v1alpha1.NodeGroup, machines []*v1alpha1.VPSieNode) *plan.Limit {
	if d.Options.UnprovenLimit <= 0 {
		return nil
	}
	most, message := d.Options.UnprovenLimit, ""
	switch {
	case !g.Spec.Zonal() && d.oneAtATime(g, machines): // else each datacenter has a limit of its own
		_, why := d.arrivals.inARow(placeIn(g, ""))
		most = 1
		message = fmt.Sprintf("the last machine did not become a ready node (%s), so one at a time is bought until one does", why)
	case !d.proven(g, machines):
		message = fmt.Sprintf("no machine of the NodeGroup has become a ready node as it is now, so at most %d are on their way until one does (--unproven-limit)", most)
	default:
		return nil
	}
	return &plan.Limit{Left: most - onProbation(machines, g.Name), Reason: plan.Unproven, Message: message}
}

// oneAtATime tells that the group's last machines did not become ready nodes, in one of its
// datacenters at least.
func (d market) oneAtATime(g *v1alpha1.NodeGroup, machines []*v1alpha1.VPSieNode) bool {
	proven := d.proven(g, machines)
	return slices.ContainsFunc(placesOf(g), func(p place) bool { return d.oneAtATimeIn(p, proven) })
}

func (d market) oneAtATimeIn(p place, proven bool) bool {
	failures, _ := d.arrivals.inARow(p)
	return d.Options.UnprovenLimit > 0 && (failures >= triesWithoutProof || failures > 0 && !proven)
}

// proven tells that a machine has become a ready node as the NodeGroup is now. One that was
// ready before such proof was kept counts as well.
func (d market) proven(g *v1alpha1.NodeGroup, machines []*v1alpha1.VPSieNode) bool {
	if g.Status.ProvenSpec != "" {
		return g.Status.ProvenSpec == d.Options.specHash(g)
	}
	return slices.ContainsFunc(machinesOf(machines, g.Name), func(m *v1alpha1.VPSieNode) bool {
		return orderedByUs(m) && m.Status.ReadyAt != nil && m.Status.SpecHash == ""
	})
}

// onProbation counts the group's machines that were bought and have not been ready,
// also those that are being deleted: they are paid for until they are gone.
func onProbation(machines []*v1alpha1.VPSieNode, group string) int {
	n := 0
	for _, m := range machinesOf(machines, group) {
		if orderedByUs(m) && m.Status.ReadyAt == nil {
			n++
		}
	}
	return n
}

// accountLimit is how many machines may be bought for all groups together; nil when there
// is no limit. There is one after the account's last order was refused, or was lost.
func (d market) accountLimit(o *cluster.Objects) *plan.Limit {
	b := d.Cloud.OnTrial()
	if b == nil {
		return d.arrivals.orders.limit(d.Clock.Now())
	}
	asking := 0
	for _, m := range o.VPSieNodes {
		if orderedByUs(m) && cluster.Unanswered(m) {
			asking++
		}
	}
	return &plan.Limit{Left: 1 - asking, Reason: plan.Backoff, Message: b.Message + "; one order is made, and more when VPSie takes it"}
}

// prove notes in the NodeGroup that a machine ordered as the group is now has become a
// ready node.
func (r *joiner) prove(ctx context.Context, m *v1alpha1.VPSieNode) error {
	g, err := r.groupOf(ctx, r.Client, m)
	if err != nil {
		return client.IgnoreNotFound(err)
	}
	r.arrivals.succeeded(placeOf(m, g))
	hash := r.Options.specHash(g)
	if m.Status.SpecHash != hash || g.Status.ProvenSpec == hash {
		return nil
	}
	proven := g.DeepCopy()
	proven.Status.ProvenSpec = hash
	if err := r.Client.Status().Patch(ctx, proven, client.MergeFrom(g)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("noting that machines of NodeGroup %s join: %w", g.Name, err)
	}
	return nil
}

// keep writes the group's back-offs down, before what they followed from is.
func (d backoffs) keep(ctx context.Context, g *v1alpha1.NodeGroup) error {
	kept := g.DeepCopy()
	kept.Status.Backoffs, _ = d.backoffsOf(g)
	if err := d.Client.Status().Patch(ctx, kept, client.MergeFrom(g)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("noting the back-offs of NodeGroup %s: %w", g.Name, err)
	}
	return nil
}
