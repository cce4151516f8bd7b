package vpsie

import (
	"context"
)

// SeenImage is the image of a disk that the account has. The API lists the account's own images only; the identifiers of
// the vendor's are seen on what was made of them.
type SeenImage struct {
	Identifier string // UUID
	Name       string // "" when the API does not say
}

// SeenImages returns the images of the account's disks, each once, in the API's order.
func (c *Client) SeenImages(ctx context.Context) ([]SeenImage, error) {
	type wire struct {
		Identifier flexString `json:"identifier"`
		OS         flexString `json:"osIdentifier"`
		Name       flexString `json:"osFullName"`
	}
	wires, err := listSome(ctx, c, "SeenImages", c.addr.routes.Storages, func(w wire) string { return string(w.Identifier) })
	if err != nil {
		return nil, err
	}
	var images []SeenImage
	seen := map[flexString]bool{"": true}
	for _, w := range wires {
		if !seen[w.OS] {
			seen[w.OS] = true
			images = append(images, SeenImage{string(w.OS), string(w.Name)})
		}
	}
	return images, nil
}

// Attachable is a machine to which storage can be attached: every machine of the account, whatever its project.
type Attachable struct {
	Identifier string // UUID
	Hostname   string
	// Managed machines are nodes of the vendor's own Kubernetes clusters, which ListVMs does not show.
	Managed bool
}

// AttachableVMs returns a second list of the account's machines, to hold beside ListVMs.
func (c *Client) AttachableVMs(ctx context.Context) ([]Attachable, error) {
	type wire struct {
		Identifier flexString `json:"identifier"`
		Hostname   flexString `json:"hostname"`
		Type       flexString `json:"type"`
	}
	wires, err := listSome(ctx, c, "AttachableVMs", c.addr.routes.Storages+"/vms", func(w wire) string { return string(w.Identifier) })
	if err != nil {
		return nil, err
	}
	all := make([]Attachable, len(wires))
	for i, w := range wires {
		all[i] = Attachable{Identifier: string(w.Identifier), Hostname: string(w.Hostname), Managed: w.Type == "k8s"}
	}
	return all, nil
}

// ProbePassword finds out whether the API takes the account password, by asking it to delete a machine that does not exist.
// The error's class is WrongPassword when it refuses; nil means that it did not, which is no proof where it looks for the
// machine first. Do not repeat after a refusal: wrong passwords may lock the account.
func (c *Client) ProbePassword(ctx context.Context) error {
	err := c.DeleteVM(ctx, newUUID(), "check", "checks the account password; this machine does not exist")
	if IsNotFound(err) {
		return nil
	}
	if e := asError(err); err != nil {
		probe := *e
		probe.Op = "ProbePassword"
		return &probe
	}
	return nil
}
