package vpsie

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
)

// CreateRequest orders one virtual machine. The API gives no identifier back: find the machine by Hostname (in any
// case) in PendingVMs and ListVMs, so choose it unique and write it down before calling.
type CreateRequest struct {
	Hostname     string
	DatacenterID string // Datacenter.Identifier
	PlanID       string // Plan.Identifier, from Plans for this very datacenter and image
	ImageID      string // Image.Identifier
	// ProjectID overrides Options.ProjectID; a UUID.
	ProjectID string
	SSHKeyID  string // SSHKey.Identifier; optional
	ScriptID  string // a stored script's identifier; optional
	// UserData is given to cloud-init. Plain text; the client encodes it.
	UserData string
	Tags     []string
	Notes    string

	PublicIPv4, PublicIPv6, PrivateIP, Backup bool

	// Password is the machine's root password; empty lets the API choose one.
	Password string `json:"-"`
	// ProcessID marks the order in PendingVMs; empty lets the client choose a UUID.
	ProcessID string
	// DiskGB sets the disk of a machine from a custom image; 0 leaves it to the plan.
	DiskGB int
	// CustomImage says that ImageID is an image of the account's own, which another route serves. It need not be set for an
	// image that Images has returned; else that route is tried after the others have refused the image.
	CustomImage bool
}

// CreateVM orders a virtual machine. It returns when the order is accepted, long before the machine is there. After an
// error with MayHaveHappened the machine may be on its way and cost money: look before ordering again.
func (c *Client) CreateVM(ctx context.Context, r CreateRequest) error {
	const op = "CreateVM"
	r, err := c.prepare(ctx, op, r)
	if err != nil {
		return err
	}
	err = c.order(ctx, op, r)
	if !r.CustomImage && refusesImage(err) {
		r.CustomImage = true
		if again := c.order(ctx, op, r); again == nil || MayHaveHappened(again) {
			err = again
		}
	}
	return namesMissing(err)
}

// prepare checks the request and fills in what it leaves to the client.
func (c *Client) prepare(ctx context.Context, op string, r CreateRequest) (CreateRequest, error) {
	if err := c.checkCreate(r); err != nil {
		return r, invalid(op, err.Error())
	}
	if r.ProjectID == "" {
		id, err := c.projectIdentifier(ctx)
		if err != nil {
			return r, named(err, op)
		}
		r.ProjectID = id
	}
	r.CustomImage = r.CustomImage || c.isOwn(r.ImageID)
	if r.ProcessID == "" {
		r.ProcessID = newUUID()
	}
	return r, nil
}

// namesMissing turns "not found" into a wrong request: what CreateVM does not find is something that the request names.
func namesMissing(err error) error {
	if ClassOf(err) != NotFound {
		return err
	}
	e := *asError(err)
	e.Class = Invalid
	return &e
}

func (c *Client) checkCreate(r CreateRequest) error {
	var errs []error
	for _, f := range []struct{ name, value string }{
		{"DatacenterID", r.DatacenterID}, {"PlanID", r.PlanID}, {"ImageID", r.ImageID},
	} {
		if f.value == "" {
			errs = append(errs, errors.New(f.name+": must not be empty"))
		}
	}
	if len(r.Hostname) > 63 || !hostname().MatchString(r.Hostname) {
		errs = append(errs, fmt.Errorf("Hostname: %s is no host name of letters, digits and hyphens with at most 63 characters", quoteShort(r.Hostname))) //nolint:staticcheck // begins with the field's name
	}
	if r.ProjectID != "" && !isUUID(r.ProjectID) {
		errs = append(errs, fmt.Errorf("ProjectID: %s is no UUID; the API refuses project numbers", quoteShort(r.ProjectID)))
	}
	if n := len(r.UserData); n > c.opts.MaxUserDataBytes {
		errs = append(errs, fmt.Errorf("UserData: has %d bytes, more than the %d that are allowed; shorten it or raise MaxUserDataBytes", n, c.opts.MaxUserDataBytes))
	}
	if r.DiskGB < 0 {
		errs = append(errs, errors.New("DiskGB: must not be below 0"))
	}
	return errors.Join(errs...)
}

func hostname() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$`)
}

func isUUID(s string) bool {
	return regexp.MustCompile(`(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(s)
}

// newUUID returns a random (version 4) UUID.
func newUUID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
