package control

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// avoid has kube-scheduler put new pods elsewhere, as far as there is room, while a node is to be replaced or waits to go.
// It would choose the emptiest node otherwise, and that would be needed again. It tells whether taints are left to write.
func (r *notes) avoid(ctx context.Context, o *cluster.Objects, p *plan.Plan) (left bool, err error) {
	wanted := make(map[string]string, len(p.Unneeded)+len(p.Replacing))
	for _, name := range p.Unneeded {
		wanted[name] = v1alpha1.TaintUnneeded
	}
	for _, name := range p.Replacing {
		wanted[name] = v1alpha1.TaintReplacing
	}
	machines := byNodeName(o.VPSieNodes)
	for _, x := range p.Removals {
		delete(machines, x.Node) // it is cordoned by now
	}
	var wrong []*corev1.Node
	for _, n := range o.Nodes {
		if m := machines[n.Name]; m != nil && m.DeletionTimestamp.IsZero() && strings.Join(avoidedFor(n), ",") != wanted[n.Name] {
			wrong = append(wrong, n)
		}
	}
	left = len(wrong) > mostNotes
	return left, forEach(wrong[:min(len(wrong), mostNotes)], func(n *corev1.Node) error { return r.taintAvoided(ctx, n, wanted[n.Name]) })
}

// taintAvoided gives the node the taint with the key in the place of any other by which new pods avoid it; an empty key leaves none.
// Somebody else's change of the node may start no round, so a write that is too late for it is tried again at once.
func (r *notes) taintAvoided(ctx context.Context, n *corev1.Node, key string) error {
	stored := n
	err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		if strings.Join(avoidedFor(stored), ",") == key {
			return nil
		}
		changed := stored.DeepCopy()
		changed.Spec.Taints = slices.DeleteFunc(changed.Spec.Taints, isAvoidance)
		if key != "" {
			taint(changed, corev1.Taint{Key: key, Effect: corev1.TaintEffectPreferNoSchedule})
		}
		// Taints are one list: without the lock a taint that somebody adds now would be lost.
		err := r.Client.Patch(ctx, changed, client.MergeFromWithOptions(stored, client.MergeFromWithOptimisticLock{}))
		if apierrors.IsConflict(err) {
			stored = &corev1.Node{}
			if e := r.Live.Get(ctx, client.ObjectKeyFromObject(n), stored); e != nil {
				return e
			}
		}
		return err
	})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("tainting node %s, which new pods are to avoid: %w", n.Name, err)
	}
	return nil
}

func isAvoidance(t corev1.Taint) bool {
	return t.Key == v1alpha1.TaintReplacing || t.Key == v1alpha1.TaintUnneeded
}

// avoidedFor are the keys of the taints by which new pods avoid the node.
func avoidedFor(n *corev1.Node) []string {
	var keys []string
	for _, t := range n.Spec.Taints {
		if isAvoidance(t) {
			keys = append(keys, t.Key)
		}
	}
	return keys
}
