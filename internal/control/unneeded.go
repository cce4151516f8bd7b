package control

import (
	"context"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// unneeded remembers, by VPSieNode, since when each could go; zero when it is needed.
// It is what the annotation says or is about to say: when thousands of nodes become
// unneeded at once, their timers run although the annotations are written bit by bit.
type unneeded map[types.UID]time.Time

// remind corrects what the annotations tell the plan by what has not been written yet.
func (u unneeded) remind(nodes []*plan.Node, machines []*v1alpha1.VPSieNode) {
	if len(u) == 0 {
		return
	}
	uids := make(map[string]types.UID, len(machines))
	for _, m := range machines {
		uids[m.Name] = m.UID
	}
	for _, n := range nodes {
		since, known := u[uids[n.Machine]]
		if known && since.IsZero() != n.UnneededSince.IsZero() {
			n.UnneededSince = since
		}
	}
}

// notes keeps on VPSieNodes and Nodes what rounds found out about them.
type notes struct {
	Client client.Client
	Live   client.Reader
	Clock  clock.PassiveClock
	Voice  *observe.Voice
	// kubernetesVersion is the API server's, as major.minor.
	kubernetesVersion func() string
	// unneeded are the timers of nodes that could go.
	unneeded unneeded
}

func newNotes(d *Deps) notes {
	return notes{Client: d.Client, Live: d.Live, Clock: d.Clock, Voice: d.Voice, kubernetesVersion: d.kubernetesVersion()}
}

// mostNotes bounds the annotations that one round writes, so that no order waits for
// thousands of them.
const mostNotes = 10 * mostAtOnce

// noteUnneeded keeps since when each node could go, in an annotation so that a restart
// does not set the clock back. It tells whether annotations are left to write.
func (r *notes) noteUnneeded(ctx context.Context, machines []*v1alpha1.VPSieNode, p *plan.Plan, now time.Time) (left bool, err error) {
	isUnneeded := make(map[string]bool, len(p.Unneeded))
	for _, n := range p.Unneeded {
		isUnneeded[n] = true
	}
	known := make(unneeded, len(machines))
	var needed, changes []*v1alpha1.VPSieNode
	for _, m := range machines {
		if !m.DeletionTimestamp.IsZero() {
			continue
		}
		known[m.UID] = time.Time{}
		_, noted := m.Annotations[v1alpha1.AnnotationUnneededSince]
		if !isUnneeded[cluster.NodeNameOf(m)] {
			if noted {
				needed = append(needed, m)
			}
			continue
		}
		known[m.UID] = r.unneeded[m.UID]
		if known[m.UID].IsZero() {
			known[m.UID] = now.Truncate(time.Second)
		}
		if !noted {
			changes = append(changes, m)
		}
	}
	r.unneeded = known
	// An old time on a node that is needed would let it go too early after a restart; a
	// missing one only too late.
	changes = slices.Concat(needed, changes)
	left = len(changes) > mostNotes
	return left, forEach(changes[:min(len(changes), mostNotes)], func(m *v1alpha1.VPSieNode) error {
		return r.annotate(ctx, m, "noting since when a node is unneeded on", func(m *v1alpha1.VPSieNode) {
			if since := known[m.UID]; since.IsZero() {
				delete(m.Annotations, v1alpha1.AnnotationUnneededSince)
			} else {
				metav1.SetMetaDataAnnotation(&m.ObjectMeta, v1alpha1.AnnotationUnneededSince, since.UTC().Format(time.RFC3339))
			}
		})
	})
}

// annotate changes the annotations of a machine that the round has read. doing is what for, in
// front of the machine in an error. One that is gone needs none.
func (r *notes) annotate(ctx context.Context, m *v1alpha1.VPSieNode, doing string, change func(*v1alpha1.VPSieNode)) error {
	changed := m.DeepCopy()
	change(changed)
	if err := r.Client.Patch(ctx, changed, client.MergeFrom(m)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("%s VPSieNode %s: %w", doing, m.Name, err)
	}
	return nil
}
