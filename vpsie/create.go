package vpsie

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
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
	// CustomImage says that ImageID is an image of the account's own, which another route serves.
	CustomImage bool
}

// wireCreate has every field that the vendor's own clients send: the API answers "lost in the clouds" when one is missing.
type wireCreate struct {
	ResourceIdentifier  string   `json:"resourceIdentifier"`
	OSIdentifier        string   `json:"osIdentifier"`
	DCIdentifier        string   `json:"dcIdentifier"`
	Hostname            string   `json:"hostname"`
	ProjectID           string   `json:"projectId"`
	AddPublicIPv4       any      `json:"addPublicIpV4"`
	AddPublicIPv6       any      `json:"addPublicIpV6"`
	AddPrivateIP        any      `json:"addPrivateIp"`
	BackupEnabled       any      `json:"backupEnabled"`
	SSHKeyIdentifier    string   `json:"sshKeyIdentifier,omitempty"`
	ScriptIdentifier    string   `json:"scriptIdentifier,omitempty"`
	UserData            string   `json:"userData,omitempty"`
	SSD                 int      `json:"ssd,omitempty"`
	Tags                []string `json:"tags,omitempty"`
	Notes               string   `json:"notes,omitempty"`
	VMPassword          string   `json:"vmPassword,omitempty"`
	IsGeneratedPassword bool     `json:"isGeneratedPassword"`
	ProcessID           string   `json:"processId"`
}

// CreateVM orders a virtual machine. It returns when the order is accepted, long before the machine is there. After an
// error with MayHaveHappened the machine may be on its way and cost money: look before ordering again.
func (c *Client) CreateVM(ctx context.Context, r CreateRequest) error {
	const op = "CreateVM"
	if err := c.checkCreate(r); err != nil {
		return invalid(op, err.Error())
	}
	if r.ProjectID == "" {
		id, err := c.projectIdentifier(ctx)
		if err != nil {
			return named(err, op)
		}
		r.ProjectID = id
	}
	if r.ProcessID == "" {
		r.ProcessID = newUUID()
	}
	body, err := jsonBody(c.wireCreate(r))
	if err != nil {
		return invalid(op, "the request cannot be written as JSON")
	}
	path := c.addr.routes.VMs
	if r.CustomImage {
		path = c.addr.routes.CustomVMs
	}
	_, err = c.do(ctx, call{
		op: op, method: http.MethodPost, path: path, contentType: jsonType, body: body, mutation: true,
		judge: c.judgeCreate,
	})
	return namesMissing(err)
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

func (c *Client) wireCreate(r CreateRequest) wireCreate {
	w := wireCreate{
		ResourceIdentifier: r.PlanID, OSIdentifier: r.ImageID, DCIdentifier: r.DatacenterID,
		Hostname: r.Hostname, ProjectID: r.ProjectID,
		AddPublicIPv4: c.flag(r.PublicIPv4), AddPublicIPv6: c.flag(r.PublicIPv6),
		AddPrivateIP: c.flag(r.PrivateIP), BackupEnabled: c.flag(r.Backup),
		SSHKeyIdentifier: r.SSHKeyID, ScriptIdentifier: r.ScriptID, SSD: r.DiskGB,
		Tags: r.Tags, Notes: r.Notes, ProcessID: r.ProcessID,
		// The API drops the password when these two disagree.
		VMPassword: r.Password, IsGeneratedPassword: r.Password == "",
	}
	if r.UserData != "" {
		w.UserData = base64.StdEncoding.EncodeToString([]byte(r.UserData))
	}
	return w
}

func (c *Client) flag(on bool) any {
	switch {
	case c.opts.NumericFlags && on:
		return 1
	case c.opts.NumericFlags:
		return 0
	case on:
		return "1"
	default:
		return "0"
	}
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
