package control

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// nodeSettings is what a NodeGroup puts on its nodes. The VPSieNode keeps what was last put on
// its own (AnnotationLastApplied), so that what leaves the NodeGroup can be told from what others
// have put there.
type nodeSettings struct {
	Labels map[string]string `json:"labels,omitempty"`
	Taints []corev1.Taint    `json:"taints,omitempty"`
}

func settingsOf(g *v1alpha1.NodeGroup) nodeSettings {
	return nodeSettings{Labels: g.Spec.NodeLabels(), Taints: g.Spec.Taints}
}

// String is the annotation's value.
func (f nodeSettings) String() string {
	text, err := json.Marshal(f)
	if err != nil {
		return "{}" // texts alone are always JSON
	}
	return string(text)
}

// settingsFor are what was last put on the machine's node, and what belongs there now; noted
// tells whether the first is written down. Both are the same where the NodeGroup is gone, or
// says what no node may have, which it tells itself: its nodes stay as they are.
func settingsFor(m *v1alpha1.VPSieNode, g *v1alpha1.NodeGroup) (given, wanted nodeSettings, noted bool) {
	noted = json.Unmarshal([]byte(m.Annotations[v1alpha1.AnnotationLastApplied]), &given) == nil
	switch {
	case g != nil && !noted:
		given = settingsOf(g)
	case g != nil && checkNodeFields(g) == nil:
		return given, settingsOf(g), noted
	}
	return given, given, noted
}

// furnish makes the node's labels and taints what the NodeGroup says, in one write; g is nil
// when that is gone. Labels are put back. A taint that somebody has taken away stays away until
// the NodeGroup changes it.
func (r *joiner) furnish(ctx context.Context, m *v1alpha1.VPSieNode, g *v1alpha1.NodeGroup, node *corev1.Node) error {
	given, wanted, noted := settingsFor(m, g)
	changed := node.DeepCopy()
	if changed.Labels == nil {
		changed.Labels = map[string]string{}
	}
	relabel(changed, given.Labels, wanted.Labels)
	maps.Copy(changed.Labels, nodeLabels(m, g, wanted.Labels))
	uninitialized := slices.ContainsFunc(node.Spec.Taints, isStartup)
	if uninitialized || m.Status.NodeName == "" {
		changed.Spec.Taints = slices.DeleteFunc(changed.Spec.Taints, isStartup)
		for _, t := range wanted.Taints {
			if uninitialized && r.Options.Plan.IsStartupTaint(&t) {
				continue // The kubelet has registered it; an agent may have taken it away since.
			}
			taint(changed, t)
		}
	}
	retaint(changed, given.Taints, wanted.Taints)
	if changed.Spec.ProviderID == "" {
		changed.Spec.ProviderID = r.Options.ProviderIDFormat.of(r.owners.lastSeen(ctx, m))
	}
	if !equality.Semantic.DeepEqual(node.Labels, changed.Labels) || !equality.Semantic.DeepEqual(node.Spec, changed.Spec) {
		// Taints are one list: without the lock a taint that somebody adds now would be lost.
		if err := r.Client.Patch(ctx, changed, client.MergeFromWithOptions(node, client.MergeFromWithOptimisticLock{})); err != nil {
			return fmt.Errorf("labelling node %s: %w", node.Name, err)
		}
		*node = *changed
	}
	if noted && equality.Semantic.DeepEqual(given, wanted) {
		return nil
	}
	return r.patch(ctx, m, func(m *v1alpha1.VPSieNode) {
		metav1.SetMetaDataAnnotation(&m.ObjectMeta, v1alpha1.AnnotationLastApplied, wanted.String())
	})
}

// relabel takes away the labels that were given and are not wanted any more, as long as they
// have the value that was given.
func relabel(n *corev1.Node, given, wanted map[string]string) {
	for k, v := range given {
		if _, stays := wanted[k]; stays || k == corev1.LabelOSStable || k == corev1.LabelArchStable {
			continue // A kubelet sets the last two when it starts, and not again.
		}
		if n.Labels[k] == v {
			delete(n.Labels, k)
		}
	}
}

// retaint takes away the taints that were given and are not wanted any more, and puts there
// those that are newly wanted.
func retaint(n *corev1.Node, given, wanted []corev1.Taint) {
	same := func(t corev1.Taint) func(corev1.Taint) bool {
		return func(o corev1.Taint) bool { return o.MatchTaint(&t) && o.Value == t.Value }
	}
	for _, t := range given {
		if !slices.ContainsFunc(wanted, same(t)) {
			n.Spec.Taints = slices.DeleteFunc(n.Spec.Taints, same(t))
		}
	}
	for _, t := range wanted {
		if !slices.ContainsFunc(given, same(t)) {
			taint(n, t)
		}
	}
}

// taint puts the taint on the node unless one of its key and effect is there.
func taint(n *corev1.Node, t corev1.Taint) {
	if !slices.ContainsFunc(n.Spec.Taints, func(have corev1.Taint) bool { return have.MatchTaint(&t) }) {
		n.Spec.Taints = append(n.Spec.Taints, t)
	}
}

func isStartup(t corev1.Taint) bool { return t.Key == v1alpha1.TaintUninitialized }

// settingsNews is what nodes have to follow of a NodeGroup.
func settingsNews(g *v1alpha1.NodeGroup) any { return []any{settingsOf(g), g.Spec.Zonal()} }

// ofGroup finds the machines of a NodeGroup.
func (r *machines) ofGroup(ctx context.Context, o client.Object) []reconcile.Request {
	var list v1alpha1.VPSieNodeList
	if err := r.Client.List(ctx, &list, client.InNamespace(r.Options.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil
	}
	var requests []reconcile.Request
	for i := range list.Items {
		if m := &list.Items[i]; m.Spec.NodeGroupName == o.GetName() {
			requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(m)})
		}
	}
	return requests
}
