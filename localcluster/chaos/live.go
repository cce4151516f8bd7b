package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/localcluster"
)

// live has trouble for the length of the run, then peace. It returns what has not come to rest in time.
func (r *run) live(ctx context.Context) (unrest []string, err error) {
	crewCtx, dismiss := context.WithCancel(ctx)
	defer dismiss()
	var kept error
	done := make(chan struct{})
	go func() {
		defer close(done)
		var all []func(context.Context) error
		for _, c := range r.crews {
			all = append(all, c.keep)
		}
		all = append(all, r.bury, r.nudge)
		for e := range estate(estates) {
			all = append(all, func(ctx context.Context) error { return r.lift(ctx, e) })
		}
		kept = together(crewCtx, all...)
	}()
	began := time.Now()
	lullLeft := func() time.Duration { return lull(time.Since(began)) }
	trouble, over := context.WithTimeout(ctx, r.Length)
	defer over()
	acts := []func(context.Context) error{func(ctx context.Context) error { return r.rain(ctx, lullLeft) }, r.blur, r.remember, r.tellProgress}
	for i, c := range r.crews {
		acts = append(acts,
			func(ctx context.Context) error { return c.haunt(ctx, r.schedule.of(i), lullLeft) },
			func(ctx context.Context) error { return r.users[i].busy(ctx, r.schedule.of(i), lullLeft) })
	}
	if err := together(trouble, acts...); err != nil {
		return nil, err
	}
	if err := r.calmDown(ctx); err != nil {
		return nil, err
	}
	unrest, err = r.awaitRest(ctx)
	dismiss()
	<-done
	return unrest, errors.Join(err, kept, ctx.Err())
}

// rain changes the weather.
func (r *run) rain(ctx context.Context, lullLeft func() time.Duration) error {
	for {
		var g regime
		if left := lullLeft(); left > 0 {
			r.tally.add("weather: lull")
			g = r.schedule.nextLull(left)
		} else {
			g = r.schedule.nextRegime()
		}
		if g.hiddenRows > 0 && !r.answered(ctx) {
			g.hiddenRows = 0
			r.tally.add("weather: nothing hidden, since an order was in doubt")
		}
		if err := r.weather.turn(ctx, g); err != nil && ctx.Err() == nil {
			return err
		}
		if !sleep(ctx, g.lasts) {
			return nil
		}
	}
}

// longestDoubt is how long orders get to be answered or found: longer than an order stays out of the list.
const longestDoubt = 15 * time.Second

// answered waits until the controllers know of every VPS that it was ordered.
func (r *run) answered(ctx context.Context) bool {
	for deadline := time.Now().Add(longestDoubt); time.Now().Before(deadline); {
		if s, err := lookAt(ctx, r.client, r.stack.Cloud); err == nil && !s.doubtful() { // an error: the API server is away
			return true
		}
		if !sleep(ctx, 50*time.Millisecond) {
			return false
		}
	}
	return false
}

// blur changes how the controllers see the cluster, and restarts the API server.
func (r *run) blur(ctx context.Context) error {
	for {
		v := r.schedule.nextView()
		if v.restart {
			r.watcher.apiRestarted()
			if err := r.stack.Cluster.RestartAPIServer(context.WithoutCancel(ctx)); err != nil {
				return err
			}
			r.watcher.apiRestarted()
			r.tally.add("API server restarts")
		}
		r.sight.turn(v)
		if !sleep(ctx, v.lasts) {
			return nil
		}
	}
}

// remember keeps the newest resource version of each moment.
func (r *run) remember(ctx context.Context) error {
	for sleep(ctx, 200*time.Millisecond) {
		var one corev1.NamespaceList
		if err := r.client.List(ctx, &one, client.Limit(1)); err == nil {
			r.sight.remember(one.ResourceVersion)
		}
	}
	return nil
}

// bury has kwok let go of the nodes of dead machines. It misses the label's end when that comes while its watch is
// broken, or just when it takes the node over, and would keep the node alive for ever, as no dead machine can. Between
// the label's return and its end kwok needs the time to see the one before the other.
func (r *run) bury(ctx context.Context) error {
	for sleep(ctx, 2*time.Second) {
		undead := r.undead(ctx)
		r.label(ctx, undead, `"starting"`)
		if len(undead) == 0 || !sleep(ctx, 2*time.Second) {
			continue
		}
		r.label(ctx, undead, "null")
		// Each has its chance to become unreachable before it is looked at again.
		sleep(ctx, 25*time.Second)
	}
	return nil
}

// undead are nodes that are ready without a kubelet.
func (r *run) undead(ctx context.Context) []string {
	var nodes corev1.NodeList
	if err := r.client.List(ctx, &nodes); err != nil {
		return nil // the API server is away
	}
	var undead []string
	for i := range nodes.Items {
		n := &nodes.Items[i]
		if _, lives := n.Labels[localcluster.KubeletLabel]; !lives && nodeReady(n) && time.Since(n.CreationTimestamp.Time) > 10*time.Second {
			undead = append(undead, n.Name)
		}
	}
	return undead
}

// nudge has kwok look at pods again that it has missed, which happens when they are bound just when it takes their node
// over. A kubelet lists its pods itself.
func (r *run) nudge(ctx context.Context) error {
	for sleep(ctx, 5*time.Second) {
		var pods corev1.PodList
		if err := r.client.List(ctx, &pods); err != nil {
			continue // the API server is away
		}
		for i := range pods.Items {
			p := &pods.Items[i]
			if p.Status.Phase != corev1.PodPending || p.Spec.NodeName == "" || p.DeletionTimestamp != nil || boundFor(p) < 10*time.Second {
				continue
			}
			merge := fmt.Sprintf(`{"metadata":{"annotations":{"chaos/nudged":%q}}}`, stamp(time.Now()))
			if err := r.client.Patch(ctx, p, client.RawPatch(types.MergePatchType, []byte(merge))); err == nil {
				r.tally.add("pods that kwok had missed")
			}
		}
	}
	return nil
}

// boundFor is how long the pod has had its node.
func boundFor(p *corev1.Pod) time.Duration {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionTrue {
			return time.Since(c.LastTransitionTime.Time)
		}
	}
	return time.Since(p.CreationTimestamp.Time)
}

func (r *run) label(ctx context.Context, nodes []string, value string) {
	for _, name := range nodes {
		n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
		merge := fmt.Sprintf(`{"metadata":{"labels":{%q:%s}}}`, localcluster.KubeletLabel, value)
		for client.IgnoreNotFound(r.client.Patch(ctx, n, client.RawPatch(types.MergePatchType, []byte(merge)))) != nil && sleep(ctx, time.Second) {
			continue // the API server is away
		}
	}
}

func (r *run) tellProgress(ctx context.Context) error {
	told := 0
	for sleep(ctx, progress) {
		found := r.watcher.violations()
		for _, v := range found[told:] {
			r.Say("%s: violation: %s", stamp(v.at), v.what)
		}
		told = len(found)
		r.Say("%s: %d kills, %d faults at the cloud, %d VPSes ordered, %d pods run, %d violations", stamp(time.Now()), r.tally.sum("kills"),
			r.cloudFaults(), len(r.stack.Cloud.Ledger().VMs), r.tally.sum("pods run"), told)
	}
	return nil
}

// calmDown ends all trouble.
func (r *run) calmDown(ctx context.Context) error {
	r.sight.turn(view{})
	if err := r.weather.clear(ctx); err != nil {
		return err
	}
	for i, u := range r.users {
		for {
			err := u.settle(ctx)
			if err == nil {
				break
			}
			if !sleep(ctx, time.Second) {
				return err
			}
		}
		// One more death: what the last controller remembered of the trouble goes with it.
		r.crews[i].reform(false)
		r.crews[i].kill(0, "at the end of the trouble")
	}
	r.Say("%s: the trouble is over", stamp(time.Now()))
	return nil
}

// progress is how often something is said.
const progress = 15 * time.Second

// quiet is how long nothing may change before all counts as at rest.
const quiet = 8 * time.Second

// awaitRest waits until nothing disagrees any more, and keeps so.
func (r *run) awaitRest(ctx context.Context) (unrest []string, err error) {
	deadline := time.Now().Add(r.Patience)
	since, last := time.Time{}, ""
	for told := time.Now(); ; {
		s, err := lookAt(ctx, r.client, r.stack.Cloud)
		if err != nil {
			return nil, err
		}
		unrest = s.unrest()
		slices.Sort(unrest)
		if len(unrest) > 0 {
			since = time.Time{}
		} else if since.IsZero() || s.print() != last {
			since, last = time.Now(), s.print()
		}
		if time.Since(told) > progress {
			told = time.Now()
			r.Say("%s: not at rest yet, for %d reasons: %s", stamp(told), len(unrest), strings.Join(unrest[:min(len(unrest), 3)], "; "))
		}
		switch {
		case !since.IsZero() && time.Since(since) > quiet:
			r.Say("%s: all is at rest", stamp(time.Now()))
			return nil, nil
		case time.Now().After(deadline):
			if len(unrest) == 0 {
				unrest = []string{"machines keep coming and going"}
			}
			return unrest, nil
		case !sleep(ctx, 500*time.Millisecond):
			return nil, fmt.Errorf("waiting for rest: %w", context.Cause(ctx))
		}
	}
}

// print tells one scene at rest from another.
func (s *scene) print() string {
	var names []string
	for _, m := range s.machines {
		names = append(names, m.Name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}
