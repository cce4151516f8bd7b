package main

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// toldNode is a machine as Karpenter knows it.
type toldNode struct {
	node
	state plan.NodeState
	// podEvent is when a pod came to it or left it last, or when it was Ready.
	podEvent       time.Time
	consolidatable bool
	seen           bool
}

// toldPod is a pod as Karpenter knows it.
type toldPod struct {
	object *corev1.Pod
	seen   bool
}

// tell brings Karpenter's view up to the state, as its informers do. fresh says that pods have begun to wait.
func (o *overTime) tell(ctx context.Context, s *plan.State) (fresh bool, err error) {
	o.clock.SetTime(s.Now)
	for _, of := range s.Offers {
		for _, t := range o.k.types {
			if t.Name == of.InstanceType {
				t.Offerings[0].Available = of.Available && !s.Now.Before(of.BackoffUntil)
			}
		}
	}
	gone, changed := o.notePods(s)
	if err := o.tellNodes(ctx, s); err != nil {
		return false, err
	}
	for _, p := range changed {
		if p.Spec.NodeName == "" {
			fresh = true
		}
		if err := o.k.cluster.UpdatePod(ctx, p); err != nil {
			return false, fmt.Errorf("telling Karpenter of pod %q: %w", p.Name, err)
		}
	}
	for _, p := range gone {
		o.k.cluster.DeletePod(types.NamespacedName{Namespace: p.Namespace, Name: p.Name})
	}
	o.tellConsolidatable(s.Now)
	return fresh, nil
}

// notePods puts the pods into the store, and returns those that have gone, and those that are new or have got a node.
func (o *overTime) notePods(s *plan.State) (gone, changed []*corev1.Pod) {
	k := o.k
	k.store.pods, k.store.byNode = k.store.pods[:0], map[string][]*corev1.Pod{}
	for _, p := range o.pods {
		p.seen = false
	}
	for p := range s.AllPods() {
		uid := string(p.Meta().UID)
		known := o.pods[uid]
		if known == nil || known.object.Spec.NodeName != p.Node() {
			known = &toldPod{object: p.Object().DeepCopy()}
			o.pods[uid] = known
			changed = append(changed, known.object)
			o.podEvent(p.Node(), s.Now)
		}
		known.seen = true
		k.store.pods = append(k.store.pods, known.object)
		k.store.byNode[p.Node()] = append(k.store.byNode[p.Node()], known.object)
	}
	for uid, p := range o.pods {
		if !p.seen {
			gone = append(gone, p.object)
			o.podEvent(p.object.Spec.NodeName, s.Now)
			delete(o.pods, uid)
		}
	}
	return gone, changed
}

func (o *overTime) podEvent(node string, now time.Time) {
	if n := o.nodes[node]; n != nil {
		n.podEvent = now
	}
}

// tellNodes tells of machines that are new, have come further, or are gone.
func (o *overTime) tellNodes(ctx context.Context, s *plan.State) error {
	k := o.k
	for _, n := range o.nodes {
		n.seen = false
	}
	for _, n := range s.Nodes {
		told := o.nodes[n.Name]
		if told == nil {
			told = &toldNode{node: node{name: n.Name, zone: n.DatacenterID, machine: find(k.in.machines, n.InstanceType)}}
			o.nodes[n.Name] = told
		}
		told.seen = true
		if told.state == n.State {
			continue
		}
		if n.State == plan.Ready {
			told.podEvent = s.Now
		}
		told.state = n.State
		k.cluster.UpdateNodeClaim(told.claim(s.Now))
		if n.Object == nil {
			continue
		}
		object := told.karpenterNode()
		if n.State != plan.Ready {
			object.Status.Conditions[0].Status = corev1.ConditionFalse
		}
		k.store.nodes[n.Name] = object
		if err := k.cluster.UpdateNode(ctx, object); err != nil {
			return fmt.Errorf("telling Karpenter of node %q: %w", n.Name, err)
		}
	}
	for name, n := range o.nodes {
		if !n.seen {
			k.cluster.DeleteNodeClaim(name)
			k.cluster.DeleteNode(name)
			delete(k.store.nodes, name)
			delete(o.nodes, name)
		}
	}
	return nil
}

// claim is the machine's NodeClaim.
func (n *toldNode) claim(now time.Time) *karpv1.NodeClaim {
	c := n.nodeClaim()
	c.Status.LastPodEventTime = metav1.NewTime(n.podEvent)
	for _, of := range []struct {
		condition string
		set       bool
	}{
		{karpv1.ConditionTypeRegistered, n.state != plan.Ordered}, {karpv1.ConditionTypeInitialized, n.state != plan.Ordered},
		{karpv1.ConditionTypeConsolidatable, n.consolidatable},
	} {
		if !of.set {
			c.StatusConditions().SetFalse(of.condition, "NotYet", "not yet")
		}
	}
	if n.state == plan.Terminating || n.state == plan.Failed {
		c.DeletionTimestamp = new(metav1.NewTime(now))
	}
	return c
}

// tellConsolidatable says of which nodes nothing has happened for long enough.
func (o *overTime) tellConsolidatable(now time.Time) {
	for _, n := range o.nodes {
		can := n.state == plan.Ready && now.Sub(n.podEvent) >= o.after
		if can != n.consolidatable {
			n.consolidatable = can
			o.k.cluster.UpdateNodeClaim(n.claim(now))
		}
	}
}
