package vpsie_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

func TestNothingPrintsSecrets(t *testing.T) {
	const secret = "s3cr3t"
	opts := vpsie.Options{
		URL: "https://api.vpsie.com", Token: secret + "-token", ClientID: secret + "-id", ClientSecret: secret + "-secret",
		AccountPassword: secret + "-password",
	}
	r := order("a")
	r.UserData, r.Password = secret, secret
	for name, v := range map[string]any{"options": opts, "client": client(t, opts), "request": r, "nested": struct{ O vpsie.Options }{opts}} {
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
		asJSON, _ := json.Marshal(v) //nolint:errchkjson // functions in Options make it fail, which prints nothing
		for how, text := range map[string]string{
			"%v": fmt.Sprintf("%v", v), "%+v": fmt.Sprintf("%+v", v), "%#v": fmt.Sprintf("%#v", v), "%s": fmt.Sprintf("%s", v),
			"slog": log.String(), "json": string(asJSON),
		} {
			if name == "request" && how == "json" {
				continue // user data has to travel
			}
			if strings.Contains(text, secret) {
				t.Errorf("%s of %s prints a secret: %s", how, name, text)
			}
		}
	}
}

// The API echoes credentials in some messages, and root passwords in its lists.
func TestErrorsAndMachinesCarryNoSecrets(t *testing.T) {
	const joinToken = "abcdef.0123456789abcdef"
	echo := "token " + vpsietest.DefaultToken + " password " + vpsietest.DefaultAccountPassword + " join " + joinToken +
		" data " + base64.StdEncoding.EncodeToString([]byte("#cloud-config\nruncmd: [kubeadm join --token "+joinToken+"]"))
	c := start(t, vpsietest.Options{})
	r := order("a")
	r.Password = "root-password"
	if err := c.client.CreateVM(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	vm := c.running(t, "a")
	if err := c.SetFaults(vpsietest.Fault{Status: 400, Body: text(`{"error":true,"message":"` + echo + `"}`)}); err != nil {
		t.Fatal(err)
	}
	_, err := c.client.ListVMs(t.Context())
	if want := "ListVMs: token (redacted) password (redacted) join (redacted) data (redacted) (HTTP 400)"; err == nil || err.Error() != want {
		t.Errorf("ListVMs = %v, want %q", err, want)
	}
	if text := fmt.Sprintf("%+v %#v", vm, vm); strings.Contains(text, "root-password") {
		t.Errorf("a machine prints its password: %s", text)
	}
}
