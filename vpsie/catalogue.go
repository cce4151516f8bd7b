package vpsie

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// Datacenter is a place for machines.
type Datacenter struct {
	Identifier string // UUID
	Name       string
	State      string // region within the country
	Country    string
	Active     bool
	Deleted    bool
	Private    bool
}

// Plan is a size of machine as one datacenter sells it for one image.
type Plan struct {
	// Identifier is the UUID that CreateRequest.PlanID takes; valid for the datacenter it was asked for, no other.
	Identifier string
	Nickname   string
	// Category is the name of the plan's category, such as "Shared CPU", whose machines show less memory than the plan says.
	Category  string
	CPU       int
	MemoryMB  int
	DiskGB    int
	TrafficGB int
	// PricePerMonth is in millionths of a US dollar; the vendor's month has 720 hours.
	PricePerMonth int64
	// Spot: VPSie may take the machine away again. VPSie sells no such plans today; one would be a plan with an
	// identifier of its own, so that its order is like any other.
	Spot bool
}

// Image is an operating system image.
type Image struct {
	Identifier string // UUID
	Name       string
	// DatacenterID is the only datacenter that has the image; "" when the API does not say.
	DatacenterID string
}

// SSHKey is a public key stored with the account.
type SSHKey struct {
	ID         int
	Identifier string // UUID
	Name       string
	CreatedAt  time.Time
}

// Datacenters returns all datacenters, the inactive ones too.
func (c *Client) Datacenters(ctx context.Context) ([]Datacenter, error) {
	type wire struct {
		Identifier flexString `json:"identifier"`
		Name       flexString `json:"dc_name"`
		State      flexString `json:"state"`
		Country    flexString `json:"country"`
		IsActive   flexBool   `json:"is_active"`
		IsDeleted  flexBool   `json:"is_deleted"`
		IsPrivate  flexBool   `json:"is_private"`
	}
	wires, err := listSome(ctx, c, "Datacenters", c.addr.routes.Datacenters, func(w wire) string { return string(w.Identifier) })
	if err != nil {
		return nil, err
	}
	out := make([]Datacenter, len(wires))
	for i, w := range wires {
		out[i] = Datacenter{
			Identifier: string(w.Identifier), Name: string(w.Name), State: string(w.State), Country: string(w.Country),
			Active: bool(w.IsActive), Deleted: bool(w.IsDeleted), Private: bool(w.IsPrivate),
		}
	}
	return out, nil
}

type wireCategory struct {
	Identifier flexString `json:"identifier"`
	Name       flexString `json:"name"`
}

// UnmarshalJSON leaves the identifier of a plan that cannot be read empty, so that one odd plan costs the list that
// plan alone: what has no readable size or price is not bought.
func (w *wirePlan) UnmarshalJSON(raw []byte) error {
	type plain wirePlan
	p := plain{Price: -1}
	if json.Unmarshal(raw, &p) != nil || p.Price < 0 {
		p = plain{}
	}
	*w = wirePlan(p)
	return nil
}

type wirePlan struct {
	Identifier flexString `json:"identifier"`
	Nickname   flexString `json:"nickname"`
	CPU        flexInt    `json:"cpu"`
	RAM        flexInt    `json:"ram"`
	SSD        flexInt    `json:"ssd"`
	Traffic    flexInt    `json:"traffic"`
	Price      flexMicros `json:"price"`
	IsSpot     looseFlag  `json:"is_spot"`
}

// Plans returns what the datacenter sells for the image, of every category, in the API's order. The arguments are
// identifiers. Plans that cannot be read, without a price among them, and categories that the API refuses are left out;
// it is an error when nothing else is there.
func (c *Client) Plans(ctx context.Context, datacenterID, imageID string) ([]Plan, error) {
	const op = "Plans"
	if datacenterID == "" || imageID == "" {
		return nil, invalid(op, "datacenterID, imageID: must not be empty")
	}
	categories, err := listSome(ctx, c, op, c.addr.routes.PlanCategories, func(w wireCategory) string { return string(w.Identifier) })
	if err != nil {
		return nil, err
	}
	var plans []Plan
	var refused error
	seen := map[string]bool{}
	for _, category := range categories {
		if category.Identifier == "" {
			continue
		}
		wires, err := c.plansOf(ctx, op, datacenterID, imageID, string(category.Identifier))
		switch class := ClassOf(err); {
		case class == Invalid || class == NotFound || class == Conflict:
			refused = err // of this category; the others may sell
			continue
		case err != nil:
			return nil, err
		}
		for _, w := range wires {
			if seen[string(w.Identifier)] {
				continue
			}
			seen[string(w.Identifier)] = true
			plans = append(plans, Plan{
				Identifier: string(w.Identifier), Nickname: string(w.Nickname), Category: string(category.Name),
				CPU: int(w.CPU), MemoryMB: int(w.RAM), DiskGB: int(w.SSD), TrafficGB: int(w.Traffic),
				PricePerMonth: int64(w.Price), Spot: bool(w.IsSpot),
			})
		}
	}
	if len(plans) == 0 && refused != nil {
		return nil, refused
	}
	return plans, nil
}

// plansOf asks for one category. The route takes a form; "query" is what the vendor's clients put into its search fields.
func (c *Client) plansOf(ctx context.Context, op, datacenterID, imageID, categoryID string) ([]wirePlan, error) {
	form := url.Values{
		"dcIdentifier": {datacenterID}, "osIdentifier": {imageID}, "planCatIdentifier": {categoryID},
		"name": {"query"}, "description": {"query"}, "isCustom": {"0"},
	}
	p, a, err := readPage[wirePlan](ctx, c, call{
		op: op, method: http.MethodPost, path: c.addr.routes.Plans, contentType: formType, body: []byte(form.Encode()),
	})
	if err != nil {
		return nil, err
	}
	if p.total > len(p.items) {
		return nil, named(unreadable(a, false, errors.New("the list of plans is incomplete")), op)
	}
	if len(p.items) == 0 {
		return nil, nil
	}
	sold := slices.DeleteFunc(p.items, func(w wirePlan) bool { return w.Identifier == "" })
	if len(sold) == 0 {
		return nil, named(unreadable(a, false, errors.New("none of the plans in the list can be read")), op)
	}
	return sold, nil
}

// Images returns the account's images. The API has no known route for the vendor's stock images; those are named by
// the identifier that the console shows.
func (c *Client) Images(ctx context.Context) ([]Image, error) {
	wires, err := listSome(ctx, c, "Images", c.addr.routes.Images, func(w wireImage) string { return string(w.Identifier) })
	if err != nil {
		return nil, err
	}
	out := make([]Image, len(wires))
	for i, w := range wires {
		out[i] = Image{Identifier: string(w.Identifier), Name: string(w.Name), DatacenterID: string(w.DCIdentifier)}
	}
	c.noteImages(out)
	return out, nil
}

// wireImage finds the name under whichever key it comes: the API's clients disagree on it.
type wireImage struct {
	Identifier   flexString
	Name         flexString
	DCIdentifier flexString
}

func (w *wireImage) UnmarshalJSON(raw []byte) error {
	var fields struct {
		Identifier   flexString `json:"identifier"`
		DCIdentifier flexString `json:"dcIdentifier"`
		Name         flexString `json:"name"`
		ImageName    flexString `json:"imageName"`
		ImageLabel   flexString `json:"image_label"`
		FullName     flexString `json:"fullname"`
	}
	if err := json.Unmarshal(raw, &fields); err != nil {
		return err
	}
	w.Identifier, w.DCIdentifier = fields.Identifier, fields.DCIdentifier
	for _, name := range []flexString{fields.Name, fields.ImageName, fields.ImageLabel, fields.FullName} {
		if name != "" {
			w.Name = name
			break
		}
	}
	return nil
}

// SSHKeys returns the public keys stored with the account.
func (c *Client) SSHKeys(ctx context.Context) ([]SSHKey, error) {
	type wire struct {
		ID         flexInt    `json:"id"`
		Identifier flexString `json:"identifier"`
		Name       flexString `json:"name"`
		CreatedOn  flexTime   `json:"created_on"`
	}
	wires, err := listSome(ctx, c, "SSHKeys", c.addr.routes.SSHKeys, func(w wire) string { return string(w.Identifier) })
	if err != nil {
		return nil, err
	}
	out := make([]SSHKey, len(wires))
	for i, w := range wires {
		out[i] = SSHKey{ID: int(w.ID), Identifier: string(w.Identifier), Name: string(w.Name), CreatedAt: w.CreatedOn.Time}
	}
	return out, nil
}
