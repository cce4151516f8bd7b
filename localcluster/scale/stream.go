package scale

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// stream changes the cluster as a busy one changes by itself.
type stream struct {
	client      kubernetes.Interface
	nodes, pods int
	mu          sync.Mutex
	err         error
}

// run makes so many changes of each kind a second until ctx ends, and returns the first failure.
func (s *stream) run(ctx context.Context, statuses, heartbeats, replaced int) error {
	var wg sync.WaitGroup
	for _, kind := range []struct {
		aSecond int
		change  func(ctx context.Context, i int) error
	}{{statuses, s.podStatus}, {heartbeats, s.heartbeat}, {replaced, s.replace}} {
		if kind.aSecond == 0 {
			continue
		}
		wg.Go(func() { s.every(ctx, time.Second/time.Duration(kind.aSecond), kind.change) })
	}
	wg.Wait()
	return s.err
}

func (s *stream) every(ctx context.Context, interval time.Duration, change func(context.Context, int) error) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := change(ctx, i); err != nil && ctx.Err() == nil {
			s.mu.Lock()
			if s.err == nil {
				s.err = err
			}
			s.mu.Unlock()
			return
		}
	}
}

// step walks over all objects instead of one after the other, so that neighbours do not change together.
const step = 7919

// podStatus counts a restart, which no decision depends on. The first half of the pods is for it, the second for replace.
func (s *stream) podStatus(ctx context.Context, i int) error {
	pod := i * step % (s.pods / 2)
	patch := fmt.Appendf(nil, `{"status":{"containerStatuses":[{"name":"main","image":"i","imageID":"i","restartCount":%d}]}}`, i)
	_, err := s.client.CoreV1().Pods(namespace(pod/replicas)).Patch(ctx, podName(pod), types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}

func (s *stream) heartbeat(ctx context.Context, i int) error {
	patch := fmt.Appendf(nil, `{"status":{"conditions":[{"type":"Ready","lastHeartbeatTime":%q}]}}`, time.Now().UTC().Format(time.RFC3339))
	_, err := s.client.CoreV1().Nodes().Patch(ctx, nodeName(i*step%s.nodes), types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}

// replace deletes a pod and creates another of its controller on the same node.
func (s *stream) replace(ctx context.Context, i int) error {
	index := s.pods/2 + i%(s.pods-s.pods/2)
	pods := s.client.CoreV1().Pods(namespace(index / replicas))
	name := podName(index)
	if round := i / (s.pods - s.pods/2); round > 0 {
		name = fmt.Sprintf("%s-%d", name, round)
	}
	if err := pods.Delete(ctx, name, metav1.DeleteOptions{GracePeriodSeconds: new(int64(0))}); err != nil {
		return fmt.Errorf("replacing pod %s: %w", name, err)
	}
	next := newPod(index, fmt.Sprintf("%s-%d", podName(index), i/(s.pods-s.pods/2)+1), nodeName(index%s.nodes))
	next.UID, next.CreationTimestamp, next.ManagedFields = "", metav1.Time{}, nil
	status := next.Status
	made, err := pods.Create(ctx, next, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("replacing pod %s: %w", name, err)
	}
	made.Status = status
	_, err = pods.UpdateStatus(ctx, made, metav1.UpdateOptions{})
	return err
}

// orders is the cloud's Booter: it takes the time of each order, and registers the machine's node, ready.
type orders struct {
	client kubernetes.Interface
	// boot is the time from an order to the registration of its node.
	boot   time.Duration
	seeded int
	times  chan time.Time
}

// Boot comes as soon as the fake VPSie has taken the order.
func (o *orders) Boot(ctx context.Context, m vpsietest.Machine) error {
	if m.ID == 0 || isSeeded(m.Hostname, o.seeded) {
		return nil
	}
	o.times <- time.Now()
	select {
	case <-ctx.Done(): // The VPS went before it had booted.
		return nil
	case <-time.After(o.boot):
	}
	n := newNode(m)
	n.UID, n.CreationTimestamp = "", metav1.Time{}
	nodes := o.client.CoreV1().Nodes()
	if _, err := nodes.Create(ctx, n, metav1.CreateOptions{}); err != nil {
		return err
	}
	// The API server gives every new node the taint not-ready, and nobody is there who would take it away.
	_, err := nodes.Patch(ctx, n.Name, types.MergePatchType, []byte(`{"spec":{"taints":null}}`), metav1.PatchOptions{})
	return err
}

func isSeeded(hostname string, seeded int) bool {
	var i int
	_, err := fmt.Sscanf(hostname, "pool-%05d", &i)
	return err == nil && i < seeded
}

// Ready has nothing to do: the node is ready when it registers.
func (o *orders) Ready(context.Context, vpsietest.Machine) error { return nil }

// Gone leaves the node to the controller.
func (o *orders) Gone(context.Context, vpsietest.Machine) error { return nil }

// waits creates pods that fit no node, one after another, and returns how long each waited from the scheduler's verdict
// to the order of its machine, in ascending order. A pod waits a minute at most.
func (o *orders) waits(ctx context.Context, count int) ([]time.Duration, error) {
	var all []time.Duration
	for i := range count {
		// The group scales up once a second.
		if err := pause(ctx, 2*time.Second); err != nil {
			return nil, err
		}
		p := newPod(0, fmt.Sprintf("large-%d", i), "")
		p.UID, p.CreationTimestamp, p.ManagedFields, p.OwnerReferences = "", metav1.Time{}, nil, nil
		p.Spec.Containers[0].Resources.Requests[corev1.ResourceCPU] = resource.MustParse("6")
		p.Status = corev1.PodStatus{}
		pods := o.client.CoreV1().Pods(p.Namespace)
		made, err := pods.Create(ctx, p, metav1.CreateOptions{})
		if err != nil {
			return nil, fmt.Errorf("creating a pod that fits no node: %w", err)
		}
		made.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable}}
		began := time.Now()
		if _, err := pods.UpdateStatus(ctx, made, metav1.UpdateOptions{}); err != nil {
			return nil, fmt.Errorf("calling pod %s unschedulable: %w", p.Name, err)
		}
		select {
		case at := <-o.times:
			all = append(all, at.Sub(began))
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Minute):
			return nil, fmt.Errorf("waiting for pod %s's machine: nothing was ordered for a minute", p.Name)
		}
	}
	slices.Sort(all)
	return all, nil
}
