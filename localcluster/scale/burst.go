package scale

import (
	"context"
	"encoding/json"
	"errors"
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
	// Asked are the requests that the API server had from all clients until then, by kind.
	Asked map[string]int
	// Gone is the time from the deletion of the pods until all their machines were deleted.
	Gone time.Duration
	// GroupBytes is the size of the NodeGroup at the end, as JSON; Resident the controller's memory.
	GroupBytes int
	Resident   int64
}

// String says what became of the burst, in one line.
func (b Burst) String() string {
	round := func(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }
	return fmt.Sprintf("%d pods at once: %d machines, the first ordered after %s, the last after %s, all ready after %s; all gone %s after their pods; %.2f requests to VPSie a machine, NodeGroup of %d bytes, %d MiB resident; until they were ready the API server took %s",
		b.Pods, b.Machines, round(b.First), round(b.Last), round(b.Ready), round(b.Gone), b.Requests, b.GroupBytes, b.Resident/mebi, most(b.Asked))
}

// cloudRequests counts the requests to VPSie.
const cloudRequests = "vpsie_api_requests_total"

// burst stores the pods, about twenty of which fill a machine, waits until every machine that was ordered is ready and
// none has been ordered for a while, deletes the pods again, and waits until the machines are gone.
func burst(ctx context.Context, s *stack.Stack, booter *orders, pods int, taken *profiles) (b Burst, err error) {
	group, err := newWatchedGroup(ctx, s)
	if err != nil {
		return b, err
	}
	before, err := look(ctx, s.ControllerPID(), s.MetricsURL())
	if err != nil {
		return b, err
	}
	asked, err := requests(ctx, s.Cluster.Config())
	if err != nil {
		return b, err
	}
	profiled := make(chan error, 1)
	go func() { profiled <- taken.processor(ctx, "burst", 20*time.Second) }()
	b.Pods = pods
	if err := b.rise(ctx, s, booter, group); err != nil {
		return b, err
	}
	after, err := look(ctx, s.ControllerPID(), s.MetricsURL())
	if err != nil {
		return b, err
	}
	if b.Asked, err = since(ctx, s.Cluster.Config(), asked); err != nil {
		return b, err
	}
	text, err := json.Marshal(&group.NodeGroup)
	if err != nil {
		return b, fmt.Errorf("measuring the NodeGroup: %w", err)
	}
	b.GroupBytes, b.Resident = len(text), after.resident
	b.Requests = (after.metrics[cloudRequests] - before.metrics[cloudRequests]) / float64(b.Machines)
	return b, errors.Join(b.fall(ctx, s, group), <-profiled)
}

// longestQuiet is how long nothing may happen in a burst before it is given up.
const longestQuiet = 5 * time.Minute

// rise stores the pods and waits for their machines.
func (b *Burst) rise(ctx context.Context, s *stack.Stack, booter *orders, group *watchedGroup) error {
	began := time.Now()
	if err := seedPending(ctx, s.Cluster.EtcdURL(), b.Pods); err != nil {
		return err
	}
	for quiet := time.Now(); time.Since(quiet) < 5*time.Second || b.Ready == 0; {
		select {
		case at := <-booter.times:
			if b.Machines++; b.Machines == 1 {
				b.First = at.Sub(began)
			}
			b.Last, quiet = at.Sub(began), time.Now()
		case <-time.After(200 * time.Millisecond):
			if err := group.read(ctx); err != nil {
				return err
			}
			if allReady := b.Machines > 0 && group.Status.ReadyNodes >= group.Status.DesiredNodes; !allReady {
				b.Ready = 0
			} else if b.Ready == 0 {
				b.Ready = time.Since(began)
			}
			if time.Since(quiet) > longestQuiet {
				return fmt.Errorf("waiting for the machines of %d pods: %d were ordered, %d of %d nodes are ready, and nothing was ordered for %s: do the pods fit the nodes that are there?",
					b.Pods, b.Machines, group.Status.ReadyNodes, group.Status.DesiredNodes, longestQuiet)
			}
		}
	}
	return nil
}

// fall deletes the pods, has the group let go of what nobody needs, and waits until the machines are gone.
func (b *Burst) fall(ctx context.Context, s *stack.Stack, group *watchedGroup) error {
	before := group.Status.CurrentNodes - int32(b.Machines)
	if err := group.hurry(ctx); err != nil {
		return err
	}
	began := time.Now()
	if err := unseedPending(ctx, s.Cluster.EtcdURL(), b.Pods); err != nil {
		return err
	}
	for left, quiet := group.Status.CurrentNodes, time.Now(); left > before; {
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return err
		}
		if err := group.read(ctx); err != nil {
			return err
		}
		if now := group.Status.CurrentNodes; now != left {
			left, quiet = now, time.Now()
		}
		if time.Since(quiet) > longestQuiet {
			return fmt.Errorf("waiting for the machines to go: %d of %d are left, and none went for %s", left-before, b.Machines, longestQuiet)
		}
	}
	b.Gone = time.Since(began)
	return nil
}

// watchedGroup is the NodeGroup as it was last read.
type watchedGroup struct {
	v1alpha1.NodeGroup
	client client.Client
}

func newWatchedGroup(ctx context.Context, s *stack.Stack) (*watchedGroup, error) {
	scheme, err := cluster.Scheme()
	if err != nil {
		return nil, err
	}
	c, err := client.New(s.Cluster.Config(), client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	g := &watchedGroup{client: c}
	return g, g.read(ctx)
}

func (g *watchedGroup) read(ctx context.Context) error {
	if err := g.client.Get(ctx, client.ObjectKey{Namespace: config.Namespace, Name: groupName}, &g.NodeGroup); err != nil {
		return fmt.Errorf("reading the NodeGroup: %w", err)
	}
	return nil
}

// hurry has nodes go that nobody has needed for a second.
func (g *watchedGroup) hurry(ctx context.Context) error {
	changed := g.DeepCopy()
	changed.Spec.ScaleDownPolicy.UnneededTime = new(int32(1))
	if err := g.client.Patch(ctx, changed, client.MergeFrom(&g.NodeGroup)); err != nil {
		return fmt.Errorf("changing the NodeGroup: %w", err)
	}
	return nil
}

func burstPod(i int) string { return fmt.Sprintf("burst-%d", i) }

// seedPending stores pods that the scheduler has found no node for.
func seedPending(ctx context.Context, endpoint string, pods int) error {
	s, err := newSeeder(endpoint, true)
	if err != nil {
		return err
	}
	defer func() { _ = s.etcd.Close() }()
	for i := range pods {
		p := newPod(i, burstPod(i), "")
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

// unseedPending deletes them.
func unseedPending(ctx context.Context, endpoint string, pods int) error {
	s, err := newSeeder(endpoint, true)
	if err != nil {
		return err
	}
	defer func() { _ = s.etcd.Close() }()
	for i := range pods {
		if err := s.delete(ctx, "pods/"+namespace(i/replicas)+"/"+burstPod(i)); err != nil {
			return err
		}
	}
	return s.flush(ctx)
}
