package vpsie_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// TestEchoesOfSecretsAreRedacted in whatever form a message repeats them.
func TestEchoesOfSecretsAreRedacted(t *testing.T) {
	const password = `Pa"ss <w&rd>/+1`
	inJSON, _ := json.Marshal(password)
	for name, echo := range map[string]string{
		"plain": password, "JSON": string(inJSON), "query": url.QueryEscape(password), "path": url.PathEscape(password),
		"base64": base64.StdEncoding.EncodeToString([]byte(password)), "base64 for URLs": base64.RawURLEncoding.EncodeToString([]byte(password)),
		"capitals": strings.ToUpper(password), "small letters": strings.ToLower(url.QueryEscape(password)),
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, vpsietest.Options{}, func(o *vpsie.Options) { o.AccountPassword = password })
			body, _ := json.Marshal(map[string]any{"error": true, "message": "refused [" + echo + "]"})
			if err := c.SetFaults(vpsietest.Fault{Status: 400, Body: text(string(body))}); err != nil {
				t.Fatal(err)
			}
			_, err := c.client.SSHKeys(t.Context())
			if err == nil || !strings.Contains(err.Error(), "(redacted)") || strings.Contains(err.Error(), echo) {
				t.Errorf("the error is %v", fmt.Sprint(err))
			}
		})
	}
}
