package cloud

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// vetAgain is the pause before an account is vetted again whose API did not answer.
const vetAgain = 30 * time.Second

// Vet tries the account password, once for each content of the Secret, in a way that deletes nothing. A wrong one is a
// Refusal from then on, before anything is bought, and not only at the first deletion.
func (c *Cloud) Vet(ctx context.Context) {
	c.mu.Lock()
	now := c.opts.Clock.Now()
	due := c.problem == nil && c.refusal == nil && !c.vetted && now.After(c.vetAfter)
	if due {
		c.vetAfter = now.Add(vetAgain)
	}
	c.mu.Unlock()
	if !due {
		return
	}
	client, err := c.beginDeletion()
	if err != nil {
		return // A deletion is showing it.
	}
	err = client.ProbePassword(ctx)
	if err == nil {
		c.mu.Lock()
		c.password.onTrial = false // No proof: the API may have looked for the VPS first.
		c.mu.Unlock()
	} else {
		c.endDeletion(client, err)
	}
	class := vpsie.ClassOf(err)
	c.mu.Lock()
	defer c.mu.Unlock()
	if client == c.client {
		c.vetted = ctx.Err() == nil && class != vpsie.Throttled && (class != vpsie.Temporary || vpsie.Answered(err))
	}
}

// ProbePassword tells whether VPSie takes the account password; see vpsie.Client.ProbePassword.
func (c *Cloud) ProbePassword(ctx context.Context) error {
	client, err := c.beginDeletion()
	if err != nil {
		return err
	}
	err = client.ProbePassword(ctx)
	c.endDeletion(client, err)
	return err
}

// ProbeDialect tells in which dialect VPSie takes orders of what the group wants; see vpsie.Client.ProbeOrder.
func (c *Cloud) ProbeDialect(ctx context.Context, w Wanted) (vpsie.Dialect, error) {
	a, err := c.current()
	if err != nil {
		return "", err
	}
	r, err := a.shop.resolve(ctx, w)
	if err != nil {
		return "", err
	}
	return a.client.ProbeOrder(ctx, vpsie.CreateRequest{
		Hostname: "vpsie-autoscaler-check", DatacenterID: r.datacenter, PlanID: "none", ImageID: r.image, CustomImage: r.ownImage,
		PublicIPv4: !w.Wires.NoPublicIPv4, PublicIPv6: w.Wires.PublicIPv6, PrivateIP: w.Wires.PrivateIP,
	})
}

// URL is the API's address in use, empty without an account.
func (c *Cloud) URL() string {
	a, err := c.current()
	if err != nil {
		return ""
	}
	return a.client.URL()
}

// Project is the project of new VPSes.
func (c *Cloud) Project(ctx context.Context) (string, error) {
	a, err := c.current()
	if err != nil {
		return "", err
	}
	return a.client.Project(ctx)
}

// SeenImages are the images of the account's disks.
func (c *Cloud) SeenImages(ctx context.Context) ([]vpsie.SeenImage, error) {
	a, err := c.current()
	if err != nil {
		return nil, err
	}
	return a.client.SeenImages(ctx)
}

// Unlisted are the VPSes that the list of VPSes lacks although the account has them: what the autoscaler cannot see it
// cannot delete.
func (c *Cloud) Unlisted(ctx context.Context) (listed int, lacking []string, err error) {
	sight, err := c.Look(ctx, c.opts.Clock.Now())
	if err != nil {
		return 0, nil, err
	}
	a, err := c.current()
	if err != nil {
		return 0, nil, err
	}
	others, err := a.client.AttachableVMs(ctx)
	if err != nil {
		return len(sight.VMs), nil, err
	}
	for _, o := range others {
		if !o.Managed && !slices.ContainsFunc(sight.VMs, func(vm vpsie.VM) bool { return strings.EqualFold(vm.Identifier, o.Identifier) }) {
			lacking = append(lacking, o.Hostname)
		}
	}
	return len(sight.VMs), lacking, nil
}

// Sold is an offering as the catalogue has it.
type Sold struct {
	Name, Category string
	PricePerMonth  int64 // in millionths of a US dollar
	CPU, MemoryMB  int
	// SharedMemory machines show their guests less memory than they are sold with.
	SharedMemory bool
}

// Sold returns the group's offerings, and the names of w that stand for more than one thing of the account.
func (c *Cloud) Sold(ctx context.Context, w Wanted) (sold []Sold, ambiguous []string, err error) {
	shop, r, wanted, err := c.browse(ctx, w)
	if err != nil {
		return nil, nil, err
	}
	for _, name := range wanted {
		for _, k := range w.Spot.Buys(w.Datacenter, name) {
			p, ok := r.sold(k)
			if !ok || !w.chooses(p) {
				continue
			}
			sold = append(sold, Sold{
				Name: k.For(), Category: p.Category, PricePerMonth: p.PricePerMonth, CPU: p.CPU, MemoryMB: p.MemoryMB,
				SharedMemory: p.Category == "A" || strings.EqualFold(p.Category, "Shared CPU"),
			})
		}
	}
	return sold, shop.ambiguous(ctx, w, r), nil
}

// ambiguous names what of w is the name of several things, of which the first is taken.
func (c *catalogue) ambiguous(ctx context.Context, w Wanted, r resolved) []string {
	var found []string
	note := func(field, name string, n int) {
		if n > 1 {
			found = append(found, fmt.Sprintf("%s %q is the name of %d", field, name, n))
		}
	}
	now := c.clock.Now()
	datacenters, _ := c.datacenters.get(ctx, now, c.ttl, c.client.Datacenters) // resolve has read them
	note(w.datacenterField(), w.Datacenter, namesakes(datacenters, w.Datacenter, func(d vpsie.Datacenter) string { return d.Name }))
	images, _ := c.images.get(ctx, now, c.ttl, c.client.Images) // its failure names nothing
	note("spec.osImageID", w.Image, namesakes(images, w.Image, func(i vpsie.Image) string { return i.Name }))
	keys, _ := c.keys.get(ctx, now, c.ttl, c.client.SSHKeys)
	for _, k := range w.SSHKeys {
		note("spec.sshKeyIDs", k, namesakes(keys, k, func(k vpsie.SSHKey) string { return k.Name }))
	}
	if w.Selector != nil {
		return found // whose names are told apart
	}
	for _, o := range w.Offerings {
		note("spec.offeringIDs", o, namesakes(r.plans, o, func(p vpsie.Plan) string { return p.Nickname }))
	}
	return found
}

func namesakes[T any](list []T, want string, name func(T) string) int {
	n := 0
	for _, v := range list {
		if strings.EqualFold(name(v), want) {
			n++
		}
	}
	return n
}
