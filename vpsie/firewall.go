package vpsie

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
)

// FirewallGroup is a set of firewall rules of the account. It belongs to no datacenter.
type FirewallGroup struct {
	Identifier string // UUID
	Name       string
}

// FirewallGroups returns the account's firewall groups.
func (c *Client) FirewallGroups(ctx context.Context) ([]FirewallGroup, error) {
	type wire struct {
		Identifier flexString `json:"identifier"`
		GroupName  flexString `json:"group_name"`
		Name       flexString `json:"name"`
	}
	wires, err := listSome(ctx, c, "FirewallGroups", c.addr.routes.FirewallGroups, func(w wire) string { return string(w.Identifier) })
	if err != nil {
		return nil, err
	}
	out := make([]FirewallGroup, len(wires))
	for i, w := range wires {
		out[i] = FirewallGroup{Identifier: string(w.Identifier), Name: string(w.GroupName)}
		if out[i].Name == "" {
			out[i].Name = string(w.Name)
		}
	}
	return out, nil
}

// FirewallMembers returns the identifiers of the virtual machines that a firewall group is attached to; the error's class is
// NotFound when there is no such group.
func (c *Client) FirewallMembers(ctx context.Context, groupID string) ([]string, error) {
	const op = "FirewallMembers"
	if groupID == "" {
		return nil, invalid(op, "groupID: must not be empty")
	}
	a, err := c.do(ctx, call{op: op, method: http.MethodGet, path: c.addr.routes.FirewallGroup + "/" + url.PathEscape(groupID)})
	if err != nil {
		return nil, err
	}
	if a.status == http.StatusNoContent || isNothing(a.env.Data) {
		return nil, named(&Error{Class: NotFound, Status: a.status, Message: "there is no such firewall group"}, op)
	}
	type member struct {
		Identifier flexString `json:"identifier"`
	}
	var data struct {
		VMs   *[]member       `json:"vms"`
		Group json.RawMessage `json:"group"`
	}
	if err := json.Unmarshal(a.env.Data, &data); err != nil {
		return nil, named(unreadable(a, false, withoutContent(err)), op)
	}
	if data.VMs == nil {
		// Without the list nobody can tell whether a machine is attached.
		return nil, named(unreadable(a, false, errNoIdentifier), op)
	}
	var out []string
	for _, m := range *data.VMs {
		out = append(out, string(m.Identifier))
	}
	return out, nil
}

// AttachFirewall attaches a firewall group to a virtual machine. Two changes of one machine's firewall at once break each
// other: make one after the other, and look at FirewallMembers afterwards.
func (c *Client) AttachFirewall(ctx context.Context, identifier, groupID string) error {
	const op = "AttachFirewall"
	return c.changeFirewall(ctx, op, "/attach/group", identifier, groupID)
}

// DetachFirewall takes a firewall group off a virtual machine. An error of class NotFound means that it is not attached.
func (c *Client) DetachFirewall(ctx context.Context, identifier, groupID string) error {
	const op = "DetachFirewall"
	return c.changeFirewall(ctx, op, "/detach/group", identifier, groupID)
}

func (c *Client) changeFirewall(ctx context.Context, op, route, identifier, groupID string) error {
	if identifier == "" || groupID == "" {
		return invalid(op, "identifier, groupID: must not be empty")
	}
	return c.change(ctx, op, http.MethodPost, c.addr.routes.Firewall+route, map[string]any{"vmId": identifier, "groupId": groupID})
}
