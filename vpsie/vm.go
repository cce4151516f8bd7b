package vpsie

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// VM is a virtual machine.
type VM struct {
	ID         int    // the API's number, > 0
	Identifier string // UUID, what GetVM and DeleteVM take
	Hostname   string // the API may change the case of letters
	// DatacenterID is the datacenter's identifier.
	DatacenterID string
	// BoxSizeID numbers the size within the API. It is not the Plan.Identifier that the machine was ordered by.
	BoxSizeID int
	CPU       int
	MemoryMB  int
	DiskGB    int
	TrafficGB int
	// Addresses are "" until the API has assigned them.
	IPv4, IPv6, PrivateIP string
	Active                bool // created and usable
	PoweredOn             bool
	Suspended             bool // by the vendor, for billing or abuse
	Locked                bool
	Deleted               bool
	Terminated            bool
	CreatedAt             time.Time // zero when unknown
	// InterruptedAt is when VPSie takes a spot instance away; zero when it has not said so.
	InterruptedAt time.Time
	Notes         string
	// Tags are known to GetVM only; lists leave them out.
	Tags []string
}

// Gone reports whether the API counts the machine as deleted, though it still lists it.
func (v VM) Gone() bool { return v.Deleted || v.Terminated }

// Usable reports whether the machine runs and nothing holds it back.
func (v VM) Usable() bool { return v.Active && v.PoweredOn && !v.Suspended && !v.Gone() }

// PendingVM is a machine that has been ordered and is not listed yet.
type PendingVM struct {
	ID           string
	Hostname     string
	DatacenterID string
	PlanID       string
	ImageID      string
	ProcessID    string // CreateRequest.ProcessID
	Tags         []string
}

// wireVM leaves out, among many others, initial_password: what is not decoded cannot leak.
type wireVM struct {
	ID           flexInt      `json:"id"`
	Identifier   flexString   `json:"identifier"`
	Hostname     flexString   `json:"hostname"`
	DCIdentifier flexString   `json:"dcIdentifier"`
	BoxSizeID    looseInt     `json:"boxsize_id"`
	CPU          looseInt     `json:"cpu"`
	RAM          looseInt     `json:"ram"`
	SSD          looseInt     `json:"ssd"`
	Traffic      looseInt     `json:"traffic"`
	DefaultIP    looseAddress `json:"default_ip"`
	PublicIP     looseAddress `json:"publicIp"`
	DefaultIPv6  looseAddress `json:"default_ipv6"`
	PrivateIP    looseAddress `json:"private_ip"`
	IsActive     looseYes     `json:"is_active"`
	Power        looseYes     `json:"power"`
	IsSuspended  looseFlag    `json:"is_suspended"`
	BoxSuspended looseFlag    `json:"boxes_suspended"`
	IsLocked     looseFlag    `json:"is_locked"`
	IsDeleted    looseFlag    `json:"is_deleted"`
	IsTerminated looseFlag    `json:"is_terminated"`
	CreatedOn    flexTime     `json:"created_on"`
	InterruptOn  flexTime     `json:"interruption_on"`
	Notes        flexString   `json:"notes"`
}

func (w wireVM) domain() VM {
	ipv4 := plainAddress(flexString(w.DefaultIP))
	if ipv4 == "" {
		ipv4 = plainAddress(flexString(w.PublicIP))
	}
	return VM{
		ID: int(w.ID), Identifier: string(w.Identifier), Hostname: string(w.Hostname),
		DatacenterID: string(w.DCIdentifier), BoxSizeID: int(w.BoxSizeID),
		CPU: int(w.CPU), MemoryMB: int(w.RAM), DiskGB: int(w.SSD), TrafficGB: int(w.Traffic),
		IPv4: ipv4, IPv6: plainAddress(flexString(w.DefaultIPv6)), PrivateIP: plainAddress(flexString(w.PrivateIP)),
		Active: bool(w.IsActive), PoweredOn: bool(w.Power),
		Suspended: bool(w.IsSuspended || w.BoxSuspended), Locked: bool(w.IsLocked),
		Deleted: bool(w.IsDeleted), Terminated: bool(w.IsTerminated),
		CreatedAt: w.CreatedOn.Time, InterruptedAt: w.InterruptOn.Time, Notes: string(w.Notes),
	}
}

// ListVMs returns every virtual machine of the account, or an error. Machines of managed Kubernetes clusters and machines
// still being made are not among them. With an error of IsIncomplete it also returns those that came.
func (c *Client) ListVMs(ctx context.Context) ([]VM, error) {
	const op = "ListVMs"
	wires, err := list(ctx, c, op, c.addr.routes.VMs, func(w wireVM) string { return string(w.Identifier) }, needsList)
	if err != nil && !IsIncomplete(err) {
		return nil, err
	}
	vms := make([]VM, len(wires))
	for i, w := range wires {
		if w.Identifier == "" {
			return nil, named(&Error{Class: Temporary, Status: http.StatusOK, Message: "the list holds a machine without an identifier"}, op)
		}
		vms[i] = w.domain()
	}
	return vms, err
}

// GetVM returns one virtual machine with its tags; the error's class is NotFound when there is none.
func (c *Client) GetVM(ctx context.Context, identifier string) (VM, error) {
	const op = "GetVM"
	if identifier == "" {
		return VM{}, invalid(op, "identifier: must not be empty")
	}
	a, err := c.do(ctx, call{op: op, method: http.MethodGet, path: c.addr.routes.VMs + "/" + url.PathEscape(identifier)})
	if err != nil {
		return VM{}, err
	}
	if a.status == http.StatusNoContent || isNothing(a.env.Data) {
		return VM{}, named(&Error{Class: NotFound, Status: a.status, Message: "there is no such virtual machine"}, op)
	}
	vm, err := decodeVM(a.env.Data)
	if err != nil {
		return VM{}, named(unreadable(a, false, err), op)
	}
	if !strings.EqualFold(vm.Identifier, identifier) {
		return VM{}, named(unreadable(a, false, errors.New("the answer describes another virtual machine")), op)
	}
	return vm, nil
}

// decodeVM reads {vmData: {...}, vmTags: [...]} and the bare object.
func decodeVM(data json.RawMessage) (VM, error) {
	var wrapped struct {
		VMData *wireVM    `json:"vmData"`
		VMTags []flexName `json:"vmTags"`
	}
	if err := json.Unmarshal(data, &wrapped); err != nil {
		return VM{}, withoutContent(err)
	}
	if wrapped.VMData == nil {
		wrapped.VMData = new(wireVM)
		if err := json.Unmarshal(data, wrapped.VMData); err != nil {
			return VM{}, withoutContent(err)
		}
	}
	vm := wrapped.VMData.domain()
	vm.Tags = names(wrapped.VMTags)
	return vm, nil
}

// flexName is a tag: the plain text, or an object that names it.
type flexName string

func (n *flexName) UnmarshalJSON(raw []byte) error {
	var object struct {
		Name flexString `json:"name"`
		Tag  flexString `json:"tag"`
	}
	if json.Unmarshal(raw, &object) == nil {
		*n = flexName(object.Name)
		if *n == "" {
			*n = flexName(object.Tag)
		}
		return nil
	}
	var plain flexString
	err := plain.UnmarshalJSON(raw)
	*n = flexName(plain)
	return err
}

func names(tags []flexName) []string {
	var out []string
	for _, t := range tags {
		if t != "" {
			out = append(out, string(t))
		}
	}
	return out
}

type wirePending struct {
	ID   flexString `json:"id"`
	Data struct {
		Hostname           flexString `json:"hostname"`
		DCIdentifier       flexString `json:"dcIdentifier"`
		ResourceIdentifier flexString `json:"resourceIdentifier"`
		OSIdentifier       flexString `json:"osIdentifier"`
		ProcessID          flexString `json:"processId"`
		Tags               []flexName `json:"tags"`
	} `json:"data"`
}

// PendingVMs returns the machines that are being made. A machine leaves it when it enters ListVMs, or when its making
// failed; for a moment it may be in neither. Like ListVMs it returns what came beside an error of IsIncomplete.
func (c *Client) PendingVMs(ctx context.Context) ([]PendingVM, error) {
	wires, err := list(ctx, c, "PendingVMs", c.addr.routes.PendingVMs, func(w wirePending) string { return string(w.ID) })
	if err != nil && !IsIncomplete(err) {
		return nil, err
	}
	pending := make([]PendingVM, len(wires))
	for i, w := range wires {
		pending[i] = PendingVM{
			ID: string(w.ID), Hostname: string(w.Data.Hostname), DatacenterID: string(w.Data.DCIdentifier),
			PlanID: string(w.Data.ResourceIdentifier), ImageID: string(w.Data.OSIdentifier),
			ProcessID: string(w.Data.ProcessID), Tags: names(w.Data.Tags),
		}
	}
	return pending, err
}
