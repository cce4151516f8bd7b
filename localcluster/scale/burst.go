package scale

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/config"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/localcluster/stack"
)

// Burst is what became of many pods that could not be scheduled at once.
type Burst struct {
	Pods, Machines int
	// First and Last are the times until the first and the last order, Ready until the last machine was ready.
	First, Last, Ready time.Duration
	// Requests are those to VPSie for each machine.
	Requests float64
	// GroupBytes is the size of the NodeGroup at the end, as JSON; Resident the controller's memory.
	GroupBytes int
	Resident   int64
}

// String says what became of the burst, in one line.
func (b Burst) String() string {
	round := func(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }
	return fmt.Sprintf("%d pods at once: %d machines, the first ordered after %s, the last after %s, all ready after %s; %.2f requests to VPSie a machine, NodeGroup of %d bytes, %d MiB resident",
		b.Pods, b.Machines, round(b.First), round(b.Last), round(b.Ready), b.Requests, b.GroupBytes, b.Resident/mebi)
}

// cloudRequests counts the requests to VPSie.
const cloudRequests = "vpsie_api_requests_total"

// burst stores the pods, about twenty of which fill a machine, and waits until every machine that was ordered is ready
// and none has been ordered for a while.
func burst(ctx context.Context, s *stack.Stack, booter *orders, pods int) (b Burst, err error) {
	scheme, err := cluster.Scheme()
	if err != nil {
		return b, err
	}
	c, err := client.New(s.Cluster.Config(), client.Options{Scheme: scheme})
	if err != nil {
		return b, fmt.Errorf("making a client: %w", err)
	}
	var group v1alpha1.NodeGroup
	key := client.ObjectKey{Namespace: config.Namespace, Name: groupName}
	if err := c.Get(ctx, key, &group); err != nil {
		return b, fmt.Errorf("reading the NodeGroup: %w", err)
	}
	before, err := look(ctx, s.ControllerPID(), s.MetricsURL())
	if err != nil {
		return b, err
	}
	began := time.Now()
	if err := seedPending(ctx, s.Cluster.EtcdURL(), pods); err != nil {
		return b, err
	}
	for quiet := time.Now(); time.Since(quiet) < 5*time.Second || group.Status.ReadyNodes < group.Status.DesiredNodes || b.Machines == 0; {
		select {
		case at := <-booter.times:
			if b.Machines++; b.Machines == 1 {
				b.First = at.Sub(began)
			}
			b.Last, quiet = at.Sub(began), time.Now()
		case <-time.After(200 * time.Millisecond):
			if err := c.Get(ctx, key, &group); err != nil {
				return b, fmt.Errorf("reading the NodeGroup: %w", err)
			}
			if allReady := b.Machines > 0 && group.Status.ReadyNodes >= group.Status.DesiredNodes; !allReady {
				b.Ready = 0
			} else if b.Ready == 0 {
				b.Ready = time.Since(began)
			}
		}
	}
	after, err := look(ctx, s.ControllerPID(), s.MetricsURL())
	if err != nil {
		return b, err
	}
	text, err := json.Marshal(&group)
	if err != nil {
		return b, fmt.Errorf("measuring the NodeGroup: %w", err)
	}
	b.Pods, b.GroupBytes, b.Resident = pods, len(text), after.resident
	b.Requests = (after.metrics[cloudRequests] - before.metrics[cloudRequests]) / float64(b.Machines)
	return b, nil
}

// seedPending stores pods that the scheduler has found no node for.
func seedPending(ctx context.Context, endpoint string, pods int) error {
	s, err := newSeeder(endpoint)
	if err != nil {
		return err
	}
	defer func() { _ = s.etcd.Close() }()
	for i := range pods {
		p := newPod(i, fmt.Sprintf("burst-%d", i), "")
		p.Spec.Containers[0].Resources.Requests[corev1.ResourceCPU] = resource.MustParse("380m")
		p.Status = corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{{
			Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, LastTransitionTime: p.CreationTimestamp,
		}}}
		if err := s.builtIn(ctx, "pods/"+p.Namespace+"/"+p.Name, p); err != nil {
			return err
		}
	}
	return s.flush(ctx)
}
