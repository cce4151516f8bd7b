package vpsietest

import (
	"bytes"
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
	IsGeneratedPassword  *bool           `json:"isGeneratedPassword"`
	ProcessID            string          `json:"processId"`
	CreateFromPool       string          `json:"createFromPool"`
}

// createVM takes an order. Its answer names no machine.
func (s *Server) createVM(r request) reply {
	var b createBody
	if err := strict(r.body, &b); err != nil {
		return refusal(r, http.StatusBadRequest, fmt.Sprintf("%v, which is not allowed", err))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, bad := s.readOrder(r, b)
	if bad != nil {
		return *bad
	}
	if n := s.owned(); s.knobs.Quota > 0 && n >= s.knobs.Quota {
		return refusal(r, http.StatusInternalServerError, fmt.Sprintf("VPS count exceeds the allowed limit %d", s.knobs.Quota))
	}
	if left := s.knobs.Stock[o.offer.Nickname]; left != nil && *left == 0 {
		return refusal(r, http.StatusBadRequest, "The selected package is out of stock in this datacenter")
	}
	s.admit(o)
	return success(true)
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

func (s *Server) readOrder(r request, b createBody) (order, *reply) {
	refuse := func(format string, args ...any) (order, *reply) {
		return order{}, new(refusal(r, http.StatusBadRequest, fmt.Sprintf(format, args...)))
	}
	for _, f := range []struct {
		name    string
		missing bool
	}{
		{"resourceIdentifier", b.ResourceIdentifier == ""}, {"osIdentifier", b.OSIdentifier == ""}, {"dcIdentifier", b.DCIdentifier == ""},
		{"hostname", b.Hostname == ""}, {"projectId", b.ProjectID == nil}, {"addPublicIpV4", b.AddPublicIPv4 == nil},
		{"addPublicIpV6", b.AddPublicIPv6 == nil}, {"addPrivateIp", b.AddPrivateIP == nil}, {"backupEnabled", b.BackupEnabled == nil},
	} {
		if f.missing {
			// The API does not say which.
			return refuse("Sorry, your request got lost in the clouds")
		}
	}
	o := order{
		hostname: b.Hostname, sshKeyID: b.SSHKeyIdentifier, scriptID: b.ScriptIdentifier,
		tags: slices.Clone(b.Tags), notes: b.Notes, processID: b.ProcessID,
	}
	var ok bool
	if json.Unmarshal(b.ProjectID, &o.projectID) != nil {
		return refuse(`"projectId" must be a string`)
	}
	if !isUUID(o.projectID) {
		return refuse(`"projectId" must be a valid GUID`)
	}
	if _, ok = find(s.shop.Projects, o.projectID); !ok {
		return refuse("Project not found")
	}
	if o.datacenter, ok = s.shop.datacenter(b.DCIdentifier); !ok || o.datacenter.Identifier != b.DCIdentifier || o.datacenter.Inactive {
		return refuse("Datacenter not found")
	}
	offers := s.shop.offers[o.datacenter.Identifier]
	i := slices.IndexFunc(offers, func(of offer) bool { return of.identifier == b.ResourceIdentifier })
	if o.image, ok = find(s.shop.Images, b.OSIdentifier); !ok || i < 0 {
		return refuse("Please select the right package for this OS")
	}
	o.offer = offers[i]
	if _, ok = find(s.shop.SSHKeys, b.SSHKeyIdentifier); !ok && b.SSHKeyIdentifier != "" {
		return refuse("SSH key not found")
	}
	userData, err := base64.StdEncoding.DecodeString(b.UserData)
	if err != nil {
		return refuse(`"userData" must be a valid base64 string`)
	}
	o.userData = string(userData)
	for _, f := range []struct {
		name string
		raw  json.RawMessage
		on   *bool
	}{
		{"addPublicIpV4", b.AddPublicIPv4, &o.ipv4}, {"addPublicIpV6", b.AddPublicIPv6, &o.ipv6}, {"addPrivateIp", b.AddPrivateIP, &o.private},
		{"backupEnabled", b.BackupEnabled, new(bool)}, {"weeklyBackupEnabled", b.WeeklyBackupEnabled, new(bool)},
		{"monthlyBackupEnabled", b.MonthlyBackupEnabled, new(bool)},
	} {
		if *f.on, ok = flag(f.raw, s.knobs.IntFlags == "honoured"); !ok {
			return refuse(`"%s" must be one of [0, 1]`, f.name)
		}
	}
	o.setPassword(b)
	return o, nil
}

// setPassword drops a password that comes with the word that it was generated, and makes one up instead.
func (o *order) setPassword(b createBody) {
	o.generatedPassword = b.IsGeneratedPassword == nil || *b.IsGeneratedPassword || b.VMPassword == ""
	o.password = b.VMPassword
	if o.generatedPassword {
		o.password = "generated-" + o.hostname
	}
}

// flag reads "0", "1", 0 and 1. Numbers pass the check and count as no, unless the knob intFlags honours them.
func flag(raw json.RawMessage, honourNumbers bool) (on, ok bool) {
	switch string(bytes.TrimSpace(raw)) {
	case `"1"`:
		return true, true
	case "1":
		return honourNumbers, true
	case "", `"0"`, "0":
		return false, true
	default:
		return false, false
	}
}

func isUUID(s string) bool {
	return regexp.MustCompile(`(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(s)
}
