package control

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Buying is what may be bought at a time.
type Buying struct {
	// Markets are by NodeGroup.
	Markets map[string]cluster.Market
	// Limit bounds the purchases of all NodeGroups together; nil is no limit.
	Limit *plan.Limit
	// Problems are, by NodeGroup, what a person must know of; what keeps anything from
	// being bought comes first.
	Problems map[string][]error
	// holds are why nothing is bought for a NodeGroup after failures of before.
	holds map[string]hold
}

// market says what may be bought.
type market struct {
	Cloud     *cloud.Cloud
	Clock     clock.PassiveClock
	Options   *Options
	arrivals  *arrivals
	prices    prices
	balance   balance
	bootstrap bootstrap
}

func newMarket(d *Deps) market {
	return market{d.Cloud, d.Clock, &d.Options, d.arrivals, prices{d.Cloud}, newBalance(d), bootstrap{reads{d.Live, d.shared}, &d.Options}}
}

// BuyingAfterRestart is what a controller that starts now would buy from, by what is stored
// in the cluster. A dry run asks here, so that it plans what the controller plans. It needs
// Live, Cloud, Clock and Options.
func BuyingAfterRestart(ctx context.Context, d Deps, o *cluster.Objects) *Buying {
	d.arrivals, d.funds = newArrivals(), new(funds)
	d.arrivals.growth = d.Options.Backoff
	before, market := newBackoffs(&d), newMarket(&d)
	before.recall(o)
	d.arrivals.forgetMended(o.NodeGroups)
	for _, g := range o.NodeGroups {
		before.retryAsked(g)
	}
	if d.Options.MinBalanceHours > 0 {
		market.balance.readFunds(ctx, o.AllVPSieNodes(), func(name string) *v1alpha1.NodeGroup { return groupIn(o, name) })
	}
	return market.buying(ctx, o)
}

// buying says what may be bought for each NodeGroup: what the account sells, as far as a
// machine that is bought could join, within the limits that failures of before have set.
func (d market) buying(ctx context.Context, o *cluster.Objects) *Buying {
	b := &Buying{
		Markets: make(map[string]cluster.Market, len(o.NodeGroups)), Limit: d.accountLimit(o),
		Problems: map[string][]error{}, holds: map[string]hold{},
	}
	for _, g := range o.NodeGroups {
		market, problems, err := d.marketOf(ctx, g)
		market.Undeletable, market.Limit, market.NoGrowth = d.Cloud.Undeletable(), d.probation(g, o.VPSieNodes), d.balance.tooPoor()
		market.Prices = d.prices.pricesOf(ctx, o.VPSieNodes, g, market.Offers)
		market.Selected, market.NoneSelected = selected(g, market.Offers, err)
		d.holdBack(g, o.VPSieNodes, &market)
		if why := notPreferred(g, &market); why != nil {
			problems = append(problems, why)
		}
		if err == nil {
			err = d.bootstrap.checkGroup(ctx, g)
		}
		if why := cluster.NoSpot(g, market.Offers); why != "" && err == nil {
			err = &cloud.ConfigError{Reason: "NotSold", Message: why}
		}
		if err != nil {
			market.Block(err.Error(), cloud.IsBackoff(err))
			problems = append([]error{err}, problems...)
		}
		if h := d.arrivals.hold(placesOf(g), d.Clock.Now()); h.why != "" && (err == nil || h.reason == plan.BuyingStopped) {
			market.Blocked, market.BlockedReason = h.why, h.reason
			b.holds[g.Name] = h
		}
		b.Markets[g.Name], b.Problems[g.Name] = market, problems
	}
	return b
}

// groupIn is the NodeGroup of that name, an empty one when there is none.
func groupIn(o *cluster.Objects, name string) *v1alpha1.NodeGroup {
	for _, g := range o.NodeGroups {
		if g.Name == name {
			return g
		}
	}
	return &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Name: name}}
}

// ValidateBuying refuses flags that cannot work, naming them.
func (o *Options) ValidateBuying() error {
	var errs []error
	if h := o.MinBalanceHours; h < 0 || math.IsNaN(h) {
		errs = append(errs, fmt.Errorf("--min-balance-hours: %g is not a number of at least 0", h))
	}
	if l := o.UnprovenLimit; l < 0 {
		errs = append(errs, fmt.Errorf("--unproven-limit: %d is below 0", l))
	}
	if b := o.Bootstrap; b != "" && b != BootstrapKubeadm {
		errs = append(errs, fmt.Errorf("--bootstrap: %q is neither empty nor %s", b, BootstrapKubeadm))
	}
	if a := o.APIServer; a != "" {
		if _, _, err := net.SplitHostPort(a); err != nil {
			errs = append(errs, fmt.Errorf("--join-api-server: %q is not host:port", a))
		}
	}
	return errors.Join(errs...)
}
