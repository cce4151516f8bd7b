package cluster

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// Stores reads Objects from the stores of a cache's informers without a copy. A list
// by client.Reader copies every object into a new array each time; one object that is
// kept for later then keeps the whole array.
type Stores struct {
	mu     sync.Mutex
	byType map[reflect.Type][]toolscache.Store
	// pods holds StoredPods, by their nodes.
	pods toolscache.Indexer
}

// podsByNode is the index of pods by the node that they are bound to.
const podsByNode = "node"

// NewStores returns Stores for the cache that is made with their CacheOptions.
func NewStores() *Stores { return &Stores{byType: map[reflect.Type][]toolscache.Store{}} }

// CacheOptions are those of a cache that keeps what decisions need, and little else:
// NodeGroups, VPSieNodes and the one Secret of the namespace, and everything of the
// other kinds.
func (s *Stores) CacheOptions(namespace, secretName string) cache.Options {
	own := map[string]cache.Config{namespace: {}}
	// The one Secret by name: that is all the role allows to list.
	account := map[string]cache.Config{namespace: {
		FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, secretName),
	}}
	slim := newSlimmer()
	return cache.Options{
		DefaultTransform: slim.meta,
		NewInformer:      s.newInformer,
		ByObject: map[client.Object]cache.ByObject{
			&corev1.Pod{}:        {Transform: slim.pod},
			&corev1.Node{}:       {Transform: slim.node},
			&appsv1.Deployment{}: {Transform: slim.deployment},
			// What users apply is theirs, the annotation of kubectl apply included.
			&v1alpha1.NodeGroup{}: {Namespaces: own, Transform: keepApplied},
			&v1alpha1.VPSieNode{}: {Namespaces: own, Transform: keepApplied},
			&corev1.Secret{}:      {Namespaces: account},
		},
	}
}

func (s *Stores) newInformer(lw toolscache.ListerWatcher, example runtime.Object, resync time.Duration, indexers toolscache.Indexers) toolscache.SharedIndexInformer {
	_, ofPods := example.(*corev1.Pod)
	if ofPods {
		// Pods are read here alone, and an index of so many objects is large: there is no other.
		indexers = toolscache.Indexers{podsByNode: nodeOfStored}
	}
	informer := toolscache.NewSharedIndexInformer(lw, example, resync, indexers)
	s.mu.Lock()
	defer s.mu.Unlock()
	if ofPods {
		s.pods = informer.GetIndexer()
	}
	t := reflect.TypeOf(example)
	s.byType[t] = append(s.byType[t], informer.GetStore())
	return informer
}

// Fill has the cache hold every kind that Objects have. A manager waits for them
// before it starts anything that reads.
func (s *Stores) Fill(ctx context.Context, informers cache.Informers) error {
	for _, k := range objectKinds() {
		if _, err := informers.GetInformer(ctx, k.object); err != nil {
			return fmt.Errorf("watching %T: %w", k.object, err)
		}
	}
	return nil
}

// Objects are those that the stores hold now, but for the pods, which are too many to
// be gone through each time: a Pods keeps them. An error names a kind that Fill was not
// asked for.
func (s *Stores) Objects() (*Objects, error) {
	o := &Objects{Live: true}
	for _, k := range objectKinds() {
		if _, pods := k.object.(*corev1.Pod); pods || k.needed != nil && !k.needed(o) {
			continue
		}
		stores := s.of(k.object)
		if len(stores) == 0 {
			return nil, fmt.Errorf("reading %T from the cache: no informer holds it", k.object)
		}
		for _, store := range stores {
			list := store.List()
			k.expect(o, len(list))
			for _, item := range list {
				k.add(o, item.(runtime.Object))
			}
		}
	}
	o.setAside()
	return o, nil
}

// of are the stores of one kind: one for each namespace that is watched by itself.
func (s *Stores) of(object client.Object) []toolscache.Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byType[reflect.TypeOf(object)]
}

func nodeOfStored(object any) ([]string, error) {
	if p, is := object.(*StoredPod); is && p.node != "" {
		return []string{p.node}, nil
	}
	return nil, nil
}

// PodsOn are the pods that are bound to the node, as objects that the caller owns at their top level.
func (s *Stores) PodsOn(node string) ([]corev1.Pod, error) {
	s.mu.Lock()
	indexer := s.pods
	s.mu.Unlock()
	if indexer == nil {
		return nil, errors.New("reading pods from the cache: no informer holds them")
	}
	stored, err := indexer.ByIndex(podsByNode, node)
	if err != nil {
		return nil, fmt.Errorf("reading the pods of node %s from the cache: %w", node, err)
	}
	pods := make([]corev1.Pod, len(stored))
	for i, object := range stored {
		pods[i] = *object.(*StoredPod).Pod()
	}
	return pods, nil
}
