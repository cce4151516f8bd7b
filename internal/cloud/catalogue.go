package cloud

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"k8s.io/utils/clock"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// catalogue keeps the account's lists for a while. When a list cannot be renewed
// the old one stays in use: prices change rarely, and an API that is down must
// not stop decisions.
type catalogue struct {
	client *vpsie.Client
	clock  clock.PassiveClock
	ttl    time.Duration

	datacenters entry[[]vpsie.Datacenter]
	images      entry[[]vpsie.Image]
	keys        entry[[]vpsie.SSHKey]
	noProject   entry[error] // nil when there is one
	vpcs        entry[[]vpsie.VPC]
	firewalls   entry[[]vpsie.FirewallGroup]
	gateways    entry[[]vpsie.Gateway]
	mu          sync.Mutex
	plans       map[[2]string]*entry[[]vpsie.Plan]
}

func newCatalogue(client *vpsie.Client, clk clock.PassiveClock, ttl time.Duration) *catalogue {
	return &catalogue{client: client, clock: clk, ttl: ttl, plans: map[[2]string]*entry[[]vpsie.Plan]{}}
}

// retryAfterFailure keeps a list that could not be read from being asked for in
// every round.
const retryAfterFailure = 5 * time.Second

type entry[T any] struct {
	mu     sync.Mutex
	value  T
	have   bool
	err    error
	expiry time.Time
}

func (e *entry[T]) get(ctx context.Context, now time.Time, ttl time.Duration, fetch func(context.Context) (T, error)) (T, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if now.After(e.expiry) {
		value, err := fetch(ctx)
		e.err, e.expiry = err, now.Add(retryAfterFailure)
		if err == nil {
			e.value, e.have, e.expiry = value, true, now.Add(ttl)
		}
	}
	if e.have {
		return e.value, nil
	}
	return e.value, e.err
}

// datacenter resolves a datacenter; field is where its name is from.
func (c *catalogue) datacenter(ctx context.Context, want, field string) (vpsie.Datacenter, error) {
	list, err := c.datacenters.get(ctx, c.clock.Now(), c.ttl, c.client.Datacenters)
	if err != nil {
		return vpsie.Datacenter{}, unreachable(err)
	}
	d, ok := pick(list, want, func(d vpsie.Datacenter) (string, string) { return d.Identifier, d.Name })
	if !ok || d.Deleted || !d.Active {
		return d, &ConfigError{"DatacenterNotFound", fmt.Sprintf("Datacenter not found: %s %q is not an active datacenter of this account; known are %s",
			field, want, names(list, func(d vpsie.Datacenter) string { return d.Name }))}
	}
	return d, nil
}

// projectMissing is why no VPS can be ordered: the Secret names no project of the account. A list of projects that cannot be
// read proves nothing; the order says what becomes of it.
func (c *catalogue) projectMissing(ctx context.Context) error {
	missing, _ := c.noProject.get(ctx, c.clock.Now(), c.ttl, func(ctx context.Context) (missing, err error) {
		_, err = c.client.Project(ctx)
		if vpsie.ClassOf(err) == vpsie.Invalid {
			return err, nil
		}
		return nil, err
	})
	return missing
}

// image resolves an image in the datacenter. own says that the account lists it as its own, so that it has an order route
// of its own. Of images of one name that of the datacenter is taken.
func (c *catalogue) image(ctx context.Context, w Wanted, datacenter string) (identifier string, own bool, err error) {
	want := w.Image
	list, err := c.images.get(ctx, c.clock.Now(), c.ttl, c.client.Images)
	ids := func(i vpsie.Image) (string, string) { return i.Identifier, i.Name }
	here := slices.DeleteFunc(slices.Clone(list), func(i vpsie.Image) bool {
		return i.DatacenterID != "" && !strings.EqualFold(i.DatacenterID, datacenter)
	})
	image, ok := pick(here, want, ids)
	if !ok {
		image, ok = pick(list, want, ids)
		if ok && len(w.Among) > 0 {
			return "", false, &ConfigError{"ImageNotFound", fmt.Sprintf("OS image not found: spec.osImageID %q is in another datacenter than %s; give the image there the same name and name it by that, or take %s out of spec.datacenters",
				want, w.Datacenter, w.Datacenter)}
		}
	}
	switch {
	case ok:
		return image.Identifier, true, nil
	case uuid.Validate(want) == nil:
		// The API lists the account's own images only; a stock image is named by the
		// identifier that the console shows, whether or not there is a list.
		return want, false, nil
	case err != nil:
		return "", false, unreachable(err)
	}
	return "", false, &ConfigError{"ImageNotFound", fmt.Sprintf("OS image not found: spec.osImageID %q is no image of this account and no identifier; known are %s; VPSie's own images are named by the identifier that the console shows",
		want, names(list, func(i vpsie.Image) string { return i.Name }))}
}

func (c *catalogue) key(ctx context.Context, want string) (string, error) {
	list, err := c.keys.get(ctx, c.clock.Now(), c.ttl, c.client.SSHKeys)
	if err != nil {
		return "", unreachable(err)
	}
	key, ok := pick(list, want, func(k vpsie.SSHKey) (string, string) { return k.Identifier, k.Name })
	if !ok {
		return "", &ConfigError{"SSHKeyNotFound", fmt.Sprintf("SSH key not found: spec.sshKeyIDs %q is no key of this account; known are %s",
			want, names(list, func(k vpsie.SSHKey) string { return k.Name }))}
	}
	return key.Identifier, nil
}

func (c *catalogue) plansOf(ctx context.Context, datacenter, image string) ([]vpsie.Plan, error) {
	c.mu.Lock()
	k := [2]string{datacenter, image}
	e := c.plans[k]
	if e == nil {
		e = &entry[[]vpsie.Plan]{}
		c.plans[k] = e
	}
	c.mu.Unlock()
	list, err := e.get(ctx, c.clock.Now(), c.ttl, func(ctx context.Context) ([]vpsie.Plan, error) {
		return c.client.Plans(ctx, datacenter, image)
	})
	if err != nil {
		return nil, unreachable(err)
	}
	return list, nil
}

// ConfigError is a NodeGroup that asks for what the account does not have.
type ConfigError struct {
	// Reason is a condition reason, Message the reference's error text with the
	// field, its value and the way out.
	Reason, Message string
}

func (e *ConfigError) Error() string { return e.Message }

// unreachable gives errors without words of the reference's a stable beginning.
func unreachable(err error) error {
	if vpsie.ClassOf(err) == vpsie.Temporary {
		return fmt.Errorf("VPSie API not reachable: %w", err)
	}
	return err
}

// pick finds an item by identifier, else by name without regard to case.
func pick[T any](list []T, want string, ids func(T) (identifier, name string)) (T, bool) {
	for _, v := range list {
		if id, _ := ids(v); strings.EqualFold(id, want) {
			return v, true
		}
	}
	for _, v := range list {
		if _, name := ids(v); strings.EqualFold(name, want) {
			return v, true
		}
	}
	var none T
	return none, false
}

const mostNames = 12

func names[T any](list []T, name func(T) string) string {
	if len(list) == 0 {
		return "none"
	}
	var b strings.Builder
	for i, v := range list {
		if i == mostNames {
			fmt.Fprintf(&b, " and %d more", len(list)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(name(v))
	}
	return b.String()
}
