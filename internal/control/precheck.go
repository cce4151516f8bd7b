package control

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// precheck looks, before a decision is carried out, whether it was made from what is.
type precheck struct {
	Live    client.Reader
	Cloud   *cloud.Cloud
	Clock   clock.PassiveClock
	Options *Options
	owners  owners
	cordons cordons
}

func newPrecheck(d *Deps) precheck {
	return precheck{d.Live, d.Cloud, d.Clock, &d.Options, newOwners(d), cordons{d.Client}}
}

// sightIsFresh tells whether the VPSieNodes and NodeGroups that the decision was made from are
// those that the API server has now, as far as it concerns the decision. Without this a
// cache that lags behind the round's own writes, or another leader's, would buy the same
// machine twice, and what a person has just forbidden would be done.
func (r precheck) sightIsFresh(ctx context.Context, o *cluster.Objects, p *plan.Plan) (bool, error) {
	if fresh, err := r.knowsMachines(ctx, o, p); !fresh || err != nil {
		return false, err
	}
	return r.knowsGroups(ctx, o, p)
}

// knowsGroups tells whether the NodeGroups that the decision buys for and removes from say what they said when it was made.
// A round can take long while VPSie answers slowly, and somebody may have paused a group since, or closed a window.
func (r precheck) knowsGroups(ctx context.Context, o *cluster.Objects, p *plan.Plan) (bool, error) {
	for _, g := range o.NodeGroups {
		if len(launchesOf(p, g.Name))+len(removalsOf(p, g.Name)) == 0 {
			continue
		}
		var now v1alpha1.NodeGroup
		err := r.Live.Get(ctx, client.ObjectKeyFromObject(g), &now)
		if client.IgnoreNotFound(err) != nil {
			return false, fmt.Errorf("reading NodeGroup %s: %w", g.Name, err)
		}
		if now.UID != g.UID || !equality.Semantic.DeepEqual(groupNews(&now), groupNews(g)) {
			return false, nil
		}
	}
	return true, nil
}

// knowsMachines tells it of VPSieNodes. What is bought depends on how many machines there are and which are on their way or
// leaving: these are few. What is removed depends on the others as well.
func (r precheck) knowsMachines(ctx context.Context, o *cluster.Objects, p *plan.Plan) (bool, error) {
	seen := o.AllVPSieNodes()
	if len(p.Removals) > 0 {
		return r.seesAll(ctx, seen)
	}
	var first metav1.PartialObjectMetadataList
	if err := r.listNow(ctx, &first, client.Limit(1)); err != nil {
		return false, err
	}
	more := first.RemainingItemCount
	if first.Continue != "" && more == nil {
		return r.seesAll(ctx, seen) // The API server does not count.
	}
	if count := len(first.Items) + int(ptr.Deref(more, 0)); count != len(seen) {
		return false, nil
	}
	var moving metav1.PartialObjectMetadataList
	notReady := fields.OneTermNotEqualSelector("status.phase", string(v1alpha1.PhaseReady))
	if err := r.listNow(ctx, &moving, client.MatchingFieldsSelector{Selector: notReady}); err != nil {
		return false, err
	}
	known := identities(seen)
	return !slices.ContainsFunc(moving.Items, func(m metav1.PartialObjectMetadata) bool { return !known[identity(&m)] }), nil
}

// seesAll tells whether the VPSieNodes are exactly those that the API server has now.
func (r precheck) seesAll(ctx context.Context, seen []*v1alpha1.VPSieNode) (bool, error) {
	var live metav1.PartialObjectMetadataList
	if err := r.listNow(ctx, &live); err != nil {
		return false, err
	}
	now := make(map[string]bool, len(live.Items))
	for i := range live.Items {
		now[identity(&live.Items[i])] = true
	}
	return maps.Equal(identities(seen), now), nil
}

// listNow lists VPSieNodes as the API server has them now, without what they say.
func (r precheck) listNow(ctx context.Context, list *metav1.PartialObjectMetadataList, opts ...client.ListOption) error {
	list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("VPSieNodeList"))
	if err := r.Live.List(ctx, list, append(opts, client.InNamespace(r.Options.Namespace))...); err != nil {
		return fmt.Errorf("listing VPSieNodes: %w", err)
	}
	return nil
}

func identities(machines []*v1alpha1.VPSieNode) map[string]bool {
	known := make(map[string]bool, len(machines))
	for _, m := range machines {
		known[identity(m)] = true
	}
	return known
}

// identity changes when the object is another one, starts to be deleted or is
// protected from that.
func identity(m metav1.Object) string {
	return fmt.Sprintf("%s/%t/%s", m.GetUID(), m.GetDeletionTimestamp().IsZero(), m.GetAnnotations()[v1alpha1.AnnotationDoNotDelete])
}

// closeOff cordons the nodes that the decision takes away, and tells whether they
// hold what it was made from. The cache may not have heard of a pod that must stay,
// for which a drain could only wait; another may be bound before the cordon, so the
// look comes after it. The look before spares a node the cordon. What is cordoned for
// nothing, reopen sees to. An outage of the cloud that nobody has met yet comes to light
// first: the next decision knows of it, and keeps the nodes.
func (r precheck) closeOff(ctx context.Context, o *cluster.Objects, p *plan.Plan) (bool, error) {
	machines := byNodeName(o.VPSieNodes)
	if !slices.ContainsFunc(p.Removals, func(x plan.Removal) bool { return !isUnordered(machines[x.Node]) }) {
		return true, nil
	}
	if _, err := r.Cloud.Look(ctx, r.Clock.Now()); err != nil {
		logf.FromContext(ctx).Info("deciding again: no VPS can be deleted now", "error", err.Error())
		return false, nil
	}
	var leaving []*v1alpha1.VPSieNode
	goes := make(map[string]bool, len(p.Removals))
	for _, x := range p.Removals {
		if m := machines[x.Node]; m != nil {
			leaving, goes[x.Node] = append(leaving, m), true
		}
	}
	seen := map[types.UID]*corev1.Pod{}
	for p := range o.Planned() {
		if goes[p.Node()] {
			seen[p.Meta().UID] = p.Object()
		}
	}
	if known, err := r.holdWhatWasSeen(ctx, leaving, seen); err != nil || !known {
		return false, err
	}
	err := forEach(leaving, func(m *v1alpha1.VPSieNode) error {
		node, err := r.owners.nodeOf(ctx, r.Live, m)
		if err != nil || node == nil {
			return err
		}
		return r.cordons.cordon(ctx, node, stepDecided)
	})
	if err != nil {
		return false, ignoreRace(err)
	}
	if same, err := r.knowsGroups(ctx, o, p); !same || err != nil {
		return false, err
	}
	return r.holdWhatWasSeen(ctx, leaving, seen)
}

// holdWhatWasSeen tells whether the machines' nodes, as the API server has them now,
// may go for all that has changed on them since the given pods were seen there.
func (r precheck) holdWhatWasSeen(ctx context.Context, machines []*v1alpha1.VPSieNode, seen map[types.UID]*corev1.Pod) (bool, error) {
	var news atomic.Bool
	err := forEach(machines, func(m *v1alpha1.VPSieNode) error {
		node, err := r.owners.nodeOf(ctx, r.Live, m)
		if err != nil || node == nil {
			return err
		}
		pods, err := podsOn(ctx, r.Live, node.Name)
		if err != nil {
			return err
		}
		what := ""
		if cluster.MustNotDelete(node) {
			what = "the annotation " + v1alpha1.AnnotationDoNotDelete
		}
		if held := plan.NodeHeld(node, pods, r.Clock.Now()); held != "" {
			what = held
		}
		for i := range pods {
			if r.isNews(&pods[i], seen[pods[i].UID]) {
				what = "pod " + pods[i].Namespace + "/" + pods[i].Name
			}
		}
		if what != "" {
			news.Store(true)
			logf.FromContext(ctx).Info("deciding again: a node that was to go holds what had not been seen", "node", node.Name, "what", what)
		}
		return nil
	})
	return !news.Load(), err
}

// isNews tells of a pod that a drain would move, and of which the decision did not
// know that it is on its node, or that it must stay there.
func (r precheck) isNews(p, seen *corev1.Pod) bool {
	if plan.EndsWithNode(p) || p.DeletionTimestamp != nil {
		return false
	}
	must := func(p *corev1.Pod) string { return plan.NewPod(p).Immovable(&r.Options.Plan, r.Clock.Now()) }
	return seen == nil || must(p) != must(seen)
}

// reopen takes back the cordons of removals that came to nothing, because the process
// ended before the VPSieNode was deleted, or because of what closeOff found. The nodes
// are the decision's to use again at once.
func (r precheck) reopen(ctx context.Context, o *cluster.Objects) error {
	machines := byNodeName(o.VPSieNodes)
	for i, seen := range o.Nodes {
		known := machines[seen.Name]
		if !took(seen, stepNoted) || known == nil || !known.DeletionTimestamp.IsZero() {
			continue
		}
		var m v1alpha1.VPSieNode
		var node corev1.Node
		err := errors.Join(
			r.Live.Get(ctx, client.ObjectKeyFromObject(known), &m),
			r.Live.Get(ctx, client.ObjectKeyFromObject(seen), &node),
		)
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("looking at node %s, which is cordoned: %w", seen.Name, err)
		}
		if err != nil || !m.DeletionTimestamp.IsZero() {
			continue // Its drain sees to it.
		}
		if took(&node, stepNoted) {
			if err := r.cordons.uncordon(ctx, &node, ""); ignoreRace(err) != nil {
				return err
			}
		}
		o.Nodes[i] = &node
	}
	return nil
}

func byNodeName(machines []*v1alpha1.VPSieNode) map[string]*v1alpha1.VPSieNode {
	return cluster.NodeOwners(machines)
}
