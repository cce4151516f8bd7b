package control

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

const (
	// fundsInterval is the pause between two looks at the balance.
	fundsInterval = 5 * time.Minute
	// lowHours is how long a balance must last not to be called low.
	lowHours = 24
)

// funds is what is known of a prepaid account's money.
type funds struct {
	mu     sync.Mutex
	value  *observe.Funds
	readAt time.Time
}

// now is what was last read; nil when the account is not prepaid, or does not say.
func (f *funds) now() *observe.Funds {
	if f == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.value
}

func (f *funds) due(now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.readAt.IsZero() && now.Sub(f.readAt) < fundsInterval {
		return false
	}
	f.readAt = now
	return true
}

func (f *funds) set(value *observe.Funds) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.value = value
}

// noteFunds looks at the balance now and then.
func (s *sweep) noteFunds(ctx context.Context, machines []v1alpha1.VPSieNode) {
	if f := s.balance.funds; f == nil || !f.due(s.Clock.Now()) {
		return
	}
	pointers := make([]*v1alpha1.VPSieNode, len(machines))
	for i := range machines {
		pointers[i] = &machines[i]
	}
	s.balance.readFunds(ctx, pointers, func(name string) *v1alpha1.NodeGroup {
		g, err := s.groupNamed(ctx, name)
		if err != nil {
			return nil
		}
		return g
	})
	s.Metrics.Funds(s.balance.funds.now())
}

// balance says how long the account's money lasts.
type balance struct {
	Cloud   *cloud.Cloud
	prices  prices
	funds   *funds
	Options *Options
}

func newBalance(d *Deps) balance { return balance{d.Cloud, prices{d.Cloud}, d.funds, &d.Options} }

// readFunds looks at the balance. What the API does not say, it is silent about. groupNamed
// returns nil for a NodeGroup that is not known.
func (d balance) readFunds(ctx context.Context, machines []*v1alpha1.VPSieNode, groupNamed func(string) *v1alpha1.NodeGroup) {
	read, err := d.Cloud.Funds(ctx)
	switch {
	case err == nil && !read.PostPaid:
		d.funds.set(d.lasting(ctx, read, machines, groupNamed))
	case err == nil, vpsie.ClassOf(err) != vpsie.Temporary && vpsie.ClassOf(err) != vpsie.Throttled:
		d.funds.set(nil)
	default:
		logf.FromContext(ctx).Info("the balance of the account could not be read; the last one known stays", "why", err.Error())
	}
}

// lasting says how long the balance lasts. What the account costs is what VPSie says of all its products, or our machines'
// prices where that is more.
func (d balance) lasting(ctx context.Context, read vpsie.Funds, machines []*v1alpha1.VPSieNode, groupNamed func(string) *v1alpha1.NodeGroup) *observe.Funds {
	var ours plan.Money
	prices := map[string]func(*v1alpha1.VPSieNode) plan.Money{}
	for _, m := range machines {
		group := m.Spec.NodeGroupName
		price, asked := prices[group]
		if !asked {
			if g := groupNamed(group); g != nil {
				price = d.prices.pricesIn(ctx, g)
			}
			prices[group] = price
		}
		if price != nil && m.Spec.VPSieInstanceID != 0 && !cluster.Disowned(m) {
			ours += price(m)
		}
	}
	f := &observe.Funds{Balance: plan.Money(read.Current), Hours: math.Inf(1)}
	if perMonth := max(ours, plan.Money(read.PerMonth)); perMonth > 0 {
		f.Hours = max(0, float64(f.Balance)/float64(perMonth)*plan.HoursPerMonth)
	} else if f.Balance <= 0 {
		f.Hours = 0
	}
	f.Low = f.Hours < max(lowHours, d.Options.MinBalanceHours)
	return f
}

// tooPoor says why nothing is bought beyond minNodes, empty when the balance allows it.
func (d balance) tooPoor() string {
	f := d.funds.now()
	if f == nil || d.Options.MinBalanceHours <= 0 || f.Hours >= d.Options.MinBalanceHours {
		return ""
	}
	return fmt.Sprintf("%s, and nothing is bought beyond minNodes below %g hours (--min-balance-hours)", f, d.Options.MinBalanceHours)
}
