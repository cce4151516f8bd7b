package cloud

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/utils/clock"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// Sight is what the cloud's lists showed. A VPS of this cluster's that is there although
// the list lacks it is among the VMs.
type Sight struct {
	// Began is when the first of the two lists was asked for; whatever happened
	// before is in it.
	Began   time.Time
	VMs     []vpsie.VM
	Pending []vpsie.PendingVM
	// Partial says that VPSie announced more than it listed: what is in sight is there, but what
	// is not may be there as well.
	Partial bool
	// ended are the VPSes, by number, that VPSie does not find when it is asked for them by themselves.
	ended map[int64]bool

	// A thousand machines that look for themselves must not go through a thousand VPSes
	// each. What follows is filled at the first look, and only read from then on.
	index      sync.Once
	byID       map[int64]*vpsie.VM
	byHostname map[string][]*vpsie.VM // in lower case
	pending    map[string]bool
}

func (s *Sight) fill() {
	s.byID, s.byHostname = make(map[int64]*vpsie.VM, len(s.VMs)), make(map[string][]*vpsie.VM, len(s.VMs))
	for i := range s.VMs {
		vm := &s.VMs[i]
		if vm.Gone() {
			continue
		}
		if _, known := s.byID[int64(vm.ID)]; !known {
			s.byID[int64(vm.ID)] = vm
		}
		name := strings.ToLower(vm.Hostname)
		s.byHostname[name] = append(s.byHostname[name], vm)
	}
	s.pending = make(map[string]bool, len(s.Pending))
	for _, p := range s.Pending {
		s.pending[strings.ToLower(p.Hostname)] = true
	}
}

// ErrSeveral says that a hostname stands for more than one VPS, so that none can
// be taken for the machine that is meant.
type ErrSeveral struct {
	Hostname string
	IDs      []int
}

func (e *ErrSeveral) Error() string {
	return fmt.Sprintf("several VPSes have the hostname %s (ids %v); delete those that are not needed", e.Hostname, e.IDs)
}

// ByHostname returns the one VPS with the hostname, nil when there is none, and
// whether an order for it is pending.
func (s *Sight) ByHostname(hostname string) (vm *vpsie.VM, pending bool, err error) {
	found := s.Named(hostname)
	if len(found) > 1 {
		several := &ErrSeveral{Hostname: hostname}
		for _, vm := range found {
			several.IDs = append(several.IDs, vm.ID)
		}
		return nil, false, several
	}
	if len(found) == 1 {
		vm = found[0]
	}
	return vm, s.pending[strings.ToLower(hostname)], nil
}

// Named are the VPSes with the hostname.
func (s *Sight) Named(hostname string) []*vpsie.VM {
	s.index.Do(s.fill)
	return s.byHostname[strings.ToLower(hostname)]
}

// ByID returns the VPS with the number, nil when there is none.
func (s *Sight) ByID(id int64) *vpsie.VM {
	s.index.Do(s.fill)
	return s.byID[id]
}

// Look returns a sight that began at notBefore or later. Callers share the
// requests, also those that fail: many machines that wait cost as much as one.
func (c *Cloud) Look(ctx context.Context, notBefore time.Time) (*Sight, error) {
	a, err := c.current()
	if err != nil {
		return nil, err
	}
	return a.sight.look(ctx, notBefore)
}

// Seen is the newest sight, nil when there is none yet. It makes no request, and waits
// for none.
func (c *Cloud) Seen() *Sight {
	a, err := c.current()
	if err != nil {
		return nil
	}
	return a.sight.last.Load()
}

// Outage is why the account could not be read when somebody last looked, nil when it
// could. It makes no request.
func (c *Cloud) Outage() error {
	a, err := c.current()
	if err != nil {
		return err
	}
	if f := a.sight.failure.Load(); f != nil {
		return unreachable(f.err)
	}
	return nil
}

// Undeletable says why no VPS can be deleted now; empty when nothing is known to be in
// the way. It makes no request.
func (c *Cloud) Undeletable() string {
	if why := cmp.Or(c.Refusal(), c.Outage()); why != nil {
		return why.Error()
	}
	return ""
}

// sightCache holds the newest sight. Its lock is held while looking, so that
// whoever comes meanwhile waits and takes what was seen if it is new enough.
type sightCache struct {
	client    *vpsie.Client
	clock     clock.PassiveClock
	clusterID string

	mu   sync.Mutex
	last atomic.Pointer[Sight]
	// doubts are the VPSes of which neither the list nor asking for them by themselves says whether they are there, since when.
	doubts map[string]time.Time
	// ended are the VPSes that were missing and are not there, since when.
	ended map[int64]time.Time
	// expected are the VPSes that are asked for whether or not a list has shown them.
	expected expected
	// failure is the newest look if it failed, else nil.
	failure atomic.Pointer[failedLook]
}

type failedLook struct {
	began time.Time
	err   error
}

func (s *sightCache) look(ctx context.Context, notBefore time.Time) (*Sight, error) {
	if last := s.last.Load(); last != nil && !last.Began.Before(notBefore) {
		return last, nil // also while somebody looks for a newer one
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := s.last.Load(); last != nil && !last.Began.Before(notBefore) {
		return last, nil
	}
	if f := s.failure.Load(); f != nil && !f.began.Before(notBefore) {
		return nil, f.err
	}
	began := s.clock.Now()
	sight, err := s.read(ctx, began)
	if err != nil {
		if ctx.Err() == nil { // else it says nothing of the cloud
			s.failure.Store(&failedLook{began, err})
		}
		return nil, err
	}
	s.failure.Store(nil)
	s.last.Store(sight)
	return sight, nil
}

func (s *sightCache) read(ctx context.Context, began time.Time) (*Sight, error) {
	// Pending first: a machine moves from there to the list of VMs, and one that
	// moved between two lists read the other way round would be in neither.
	pending, err := s.client.PendingVMs(ctx)
	partial := vpsie.IsIncomplete(err)
	if err != nil && !partial {
		return nil, err
	}
	vms, err := s.client.ListVMs(ctx)
	partial = partial || vpsie.IsIncomplete(err)
	if err != nil && !vpsie.IsIncomplete(err) {
		return nil, err
	}
	sight := &Sight{Began: began, VMs: append(vms, s.hidden(ctx, began, vms)...), Pending: pending, Partial: partial, ended: map[int64]bool{}}
	for id, at := range s.ended {
		if sight.ended[id] = true; began.Sub(at) > endedMemory {
			delete(s.ended, id)
		}
	}
	return sight, nil
}
