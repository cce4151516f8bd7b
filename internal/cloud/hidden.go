package cloud

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

const (
	// doubted is how long a VPS that the list no longer shows is kept while asking for it by
	// itself gives no clear answer.
	doubted = 15 * time.Minute
	// endedMemory is how long it is remembered that a VPS is not there: longer than anybody needs who waits for its end.
	endedMemory = time.Hour
)

// ProofAfter is how long a VPS must stay out of sight until it counts as gone. That is the usual time where the list is complete and
// the VPS cannot be asked for by itself, because its identifier is not known (empty; id is 0 where the number is not known either).
// Otherwise it is the usual time once VPSie has said that there is no such VPS (see Cloud.Expect), and doubted before.
func (s *Sight) ProofAfter(id int64, identifier string, usual time.Duration) time.Duration {
	if (s.Partial || identifier != "") && !s.ended[id] {
		return max(usual, doubted)
	}
	return usual
}

// Expect has later looks ask for a VPS by itself when the list lacks it. Those of this cluster that a list has shown are asked for in
// any case, but a controller that starts while the list lags has been shown none. An empty identifier is ignored.
func (c *Cloud) Expect(id int64, identifier string) {
	if a, err := c.current(); err == nil && identifier != "" {
		a.sight.expected.add(id, identifier)
	}
}

// expected are the numbers of the VPSes that Cloud.Expect was called for, by identifier.
type expected struct {
	mu  sync.Mutex
	ids map[string]int64
}

func (e *expected) add(id int64, identifier string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ids == nil {
		e.ids = map[string]int64{}
	}
	e.ids[identifier] = id
}

func (e *expected) forget(identifier string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.ids, identifier)
}

func (e *expected) all() map[string]int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return maps.Clone(e.ids)
}

// hidden returns the VPSes that exist although this list lacks them, of those that are expected and those with this
// cluster's mark that the last sight showed. Each is asked for by itself: a list may lag, or show another project, so
// what it lacks may still exist.
func (s *sightCache) hidden(ctx context.Context, now time.Time, vms []vpsie.VM) []vpsie.VM {
	listed := map[string]bool{}
	for _, vm := range vms {
		listed[vm.Identifier] = true
		if vm.Gone() {
			s.ended[int64(vm.ID)] = now
		} else {
			delete(s.ended, int64(vm.ID))
		}
	}
	doubts := map[string]time.Time{}
	var hidden []vpsie.VM
	for _, vm := range s.lookedFor() {
		if listed[vm.Identifier] {
			continue
		}
		found, err := s.client.GetVM(ctx, vm.Identifier)
		switch {
		case err == nil && !found.Gone():
			hidden = append(hidden, found)
		case err == nil, vpsie.IsNotFound(err):
			s.ended[int64(vm.ID)] = now
			s.expected.forget(vm.Identifier)
		default:
			since, known := s.doubts[vm.Identifier]
			if !known {
				since = now
			}
			doubts[vm.Identifier] = since
			if now.Sub(since) < doubted && vm.Hostname != "" { // else nobody has seen what it is like
				hidden = append(hidden, vm)
			}
		}
	}
	s.doubts = doubts
	return hidden
}

// lookedFor are the VPSes that must not be missed. Of those that no sight has shown only number and identifier are known.
func (s *sightCache) lookedFor() []vpsie.VM {
	unseen := s.expected.all()
	var all []vpsie.VM
	if last := s.last.Load(); last != nil {
		for _, vm := range last.VMs {
			_, named := unseen[vm.Identifier]
			mark, marked := ParseMark(vm.Notes)
			if ours := marked && mark.ClusterID == s.clusterID; !vm.Gone() && (named || ours) {
				all = append(all, vm)
				delete(unseen, vm.Identifier)
			}
		}
	}
	for identifier, id := range unseen {
		all = append(all, vpsie.VM{ID: int(id), Identifier: identifier})
	}
	return all
}
