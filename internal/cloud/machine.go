package cloud

import (
	"context"
	"fmt"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// Order is one machine to buy.
type Order struct {
	// Name is the VPSieNode's name, and the VPS's hostname.
	Name, UID, Group string
	Wanted           Wanted
	InstanceType     string
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
	r, err := a.shop.resolve(ctx, o.Wanted)
	if err != nil {
		return err
	}
	p, ok := r.plan(o.InstanceType)
	if !ok {
		return &ConfigError{"InstanceTypeNotAvailable", fmt.Sprintf("Instance type not available: %q is not sold in datacenter %s", o.InstanceType, o.Wanted.Datacenter)}
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
		PublicIPv4:   true,
	}
	if len(r.keys) > 0 {
		request.SSHKeyID = r.keys[0]
	}
	err = a.client.CreateVM(ctx, request)
	c.remember(typeKey{o.Wanted.Datacenter, o.InstanceType}, err)
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

// Ours tells whether the VPS carries this cluster's mark.
func (c *Cloud) Ours(vm *vpsie.VM) (Mark, bool) {
	m, ok := ParseMark(vm.Notes)
	return m, ok && m.ClusterID == c.opts.ClusterID
}
