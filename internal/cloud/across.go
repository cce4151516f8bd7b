package cloud

import (
	"context"
	"fmt"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// reasonNotSold is the condition reason of instance types that cannot be bought.
const reasonNotSold = "InstanceTypeNotAvailable"

// notSold says that a datacenter does not sell one of the offerings.
type notSold struct {
	ConfigError
	name string
}

func (e *notSold) Unwrap() error { return &e.ConfigError }

func (w Wanted) datacenterField() string {
	if len(w.Among) > 0 {
		return "spec.datacenters"
	}
	return "spec.datacenterID"
}

func (c *catalogue) datacenterOf(ctx context.Context, w Wanted) (vpsie.Datacenter, error) {
	return c.datacenter(ctx, w.Datacenter, w.datacenterField())
}

// Across is what can be bought for a group in several datacenters.
type Across struct {
	Offers []*plan.Offer
	// Closed says, by datacenter, why nothing can be bought there; the others are open.
	Closed map[string]error
	// Problems are what a person must know of although something may be bought: what no
	// datacenter sells, and what is wrong with one.
	Problems []error
}

// MarketAcross is Market for a group in several datacenters, of which each has its Wanted. Its
// error says why nothing can be bought in any of them. That one datacenter does not sell what
// another does, or refuses it for a while, is no problem.
func (c *Cloud) MarketAcross(ctx context.Context, ws []Wanted) (*Across, error) {
	all := &Across{Closed: map[string]error{}}
	lacking, known := map[string][]error{}, map[string]string{}
	var quiet []error
	var first error
	for _, w := range ws {
		offers, problems, err := c.Market(ctx, w)
		if twin := c.twin(ctx, w, known); err == nil && twin != nil {
			offers, err = nil, twin
		}
		all.Offers = append(all.Offers, offers...)
		if err != nil {
			all.Closed[w.Datacenter] = err
			if first == nil {
				first = err
			}
			problems = append(problems, err)
		}
		for _, p := range flat(problems) {
			why, lacks := p.(*notSold) //nolint:errorlint // as Market has made it
			reason, _ := IsConfig(p)
			switch {
			case lacks:
				lacking[why.name] = append(lacking[why.name], p)
			case IsBackoff(p), reason == reasonNotSold:
				quiet = append(quiet, p)
			default:
				all.Problems = appendNew(all.Problems, p)
			}
		}
	}
	for _, w := range ws[:1] {
		for _, name := range w.Offerings {
			if errs := lacking[name]; len(errs) == len(ws) {
				all.Problems = append(all.Problems, errs[0])
			}
		}
	}
	if len(all.Closed) < len(ws) {
		if c.refusedAll(all.Offers) != nil {
			all.Problems = append(all.Problems, quiet...)
		}
		return all, nil
	}
	if len(all.Problems) > 0 {
		first = all.Problems[0] // before what time alone mends
	}
	return all, first
}

// twin says that the group names one datacenter in two ways, of which the first is taken.
func (c *Cloud) twin(ctx context.Context, w Wanted, known map[string]string) error {
	a, err := c.current()
	if err != nil {
		return err
	}
	d, err := a.shop.datacenterOf(ctx, w)
	if err != nil {
		return err
	}
	if other, twice := known[d.Identifier]; twice {
		return &ConfigError{"InvalidConfiguration", fmt.Sprintf("spec.datacenters: %q and %q are one datacenter; remove one of the two", other, w.Datacenter)}
	}
	known[d.Identifier] = w.Datacenter
	return nil
}

// flat are the errors with those that are joined one by one.
func flat(errs []error) []error {
	var all []error
	for _, err := range errs {
		if joined, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // as errors.Join has made it
			all = append(all, flat(joined.Unwrap())...)
			continue
		}
		all = append(all, err)
	}
	return all
}

// appendNew leaves out what all datacenters say in the same words.
func appendNew(errs []error, err error) []error {
	for _, known := range errs {
		if known.Error() == err.Error() {
			return errs
		}
	}
	return append(errs, err)
}
