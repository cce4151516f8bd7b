package vpsie

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"log/slog"
	"net/url"
	"slices"
	"strings"
)

// shortestSecret keeps clean from replacing single letters when somebody's password is one.
const shortestSecret = 4

// secrets lists what no text may contain.
func (c *Client) secrets() []string {
	all := append(c.auth.secrets(), c.opts.Token, c.opts.ClientSecret, c.opts.AccountPassword)
	kept := all[:0]
	for _, s := range all {
		if len(s) >= shortestSecret {
			kept = append(kept, s)
		}
	}
	return kept
}

// echoes are the forms in which a message may repeat a secret; the case of letters may differ too.
func echoes(secret string) []string {
	inJSON, _ := json.Marshal(secret) //nolint:errchkjson // a string always can be
	plainJSON, _ := jsonBody(secret)
	all := []string{
		secret, strings.Trim(string(inJSON), `"`), strings.Trim(string(plainJSON), `"`), html.EscapeString(secret),
		url.QueryEscape(secret), url.PathEscape(secret), hex.EncodeToString([]byte(secret)),
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding} {
		all = append(all, encoding.EncodeToString([]byte(secret)))
	}
	// The longest first: a short form may be the beginning of a longer one.
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.DeleteFunc(slices.Compact(all), func(s string) bool { return s == "" })
}

func set(s string) string {
	if s == "" {
		return "unset"
	}
	return "set"
}

// String describes the options without their secrets.
func (o Options) String() string {
	return fmt.Sprintf("vpsie.Options{URL:%q ProjectID:%q Token:%s ClientID:%s ClientSecret:%s AccountPassword:%s}",
		o.URL, o.ProjectID, set(o.Token), set(o.ClientID), set(o.ClientSecret), set(o.AccountPassword))
}

// GoString keeps %#v from printing secrets.
func (o Options) GoString() string { return o.String() }

// LogValue keeps slog from printing secrets.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.String()) }

// String describes the client without its secrets.
func (c *Client) String() string { return fmt.Sprintf("vpsie.Client{URL:%q}", c.URL()) }

// GoString keeps %#v from printing secrets.
func (c *Client) GoString() string { return c.String() }

// LogValue keeps slog from printing secrets.
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

// String describes the request without user data, which carries join tokens, and without the password.
func (r CreateRequest) String() string {
	return fmt.Sprintf("vpsie.CreateRequest{Hostname:%q DatacenterID:%q PlanID:%q ImageID:%q UserData:%s Password:%s}",
		r.Hostname, r.DatacenterID, r.PlanID, r.ImageID, set(r.UserData), set(r.Password))
}

// GoString keeps %#v from printing secrets.
func (r CreateRequest) GoString() string { return r.String() }

// LogValue keeps slog from printing secrets.
func (r CreateRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }
