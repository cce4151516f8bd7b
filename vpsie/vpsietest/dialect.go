package vpsietest

import (
	"bytes"
	"encoding/json"
	"net/http"
)

// dialect is what a route takes of an order. Clients that were seen to work send one or the other, never a mix.
type dialect struct {
	// custom orders the account's own images, else the vendor's.
	custom bool
	// text and numbers are the forms that yes/no fields may have; numbers that are not honoured pass and count as no.
	text, numbers, honoured bool
	// withUserData takes user data, disk size, process number and the backups of each week and month.
	withUserData bool
}

const customPath = appsPrefix + "/custom/vm"

// IsOrder tells the requests that order a machine, whichever the route and the dialect.
func IsOrder(method, path string) bool {
	return method == http.MethodPost && (path == appsPrefix+"/vm" || path == apiPrefix+"/vm" || path == customPath)
}

// dialectOf is what an order's route speaks, and false where the knob orderDialect has closed it.
func dialectOf(k Knobs, method, path string) (dialect, bool) {
	if !IsOrder(method, path) {
		return dialect{}, false
	}
	a := dialect{text: true, numbers: true, honoured: k.IntFlags == "honoured", withUserData: true}
	b := dialect{numbers: true, honoured: true}
	switch path {
	case apiPrefix + "/vm":
		return a, k.OrderDialect != "B"
	case appsPrefix + "/vm":
		return b, k.OrderDialect != "A"
	default:
		d := a
		if k.OrderDialect == "B" {
			d = b
		}
		d.custom = true
		return d, true
	}
}

// foreign returns the fields of the order that the dialect does not know.
func (d dialect) foreign(b createBody) []string {
	var names []string
	if d.withUserData {
		return nil
	}
	for _, f := range []struct {
		name  string
		given bool
	}{
		{"createFromPool", b.CreateFromPool != ""}, {"monthlyBackupEnabled", b.MonthlyBackupEnabled != nil}, {"processId", b.ProcessID != ""},
		{"ssd", b.SSD != 0}, {"userData", b.UserData != ""}, {"weeklyBackupEnabled", b.WeeklyBackupEnabled != nil},
	} {
		if f.given {
			names = append(names, f.name)
		}
	}
	return names
}

// takesPasswordFlag: the dialect with user data has a number or nothing, the other a boolean; custom images take both.
func (d dialect) takesPasswordFlag(raw json.RawMessage) bool {
	switch string(bytes.TrimSpace(raw)) {
	case "":
		return true
	case "true", "false":
		return d.custom || !d.withUserData
	case "0", "1":
		return d.custom || d.withUserData
	default:
		return false
	}
}

// flag reads "0", "1", 0 and 1, as far as the dialect takes them.
func (d dialect) flag(raw json.RawMessage) (on, ok bool) {
	switch text := string(bytes.TrimSpace(raw)); text {
	case "":
		return false, true
	case `"0"`, `"1"`:
		return text == `"1"`, d.text
	case "0", "1":
		return text == "1" && d.honoured, d.numbers
	default:
		return false, false
	}
}

func (d dialect) allowed() string {
	if d.text {
		return `"0", "1"`
	}
	return "0, 1"
}
