package vpsietest

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// VPSie sells no spot instances, so what is here is made up: a spot instance is a plan of its own, with is_spot in the list of
// plans, and a machine that is to be taken away shows interruption_on, a time. Neither field is sent while nothing is sold so.

// spotPriceOf returns what the offer costs as a spot instance; nil when it is not sold so. The caller holds the lock.
func (s *Server) spotPriceOf(o offer) *string {
	if price := s.knobs.SpotPrices[o.datacenter+"/"+o.Nickname]; price != nil {
		return price
	}
	return s.knobs.SpotPrices[o.Nickname]
}

// offersIn are what the datacenter sells, spot instances last. The caller holds the lock.
func (s *Server) offersIn(datacenter string) []offer {
	all := slices.Clone(s.shop.offers[datacenter])
	for _, o := range s.shop.offers[datacenter] {
		if s.spotPriceOf(o) != nil {
			all = append(all, o.asSpot())
		}
	}
	return all
}

// interrupt takes a spot instance away, now or after the notice that the knob says. The caller holds the lock.
func (s *Server) interrupt(m *machine) error {
	switch notice := time.Duration(s.knobs.SpotNoticeSeconds) * time.Second; {
	case !m.offer.spot:
		return fmt.Errorf("action: interrupt: machine %q is no spot instance", m.hostname)
	case notice == 0:
		s.drop(m)
	case m.interruptOn.IsZero():
		m.interruptOn = s.opts.Now().UTC().Add(notice)
		s.background(func(ctx context.Context) {
			if s.pause(ctx, m.gone, int(notice.Milliseconds())) {
				s.mutate(func() { s.drop(m) })
			}
		})
	}
	return nil
}
