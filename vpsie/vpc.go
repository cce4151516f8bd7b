package vpsie

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strconv"
)

// VPC is a private network of one datacenter.
type VPC struct {
	ID           int // the API's number, > 0
	Name         string
	DatacenterID string       // Datacenter.Identifier
	Range        netip.Prefix // zero when the API does not say
	Default      bool
}

// VPCAddress is an address that a virtual machine has in a VPC. The API goes on listing it when the machine is gone without
// having released it.
type VPCAddress struct {
	VMIdentifier string
	Hostname     string
	IP           string // "" until the API has assigned it
	PrivateIPID  int    // what DetachVPC takes; 0 until the API has assigned it
	Disconnected bool
}

// VPCs returns the account's VPCs, of all datacenters.
func (c *Client) VPCs(ctx context.Context) ([]VPC, error) {
	type wire struct {
		ID           flexInt    `json:"id"`
		Name         flexString `json:"name"`
		NetworkRange flexString `json:"network_range"`
		NetworkSize  looseInt   `json:"network_size"`
		DCIdentifier flexString `json:"dc_identifier"`
		IsDefault    looseFlag  `json:"is_default"`
	}
	wires, err := listSome(ctx, c, "VPCs", c.addr.routes.VPCs, func(w wire) string { return strconv.Itoa(int(w.ID)) })
	if err != nil {
		return nil, err
	}
	out := make([]VPC, len(wires))
	for i, w := range wires {
		out[i] = VPC{ID: int(w.ID), Name: string(w.Name), DatacenterID: string(w.DCIdentifier), Default: bool(w.IsDefault)}
		if ip, err := netip.ParseAddr(string(w.NetworkRange)); err == nil {
			out[i].Range = netip.PrefixFrom(ip, int(w.NetworkSize)).Masked() // zero when the size fits no address
		}
	}
	return out, nil
}

// VPCAddresses returns the addresses of a VPC. It is the only place where the API shows them. With an error of IsIncomplete
// it also returns those that came.
func (c *Client) VPCAddresses(ctx context.Context, vpcID int) ([]VPCAddress, error) {
	const op = "VPCAddresses"
	if vpcID <= 0 {
		return nil, invalid(op, "vpcID: must be above 0")
	}
	type wire struct {
		Identifier     flexString   `json:"identifier"`
		Hostname       flexString   `json:"hostname"`
		VPCIP          looseAddress `json:"vpc_ip"`
		PrivateIPID    looseInt     `json:"private_ip_id"`
		IsDisconnected looseFlag    `json:"is_disconnected"`
	}
	key := func(w wire) string { return string(w.Identifier) + " " + strconv.Itoa(int(w.PrivateIPID)) }
	wires, err := list(ctx, c, op, c.addr.routes.VPCMachines+"/"+strconv.Itoa(vpcID), key, needsList)
	if err != nil && !IsIncomplete(err) {
		return nil, err
	}
	out := make([]VPCAddress, len(wires))
	for i, w := range wires {
		out[i] = VPCAddress{
			VMIdentifier: string(w.Identifier), Hostname: string(w.Hostname), IP: plainAddress(flexString(w.VPCIP)),
			PrivateIPID: int(w.PrivateIPID), Disconnected: bool(w.IsDisconnected),
		}
	}
	return out, err
}

// AttachVPC asks the API to give a listed virtual machine an address in a VPC of its datacenter. The API gives it some time
// after it has accepted: see VPCAddresses. An error of class Conflict means that the machine is in the VPC already.
func (c *Client) AttachVPC(ctx context.Context, identifier string, vpcID int, datacenterID string) error {
	const op = "AttachVPC"
	if identifier == "" || vpcID <= 0 || datacenterID == "" {
		return invalid(op, "identifier, vpcID, datacenterID: must not be empty")
	}
	return c.change(ctx, op, http.MethodPost, c.addr.routes.AttachVPC, map[string]any{
		"vmIdentifier": identifier, "vpcId": vpcID, "dcIdentifier": datacenterID,
	})
}

// DetachVPC releases an address that a virtual machine has in a VPC. It also works when the machine is gone. An error of
// class NotFound means that the address is not the machine's any more.
func (c *Client) DetachVPC(ctx context.Context, identifier string, privateIPID int) error {
	const op = "DetachVPC"
	if identifier == "" || privateIPID <= 0 {
		return invalid(op, "identifier, privateIPID: must not be empty")
	}
	return c.change(ctx, op, http.MethodDelete, c.addr.routes.DetachVPC, map[string]any{
		"vmIdentifier": identifier, "privateIpId": privateIPID,
	})
}

// change asks for a change of what a machine is connected to.
func (c *Client) change(ctx context.Context, op, method, path string, body any) error {
	text, err := jsonBody(body)
	if err != nil {
		return invalid(op, "the request cannot be written as JSON")
	}
	_, err = c.do(ctx, call{op: op, method: method, path: path, contentType: jsonType, body: text, mutation: true, judge: c.judgeChange})
	return err
}

// judgeChange finds refusals in answers without error: true. A message alone is no refusal, beside data that are false it is.
func (c *Client) judgeChange(a answer) *Error {
	_, refused := a.inData()
	switch {
	case a.says() == "" && isNothing(a.env.Data):
		return &Error{Class: NotFound, Status: a.status, Message: "the virtual machine, or what it is connected to, is not there"}
	case refused || string(bytes.TrimSpace(a.env.Data)) == "false":
		return c.failure(a, true)
	}
	return nil
}

// errNoIdentifier is an answer that names nothing.
var errNoIdentifier = errors.New("the answer names no object")
