package vpsietest

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
)

// createBody has every field that an order may have; the API refuses others.
type createBody struct {
	ResourceIdentifier   string          `json:"resourceIdentifier"`
	OSIdentifier         string          `json:"osIdentifier"`
	DCIdentifier         string          `json:"dcIdentifier"`
	Hostname             string          `json:"hostname"`
	ProjectID            json.RawMessage `json:"projectId"`
	AddPublicIPv4        json.RawMessage `json:"addPublicIpV4"`
	AddPublicIPv6        json.RawMessage `json:"addPublicIpV6"`
	AddPrivateIP         json.RawMessage `json:"addPrivateIp"`
	BackupEnabled        json.RawMessage `json:"backupEnabled"`
	WeeklyBackupEnabled  json.RawMessage `json:"weeklyBackupEnabled"`
	MonthlyBackupEnabled json.RawMessage `json:"monthlyBackupEnabled"`
	SSHKeyIdentifier     string          `json:"sshKeyIdentifier"`
	ScriptIdentifier     string          `json:"scriptIdentifier"`
	UserData             string          `json:"userData"`
	SSD                  int             `json:"ssd"`
	Tags                 []string        `json:"tags"`
	Notes                string          `json:"notes"`
	VMPassword           string          `json:"vmPassword"`
	IsGeneratedPassword  json.RawMessage `json:"isGeneratedPassword"`
	ProcessID            string          `json:"processId"`
	CreateFromPool       string          `json:"createFromPool"`
}

// createVM takes an order. Its answer names no machine.
func (s *Server) createVM(r request, d dialect) reply {
	var b createBody
	var err error
	if r.knobs.UnknownKeys == "dropped" {
		err = json.Unmarshal(r.body, &b)
	} else {
		err = strict(r.body, &b)
	}
	if err != nil {
		return refusal(r, http.StatusBadRequest, fmt.Sprintf("%v, which is not allowed", err))
	}
	if names := d.foreign(b); len(names) > 0 {
		if r.knobs.UnknownKeys != "dropped" {
			return refusal(r, http.StatusBadRequest, fmt.Sprintf("%q is not allowed", names[0]))
		}
		b.UserData, b.SSD, b.ProcessID = "", 0, ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, bad := s.readOrder(r, b, d)
	if bad != nil {
		return *bad
	}
	if n := s.owned(); s.knobs.Quota > 0 && n >= s.knobs.Quota {
		return refusal(r, http.StatusInternalServerError, fmt.Sprintf("VPS count exceeds the allowed limit %d", s.knobs.Quota))
	}
	if left := s.stockOf(o.offer); left != nil && *left == 0 {
		return refusal(r, http.StatusBadRequest, "The selected package is out of stock in this datacenter")
	}
	if left := s.balance(); left != nil && left.Sign() <= 0 {
		return refusal(r, http.StatusBadRequest, "You do not have enough balance, please add credit")
	}
	s.admit(o)
	return s.accepted()
}

// owned counts the machines that the account has or is about to have. The caller holds the lock.
func (s *Server) owned() int {
	n := 0
	for _, m := range s.machines {
		if m.removedAt.IsZero() {
			n++
		}
	}
	return n
}

// readOrder checks as the API does: first the form of each field, then what the fields name. The caller holds the lock.
func (s *Server) readOrder(r request, b createBody, d dialect) (order, *reply) {
	o, bad := d.readForm(r, b)
	if bad != nil {
		return o, bad
	}
	refuse := func(message string) (order, *reply) {
		return order{}, new(refusal(r, http.StatusBadRequest, message))
	}
	if s.knobs.DropUserData {
		o.userData = ""
	}
	var ok bool
	if _, ok = find(s.shop.Projects, o.projectID); !ok {
		return refuse("Project not found")
	}
	if o.datacenter, ok = s.shop.datacenter(b.DCIdentifier); !ok || o.datacenter.Identifier != b.DCIdentifier || o.datacenter.Inactive {
		return refuse("Datacenter not found")
	}
	offers := s.offersIn(o.datacenter.Identifier)
	i := slices.IndexFunc(offers, func(of offer) bool { return of.identifier == b.ResourceIdentifier })
	images := s.shop.StockImages
	if d.custom {
		images = s.shop.Images
	}
	if o.image, ok = find(images, b.OSIdentifier); !ok || i < 0 || o.image.Datacenter != "" && o.image.Datacenter != o.datacenter.Name {
		return refuse("Please select the right package for this OS")
	}
	o.offer = offers[i]
	if _, ok = find(s.shop.SSHKeys, b.SSHKeyIdentifier); !ok && b.SSHKeyIdentifier != "" {
		return refuse("SSH key not found")
	}
	if b.ScriptIdentifier != "" {
		script := s.script(b.ScriptIdentifier)
		if script == nil {
			return refuse("Script not found")
		}
		o.userData = cmp.Or(o.userData, script.content)
	}
	return o, nil
}

// readForm reads what an order says without asking what it means.
func (d dialect) readForm(r request, b createBody) (order, *reply) {
	refuse := func(format string, args ...any) (order, *reply) {
		return order{}, new(refusal(r, http.StatusBadRequest, fmt.Sprintf(format, args...)))
	}
	for _, missing := range []bool{
		b.ResourceIdentifier == "", b.OSIdentifier == "", b.DCIdentifier == "", b.Hostname == "", b.ProjectID == nil,
		b.AddPublicIPv4 == nil, b.AddPublicIPv6 == nil, b.AddPrivateIP == nil, b.BackupEnabled == nil,
	} {
		if missing {
			// The API does not say which.
			return order{}, new(lostInTheClouds(r))
		}
	}
	o := order{
		hostname: b.Hostname, sshKeyID: b.SSHKeyIdentifier, scriptID: b.ScriptIdentifier,
		tags: slices.Clone(b.Tags), notes: b.Notes, processID: b.ProcessID,
	}
	if json.Unmarshal(b.ProjectID, &o.projectID) != nil {
		return refuse(`"projectId" must be a string`)
	}
	if !isUUID(o.projectID) {
		return refuse(`"projectId" must be a valid GUID`)
	}
	userData, err := base64.StdEncoding.DecodeString(b.UserData)
	if err != nil {
		return refuse(`"userData" must be a valid base64 string`)
	}
	o.userData = string(userData)
	if !d.takesPasswordFlag(b.IsGeneratedPassword) {
		return refuse(`"isGeneratedPassword" must be a number`)
	}
	for _, f := range []struct {
		name string
		raw  json.RawMessage
		on   *bool
	}{
		{"addPublicIpV4", b.AddPublicIPv4, &o.ipv4}, {"addPublicIpV6", b.AddPublicIPv6, &o.ipv6}, {"addPrivateIp", b.AddPrivateIP, &o.private},
		{"backupEnabled", b.BackupEnabled, new(bool)}, {"weeklyBackupEnabled", b.WeeklyBackupEnabled, new(bool)},
		{"monthlyBackupEnabled", b.MonthlyBackupEnabled, new(bool)},
	} {
		var ok bool
		if *f.on, ok = d.flag(f.raw); !ok {
			return refuse(`"%s" must be one of [%s]`, f.name, d.allowed())
		}
	}
	o.setPassword(b)
	return o, nil
}

// setPassword drops a password that comes with the word that it was generated, and makes one up instead.
func (o *order) setPassword(b createBody) {
	says := string(bytes.TrimSpace(b.IsGeneratedPassword))
	o.generatedPassword = b.VMPassword == "" || says == "1" || says == "true"
	o.password = b.VMPassword
	if o.generatedPassword {
		o.password = "generated-" + o.hostname
	}
}

func isUUID(s string) bool {
	return regexp.MustCompile(`(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(s)
}
