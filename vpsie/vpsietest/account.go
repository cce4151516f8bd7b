package vpsietest

import (
	"cmp"
	"math/big"
	"time"
)

// balance is what a prepaid account has left, nil for an account that is billed afterwards. An empty one suspends every
// machine. The caller holds the lock.
func (s *Server) balance() *big.Rat {
	if s.knobs.Balance == "" {
		return nil
	}
	left, err := parsePrice(s.knobs.Balance)
	if err != nil {
		panic("vpsietest: an unchecked balance: " + err.Error())
	}
	left.Sub(left, s.spent())
	left.Add(left, s.paidBefore)
	return left
}

// spent is what all machines have cost up to now. The caller holds the lock.
func (s *Server) spent() *big.Rat {
	sum := new(big.Rat)
	for _, m := range s.machines {
		if !m.phantom {
			s.settle(m)
			sum.Add(sum, m.cost)
		}
	}
	return sum
}

// enforceBalance suspends what an empty account cannot pay for. The caller holds the lock.
func (s *Server) enforceBalance() {
	if left := s.balance(); left == nil || left.Sign() > 0 {
		return
	}
	for _, m := range s.machines {
		if m.removedAt.IsZero() && m.stage == listed {
			m.suspend()
		}
	}
}

// suspend is what the vendor does to machines that nobody pays for. The caller holds the lock.
func (m *machine) suspend() {
	m.suspended = true
	m.halt()
}

// monthly is what all machines cost in a month at their present prices. The caller holds the lock.
func (s *Server) monthly() *big.Rat {
	sum := new(big.Rat)
	for _, m := range s.machines {
		if m.removedAt.IsZero() && !m.phantom {
			sum.Add(sum, m.price)
		}
	}
	speedup := new(big.Rat)
	speedup.SetFloat64(cmp.Or(s.knobs.BillingSpeedup, 1))
	return sum.Mul(sum, speedup)
}

func (s *Server) profile(r request) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.knobs.NoBilling {
		return unknownRoute(r)
	}
	return success(object{
		"id": 7, "name": "Fake Account", "firstname": "Fake", "lastname": "Account", "email": "fake@example.com",
		"current_balance": s.wireBalance(), "identifier": uuidOf("account", "fake"), "status": "active",
		"monthly_charge": s.monthly().FloatString(2), "invitations": 0,
	})
}

func (s *Server) wireBalance() float64 {
	left := s.balance()
	if left == nil {
		return 0
	}
	f, _ := left.Float64()
	return f
}

func (s *Server) estimatedUsages(r request) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.knobs.NoBilling {
		return unknownRoute(r)
	}
	rows := []object{}
	for _, m := range s.machines {
		if !m.removedAt.IsZero() || m.phantom {
			continue
		}
		s.settle(m)
		hourly := new(big.Rat).Quo(m.price, big.NewRat(hoursPerMonth, 1))
		rows = append(rows, object{
			"id": m.id, "product_id": 1, "entity_type": "box", "entity_id": m.id, "user_id": 7, "start_date": m.createdAt.Format(time.RFC3339),
			"end_date": nil, "type_of_trigger": "hourly", "created_on": m.createdAt.Format(time.RFC3339), "updated_at": m.createdAt.Format(time.RFC3339),
			"identifier": m.identifier, "quantity": 1, "unit": "hour", "price": hourly.FloatString(4), "cost_value": m.cost.FloatString(4),
			"cost_value_month": m.price.FloatString(2), "entity_name": m.hostname, "description": m.offer.Nickname,
		})
	}
	monthly := s.monthly().FloatString(2)
	return reply{status: 200, body: object{"error": false, "data": rows, "total": len(rows), "balanceData": object{
		"current_balance": s.wireBalance(), "balance_charged": 0, "monthly_charge": monthly, "actual_monthly_charge": monthly, "added_with_cc": 0,
		"added_with_cc_or_pp": 0, "bill_city": nil, "bill_country": nil, "is_post_paid": bit(s.knobs.Balance == ""),
	}}}
}

func (s *Server) limits(request) reply {
	return success(object{
		"backups_Limit": 5, "snapshot_Limit": 5, "firewall_Limit": 10, "buckets_Limit": 5, "certificates_Limit": 5, "dns_domains_Limit": 10,
	})
}
