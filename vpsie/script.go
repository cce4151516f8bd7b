package vpsie

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

// Script is a stored script, which a virtual machine runs at its first start.
type Script struct {
	Identifier string // UUID
	Name       string // as the API stores it: what AddScript was given, with ".sh" behind it
}

// Scripts returns the account's stored scripts.
func (c *Client) Scripts(ctx context.Context) ([]Script, error) {
	type wire struct {
		Identifier flexString `json:"identifier"`
		ScriptName flexString `json:"script_name"`
		Name       flexString `json:"name"`
	}
	wires, err := listSome(ctx, c, "Scripts", c.addr.routes.Scripts, func(w wire) string { return string(w.Identifier) })
	if err != nil && !IsIncomplete(err) { // None listed is none known, whatever the list says it has.
		return nil, err
	}
	all := make([]Script, len(wires))
	for i, w := range wires {
		all[i] = Script{Identifier: string(w.Identifier), Name: string(w.ScriptName)}
		if all[i].Name == "" {
			all[i].Name = string(w.Name)
		}
	}
	return all, nil
}

// AddScript stores a bash script and returns its identifier. One that is stored under the name already is replaced.
func (c *Client) AddScript(ctx context.Context, name, content string) (string, error) {
	const op = "AddScript"
	if name == "" || content == "" {
		return "", invalid(op, "name, content: must not be empty")
	}
	if err := c.DeleteScripts(ctx, func(s Script) bool { return s.named(name) }); err != nil {
		return "", named(err, op)
	}
	body, err := jsonBody(map[string]any{"name": name, "scriptContent": content, "scriptType": "bash", "tags": []string{}})
	if err != nil {
		return "", invalid(op, "the script cannot be written as JSON")
	}
	if _, err := c.do(ctx, call{
		op: op, method: http.MethodPost, path: c.addr.routes.Script + "/add", contentType: jsonType, body: body, mutation: true,
	}); err != nil {
		return "", err
	}
	// The answer names no script.
	all, err := c.Scripts(ctx)
	if err != nil {
		return "", named(err, op)
	}
	for _, s := range all {
		if s.named(name) {
			return s.Identifier, nil
		}
	}
	return "", &Error{Op: op, Class: Temporary, Message: "the API took the script, but does not list it"}
}

func (s Script) named(name string) bool { return s.Name == name || s.Name == name+".sh" }

// DeleteScripts deletes the stored scripts that which selects. One that is gone already is no error.
func (c *Client) DeleteScripts(ctx context.Context, which func(Script) bool) error {
	all, err := c.Scripts(ctx)
	if err != nil {
		return err
	}
	for _, s := range all {
		if !which(s) {
			continue
		}
		body, err := jsonBody(map[string]string{"scriptIdentifier": s.Identifier})
		if err != nil {
			return invalid("DeleteScript", "the request cannot be written as JSON")
		}
		_, err = c.do(ctx, call{
			op: "DeleteScript", method: http.MethodDelete, path: c.addr.routes.Script, contentType: jsonType, body: body, mutation: true,
		})
		if err != nil && !IsNotFound(err) {
			return err
		}
	}
	return nil
}

// storeUserData stores the order's user data as a script, for the dialect that has no user data.
func (c *Client) storeUserData(ctx context.Context, r CreateRequest) (string, error) {
	if r.ScriptID != "" {
		return "", &Error{Class: Invalid, Message: "ScriptID: in dialect B the script carries the user data; give one of the two"}
	}
	content, err := scriptOf(r)
	if err != nil {
		return "", &Error{Class: Invalid, Message: err.Error()}
	}
	id, err := c.AddScript(ctx, r.Hostname, content)
	if err != nil {
		// Nothing was ordered yet, whatever became of the script.
		e := *asError(err)
		e.ambiguous = false
		e.Message = "storing the user data as a script, which dialect B needs: " + e.Message
		return "", &e
	}
	return id, nil
}

// scriptOf is a bash script that does what cloud-init does with the user data.
func scriptOf(r CreateRequest) (string, error) {
	switch {
	case strings.HasPrefix(r.UserData, "#!"):
		return r.UserData, nil
	case !strings.HasPrefix(r.UserData, "#cloud-config"):
		return "", fmt.Errorf("UserData: begins neither with #! nor with #cloud-config, so dialect B of the API, which only runs scripts, cannot deliver it")
	}
	// The NoCloud data source takes user data from a folder; the network is as VPSie has set it up.
	return `#!/bin/bash
set -eu
seed=/var/lib/cloud/seed/nocloud
mkdir -p "$seed"
cat >"$seed/user-data" <<'` + endOfUserData + `'
` + strings.TrimRight(r.UserData, "\n") + `
` + endOfUserData + `
printf 'instance-id: %s\nlocal-hostname: %s\n' '` + r.ProcessID + `' '` + r.Hostname + `' >"$seed/meta-data"
printf 'datasource_list: [NoCloud, None]\nnetwork: {config: disabled}\n' >/etc/cloud/cloud.cfg.d/99-vpsie-autoscaler.cfg
cloud-init clean
cloud-init init --local
cloud-init init
cloud-init modules --mode=config
cloud-init modules --mode=final
`, nil
}

const endOfUserData = "END_OF_VPSIE_AUTOSCALER_USER_DATA"
