package main

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
)

// store answers Karpenter's questions as its informers' cache does: from an index,
// with copies. The fake client underneath, which turns every object into JSON for
// every list, is left with kinds of which there are none.
type store struct {
	client.Client
	pool  *karpv1.NodePool
	nodes map[string]*corev1.Node
	pods  []*corev1.Pod
	// byNode are the pods by the node that they name, the pending ones under "".
	byNode map[string][]*corev1.Pod
}

func newStore(pool *karpv1.NodePool, pods []*corev1.Pod) *store {
	s := &store{
		Client: fake.NewClientBuilder().WithScheme(scheme.Scheme).Build(),
		pool:   pool, nodes: map[string]*corev1.Node{}, pods: pods, byNode: map[string][]*corev1.Pod{},
	}
	for _, p := range pods {
		s.byNode[p.Spec.NodeName] = append(s.byNode[p.Spec.NodeName], p)
	}
	return s
}

// Get finds nodes.
func (s *store) Get(ctx context.Context, key client.ObjectKey, object client.Object, opts ...client.GetOption) error {
	if want, ok := object.(*corev1.Node); ok {
		n, ok := s.nodes[key.Name]
		if !ok {
			return apierrors.NewNotFound(corev1.Resource("nodes"), key.Name)
		}
		n.DeepCopyInto(want)
		return nil
	}
	return s.Client.Get(ctx, key, object, opts...)
}

// List lists pods, by node or by label, and the NodePool.
func (s *store) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	o := (&client.ListOptions{}).ApplyOptions(opts)
	switch list := list.(type) {
	case *karpv1.NodePoolList:
		list.Items = []karpv1.NodePool{*s.pool.DeepCopy()}
		return nil
	case *corev1.PodList:
		pods := s.pods
		if o.FieldSelector != nil {
			name, ok := o.FieldSelector.RequiresExactMatch("spec.nodeName")
			if !ok {
				return fmt.Errorf("listing pods by %q: want spec.nodeName", o.FieldSelector)
			}
			pods = s.byNode[name]
		}
		list.Items = nil
		for _, p := range pods {
			if (o.Namespace == "" || o.Namespace == p.Namespace) && (o.LabelSelector == nil || o.LabelSelector.Matches(labels.Set(p.Labels))) {
				list.Items = append(list.Items, *p.DeepCopy())
			}
		}
		return nil
	}
	return s.Client.List(ctx, list, opts...)
}
