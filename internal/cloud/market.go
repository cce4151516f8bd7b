package cloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// Wanted is what a NodeGroup asks for, each by the cloud's identifier or name.
type Wanted struct {
	// Group is the NodeGroup's name.
	Group      string
	Datacenter string
	// Among are all datacenters of a group in several, Datacenter being one of them; empty for a
	// group in one.
	Among []string
	// Offerings are the acceptable ones. With a Selector they are what it last chose, which
	// says only whose refusals concern the group.
	Offerings []string
	// Selector, when it is there, chooses the offerings.
	Selector *Selector
	// Spot says whether spot instances are wanted.
	Spot    plan.SpotPolicy
	Image   string
	SSHKeys []string
	Wires   Wires
}

// offer is the key of the offering of that name.
func (w Wanted) offer(name string, spot bool) plan.OfferKey {
	return plan.OfferKey{DatacenterID: w.Datacenter, InstanceType: name, Spot: spot}
}

// Market returns what can be bought for the group: one offer for each of its
// offerings that the datacenter sells for its image, under the name the group
// uses. Problems are what a person must know of even though something may still
// be bought; err says why nothing can be: a *ConfigError when the NodeGroup is
// wrong, the account's refusal, a *Backoff of the account or the group, or the API's failure.
func (c *Cloud) Market(ctx context.Context, w Wanted) (offers []*plan.Offer, problems []error, err error) {
	shop, r, wanted, err := c.browse(ctx, w)
	if err != nil {
		return nil, nil, err
	}
	if w.Spot == plan.SpotRequired && len(r.spot) == 0 {
		return nil, nil, &ConfigError{reasonNoSpot, plan.NoSpotSold}
	}
	for _, name := range wanted {
		found := false
		for _, k := range w.Spot.Buys(w.Datacenter, name) {
			if p, ok := r.sold(k); ok && w.chooses(p) {
				found = true
				offers = append(offers, c.offer(k, p))
			}
		}
		if !found {
			problems = append(problems, &notSold{ConfigError{reasonNotSold, fmt.Sprintf(
				"Instance type not available: spec.offeringIDs %q is not sold%s in datacenter %s for image %s; sold are %s",
				name, w.asSpot(), w.Datacenter, w.Image, names(r.all(w.Spot), func(p vpsie.Plan) string { return p.Nickname }))}, name})
		}
	}
	if len(offers) == 0 {
		return nil, nil, errors.Join(problems...)
	}
	if why := c.refusedAll(offers); why != nil {
		problems = append(problems, why)
	}
	if err := c.Refusal(); err != nil {
		return offers, problems, err
	}
	if _, err := c.Network(ctx, w); err != nil {
		return offers, problems, err
	}
	if missing := shop.projectMissing(ctx); missing != nil {
		return offers, problems, &ConfigError{"AccountNotUsable", fmt.Sprintf("secret %s: %v", c.secret(), missing)}
	}
	if b := c.Resting(w.Group, w.Datacenter); b != nil {
		return offers, problems, b
	}
	if why := c.justRefused(w.Group, w.Datacenter); why != nil {
		problems = append([]error{why}, problems...)
	}
	return offers, problems, nil
}

// browse finds what the group wants in the account's catalogue, and the names of the offerings
// that it may buy.
func (c *Cloud) browse(ctx context.Context, w Wanted) (*catalogue, resolved, []string, error) {
	a, err := c.current()
	if err != nil {
		return nil, resolved{}, nil, err
	}
	r, err := a.shop.resolve(ctx, w)
	if err != nil {
		return nil, resolved{}, nil, err
	}
	names, err := r.wanted(w)
	return a.shop, r, names, err
}

// refusedAll is the back-off that ends first when none of the offers may be
// ordered, nil when one of them may: then a refusal of the others is no trouble.
func (c *Cloud) refusedAll(offers []*plan.Offer) error {
	now := c.opts.Clock.Now()
	var first *Backoff
	for _, o := range offers {
		refused := c.backoff.get(keyOf(o.Key()))
		if !refused.Until.After(now) {
			return nil
		}
		if first == nil || refused.Until.Before(first.Until) {
			first = &refused
		}
	}
	return first
}

func (c *Cloud) offer(k plan.OfferKey, p vpsie.Plan) *plan.Offer {
	refused := c.backoff.get(keyOf(k))
	return &plan.Offer{
		InstanceType: k.InstanceType,
		DatacenterID: k.DatacenterID,
		Spot:         k.Spot,
		Category:     p.Category,
		Price:        plan.Money(p.PricePerMonth),
		Capacity: corev1.ResourceList{
			corev1.ResourceCPU:              *resource.NewQuantity(int64(p.CPU), resource.DecimalSI),
			corev1.ResourceMemory:           *resource.NewQuantity(int64(p.MemoryMB)<<20, resource.BinarySI),
			corev1.ResourceEphemeralStorage: *resource.NewQuantity(int64(p.DiskGB)<<30, resource.BinarySI),
		},
		Allocatable:   plan.EstimateAllocatable(p.CPU, p.MemoryMB, p.DiskGB),
		Available:     true,
		Stock:         -1,
		BackoffUntil:  refused.Until,
		BackoffReason: refused.Message,
	}
}

// resolved is a NodeGroup's wishes in the cloud's identifiers.
type resolved struct {
	datacenter, image string
	ownImage          bool // one of the account's own
	keys              []string
	// plans are sold on demand, spot as spot instances.
	plans, spot []vpsie.Plan
}

func (c *catalogue) resolve(ctx context.Context, w Wanted) (resolved, error) {
	var r resolved
	d, err := c.datacenterOf(ctx, w)
	if err != nil {
		return r, err
	}
	r.datacenter = d.Identifier
	if r.image, r.ownImage, err = c.image(ctx, w, r.datacenter); err != nil {
		return r, err
	}
	for _, k := range w.SSHKeys {
		key, err := c.key(ctx, k)
		if err != nil {
			return r, err
		}
		r.keys = append(r.keys, key)
	}
	plans, err := c.plansOf(ctx, r.datacenter, r.image)
	r.plans, r.spot = byCapacity(plans)
	return r, err
}

// wanted are the names of the offerings that the group may buy: its own list, or what its
// selector chooses now. A name that several plans have is replaced by their identifiers.
func (r resolved) wanted(w Wanted) ([]string, error) {
	if w.Selector == nil {
		return w.Offerings, nil
	}
	all := r.all(w.Spot)
	chosen, why := Choose(w.Selector, all, traitsOf)
	if len(chosen) == 0 {
		return nil, &ConfigError{reasonNotSold, fmt.Sprintf(
			"Instance type not available: spec.offeringSelector chooses none of the %d that are sold%s in datacenter %s for image %s: %s",
			len(all), w.asSpot(), w.Datacenter, w.Image, cmp.Or(why, "none is sold"))}
	}
	var out []string
	for _, p := range chosen {
		alike := r.plans
		if p.Spot {
			alike = r.spot
		}
		name := p.Nickname
		if name == "" || namesakes(alike, name, func(p vpsie.Plan) string { return p.Nickname }) > 1 {
			name = p.Identifier
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out, nil
}

func traitsOf(p vpsie.Plan) Traits {
	return Traits{
		Identifier: p.Identifier, Name: p.Nickname, Category: p.Category,
		CPU: p.CPU, MemoryMB: p.MemoryMB, Price: plan.Money(p.PricePerMonth),
	}
}

// Price is what the group's instance type costs, or cost when it was last known: a token that is refused, or a NodeGroup
// that names an unknown image, ends no bill. It is false when the price was never known.
func (c *Cloud) Price(ctx context.Context, w Wanted, instanceType string, spot bool) (plan.Money, bool) {
	k := w.offer(instanceType, spot)
	price, known := c.priceNow(ctx, w, k)
	c.mu.Lock()
	defer c.mu.Unlock()
	if known {
		c.prices[k] = price
		return price, true
	}
	price, known = c.prices[k]
	return price, known
}

func (c *Cloud) priceNow(ctx context.Context, w Wanted, k plan.OfferKey) (plan.Money, bool) {
	a, err := c.current()
	if err != nil {
		return 0, false
	}
	r, err := a.shop.resolve(ctx, w)
	if err != nil {
		return 0, false
	}
	p, ok := r.sold(k)
	return plan.Money(p.PricePerMonth), ok
}

// IsConfig tells whether err is a NodeGroup's own fault, and its condition reason.
func IsConfig(err error) (reason string, ok bool) {
	if e, found := errors.AsType[*ConfigError](err); found {
		return e.Reason, true
	}
	return "", false
}

const (
	reasonQuota = "QuotaExceeded"
	reasonStock = "OutOfStock"
	// reasonUnconfirmed: orders were made of which nobody knows what became.
	reasonUnconfirmed = "OrderUnconfirmed"
)

// Fault names the condition reason of an error, and whether a person must mend
// the configuration rather than wait for the cloud.
func Fault(err error) (reason string, config bool) {
	if b := asBackoff(err); b != nil {
		return b.Reason, b.Reason != reasonQuota && b.Reason != reasonStock && b.Reason != reasonUnconfirmed
	}
	switch vpsie.ClassOf(err) {
	case vpsie.Temporary:
		return "VPSieUnreachable", false
	case vpsie.Throttled:
		return "VPSieThrottled", false
	case vpsie.Unauthorized:
		return "AuthenticationFailed", true
	case vpsie.Denied:
		return "PermissionDenied", true
	case vpsie.Quota:
		return reasonQuota, false
	case vpsie.Balance:
		return "InsufficientBalance", true
	case vpsie.OutOfStock:
		return reasonStock, false
	case "":
		return "AccountNotUsable", true
	}
	return "VPSieRefused", true
}
