package vpsie

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"sync"
)

// Dialect is a form in which the API takes orders. Each was seen to work by some of its clients, and no client mixes them.
// Which one an account's API takes is found out by orders that it refuses, which buy nothing: A first, since user data
// belongs to A; where the API refuses A's form, or does not know its route, B is tried once. What worked is remembered, for
// images of the account's own apart from the others, since they have a route of their own.
type Dialect string

const (
	// DialectA sends yes/no fields as the texts "0" and "1", and user data.
	DialectA Dialect = "A"
	// DialectB sends yes/no fields as numbers. It has no user data: that is stored as a script, which the order names.
	DialectB Dialect = "B"
)

// spoken remembers the dialects that worked, and what chooses between the routes.
type spoken struct {
	mu            sync.Mutex
	stock, custom Dialect
	// own are the images that the API has listed as the account's own.
	own map[string]bool
}

func (c *Client) noteImages(images []Image) {
	c.spoken.mu.Lock()
	defer c.spoken.mu.Unlock()
	c.spoken.own = make(map[string]bool, len(images))
	for _, image := range images {
		c.spoken.own[image.Identifier] = true
	}
}

func (c *Client) isOwn(imageID string) bool {
	c.spoken.mu.Lock()
	defer c.spoken.mu.Unlock()
	return c.spoken.own[imageID]
}

// Dialect is the one in which orders are placed, for images of the account's own or for others; empty as long as that is
// not known.
func (c *Client) Dialect(customImage bool) Dialect {
	if c.opts.Dialect != "" {
		return c.opts.Dialect
	}
	c.spoken.mu.Lock()
	defer c.spoken.mu.Unlock()
	if customImage {
		return c.spoken.custom
	}
	return c.spoken.stock
}

func (c *Client) remember(d Dialect, customImage bool) {
	c.spoken.mu.Lock()
	defer c.spoken.mu.Unlock()
	if customImage {
		c.spoken.custom = d
	} else {
		c.spoken.stock = d
	}
}

// order places the order in the first dialect whose form the API does not refuse, beginning with the one that worked last.
func (c *Client) order(ctx context.Context, op string, r CreateRequest) error {
	candidates := []Dialect{DialectA, DialectB}
	switch {
	case c.opts.Dialect != "":
		candidates = []Dialect{c.opts.Dialect}
	case c.Dialect(r.CustomImage) == DialectB:
		slices.Reverse(candidates)
	}
	var first error
	for _, d := range candidates {
		spoken, err := c.withScript(ctx, op, d, r)
		if err != nil {
			return after(first, err)
		}
		err = c.orderIn(ctx, op, d, spoken)
		switch {
		case err == nil:
			c.remember(d, r.CustomImage)
			return nil
		case !refusesForm(err):
			return err
		case first == nil:
			first = err
		}
	}
	return first
}

// after is an error that kept the second dialect from being tried, with the refusal of the first.
func after(first, err error) error {
	if first == nil {
		return err
	}
	e := *asError(err)
	e.Message = asError(first).Message + "; " + e.Message
	return &e
}

// withScript is the order with its user data stored as a script where the dialect needs that.
func (c *Client) withScript(ctx context.Context, op string, d Dialect, r CreateRequest) (CreateRequest, error) {
	if d != DialectB || r.UserData == "" {
		return r, nil
	}
	id, err := c.storeUserData(ctx, r)
	if err != nil {
		return r, named(err, op)
	}
	r.ScriptID = id
	return r, nil
}

// refusesForm reports whether the API refuses the form of an order rather than what it asks for.
func refusesForm(err error) bool {
	e := asError(err)
	if MayHaveHappened(err) || ScopeOf(err) != ScopeRequest {
		return false
	}
	return e.unknownRoute || namesForm().MatchString(e.Message) && !namesLength().MatchString(e.Message)
}

// refusesImage reports whether the API refuses an order for its image, or for a plan that is not sold for it.
func refusesImage(err error) bool {
	if MayHaveHappened(err) || ScopeOf(err) == "" {
		return false
	}
	return regexp.MustCompile(`(?i)package for this os|\b(os|image|osIdentifier)\b.{0,20}\b(not found|invalid|unknown|does not exist)`).MatchString(asError(err).Message)
}

// namesForm matches the fields in which the dialects differ, and the API's answer to a field that it misses.
func namesForm() *regexp.Regexp {
	return regexp.MustCompile(`(?i)add_?(public|private)_?ip|backup_?enabled|is_?generated_?password|user[ _-]?data|process_?id|create_?from_?pool|\bssd\b|lost in the clouds`)
}

func namesLength() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b(length|long|large|characters?|bytes|size)\b`)
}

func (c *Client) orderIn(ctx context.Context, op string, d Dialect, r CreateRequest) error {
	path := c.addr.routes.OrdersA
	if d == DialectB {
		path = c.addr.routes.OrdersB
	}
	if r.CustomImage {
		path = c.addr.routes.CustomVMs
	}
	body, err := jsonBody(wireOrder(d, r))
	if err != nil {
		return invalid(op, "the request cannot be written as JSON")
	}
	_, err = c.do(ctx, call{
		op: op, method: http.MethodPost, path: path, contentType: jsonType, body: body, mutation: true, judge: c.judgeCreate,
	})
	if d == DialectB && r.UserData != "" && err != nil && !MayHaveHappened(err) {
		// No machine will run it. That it could not be deleted is no news beside the refusal.
		_ = c.DeleteScripts(ctx, func(s Script) bool { return s.Identifier == r.ScriptID })
	}
	return err
}

// wireCommon are the fields that both dialects have. The API answers "lost in the clouds" when one is missing.
type wireCommon struct {
	ResourceIdentifier string   `json:"resourceIdentifier"`
	OSIdentifier       string   `json:"osIdentifier"`
	DCIdentifier       string   `json:"dcIdentifier"`
	Hostname           string   `json:"hostname"`
	ProjectID          string   `json:"projectId"`
	SSHKeyIdentifier   string   `json:"sshKeyIdentifier,omitempty"`
	ScriptIdentifier   string   `json:"scriptIdentifier,omitempty"`
	Tags               []string `json:"tags,omitempty"`
	Notes              string   `json:"notes,omitempty"`
	VMPassword         string   `json:"vmPassword,omitempty"`
}

type wireFlags[T any] struct {
	AddPublicIPv4 T `json:"addPublicIpV4"`
	AddPublicIPv6 T `json:"addPublicIpV6"`
	AddPrivateIP  T `json:"addPrivateIp"`
	BackupEnabled T `json:"backupEnabled"`
}

type wireA struct {
	wireCommon
	wireFlags[string]
	// The API drops a password unless this agrees with it.
	IsGeneratedPassword int    `json:"isGeneratedPassword,omitempty"`
	UserData            string `json:"userData,omitempty"`
	SSD                 int    `json:"ssd,omitempty"`
	ProcessID           string `json:"processId,omitempty"`
}

type wireB struct {
	wireCommon
	wireFlags[int]
	IsGeneratedPassword bool `json:"isGeneratedPassword"`
}

// wireOrder is the order as the dialect has it.
func wireOrder(d Dialect, r CreateRequest) any {
	common := wireCommon{
		ResourceIdentifier: r.PlanID, OSIdentifier: r.ImageID, DCIdentifier: r.DatacenterID, Hostname: r.Hostname, ProjectID: r.ProjectID,
		SSHKeyIdentifier: r.SSHKeyID, ScriptIdentifier: r.ScriptID, Tags: r.Tags, Notes: r.Notes, VMPassword: r.Password,
	}
	if d == DialectB {
		return wireB{
			wireCommon: common, IsGeneratedPassword: r.Password == "",
			wireFlags: wireFlags[int]{number(r.PublicIPv4), number(r.PublicIPv6), number(r.PrivateIP), number(r.Backup)},
		}
	}
	return wireA{
		wireCommon: common, IsGeneratedPassword: number(r.Password == ""), SSD: r.DiskGB, ProcessID: r.ProcessID,
		UserData:  base64.StdEncoding.EncodeToString([]byte(r.UserData)),
		wireFlags: wireFlags[string]{text(r.PublicIPv4), text(r.PublicIPv6), text(r.PrivateIP), text(r.Backup)},
	}
}

func number(on bool) int {
	if on {
		return 1
	}
	return 0
}

func text(on bool) string {
	if on {
		return "1"
	}
	return "0"
}

// ProbeOrder finds out in which dialect the API takes orders, without buying: it orders r by a plan that does not exist,
// which the API refuses only after it has accepted the form. r.PlanID is not used, and r.Hostname may be any. With an error
// the API answered something else; after one with MayHaveHappened look for r.Hostname in the lists.
func (c *Client) ProbeOrder(ctx context.Context, r CreateRequest) (Dialect, error) {
	const op = "ProbeOrder"
	r.PlanID, r.UserData = newUUID(), probeData
	r, err := c.prepare(ctx, op, r)
	if err != nil {
		return "", err
	}
	candidates := []Dialect{DialectA, DialectB}
	if c.opts.Dialect != "" {
		candidates = []Dialect{c.opts.Dialect}
	}
	var refusals []error
	for _, d := range candidates {
		plain := r
		if d == DialectB {
			plain.UserData = "" // a script that nobody runs need not be stored
		}
		err := c.orderIn(ctx, op, d, plain)
		switch {
		case err == nil:
			return d, &Error{Op: op, Class: Conflict, Status: http.StatusOK, ambiguous: true,
				Message: "the API accepted an order for a plan that does not exist; look for the host name in the lists and delete it"}
		case refusesForm(err):
			refusals = append(refusals, err)
		case ScopeOf(err) == ScopeOffering:
			c.remember(d, r.CustomImage)
			return d, nil
		default:
			return d, err
		}
	}
	return "", errors.Join(refusals...)
}

// probeData is user data as a NodeGroup has them.
const probeData = "#cloud-config\n"
