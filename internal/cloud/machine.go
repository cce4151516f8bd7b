package cloud

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// Order is one machine to buy.
type Order struct {
	// Name is the VPSieNode's name, and the VPS's hostname.
	Name, UID, Group string
	Wanted           Wanted
	InstanceType     string
	Spot             bool // as a spot instance
	UserData         string
	Tags             []string
}

// Create orders the machine. The cloud gives no identifier back: the machine is
// found by its hostname in a later Sight. The caller must have looked for it
// before. After an error with vpsie.MayHaveHappened it may be on its way. A
// refused instance type is left alone for a while (Market's offers say so).
func (c *Cloud) Create(ctx context.Context, o Order) error {
	a, err := c.current()
	if err != nil {
		return err
	}
	if err := c.Refusal(); err != nil {
		return err
	}
	if b := c.Resting(o.Group, o.Wanted.Datacenter); b != nil {
		return b
	}
	r, err := a.shop.resolve(ctx, o.Wanted)
	if err != nil {
		return err
	}
	k := o.Wanted.offer(o.InstanceType, o.Spot)
	p, ok := r.sold(k)
	if !ok {
		return &ConfigError{reasonNotSold, fmt.Sprintf("Instance type not available: %q is not sold in datacenter %s", k.For(), o.Wanted.Datacenter)}
	}
	request := vpsie.CreateRequest{
		Hostname:     o.Name,
		DatacenterID: r.datacenter,
		PlanID:       p.Identifier,
		ImageID:      r.image,
		UserData:     o.UserData,
		Tags:         o.Tags,
		Notes:        Mark{c.opts.ClusterID, o.Group, o.Name, o.UID}.String(),
		ProcessID:    o.UID,
		PublicIPv4:   !o.Wanted.Wires.NoPublicIPv4,
		PublicIPv6:   o.Wanted.Wires.PublicIPv6,
		PrivateIP:    o.Wanted.Wires.PrivateIP,
		CustomImage:  r.ownImage,
	}
	if len(r.keys) > 0 {
		request.SSHKeyID = r.keys[0]
	}
	err = a.client.CreateVM(ctx, request)
	c.remember(o, err)
	return err
}

// Delete asks the cloud to delete the VPS. Success means that it was asked, not
// that the VPS is gone; two later sights without it mean that. ErrPasswordOnTrial
// means that it was not asked yet.
func (c *Cloud) Delete(ctx context.Context, vm *vpsie.VM, note string) error {
	client, err := c.beginDeletion()
	if err != nil {
		return err
	}
	err = client.DeleteVM(ctx, vm.Identifier, "not needed any more", note)
	c.endDeletion(client, err)
	return err
}

// DropUserData deletes the script that carried the machine's user data, where VPSie takes orders in the dialect that needs
// one: it holds the machine's bootstrap token. Nothing is asked where orders are known to be taken in the other dialect.
func (c *Cloud) DropUserData(ctx context.Context, name string) error {
	a, err := c.current()
	if err != nil {
		return err
	}
	own, stock := a.client.Dialect(true), a.client.Dialect(false)
	if own != vpsie.DialectB && stock != vpsie.DialectB && own+stock != "" {
		return nil
	}
	return a.client.DeleteScripts(ctx, func(s vpsie.Script) bool { return s.Name == name || s.Name == name+".sh" })
}

// Restart asks the cloud to restart the VPS.
func (c *Cloud) Restart(ctx context.Context, vm *vpsie.VM) error {
	a, err := c.current()
	if err != nil {
		return err
	}
	return a.client.RestartVM(ctx, vm.Identifier)
}

// Funds is what the account has left; an error of class vpsie.NotFound when VPSie does not say.
func (c *Cloud) Funds(ctx context.Context) (vpsie.Funds, error) {
	a, err := c.current()
	if err != nil {
		return vpsie.Funds{}, err
	}
	return a.client.Funds(ctx)
}

// Ours tells whether the VPS carries this cluster's mark.
func (c *Cloud) Ours(vm *vpsie.VM) (Mark, bool) {
	m, ok := ParseMark(vm.Notes)
	return m, ok && m.ClusterID == c.opts.ClusterID
}

// Differences say in what the VPS is not what was said of it: another datacenter than
// w.Datacenter, or another size than the instance type has there. What neither the list
// nor the catalogue shows is no difference. The error is the API's failure.
func (c *Cloud) Differences(ctx context.Context, w Wanted, instanceType string, vm *vpsie.VM) ([]string, error) {
	a, err := c.current()
	if err != nil {
		return nil, err
	}
	d, err := a.shop.datacenterOf(ctx, w)
	if _, unknown := IsConfig(err); unknown {
		return []string{err.Error()}, nil
	}
	if err != nil {
		return nil, err
	}
	if vm.DatacenterID != "" && !strings.EqualFold(vm.DatacenterID, d.Identifier) {
		where, _ := a.shop.datacenter(ctx, vm.DatacenterID, "") // The identifier serves where the name is not known.
		return []string{fmt.Sprintf("it is in datacenter %s, not %s", cmp.Or(where.Name, vm.DatacenterID), w.Datacenter)}, nil
	}
	r, err := a.shop.resolve(ctx, w)
	if _, config := IsConfig(err); config {
		return nil, nil // The NodeGroup is wrong, and says so itself; nothing is known of the VPS by that.
	}
	if err != nil {
		return nil, err
	}
	return r.otherSize(instanceType, vm), nil
}

// otherSize says that the VPS has another size than the instance type, and whose. A type
// that is not sold any more cannot be compared; only when another one fits exactly it is wrong.
func (r resolved) otherSize(instanceType string, vm *vpsie.VM) []string {
	fits := func(p vpsie.Plan) bool {
		return p.CPU == vm.CPU && p.MemoryMB == vm.MemoryMB && (p.DiskGB == vm.DiskGB || vm.DiskGB == 0)
	}
	if vm.CPU == 0 || vm.MemoryMB == 0 {
		return nil
	}
	p, known := r.sold(plan.OfferKey{InstanceType: instanceType})
	if !known {
		p, known = r.sold(plan.OfferKey{InstanceType: instanceType, Spot: true})
	}
	if known && fits(p) {
		return nil
	}
	is := fmt.Sprintf("it has %d CPUs, %d MB of memory and %d GB of disk", vm.CPU, vm.MemoryMB, vm.DiskGB)
	var other []vpsie.Plan
	for _, p := range r.plans {
		if fits(p) {
			other = append(other, p)
		}
	}
	switch {
	case len(other) > 0:
		is += " (" + names(other, func(p vpsie.Plan) string { return p.Nickname }) + ")"
	case !known:
		return nil
	}
	if !known {
		return []string{fmt.Sprintf("%s, and no instance type %s is sold there", is, instanceType)}
	}
	return []string{fmt.Sprintf("%s, while %s has %d, %d and %d", is, instanceType, p.CPU, p.MemoryMB, p.DiskGB)}
}
