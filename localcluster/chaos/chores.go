package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// users change an estate's workload as people and their tools do.
type users struct {
	estate
	client client.Client
	tally  *tally
	// excuse notes that a node's pods may end in any way.
	excuse func(node string)
	// budgets are the disruption budgets that each NodeGroup has had.
	budgets map[string]editions
}

// begin makes the NodeGroups and the workload.
func (u *users) begin(ctx context.Context) error {
	objects := slices.Concat(priorities(), []client.Object{u.daemons()})
	for _, g := range u.nodeGroups() {
		objects = append(objects, g)
		u.budgets[g.Name] = editions{{1, g.Spec.Disruption.Budgets}}
	}
	for _, w := range works() {
		objects = append(objects, w.deployment(u.estate, w.least))
		if len(w.budgets) > 0 {
			objects = append(objects, w.budget(u.estate, 0))
		}
	}
	for _, o := range objects {
		if err := put(ctx, u.client, o); err != nil {
			return fmt.Errorf("making the workload: %w", err)
		}
	}
	return nil
}

// busy does chores until ctx ends, but in lulls.
func (u *users) busy(ctx context.Context, s *estateSchedule, lullLeft func() time.Duration) error {
	for {
		c := s.nextChore()
		if !sleep(ctx, c.pause) || !sleep(ctx, lullLeft()) {
			return nil
		}
		if err := u.do(ctx, c); err != nil {
			return err
		}
	}
}

// do does a chore, again while the API server is away.
func (u *users) do(ctx context.Context, c chore) error {
	var err error
	for range 60 {
		// At the end of the trouble a change under way is seen through: it may have been made by then, and the judge must know.
		if err = u.once(context.WithoutCancel(ctx), c); err == nil {
			u.tally.add("workload: " + c.what)
			return nil
		}
		if !sleep(ctx, 500*time.Millisecond) {
			return nil
		}
	}
	return fmt.Errorf("doing the chore %q: %w", c.what, err)
}

func (u *users) once(ctx context.Context, c chore) error {
	all := works()
	w := all[c.which%uint64(len(all))]
	switch c.what {
	case scaleDeployment:
		return u.scale(ctx, w, w.least+int(c.amount%uint64(w.most-w.least+1)))
	case changeBudget:
		return u.budget(ctx, w, c.amount)
	case addPod:
		return put(ctx, u.client, u.barePod(c.which, c.amount))
	case deletePod:
		pod := u.barePod(c.which, c.amount)
		return client.IgnoreNotFound(u.client.Delete(ctx, pod))
	case changeMinimum:
		groups := u.nodeGroups()
		g := groups[c.which%uint64(len(groups))]
		return u.patch(ctx, g, fmt.Sprintf(`{"spec":{"minNodes":%d}}`, c.amount%3))
	case dismissMachine:
		return u.dismiss(ctx, c.which)
	case editGroup:
		groups := u.nodeGroups()
		g := groups[c.which%uint64(len(groups))]
		images := []string{"ubuntu-22.04-lts", "debian-12"}
		return u.patch(ctx, g, fmt.Sprintf(`{"spec":{"osImageID":%q,"userData":%q}}`, images[c.amount%2], fmt.Sprintf("%s# edition %d\n", userData, c.amount/2%2)))
	case editBudgets:
		groups := u.nodeGroups()
		return u.limit(ctx, groups[c.which%uint64(len(groups))], someBudgets(c.amount))
	}
	return errors.New("there is no such chore")
}

func (u *users) patch(ctx context.Context, o client.Object, merge string) error {
	return u.client.Patch(ctx, o, client.RawPatch(types.MergePatchType, []byte(merge)))
}

func (u *users) scale(ctx context.Context, w work, replicas int) error {
	return u.patch(ctx, w.deployment(u.estate, 0), fmt.Sprintf(`{"spec":{"replicas":%d}}`, replicas))
}

// budget replaces a Deployment's disruption budget.
func (u *users) budget(ctx context.Context, w work, die uint64) error {
	if len(w.budgets) == 0 {
		return nil
	}
	wanted := w.budget(u.estate, die)
	var have policyv1.PodDisruptionBudget
	if err := u.client.Get(ctx, client.ObjectKeyFromObject(wanted), &have); err != nil {
		return err
	}
	have.Spec = wanted.Spec
	return u.client.Update(ctx, &have)
}

// limit gives a NodeGroup other disruption budgets.
func (u *users) limit(ctx context.Context, g *v1alpha1.NodeGroup, budgets []v1alpha1.DisruptionBudget) error {
	text, err := json.Marshal(budgets)
	if err != nil {
		return err
	}
	// One that was made though the answer was lost is answered with the same generation when it is made again.
	if err := u.patch(ctx, g, fmt.Sprintf(`{"spec":{"disruption":{"budgets":%s}}}`, text)); err != nil {
		return err
	}
	u.budgets[g.Name] = append(u.budgets[g.Name], edition{g.Generation, budgets})
	return nil
}

// dismiss deletes a VPSieNode by hand.
func (u *users) dismiss(ctx context.Context, die uint64) error {
	var list v1alpha1.VPSieNodeList
	if err := u.client.List(ctx, &list, client.InNamespace(u.namespace())); err != nil || len(list.Items) == 0 {
		return err
	}
	slices.SortFunc(list.Items, func(a, b v1alpha1.VPSieNode) int { return strings.Compare(a.Name, b.Name) })
	m := &list.Items[die%uint64(len(list.Items))]
	u.excuse(m.Name)
	return client.IgnoreNotFound(u.client.Delete(ctx, m))
}

// settle gives the workload the size at which it stays.
func (u *users) settle(ctx context.Context) error {
	for _, w := range works() {
		if err := u.scale(ctx, w, (w.least+w.most+1)/2); err != nil {
			return fmt.Errorf("giving Deployment %s its last size: %w", w.name, err)
		}
	}
	return nil
}

// mustBeEmpty is checked before a machine is taken away under a node: pods that are still there would die without
// having been asked. The node may run on another machine of its name.
func mustBeEmpty(ctx context.Context, c client.Client, node, identifier string) error {
	var n corev1.Node
	if err := c.Get(ctx, client.ObjectKey{Name: node}, &n); err == nil && n.Spec.ProviderID != "" && !strings.HasSuffix(n.Spec.ProviderID, identifier) {
		return nil
	}
	var pods corev1.PodList
	if err := c.List(ctx, &pods, client.MatchingFields{"spec.nodeName": node}); err != nil {
		return nil //nolint:nilerr // the API server is away: what cannot be seen is not judged
	}
	var there []string
	for _, p := range pods.Items {
		owner := metav1.GetControllerOf(&p)
		if owner != nil && owner.Kind == "DaemonSet" || p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
			continue
		}
		there = append(there, fmt.Sprintf("%s/%s (%s, deleted %t, bound for %s)",
			p.Namespace, p.Name, p.Status.Phase, p.DeletionTimestamp != nil, boundFor(&p).Truncate(time.Second)))
	}
	if len(there) > 0 {
		return fmt.Errorf("its node still has the pods %s", strings.Join(there, ", "))
	}
	return nil
}

// sleep waits, and returns false when ctx ended before.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
