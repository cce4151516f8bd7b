package control

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// annotationDraining says on a Node which steps of a drain the autoscaler took, so
// that a restart goes on from there, and a drain that is given up takes back what
// the autoscaler did and leaves what a person did.
const annotationDraining = "autoscaler.vpsie.com/draining"

// The steps that annotationDraining lists.
const (
	stepNoted    = "noted"
	stepCordoned = "cordoned"
	stepExcluded = "excluded" // from external load balancers
	stepEvicting = "evicting"
	stepTainted  = "tainted" // so that DaemonSets make no pod anew
	stepDaemons  = "daemons" // the pods of DaemonSets that ask for it are evicted
	// stepDecided says that nobody but the autoscaler wants the node to go, so that
	// pods that must stay are not evicted. It outlives a drain that is given up.
	stepDecided = "decided"
)

func took(node *corev1.Node, step string) bool {
	for s := range strings.SplitSeq(node.Annotations[annotationDraining], ",") {
		if s == step {
			return true
		}
	}
	return false
}

func take(node *corev1.Node, step string) {
	if took(node, step) {
		return
	}
	steps := node.Annotations[annotationDraining]
	if steps != "" {
		steps += ","
	}
	metav1.SetMetaDataAnnotation(&node.ObjectMeta, annotationDraining, steps+step)
}

// cordons keeps new pods off nodes, and lets them on again.
type cordons struct{ Client client.Client }

// cordon keeps new pods off, and notes further steps.
func (d cordons) cordon(ctx context.Context, node *corev1.Node, steps ...string) error {
	changed := node.DeepCopy()
	take(changed, stepNoted)
	for _, step := range steps {
		take(changed, step)
	}
	if !changed.Spec.Unschedulable {
		changed.Spec.Unschedulable = true
		take(changed, stepCordoned)
	}
	if node.Spec.Unschedulable && node.Annotations[annotationDraining] == changed.Annotations[annotationDraining] {
		return nil
	}
	return d.patchNode(ctx, node, changed)
}

func evicting(node *corev1.Node) bool { return took(node, stepEvicting) }

// beginEvicting takes the node out of load balancers before its pods go.
func (r *drainer) beginEvicting(ctx context.Context, node *corev1.Node) error {
	changed := node.DeepCopy()
	take(changed, stepEvicting)
	if _, there := node.Labels[corev1.LabelNodeExcludeBalancers]; !there {
		metav1.SetMetaDataLabel(&changed.ObjectMeta, corev1.LabelNodeExcludeBalancers, "true")
		take(changed, stepExcluded)
	}
	return r.cordons.patchNode(ctx, node, changed)
}

// uncordon takes back what was done to the node; of the steps the given one stays noted.
func (d cordons) uncordon(ctx context.Context, node *corev1.Node, but string) error {
	changed := node.DeepCopy()
	if took(node, stepExcluded) {
		delete(changed.Labels, corev1.LabelNodeExcludeBalancers)
	}
	if took(node, stepCordoned) {
		changed.Spec.Unschedulable = false
	}
	if took(node, stepTainted) {
		changed.Spec.Taints = slices.DeleteFunc(changed.Spec.Taints, func(t corev1.Taint) bool { return t.Key == v1alpha1.TaintDeleting })
	}
	delete(changed.Annotations, annotationDraining)
	if but != "" && took(node, but) {
		take(changed, but)
	}
	return d.patchNode(ctx, node, changed)
}

func (d cordons) patchNode(ctx context.Context, node, changed *corev1.Node) error {
	// From a stale copy the list of steps would lose some.
	if err := d.Client.Patch(ctx, changed, client.MergeFromWithOptions(node, client.MergeFromWithOptimisticLock{})); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("cordoning node %s: %w", node.Name, err)
	}
	*node = *changed
	return nil
}
