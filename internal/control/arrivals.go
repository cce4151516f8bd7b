package control

import (
	"fmt"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
)

// reasonNotArriving is the condition reason of a NodeGroup whose machines fail one
// after another on their way to a ready node.
const reasonNotArriving = "MachinesNotArriving"

// arrivals counts, by NodeGroup, the machines in a row that were bought and did not
// become ready nodes. The first is replaced at once; when the next fails as well,
// the group pauses longer and longer, because every try is paid for. The round
// keeps the counts in the NodeGroups' status.
type arrivals struct {
	growth cloud.Growth

	mu sync.Mutex
	of map[string]arrival
}

type arrival struct {
	failures    int
	last, until time.Time
	why         string
}

func newArrivals() *arrivals { return &arrivals{of: map[string]arrival{}} }

// pauseAfter is how long a group pauses after so many failures in a row.
func (a *arrivals) pauseAfter(failures int) time.Duration {
	if failures < 2 {
		return 0
	}
	return a.growth.After(failures - 1)
}

// failed counts a machine that was ordered then. Machines that were on their way
// together are one try: only one ordered after the last failure counts as another.
func (a *arrivals) failed(group string, ordered, now time.Time, why string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.of[group]
	if t.failures > 0 && !ordered.After(t.last) {
		return
	}
	t.failures++
	t.last, t.until, t.why = now, now.Add(a.pauseAfter(t.failures)), why
	a.of[group] = t
}

// succeeded forgets what failed: a machine has arrived, or a person has changed the group.
func (a *arrivals) succeeded(group string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.of, group)
}

// held is why nothing is bought for the group now, and until when; "" when it may.
func (a *arrivals) held(group string, now time.Time) (why string, until time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.of[group]
	if !t.until.After(now) {
		return "", time.Time{}
	}
	return fmt.Sprintf("%s; %d machines in a row did not become ready nodes, the next is bought at %s",
		t.why, t.failures, t.until.UTC().Format(time.TimeOnly)), t.until
}

// noted is the group's count for its status, nil when there is none.
func (a *arrivals) noted(group string) *v1alpha1.Backoff {
	a.mu.Lock()
	defer a.mu.Unlock()
	t, known := a.of[group]
	if !known {
		return nil
	}
	return &v1alpha1.Backoff{
		Failures: int32(t.failures), Until: metav1.NewTime(t.until.Truncate(time.Second)), Reason: reasonNotArriving, Message: t.why,
	}
}

func (a *arrivals) recall(group string, b v1alpha1.Backoff) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, known := a.of[group]; !known {
		failures := int(b.Failures)
		a.of[group] = arrival{failures, b.Until.Add(-a.pauseAfter(failures)), b.Until.Time, b.Message}
	}
}

// miss fails a machine that was bought and does not become a ready node.
func (r *machines) miss(m *v1alpha1.VPSieNode, e observe.Event) {
	r.fail(m, e)
	if orderedByUs(m) && m.Status.CreatedAt != nil {
		r.arrivals.failed(m.Spec.NodeGroupName, m.Status.CreatedAt.Time, r.Clock.Now(), e.Note)
	}
}

// Recall takes the back-offs over that the NodeGroups' status kept, as the controller
// does when it starts. It says by name why nothing is bought for a group now at all.
func Recall(account *cloud.Cloud, groups []*v1alpha1.NodeGroup, now time.Time) map[string]string {
	a := newArrivals()
	recall(account, a, groups)
	pauses := map[string]string{}
	for _, g := range groups {
		if why, _ := a.held(g.Name, now); why != "" {
			pauses[g.Name] = why
		}
	}
	return pauses
}

func recall(account *cloud.Cloud, a *arrivals, groups []*v1alpha1.NodeGroup) {
	for _, g := range groups {
		for _, b := range g.Status.Backoffs {
			if b.InstanceType == "" {
				a.recall(g.Name, b)
				continue
			}
			account.Recall(cloud.Backoff{
				Datacenter: b.DatacenterID, InstanceType: b.InstanceType, Failures: int(b.Failures),
				Until: b.Until.Time, Reason: b.Reason, Message: b.Message,
			})
		}
	}
}

// forgetMended lets a group buy at once whose spec a person has changed: most often
// because its machines did not arrive.
func (r *round) forgetMended(groups []*v1alpha1.NodeGroup) {
	for _, g := range groups {
		if seen := g.Status.ObservedGeneration; seen != 0 && seen != g.Generation {
			r.arrivals.succeeded(g.Name)
		}
	}
}

// backoffsOf are the group's back-offs as its status keeps them, and in words those
// that are in force and leave something else to buy.
func (r *round) backoffsOf(g *v1alpha1.NodeGroup) (kept []v1alpha1.Backoff, words []string) {
	if b := r.arrivals.noted(g.Name); b != nil {
		kept = append(kept, *b)
	}
	for _, b := range r.Cloud.Backoffs(WantedOf(g)) {
		kept = append(kept, v1alpha1.Backoff{
			InstanceType: b.InstanceType, DatacenterID: b.Datacenter, Failures: int32(b.Failures),
			Until: metav1.NewTime(b.Until.Truncate(time.Second)), Reason: b.Reason, Message: b.Message,
		})
		if b.Until.After(r.Clock.Now()) {
			words = append(words, b.InstanceType+": "+b.Error())
		}
	}
	return kept, words
}
