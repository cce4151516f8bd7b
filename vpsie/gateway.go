package vpsie

import (
	"context"
	"net/http"
	"strconv"
)

// Gateway is the address of a NAT gateway.
type Gateway struct {
	ID           int // the API's number, > 0
	IP           string
	DatacenterID string // Datacenter.Identifier
	VMs          []GatewayVM
}

// GatewayVM is a virtual machine behind a gateway.
type GatewayVM struct {
	Identifier string
	MappingID  int // what DetachGateway takes
}

// Gateways returns the account's gateways with the machines behind them.
func (c *Client) Gateways(ctx context.Context) ([]Gateway, error) {
	type attached struct {
		Identifier       flexString `json:"identifier"`
		GatewayMappingID looseInt   `json:"gateway_mapping_id"`
	}
	type wire struct {
		ID           flexInt      `json:"id"`
		IP           looseAddress `json:"ip"`
		DCIdentifier flexString   `json:"dcIdentifier"`
		AttachedVMs  []attached   `json:"attachedVms"`
	}
	wires, err := listSome(ctx, c, "Gateways", c.addr.routes.Gateways, func(w wire) string { return strconv.Itoa(int(w.ID)) })
	if err != nil {
		return nil, err
	}
	out := make([]Gateway, len(wires))
	for i, w := range wires {
		out[i] = Gateway{ID: int(w.ID), IP: plainAddress(flexString(w.IP)), DatacenterID: string(w.DCIdentifier)}
		for _, vm := range w.AttachedVMs {
			out[i].VMs = append(out[i].VMs, GatewayVM{string(vm.Identifier), int(vm.GatewayMappingID)})
		}
	}
	return out, nil
}

// AttachGateway puts a virtual machine behind a gateway of its datacenter.
func (c *Client) AttachGateway(ctx context.Context, identifier string, gatewayID int) error {
	const op = "AttachGateway"
	if identifier == "" || gatewayID <= 0 {
		return invalid(op, "identifier, gatewayID: must not be empty")
	}
	return c.change(ctx, op, http.MethodPost, c.addr.routes.AttachGateway, map[string]any{
		"vms": []string{identifier}, "ipId": gatewayID, "ignoreLegacyVms": 1,
	})
}

// DetachGateway takes a virtual machine from behind a gateway, by the mapping that Gateways shows. An error of class NotFound
// means that there is no such mapping.
func (c *Client) DetachGateway(ctx context.Context, gatewayID, mappingID int) error {
	const op = "DetachGateway"
	if gatewayID <= 0 || mappingID <= 0 {
		return invalid(op, "gatewayID, mappingID: must be above 0")
	}
	return c.change(ctx, op, http.MethodPost, c.addr.routes.DetachGateway, map[string]any{"mapIds": []int{mappingID}, "ipId": gatewayID})
}
