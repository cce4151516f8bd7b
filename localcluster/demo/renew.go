package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// newImage is what the nodes are rolled to.
const newImage = "debian-12"

// exchange has what is left of the large demand replaced by what the small one needs.
func (s *Story) exchange(ctx context.Context) error {
	cheapest, err := s.cheapestType()
	if err != nil {
		return err
	}
	before := perHour(s.living())
	s.say("Letting the NodeGroup replace nodes by cheaper ones that pay off within a day: disruption.consolidation WhenCheaper, paybackHours 24, preferredInstanceType %s", cheapest)
	if err := s.edit(ctx, fmt.Sprintf(`{"spec":{"preferredInstanceType":%q,"disruption":{"consolidation":"WhenCheaper","paybackHours":24}}}`, cheapest)); err != nil {
		return err
	}
	if err := s.until(ctx, "every node to be of the cheapest type, "+cheapest, func(now snapshot) error {
		dear := slices.DeleteFunc(s.living(), func(b vpsietest.Bill) bool { return b.Plan == cheapest })
		if len(dear) > 0 {
			return fmt.Errorf("%d VPSes of other types are paid for", len(dear))
		}
		return s.settled(now)
	}); err != nil {
		return err
	}
	s.say("The same pods run on %d %s for $%s per hour; before, their nodes cost $%s", len(s.living()), cheapest, perHour(s.living()).FloatString(4), before.FloatString(4))
	return nil
}

// cheapestType is that of the group's offerings with the lowest price.
func (s *Story) cheapestType() (string, error) {
	plans := slices.DeleteFunc(slices.Clone(vpsietest.DefaultCatalogue().Plans), func(p vpsietest.Plan) bool {
		return !slices.Contains(s.group.OfferingNames(), p.Nickname)
	})
	if len(plans) == 0 {
		return "", fmt.Errorf("the fake VPSie sells none of %s", strings.Join(s.group.OfferingNames(), ", "))
	}
	return slices.MinFunc(plans, func(a, b vpsietest.Plan) int { return dollars(a.PricePerMonth).Cmp(dollars(b.PricePerMonth)) }).Nickname, nil
}

// rollOut has the nodes follow an edit of the NodeGroup that only new machines can follow: one at first, then two at a time.
func (s *Story) rollOut(ctx context.Context) error {
	s.say("Editing the NodeGroup: osImageID %s instead of %s, disruption.driftPolicy Replace, two nodes at a time", newImage, s.group.Spec.OSImageID)
	if err := s.edit(ctx, fmt.Sprintf(`{"spec":{"osImageID":%q,"disruption":{"driftPolicy":"Replace","budgets":[{"nodes":2,"reasons":["Drifted"]}]}}}`, newImage)); err != nil {
		return err
	}
	want := s.group.Spec.MinNodes
	if err := s.until(ctx, "every node to be made from the image "+newImage, func(now snapshot) error {
		var group v1alpha1.NodeGroup
		if err := s.client.Get(ctx, client.ObjectKeyFromObject(s.group), &group); err != nil {
			return fmt.Errorf("reading the NodeGroup: %w", err)
		}
		if st := &group.Status; st.ObservedGeneration != group.Generation || st.UpdatedNodes != want {
			return fmt.Errorf("%d of %d nodes are updated", st.UpdatedNodes, want)
		}
		return s.settled(now)
	}); err != nil {
		return err
	}
	s.say("All %d nodes are made from %s; the pods run, and were moved when the new node was Ready", want, newImage)
	return nil
}

func (s *Story) edit(ctx context.Context, merge string) error {
	if err := s.client.Patch(ctx, s.group.DeepCopy(), client.RawPatch(types.MergePatchType, []byte(merge))); err != nil {
		return fmt.Errorf("editing the NodeGroup: %w", err)
	}
	return nil
}

// settled says what of the small demand's state is not reached yet: as many machines as minNodes, each with its VPS and a Ready node
// that takes pods, and all of the pods.
func (s *Story) settled(now snapshot) error {
	want, pods := int(s.group.Spec.MinNodes), 0
	for _, d := range workload() {
		pods += int(d.afterwards)
	}
	switch living := len(s.living()); {
	case living != want || len(now.machines) != want:
		return fmt.Errorf("%d VPSes are paid for and %d VPSieNodes exist", living, len(now.machines))
	case now.running() != pods || len(now.pods) != pods:
		return fmt.Errorf("%d of %d pods run", now.running(), pods)
	case now.ready() != want || slices.ContainsFunc(now.nodes, func(n corev1.Node) bool { return n.Spec.Unschedulable }):
		return errors.New("not every node takes pods")
	}
	return nil
}
