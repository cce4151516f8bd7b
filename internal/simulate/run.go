package simulate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/control"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Setting is what is compared: NodeGroups, and what they may buy.
type Setting struct {
	Name string
	// Objects hold the NodeGroups, and the DaemonSets that run on every node.
	Objects *cluster.Objects
	Markets map[string]cluster.Market
	// NewDecider makes who decides; nil is the planner.
	NewDecider func() Decider
}

// Options are the same for all settings that are compared.
type Options struct {
	Plan  plan.Options
	Cloud Cloud
	Seed  uint64
	// Start is the time at which the workload begins: schedules go by it.
	Start time.Time
}

// idleRound bounds the time between two rounds when nothing happens: schedules open and
// close without an event.
const idleRound = 5 * time.Minute

// simulation is one run of one setting.
type simulation struct {
	Options
	decider Decider
	queue   events
	now     time.Time
	end     time.Time
	builder *cluster.Builder
	pods    *cluster.Pods
	objects *cluster.Objects
	markets map[string]cluster.Market
	offers  map[plan.OfferKey]*plan.Offer
	demands []Demand

	// machines are those that are paid for, by name; the names ascend.
	machines []*machine
	made     int
	// lives are the pods that there are, by demand.
	lives   map[int]*life
	pending []*life
	// wakeAt is when the next round is due without an event.
	wakeAt time.Time
	// changed: pods have come or gone since the bound was worked out.
	changed bool
	books   *books
}

// life is one pod, from its creation until it goes.
type life struct {
	demand  int
	attempt int
	pod     *corev1.Pod
	since   time.Time
	on      *machine
	milli   int64
	memory  int64
}

// Compare simulates all settings with the same workload and the same luck, several at once.
func Compare(ctx context.Context, w *Workload, settings []Setting, o Options) ([]*Result, error) {
	results, errs := make([]*Result, len(settings)), make([]error, len(settings))
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for i, setting := range settings {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			results[i], errs[i] = Run(ctx, w, setting, o)
		})
	}
	wg.Wait()
	return results, errors.Join(errs...)
}

// Run simulates the setting with the workload.
func Run(ctx context.Context, w *Workload, setting Setting, o Options) (*Result, error) {
	s := &simulation{
		Options: o, now: o.Start, end: o.Start.Add(w.Length), builder: cluster.NewBuilder(), pods: cluster.NewPods(),
		demands: w.Demands, lives: map[int]*life{}, offers: map[plan.OfferKey]*plan.Offer{}, changed: true, decider: planner{},
	}
	if setting.NewDecider != nil {
		s.decider = setting.NewDecider()
	}
	s.takeOver(setting, w)
	s.books = newBooks(s)
	for i := range s.demands {
		d := &s.demands[i]
		s.queue.plan(o.Start.Add(d.Created), func() { s.create(i, 1) })
		if d.Deleted <= w.Length {
			s.queue.plan(o.Start.Add(d.Deleted), func() { s.delete(i) })
		}
	}
	s.wake(o.Start)
	for {
		at, ok := s.queue.next()
		if !ok || at.After(s.end) {
			break
		}
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("simulating %s, at %s: %w", setting.Name, s.now.Format(time.RFC3339), err)
		}
		s.books.until(at)
		s.now = at
		for {
			if at, ok := s.queue.next(); !ok || at.After(s.now) {
				break
			}
			s.queue.take().do()
		}
		s.schedule()
		if err := s.round(ctx); err != nil {
			return nil, fmt.Errorf("simulating %s, at %s: %w", setting.Name, s.now.Format(time.RFC3339), err)
		}
	}
	s.books.until(s.end)
	s.now = s.end
	return s.books.result(setting.Name, w), nil
}

// takeOver copies what the run changes.
func (s *simulation) takeOver(setting Setting, w *Workload) {
	objects := *setting.Objects
	objects.NodeGroups = make([]*v1alpha1.NodeGroup, len(setting.Objects.NodeGroups))
	for i, g := range setting.Objects.NodeGroups {
		objects.NodeGroups[i] = g.DeepCopy()
		objects.NodeGroups[i].Status.LastScaleTime = nil
	}
	objects.VPSieNodes, objects.Nodes, objects.Pods = nil, nil, nil
	known := map[string]bool{}
	for _, ns := range objects.Namespaces {
		known[ns.Name] = true
	}
	objects.Namespaces = slices.Clone(objects.Namespaces)
	for _, name := range w.Namespaces() {
		if !known[name] {
			objects.Namespaces = append(objects.Namespaces, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
		}
	}
	s.objects, s.markets = &objects, map[string]cluster.Market{}
	for _, name := range slices.Sorted(maps.Keys(setting.Markets)) {
		market := setting.Markets[name]
		fixed := map[*plan.Offer]bool{}
		offers := make([]*plan.Offer, len(market.Offers))
		for i, o := range market.Offers {
			// One offer for all groups: what is refused to one is refused to all.
			offer := s.offers[o.Key()]
			if offer == nil {
				offer = new(*o)
				s.offers[o.Key()] = offer
			}
			// Nodes are as large as their offer says: nothing is learnt.
			offers[i], fixed[offer] = offer, true
		}
		market.Offers, market.Fixed = offers, fixed
		s.markets[name] = market
	}
}

// wake has a round at a time.
func (s *simulation) wake(at time.Time) {
	if !s.wakeAt.IsZero() && s.wakeAt.After(s.now) && !at.Before(s.wakeAt) {
		return
	}
	s.wakeAt = at
	s.queue.plan(at, func() {})
}

// create makes the pod of a demand.
func (s *simulation) create(demand, attempt int) {
	d := &s.demands[demand]
	l := &life{demand: demand, attempt: attempt, pod: d.pod(attempt, s.now), since: s.now, milli: d.MilliCPU, memory: d.Memory}
	s.lives[demand] = l
	s.pending = append(s.pending, l)
	s.podChanged(nil, l.pod)
	s.changed = true
}

// delete ends the pod of a demand.
func (s *simulation) delete(demand int) {
	l := s.lives[demand]
	if l == nil {
		return // It was created and deleted in the same second.
	}
	delete(s.lives, demand)
	s.books.pending(l, false)
	s.drop(l)
}

// podChanged tells the planner's side of a pod that is new (before is nil), has changed, or is gone (after is nil).
func (s *simulation) podChanged(before, after *corev1.Pod) {
	stored := func(p *corev1.Pod) *cluster.StoredPod {
		if p == nil {
			return nil
		}
		return cluster.StorePod(p)
	}
	s.pods.Changed(stored(before), stored(after))
}

// drop takes a pod away.
func (s *simulation) drop(l *life) {
	if l.on != nil {
		l.on.leave(l)
	} else {
		s.pending = slices.DeleteFunc(s.pending, func(p *life) bool { return p == l })
	}
	s.podChanged(l.pod, nil)
	s.changed = true
}

// disrupt makes the pods of a machine anew: they lose their node.
func (s *simulation) disrupt(m *machine, reason string) {
	for _, l := range m.lives() {
		s.books.disrupted(reason)
		s.drop(l)
		s.create(l.demand, l.attempt+1)
	}
}

// round plans, and carries the plan out.
func (s *simulation) round(ctx context.Context) error {
	s.objects.VPSieNodes, s.objects.Nodes = s.objects.VPSieNodes[:0:0], s.objects.Nodes[:0:0]
	for _, m := range s.machines {
		s.objects.VPSieNodes = append(s.objects.VPSieNodes, m.object)
		if m.node != nil {
			s.objects.Nodes = append(s.objects.Nodes, m.node)
		}
	}
	s.objects.Nodes, s.objects.Pods = slices.Clone(s.objects.Nodes), nil
	s.pods.Into(s.objects)
	state := s.builder.State(s.objects, s.markets, s.now, s.Plan)
	decided, err := s.decider.Decide(ctx, state)
	if err != nil {
		return err
	}
	p := decided.Plan
	s.books.round(p)
	s.books.bounds(state, p, s.changed)
	s.changed = false
	s.noteUnneeded(p)
	for _, g := range s.objects.NodeGroups {
		g.Status.Unsuitable = cluster.UnsuitableStatus(g, p)
	}
	for _, placed := range p.Placements {
		s.meant(placed.Node, placed.Pod)
	}
	for i := range p.Launches {
		s.order(&p.Launches[i])
	}
	for i := range p.Removals {
		s.remove(&p.Removals[i])
	}
	for i := range p.GivenUp {
		s.giveUp(&p.GivenUp[i])
	}
	s.remember(p)
	for _, m := range s.machines {
		m.closed = slices.Contains(decided.Closed, m.object.Name)
		m.avoided = slices.Contains(p.Replacing, m.object.Name) || slices.Contains(p.Unneeded, m.object.Name)
	}
	next := s.now.Add(idleRound)
	if len(p.Launches)+len(p.Removals) > 0 {
		next = s.now.Add(time.Second)
	} else if at := p.RecheckAt; !at.IsZero() && at.Before(next) {
		next = at.Truncate(time.Second).Add(time.Second)
	}
	s.wake(next)
	return nil
}

// giveUp ends an exchange that came to nothing, as the controller does.
func (s *simulation) giveUp(g *plan.GivenUp) {
	for _, name := range g.Nodes {
		if i, ok := s.byName(name); ok {
			m := s.machines[i].object
			metav1.SetMetaDataAnnotation(&m.ObjectMeta, v1alpha1.AnnotationReplacementFailed, control.FailedAgain(m, g.Why, s.now).String())
		}
	}
	for _, name := range g.Machines {
		if i, ok := s.byName(name); ok {
			delete(s.machines[i].object.Annotations, v1alpha1.AnnotationReplaces)
		}
	}
}

// meant collects the pods that a machine on its way is to hold.
func (s *simulation) meant(node, pod string) {
	for _, m := range s.machines {
		if m.object.Name == node && m.node == nil {
			m.planned = append(m.planned, pod)
		}
	}
}

// remember hands those on to the next round, as the controller does.
func (s *simulation) remember(p *plan.Plan) {
	if len(p.Placements)+len(p.Launches) == 0 {
		return
	}
	for _, m := range s.machines {
		if len(m.planned) > 0 {
			s.builder.Meant(m.object.Name, m.planned)
			m.planned = nil
		}
	}
}

// noteUnneeded keeps since when each node could go, as the controller does in an annotation.
func (s *simulation) noteUnneeded(p *plan.Plan) {
	for _, m := range s.machines {
		_, noted := m.object.Annotations[v1alpha1.AnnotationUnneededSince]
		_, unneeded := slices.BinarySearch(p.Unneeded, m.object.Name)
		switch {
		case unneeded && !noted:
			m.object.Annotations[v1alpha1.AnnotationUnneededSince] = s.now.UTC().Format(time.RFC3339)
		case noted && !unneeded:
			delete(m.object.Annotations, v1alpha1.AnnotationUnneededSince)
		}
	}
}

// group finds a NodeGroup by its name.
func (s *simulation) group(name string) *v1alpha1.NodeGroup {
	i := slices.IndexFunc(s.objects.NodeGroups, func(g *v1alpha1.NodeGroup) bool { return g.Name == name })
	return s.objects.NodeGroups[i]
}

// byName finds where a machine is, or would be.
func (s *simulation) byName(name string) (int, bool) {
	return slices.BinarySearchFunc(s.machines, name, func(m *machine, name string) int { return strings.Compare(m.object.Name, name) })
}
