package plan

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// newWorld works out the state: who is where, what room there is, what is asked for.
func newWorld(s *State) *world {
	w := &world{
		filters: filter.New(&filter.Objects{
			Namespaces: s.Namespaces, Claims: s.Claims, Volumes: s.Volumes, StorageClasses: s.StorageClasses,
			CSIDrivers: s.CSIDrivers, StorageCapacities: s.StorageCapacities, VolumeLimits: map[string]int{vendorDriver: vendorVolumes},
		}),
		admittedBy:  map[*filter.Class]string{},
		state:       s,
		groupByName: map[string]*group{},
		offers:      map[OfferKey]*Offer{},
		movers:      map[moverKey]*mover{},
		hostByName:  make(map[string]*host, len(s.Nodes)),
		daemons:     newDaemons(s.DaemonSets),
		newNodes:    map[newNodeKey]*newNode{},
	}
	w.readPods()
	for _, d := range w.daemons {
		d.class = w.class(d.pod)
	}
	w.buildGroups()
	w.buildHosts()
	w.findExchanges()
	pending := w.seat()
	slices.SortFunc(pending, comparePods)
	w.buildLots(pending)
	w.effort = newEffort(len(s.Pods) + len(w.hosts) + len(w.lots) + len(w.templates))
	return w
}

func (w *world) buildGroups() {
	stocks := map[*Offer]*stock{}
	for _, o := range w.state.Offers {
		key := o.Key()
		if known := w.offers[key]; known == nil || o.Price < known.Price {
			w.offers[key] = o
		}
		s := &stock{left: math.MaxInt32}
		if o.Stock >= 0 {
			s.left = o.Stock
		}
		stocks[o] = s
	}
	w.lessons = newLessons(w)
	all := &shopping{limit: w.state.Limit}
	for _, spec := range w.state.Groups {
		g := &group{Group: spec, together: all, closed: closedFor(spec, w.state.Now, w.state.Options.IgnoreTimers)}
		w.groups = append(w.groups, g)
		w.groupByName[spec.Name] = g
		places := spec.places()
		for _, k := range spec.Buys() {
			if o := w.offers[k]; o != nil {
				t := w.newTemplate(g, o, stocks[o])
				t.place = places[k.DatacenterID]
				g.templates = append(g.templates, t)
			}
		}
	}
	slices.SortFunc(w.groups, func(a, b *group) int { return cmp.Compare(a.Name, b.Name) })
	for _, g := range w.groups {
		if g.Deleting {
			continue
		}
		for _, t := range g.templates {
			t.index = len(w.templates)
			w.templates = append(w.templates, t)
		}
	}
}

// buildLots groups the pending pods, which come sorted by name.
func (w *world) buildLots(pending []*Pod) {
	type key struct {
		kind                 *filter.Kind
		cpu, memory, storage int64
		scalars              string
		priority             int32
		preempts             bool
		notBefore            time.Time
	}
	known := map[key]*lot{}
	for _, p := range pending {
		if why := w.refusedOutright(p); why.reason != "" {
			w.refused = append(w.refused, refusedPod{pod: p, why: why})
			continue
		}
		k := key{
			kind: w.filters.Kind(w.class(p), p.meta), priority: p.priority, preempts: w.preempts(p),
			cpu: p.requests.CPU, memory: p.requests.Memory, storage: p.requests.Storage, scalars: p.requests.ScalarKey(),
			notBefore: p.notBefore(w.state.Now),
		}
		l := known[k]
		if l == nil {
			l = &lot{kind: k.kind, size: w.dims.Size(&p.requests), priority: p.priority, expendable: w.expendable(p), preempts: k.preempts, notBefore: k.notBefore}
			known[k] = l
			w.lots = append(w.lots, l)
		}
		l.pods = append(l.pods, p)
		l.left++
	}
	// The first pod's name settles ties, so the order of the input does not matter.
	slices.SortStableFunc(w.lots, func(a, b *lot) int { return cmp.Compare(b.priority, a.priority) })
}

// refusedOutright turns down a pending pod for what it is.
func (w *world) refusedOutright(p *Pod) refusal {
	if r := p.refused(); r.reason != "" {
		return r
	}
	return refusalOf(w.class(p).Problem())
}

// giveShapes gives the existing hosts their shapes, once all classes are known.
func (w *world) giveShapes() {
	w.filters.AllRead()
	for _, h := range w.hosts {
		h.NodeClass = w.filters.NodeClassOf(h.Labels, h.Taints, h.Cordoned)
	}
}

// readPods looks for what has to be known of all pods before anything else: the resources that they ask for, those of
// DaemonSets among them, and which of them belong to their nodes. In a large cluster each look at all pods counts.
func (w *world) readPods() {
	w.dims = resources.NewDimensions(func(yield func(*resources.Requests) bool) {
		for _, p := range w.state.Pods {
			if p.Bound() && p.remains() {
				w.residents = append(w.residents, p)
			}
			if !yield(&p.requests) {
				return
			}
		}
		for _, b := range w.state.NodePods {
			w.residents = append(w.residents, b.residents...)
			if !yield(&b.asked) {
				return
			}
		}
		for _, d := range w.daemons {
			if !yield(&d.pod.requests) {
				return
			}
		}
	})
}
