package vpsie_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// verdict is what a caller learns from an error.
type verdict struct {
	Class     vpsie.Class
	Text      string
	Ambiguous bool
}

func verdictOf(err error) verdict {
	if err == nil {
		return verdict{}
	}
	return verdict{vpsie.ClassOf(err), err.Error(), vpsie.MayHaveHappened(err)}
}

func text(s string) json.RawMessage {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return b
}

// TestCreateVMErrors holds the class, the text and the ambiguity of each answer to an order.
func TestCreateVMErrors(t *testing.T) {
	for name, tc := range map[string]struct {
		fault vpsietest.Fault
		want  verdict
	}{
		"quota as 500": {
			vpsietest.Fault{Status: 500, Body: text(`{"error":true,"code":500,"message":"Worker nodes count exceeds the allowed limit 5"}`)},
			verdict{vpsie.Quota, "CreateVM: Insufficient VPSie quota: Worker nodes count exceeds the allowed limit 5 (HTTP 500)", false},
		},
		"quota as 200": {
			vpsietest.Fault{Status: 200, Body: text(`{"error":true,"type":false,"message":"Quota exceeded"}`)},
			verdict{vpsie.Quota, "CreateVM: Insufficient VPSie quota: Quota exceeded", false},
		},
		"rate limit in words is no quota": {
			vpsietest.Fault{Status: 400, Body: text(`{"error":true,"message":"rate limit exceeded: limit reached"}`)},
			verdict{vpsie.Throttled, "CreateVM: VPSie API rate limit reached: rate limit exceeded: limit reached (HTTP 400)", false},
		},
		"out of stock": {
			vpsietest.Fault{Status: 200, Body: text(`{"error":true,"message":"Package is out of stock"}`)},
			verdict{vpsie.OutOfStock, "CreateVM: Instance type not available: Package is out of stock", false},
		},
		"wrong package": {
			vpsietest.Fault{Status: 200, Body: text(`{"error":true,"message":"Please select the right package for this OS"}`)},
			verdict{vpsie.Invalid, "CreateVM: Please select the right package for this OS", false},
		},
		"a named thing is not found": {
			vpsietest.Fault{Status: 404, Body: text(`{"error":true,"message":"Datacenter not found"}`)},
			verdict{vpsie.Invalid, "CreateVM: Datacenter not found (HTTP 404)", false},
		},
		"conflict": {
			vpsietest.Fault{Status: 409},
			verdict{vpsie.Conflict, "CreateVM: Conflict (HTTP 409)", false},
		},
		"unknown trouble": {
			vpsietest.Fault{Status: 500, Body: text(`{"error":true,"message":"boom 6ba7b810-9dad-11d1-80b4-00c04fd430c8 at 2026-01-02T03:04:05Z"}`)},
			verdict{vpsie.Temporary, "CreateVM: boom (id) at (id) (HTTP 500)", true},
		},
		"unknown trouble as 200": {
			vpsietest.Fault{Status: 200, Body: text(`{"error":true}`)},
			verdict{vpsie.Temporary, "CreateVM: the API reported an error without a message", true},
		},
		"code of a refusal as 200": {
			vpsietest.Fault{Status: 200, Body: text(`{"error":1,"code":"422","message":"no"}`)},
			verdict{vpsie.Invalid, "CreateVM: no", false},
		},
		"data is false": {
			vpsietest.Fault{Status: 200, Body: text(`{"error":false,"data":false}`)},
			verdict{vpsie.Temporary, "CreateVM: the API did not say that it accepted the order", true},
		},
		"refusal without error": {
			vpsietest.Fault{Status: 200, Body: text(`{"error":false,"data":true,"message":"quota exceeded"}`)},
			verdict{vpsie.Quota, "CreateVM: Insufficient VPSie quota: quota exceeded", true},
		},
		"gateway page": {
			vpsietest.Fault{Status: 502, Body: text("<html>502 Bad Gateway</html>")},
			verdict{vpsie.Temporary, "CreateVM: the API is not working or not reachable behind its gateway (HTTP 502)", true},
		},
		"page of a stranger": {
			vpsietest.Fault{Status: 200, Body: text("<html>log in</html>")},
			verdict{vpsie.Temporary, "CreateVM: the answer is not one of the VPSie API; check the url", true},
		},
		"redirect": {
			vpsietest.Fault{Status: 307, Headers: map[string]string{"Location": "http://192.0.2.1/"}, Body: text("<html>")},
			verdict{vpsie.Invalid, "CreateVM: the API answered with a redirect, which is not followed; check the url (HTTP 307)", false},
		},
		"blocked address": {
			vpsietest.Fault{Status: 403, Body: text(`{"error":true,"message":"Your IP address is not allowed"}`)},
			verdict{vpsie.Unauthorized, "CreateVM: VPSie API authentication failed: Your IP address is not allowed (HTTP 403)", false},
		},
		"throttled": {
			vpsietest.Fault{Status: 429, Headers: map[string]string{"Retry-After": "7"}},
			verdict{vpsie.Throttled, "CreateVM: VPSie API rate limit reached: Too Many Requests (HTTP 429)", false},
		},
		"dropped connection": {
			vpsietest.Fault{},
			verdict{vpsie.Temporary, "CreateVM: the connection to the API broke", true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, vpsietest.Options{}, func(o *vpsie.Options) { o.ProjectID = vpsietest.Identifier("project", "default") })
			tc.fault.Method, tc.fault.Path = "POST", "/apps/v2/vm"
			if err := c.SetFaults(tc.fault); err != nil {
				t.Fatal(err)
			}
			err := c.client.CreateVM(t.Context(), order("a"))
			if diff := cmp.Diff(tc.want, verdictOf(err)); diff != "" {
				t.Errorf("CreateVM (-want +got):\n%s", diff)
			}
			if n := c.requests("POST", ordersPath); n != 1 {
				t.Errorf("the order was sent %d times", n)
			}
			if want := tc.fault.Headers["Retry-After"]; want != "" && vpsie.RetryAfter(err).String() != want+"s" {
				t.Errorf("retry after %v, want %ss", vpsie.RetryAfter(err), want)
			}
		})
	}
}

// The machine exists although the answer is lost: the error must not claim otherwise.
func TestLostAnswerLeavesOneMachine(t *testing.T) {
	for name, f := range map[string]vpsietest.Fault{
		"dropped":  {Effect: "after"},
		"gateway":  {Effect: "after", Status: 504, Body: text("<html>")},
		"too late": {Effect: "delay", DelayMillis: 1_000_000},
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, vpsietest.Options{}, func(o *vpsie.Options) {
				o.ProjectID = vpsietest.Identifier("project", "default")
				if f.Effect == "delay" {
					o.Timeout = 100 * time.Millisecond
				}
			})
			// On a kept connection net/http repeats some requests by itself; this one must not be among them.
			if _, err := c.client.SSHKeys(t.Context()); err != nil {
				t.Fatal(err)
			}
			f.Method, f.Path = "POST", "/apps/v2/vm"
			if err := c.SetFaults(f); err != nil {
				t.Fatal(err)
			}
			err := c.client.CreateVM(t.Context(), order("a"))
			if vpsie.ClassOf(err) != vpsie.Temporary || !vpsie.MayHaveHappened(err) || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("CreateVM = %v, may have happened %v", err, vpsie.MayHaveHappened(err))
			}
			if n := len(c.Ledger().VMs); n != 1 {
				t.Errorf("there are %d machines", n)
			}
		})
	}
}

func TestOrderThatNeverLeftIsNotAmbiguous(t *testing.T) {
	dead := httptest.NewServer(nil)
	dead.Close()
	for name, tc := range map[string]struct{ url, want string }{
		"nobody listens": {dead.URL, "CreateVM: the API's host refuses connections"},
		"no such name":   {"https://vpsie.invalid", "CreateVM: the name of the API's host cannot be resolved"},
	} {
		t.Run(name, func(t *testing.T) {
			c := client(t, vpsie.Options{URL: tc.url, Token: "t", HTTPClient: httpClient(t), ProjectID: vpsietest.Identifier("project", "default")})
			want := verdict{vpsie.Temporary, tc.want, false}
			if diff := cmp.Diff(want, verdictOf(c.CreateVM(t.Context(), order("a")))); diff != "" {
				t.Errorf("CreateVM (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUntrustedCertificateIsTheCallersProblem(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	c := client(t, vpsie.Options{URL: s.URL, Token: "t", HTTPClient: httpClient(t)})
	_, err := c.ListVMs(t.Context())
	want := verdict{vpsie.Invalid, "ListVMs: the certificate of the API's host is not trusted; check the url", false}
	if diff := cmp.Diff(want, verdictOf(err)); diff != "" {
		t.Errorf("ListVMs (-want +got):\n%s", diff)
	}
}

func TestCallersEndIsVisible(t *testing.T) {
	c := start(t, vpsietest.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.client.ListVMs(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("ListVMs = %v, want one that is context.Canceled", err)
	}
	if n := len(c.Ledger().Requests); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// TestDeleteVMErrors: the API answers a refused deletion with HTTP 200, and then the machine lives on and costs money.
func TestDeleteVMErrors(t *testing.T) {
	refused := verdict{vpsie.WrongPassword, "DeleteVM: VPSie refused the account password: You entered the wrong password", false}
	unsure := verdict{vpsie.Temporary, "DeleteVM: the API did not say that it accepted the deletion", true}
	for name, tc := range map[string]struct {
		knobs    vpsietest.Knobs
		password string
		answer   string
		want     verdict
	}{
		"accepted":                    {password: vpsietest.DefaultAccountPassword},
		"accepted with an object":     {password: vpsietest.DefaultAccountPassword, answer: `{"error":false,"data":{}}`},
		"wrong password, error true":  {password: "not it", knobs: vpsietest.Knobs{WrongPasswordError: true}, want: refused},
		"wrong password, error false": {password: "not it", want: refused},
		"no password": {want: verdict{vpsie.WrongPassword,
			"DeleteVM: VPSie refused the account password: no account password is configured, and the API deletes nothing without it", false}},
		"another message": {password: "x", answer: `{"error":false,"data":true,"message":"Something happened"}`,
			want: verdict{vpsie.Temporary, "DeleteVM: Something happened", true}},
		"no word of success": {password: "x", answer: `{"error":false}`, want: unsure},
		"data is a list":     {password: "x", answer: `{"error":false,"data":[]}`, want: unsure},
		"success in words":   {password: "x", answer: `{"error":false,"message":"Virtual machine deleted successfully"}`},
		"success in chat":    {password: "x", answer: `{"error":false,"data":true,"message":"The deletion is in progress"}`},
		"success in data":    {password: "x", answer: `{"error":false,"data":"ok"}`},
		"no success in words": {password: "x", answer: `{"error":false,"data":true,"message":"The server was not deleted"}`,
			want: verdict{vpsie.Temporary, "DeleteVM: The server was not deleted", true}},
		"deletion without the right": {password: "x", answer: `{"error":false,"data":true,"message":"Permission denied"}`,
			want: verdict{vpsie.Denied, "DeleteVM: VPSie API permission denied: Permission denied", false}},
		"refusal inside data": {password: "x", answer: `{"error":false,"data":{"success":false,"message":"Incorrect password"}}`,
			want: verdict{vpsie.WrongPassword, "DeleteVM: VPSie refused the account password: Incorrect password", false}},
		"data is false": {password: "x", answer: `{"error":false,"data":false}`, want: verdict{vpsie.NotFound, "DeleteVM: there is no such virtual machine", false}},
		"crash":         {password: "x", answer: "<html>", want: verdict{vpsie.Temporary, "DeleteVM: the answer is not one of the VPSie API; check the url", true}},
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, vpsietest.Options{Knobs: tc.knobs}, func(o *vpsie.Options) { o.AccountPassword = tc.password })
			vm, err := c.AddVM(vpsietest.VMSpec{Hostname: "a", Plan: "small-2cpu-4gb", Datacenter: "dc-us-east-1"})
			if err != nil {
				t.Fatal(err)
			}
			c.running(t, "a")
			if tc.answer != "" {
				if err := c.SetFaults(vpsietest.Fault{Method: "DELETE", Status: 200, Body: text(tc.answer)}); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(tc.want, verdictOf(c.client.DeleteVM(t.Context(), vm.Identifier, "r", "n"))); diff != "" {
				t.Errorf("DeleteVM (-want +got):\n%s", diff)
			}
			if c.client.HasAccountPassword() != (tc.password != "") {
				t.Errorf("HasAccountPassword = %v", c.client.HasAccountPassword())
			}
			if tc.want.Class == vpsie.WrongPassword && c.Ledger().VMs[0].DeletedAt != nil {
				t.Error("the machine was deleted")
			}
		})
	}
}

func TestMissingMachine(t *testing.T) {
	for _, how := range []string{"data", "message"} {
		for _, at200 := range []bool{false, true} {
			t.Run(how, func(t *testing.T) {
				c := start(t, vpsietest.Options{Knobs: vpsietest.Knobs{NotFound: how, ErrorsAt200: at200}})
				id := "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
				if _, err := c.client.GetVM(t.Context(), id); !vpsie.IsNotFound(err) {
					t.Errorf("GetVM = %v", err)
				}
				if err := c.client.DeleteVM(t.Context(), id, "", ""); !vpsie.IsNotFound(err) {
					t.Errorf("DeleteVM = %v", err)
				}
			})
		}
	}
}

// A list that does not exist is a wrong url, never an empty list.
func TestUnknownRouteIsNoEmptyList(t *testing.T) {
	c := start(t, vpsietest.Options{}, func(o *vpsie.Options) { o.URL += "/apps/v3" })
	_, err := c.client.ListVMs(t.Context())
	want := verdict{vpsie.Invalid, "ListVMs: the API does not know this route; check the url (HTTP 404)", false}
	if diff := cmp.Diff(want, verdictOf(err)); diff != "" {
		t.Errorf("ListVMs (-want +got):\n%s", diff)
	}
}

func TestErrorTextIsTheSameEachTime(t *testing.T) {
	c := start(t, vpsietest.Options{})
	if err := c.SetFaults(vpsietest.Fault{Path: "/apps/v2/vm"}); err != nil {
		t.Fatal(err)
	}
	_, first := c.client.ListVMs(t.Context())
	_, second := c.client.ListVMs(t.Context())
	if first == nil || second == nil || first.Error() != second.Error() {
		t.Errorf("%v\n%v", first, second)
	}
}

func TestTooLongAnswer(t *testing.T) {
	c := start(t, vpsietest.Options{}, func(o *vpsie.Options) { o.MaxAnswerBytes = 50 })
	_, err := c.client.Datacenters(t.Context())
	want := verdict{vpsie.Temporary, "Datacenters: the answer is longer than 50 bytes", false}
	if diff := cmp.Diff(want, verdictOf(err)); diff != "" {
		t.Errorf("Datacenters (-want +got):\n%s", diff)
	}
}
