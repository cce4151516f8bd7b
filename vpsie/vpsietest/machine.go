package vpsietest

import (
	"context"
	"fmt"
	"math/big"
	"net/netip"
	"time"
)

// stage is where a machine stands between order and end.
type stage string

const (
	pending stage = "pending" // in the pending list
	hidden  stage = "hidden"  // in neither list
	listed  stage = "listed"  // in the machine list
	removed stage = "removed" // in neither list, for good
)

// order is what a client asked for, after all checks.
type order struct {
	hostname, projectID, sshKeyID, scriptID string
	offer                                   offer
	datacenter                              Datacenter
	image                                   Named
	tags                                    []string
	notes, userData, password, processID    string
	ipv4, ipv6, private                     bool
	generatedPassword                       bool
}

// machine is one ordered machine. The server's lock guards all of it.
type machine struct {
	order
	id         int
	identifier string
	stage      stage
	neverJoin  bool
	phantom    bool // will vanish from pending without ever having been a machine

	active, power, suspended, locked, deleted, terminated bool
	deleting, addressed                                   bool
	// hung machines are powered on and do nothing; a restart cures them.
	hung bool

	firewalls    []string // identifiers of its groups
	firewallBusy bool

	createdAt time.Time
	listedAt  *time.Time // on the server's clock, from when on the list has it
	// interruptOn is when a spot instance is taken away, once that is known.
	interruptOn time.Time
	// listedFrom is, on the server's clock, when the list may show it.
	listedFrom time.Time
	removedAt  time.Time
	price      *big.Rat // per month
	cost       *big.Rat // up to billedAt
	billedAt   time.Time

	stopped chan struct{} // closed when it stops running, also by its end; a start makes another
	started chan struct{} // holds one start that its life has not seen yet
	gone    chan struct{} // closed at its end
}

func (m *machine) addresses() (ipv4, ipv6, private string) {
	offset := func(base string, n int) netip.Addr {
		b := netip.MustParseAddr(base).As16()
		for i := 15; n > 0; i-- {
			n += int(b[i])
			b[i] = byte(n)
			n >>= 8
		}
		return netip.AddrFrom16(b).Unmap()
	}
	n := m.id - firstID + 10
	if m.ipv4 {
		ipv4 = offset("198.18.0.0", n).String()
	}
	if m.ipv6 {
		ipv6 = offset("2001:db8::", n).String()
	}
	if m.private {
		private = offset("10.64.0.0", n).String()
	}
	return ipv4, ipv6, private
}

func (m *machine) public() Machine {
	ipv4, ipv6, private := m.addresses()
	return Machine{
		ID: m.id, Identifier: m.identifier, Hostname: m.hostname, InstanceType: m.offer.Nickname, Datacenter: m.datacenter.Name,
		CPU: m.offer.CPU, MemoryMB: m.offer.MemoryMB, GuestMemoryMB: m.offer.guestMemory(), DiskGB: m.offer.DiskGB,
		IPv4: ipv4, IPv6: ipv6, PrivateIP: private, UserData: m.userData,
	}
}

// admit enters an order: from now on it is on its way, and paid for. The caller holds the lock.
func (s *Server) admit(o order) *machine {
	now := s.opts.Now().UTC()
	s.lastID++
	m := &machine{
		order: o, id: s.lastID, identifier: uuidOf("machine", fmt.Sprint(s.opts.Seed, s.lastID)), stage: pending,
		createdAt: now, billedAt: now, cost: new(big.Rat), price: s.priceOf(o.offer),
		listedFrom: now.Add(time.Duration(s.knobs.GapSeconds) * time.Second),
		stopped:    make(chan struct{}), started: make(chan struct{}, 1), gone: make(chan struct{}),
	}
	if s.knobs.NeverAppear > 0 {
		s.knobs.NeverAppear--
		m.phantom = true
	} else if s.knobs.NeverJoin > 0 {
		s.knobs.NeverJoin--
		m.neverJoin = true
	}
	if left := s.stockOf(o.offer); left != nil && *left > 0 {
		*left--
	}
	s.machines = append(s.machines, m)
	k := s.knobs.clone()
	s.background(func(ctx context.Context) { s.live(ctx, m, k) })
	return m
}

// stockOf returns how many are left, nil for no limit: in its datacenter, where the knob says it of that. The caller holds
// the lock.
func (s *Server) stockOf(o offer) *int {
	stock := s.knobs.Stock
	if o.spot {
		stock = s.knobs.SpotStock
	}
	if left := stock[o.datacenter+"/"+o.Nickname]; left != nil {
		return left
	}
	return stock[o.Nickname]
}

// priceOf returns the monthly price of an offer now. The caller holds the lock.
func (s *Server) priceOf(o offer) *big.Rat {
	text := o.PricePerMonth
	if spot := s.spotPriceOf(o); o.spot && spot != nil {
		return mustPrice(*spot)
	}
	if changed, ok := s.knobs.Prices[o.Nickname]; ok {
		text = changed
	}
	if changed, ok := s.knobs.Prices[o.datacenter+"/"+o.Nickname]; ok {
		text = changed
	}
	return mustPrice(text)
}

func mustPrice(text string) *big.Rat {
	price, err := parsePrice(text)
	if err != nil {
		panic("vpsietest: an unchecked price: " + err.Error())
	}
	return price
}

// live takes a machine from its order to its end.
func (s *Server) live(ctx context.Context, m *machine, k Knobs) {
	if !s.pause(ctx, m.gone, k.CreateMillis) {
		return
	}
	if m.phantom {
		s.mutate(func() { s.drop(m) })
		return
	}
	if k.GapMillis > 0 {
		s.mutate(func() { m.stage = hidden })
		if !s.pause(ctx, m.gone, k.GapMillis) {
			return
		}
	}
	s.mutate(func() {
		m.enter(listed)
		m.listedAt = new(s.opts.Now())
		if m.listedAt.Before(m.listedFrom) {
			m.listedAt = new(m.listedFrom)
		}
	})
	for booted := false; ; k = s.knobsNow() {
		booted = s.run(ctx, m, k) || booted
		if !s.rest(ctx, m, booted) {
			return
		}
	}
}

// run is the machine's life from one start to the next stop. It reports whether the Booter has seen it.
func (s *Server) run(ctx context.Context, m *machine, k Knobs) (booted bool) {
	var stopped chan struct{}
	s.mutate(func() { stopped = m.stopped })
	if s.pause(ctx, stopped, k.BootMillis) {
		s.mutate(func() { m.active, m.power = m.active || m.runs(), m.power || m.runs() })
		s.background(func(ctx context.Context) {
			if s.pause(ctx, m.gone, k.AddressMillis) {
				s.mutate(func() { m.addressed = true })
			}
		})
		if s.opts.Booter != nil && !m.neverJoin {
			s.boot(ctx, m, k, stopped)
			booted = true
		}
	}
	select {
	case <-ctx.Done():
	case <-stopped:
	}
	return booted
}

// boot acts out the machine's inner life.
func (s *Server) boot(ctx context.Context, m *machine, k Knobs, stopped chan struct{}) {
	running, halt := context.WithCancel(ctx)
	defer halt()
	s.background(func(context.Context) {
		select {
		case <-stopped:
		case <-running.Done():
		}
		halt()
	})
	told := m.public()
	s.report("booting", m, s.opts.Booter.Boot(running, told))
	if s.pause(running, stopped, k.ReadyMillis) {
		s.report("becoming ready", m, s.opts.Booter.Ready(running, told))
	}
	select {
	case <-ctx.Done():
	case <-stopped:
	}
}

// rest is a stopped machine's life until its start. It reports whether that came before its end.
func (s *Server) rest(ctx context.Context, m *machine, booted bool) bool {
	end := func(doing string) {
		if booted && ctx.Err() == nil {
			s.report(doing, m, s.opts.Booter.Gone(ctx, m.public()))
		}
	}
	select {
	case <-m.gone:
		end("going")
		return false
	default:
		end("stopping")
	}
	select {
	case <-ctx.Done():
		return false
	case <-m.gone:
		end("going")
		return false
	case <-m.started:
		return true
	}
}

func (s *Server) report(doing string, m *machine, err error) {
	if err != nil {
		s.opts.Logger.Error("acting out a machine", "doing", doing, "hostname", m.hostname, "error", err)
	}
}

// enter moves to a stage, unless the machine has come to its end meanwhile.
func (m *machine) enter(next stage) {
	if m.stage != removed {
		m.stage = next
	}
}

func (m *machine) runs() bool {
	select {
	case <-m.stopped:
		return false
	default:
		return m.stage == listed && !m.suspended
	}
}

// halt powers the machine off. The caller holds the lock.
func (m *machine) halt() {
	m.power = false
	m.still()
}

// still ends what the machine does. The caller holds the lock.
func (m *machine) still() {
	select {
	case <-m.stopped:
	default:
		close(m.stopped)
	}
}

// switchOn starts a machine that is off. The caller holds the lock.
func (s *Server) switchOn(m *machine) {
	if m.power || m.suspended || !m.removedAt.IsZero() {
		return
	}
	select {
	case <-m.stopped:
	default:
		return // it is starting
	}
	m.stopped, m.hung = make(chan struct{}), false
	select {
	case m.started <- struct{}{}:
	default:
	}
}

// restart cures a machine that hangs. The caller holds the lock.
func (s *Server) restart(m *machine) {
	m.halt()
	s.switchOn(m)
}

// shown reports whether the list of machines has it. The caller holds the lock.
func (s *Server) shown(m *machine) bool {
	return m.stage == listed && !s.opts.Now().Before(m.listedFrom)
}

// drop ends the machine and its bill. The caller holds the lock.
func (s *Server) drop(m *machine) {
	if !m.removedAt.IsZero() {
		return
	}
	s.settle(m)
	m.removedAt = s.opts.Now().UTC()
	m.stage, m.active = removed, false
	// In this order: whoever sees it stopped must see that it is for good.
	close(m.gone)
	m.halt()
}

// retire carries out an accepted deletion.
func (s *Server) retire(ctx context.Context, m *machine, k Knobs) {
	if !s.pause(ctx, m.gone, k.DeleteMillis) {
		return
	}
	s.mutate(func() {
		if m.removedAt.IsZero() {
			s.drop(m)
			if k.FlaggedMillis > 0 {
				m.stage, m.deleted = listed, true
			}
		}
	})
	if k.FlaggedMillis > 0 && s.pause(ctx, nil, k.FlaggedMillis) {
		s.mutate(func() { m.stage = removed })
	}
}

// pause waits, and reports whether it was not cut short.
func (s *Server) pause(ctx context.Context, end <-chan struct{}, millis int) bool {
	if millis > 0 {
		over, stop := s.timer(time.Duration(millis) * time.Millisecond)
		defer stop()
		select {
		case <-ctx.Done():
			return false
		case <-end:
			return false
		case <-over:
		}
	}
	select {
	case <-end:
		return false
	default:
		return ctx.Err() == nil
	}
}

func (s *Server) timer(d time.Duration) (over <-chan time.Time, stop func()) {
	if s.opts.After != nil {
		return s.opts.After(d), func() {}
	}
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}
