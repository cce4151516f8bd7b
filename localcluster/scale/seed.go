package scale

import (
	"context"
	"encoding/json"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// seeder writes objects as the API server stores them.
type seeder struct {
	etcd  *clientv3.Client
	proto runtime.Encoder
	ops   []clientv3.Op
	// watched says that somebody watches what is written. What is written together has one revision, and a watch that is
	// cut off goes on after the last revision that it has seen, so it would miss part of it. Each write has its own then.
	watched bool
}

// mostOps is how many writes etcd takes at once.
const mostOps = 100

func newSeeder(endpoint string, watched bool) (*seeder, error) {
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}})
	if err != nil {
		return nil, fmt.Errorf("reaching etcd: %w", err)
	}
	return &seeder{etcd: client, proto: protobuf.NewSerializer(scheme.Scheme, scheme.Scheme), watched: watched}, nil
}

func (s *seeder) flush(ctx context.Context) error {
	if len(s.ops) == 0 {
		return nil
	}
	defer func() { s.ops = s.ops[:0] }()
	if !s.watched {
		return s.commit(ctx, s.ops...)
	}
	writes, ctx := errgroup.WithContext(ctx)
	for _, op := range s.ops {
		writes.Go(func() error { return s.commit(ctx, op) })
	}
	return writes.Wait()
}

// commit writes under one revision.
func (s *seeder) commit(ctx context.Context, ops ...clientv3.Op) error {
	if _, err := s.etcd.Txn(ctx).Then(ops...).Commit(); err != nil {
		return fmt.Errorf("writing to etcd: %w", err)
	}
	return nil
}

func (s *seeder) put(ctx context.Context, key string, value []byte) error {
	return s.do(ctx, clientv3.OpPut("/registry/"+key, string(value)))
}

func (s *seeder) delete(ctx context.Context, key string) error {
	return s.do(ctx, clientv3.OpDelete("/registry/"+key))
}

func (s *seeder) do(ctx context.Context, op clientv3.Op) error {
	s.ops = append(s.ops, op)
	if len(s.ops) < mostOps {
		return nil
	}
	return s.flush(ctx)
}

func (s *seeder) builtIn(ctx context.Context, key string, object runtime.Object) error {
	value, err := runtime.Encode(s.proto, object)
	if err != nil {
		return fmt.Errorf("encoding %s: %w", key, err)
	}
	return s.put(ctx, key, value)
}

// seed fills the cluster with ready nodes of the group, their machines, made from what is given, and their pods.
func seed(ctx context.Context, endpoint string, cloud *vpsietest.Server, made *v1alpha1.MadeFrom, nodes, pods int) error {
	s, err := newSeeder(endpoint, false)
	if err != nil {
		return err
	}
	defer func() { _ = s.etcd.Close() }()
	for i := range nodes {
		m, err := cloud.AddVM(vpsietest.VMSpec{Hostname: nodeName(i), Plan: instanceType, Datacenter: datacenter})
		if err != nil {
			return fmt.Errorf("adding machine %d to the fake VPSie: %w", i, err)
		}
		machine := vpsieNode(m, made)
		value, err := json.Marshal(machine)
		if err != nil {
			return fmt.Errorf("encoding VPSieNode %s: %w", machine.Name, err)
		}
		if err := s.put(ctx, v1alpha1.GroupVersion.Group+"/vpsienodes/"+machine.Namespace+"/"+machine.Name, value); err != nil {
			return err
		}
		if err := s.builtIn(ctx, "minions/"+nodeName(i), newNode(m)); err != nil {
			return err
		}
	}
	for i := range pods {
		p := newPod(i, podName(i), nodeName(i%nodes))
		if err := s.builtIn(ctx, "pods/"+p.Namespace+"/"+p.Name, p); err != nil {
			return err
		}
	}
	return s.flush(ctx)
}

func nodeName(i int) string { return fmt.Sprintf("pool-%05d", i) }
func podName(i int) string  { return fmt.Sprintf("app-%d-5d4f8c7b9-%d", i/replicas, i) }

// prepare makes what admission asks for before pods come by the API.
func prepare(ctx context.Context, client kubernetes.Interface) error {
	for i := range namespaces {
		ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace(i)}}
		if _, err := client.CoreV1().Namespaces().Create(ctx, ns, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("creating namespace %s: %w", ns.Name, err)
		}
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
		if _, err := client.CoreV1().ServiceAccounts(ns.Name).Create(ctx, account, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("creating the ServiceAccount of %s: %w", ns.Name, err)
		}
	}
	return nil
}
