package vpsie_test

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

const exchangePath = "/apps/v2/auth/from/api"

func TestStaticTokenTravelsInItsOwnHeader(t *testing.T) {
	for header, want := range map[string]vpsie.Class{"vpsie-auth": "", "bearer": vpsie.Unauthorized} {
		t.Run(header, func(t *testing.T) {
			c := start(t, vpsietest.Options{Knobs: vpsietest.Knobs{AuthHeader: header}})
			if _, err := c.client.Projects(t.Context()); vpsie.ClassOf(err) != want {
				t.Errorf("Projects = %v, want class %q", err, want)
			}
		})
	}
}

func TestStaticTokenWinsOverExchange(t *testing.T) {
	c := start(t, vpsietest.Options{}, exchanged, func(o *vpsie.Options) { o.Token = vpsietest.DefaultToken })
	if _, err := c.client.Projects(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := c.requests("POST", exchangePath); n != 0 {
		t.Errorf("there were %d exchanges", n)
	}
}

func TestExchangeShapesAndHeaders(t *testing.T) {
	for _, shape := range []string{"nested", "top"} {
		for _, header := range []string{"any", "vpsie-auth", "bearer"} {
			t.Run(shape+" "+header, func(t *testing.T) {
				c := start(t, vpsietest.Options{Knobs: vpsietest.Knobs{ExchangeShape: shape, AuthHeader: header}}, exchanged)
				for range 3 {
					if _, err := c.client.Projects(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				if n := c.requests("POST", exchangePath); n != 1 {
					t.Errorf("there were %d exchanges for one token", n)
				}
			})
		}
	}
}

func TestExchangeRemembersTheEncodingThatWorked(t *testing.T) {
	for encoding, want := range map[string]int{"json": 2, "form": 3, "any": 2} {
		for _, at200 := range []bool{false, true} {
			t.Run(encoding, func(t *testing.T) {
				c := start(t, vpsietest.Options{Knobs: vpsietest.Knobs{ExchangeEncoding: encoding, ErrorsAt200: at200}}, exchanged)
				for range 2 {
					if _, err := c.client.Projects(t.Context()); err != nil {
						t.Fatal(err)
					}
					c.ExpireTokens()
					if _, err := c.client.Projects(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				// One for the first token and one for each expiry, and one refused JSON when a form is wanted.
				if n := c.requests("POST", exchangePath); n != want+1 {
					t.Errorf("there were %d exchanges, want %d", n, want+1)
				}
			})
		}
	}
}

func TestRenewalComesFiveMinutesBeforeExpiry(t *testing.T) {
	c := start(t, vpsietest.Options{}, exchanged)
	for _, step := range []struct {
		pass time.Duration
		want int
	}{{0, 1}, {54*time.Minute + 50*time.Second, 1}, {11 * time.Second, 2}, {54 * time.Minute, 2}, {time.Minute, 3}} {
		c.clock.Advance(step.pass)
		if _, err := c.client.Projects(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := c.requests("POST", exchangePath); n != step.want {
			t.Fatalf("after another %v there were %d exchanges, want %d", step.pass, n, step.want)
		}
	}
}

// The old token serves until its end when the exchange is down, without an exchange for each call.
func TestFailedRenewalFallsBackOnTheOldToken(t *testing.T) {
	c := start(t, vpsietest.Options{}, exchanged, func(o *vpsie.Options) { o.ProjectID = vpsietest.Identifier("project", "default") })
	if _, err := c.client.Projects(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.SetFaults(vpsietest.Fault{Path: exchangePath, Status: 503}); err != nil {
		t.Fatal(err)
	}
	c.clock.Advance(56 * time.Minute)
	if err := c.client.CreateVM(t.Context(), order("a")); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if _, err := c.client.Projects(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := c.requests("POST", exchangePath); n != 2 {
		t.Errorf("there were %d exchanges, want the first and one failed renewal", n)
	}
	c.clock.Advance(5 * time.Minute)
	if _, err := c.client.Projects(t.Context()); vpsie.ClassOf(err) != vpsie.Temporary {
		t.Errorf("Projects with an expired token and no exchange = %v, want class Temporary", err)
	}
}

func TestExchangeIsSharedByWaitingCallers(t *testing.T) {
	c := start(t, vpsietest.Options{}, exchanged)
	if err := c.SetFaults(vpsietest.Fault{Path: exchangePath, Effect: "delay", DelayMillis: 50}); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if _, err := c.client.Projects(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := c.requests("POST", exchangePath); n != 1 {
		t.Errorf("ten callers made %d exchanges", n)
	}
}

func TestRefusedTokenIsReplacedOnce(t *testing.T) {
	c := start(t, vpsietest.Options{}, exchanged)
	if _, err := c.client.Projects(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.ExpireTokens()
	if err := c.client.CreateVM(t.Context(), order("a")); err != nil {
		t.Fatalf("CreateVM after the token expired: %v", err)
	}
	if n := len(c.Ledger().VMs); n != 1 {
		t.Errorf("there are %d machines", n)
	}
	before := len(c.Ledger().Requests)
	if err := c.SetFaults(vpsietest.Fault{Path: "/apps/v2/vm", Status: 401, Body: text(`{"error":true,"code":401,"message":"Please authenticate"}`)}); err != nil {
		t.Fatal(err)
	}
	_, err := c.client.ListVMs(t.Context())
	want := "ListVMs: VPSie API authentication failed: Please authenticate (HTTP 401)"
	if err == nil || err.Error() != want || vpsie.ClassOf(err) != vpsie.Unauthorized {
		t.Errorf("ListVMs = %v, want %q", err, want)
	}
	if n := len(c.Ledger().Requests) - before; n != 3 {
		t.Errorf("a token refused twice cost %d requests, want list, exchange, list", n)
	}
}

func TestStaticTokenRefusedIsNotTriedAgain(t *testing.T) {
	c := start(t, vpsietest.Options{}, func(o *vpsie.Options) { o.Token = "wrong-token" })
	_, err := c.client.Projects(t.Context())
	want := "Projects: VPSie API authentication failed: Please authenticate (HTTP 401)"
	if err == nil || err.Error() != want {
		t.Errorf("Projects = %v, want %q", err, want)
	}
	if n := len(c.Ledger().Requests); n != 1 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestBlockedAddressIsNoReasonForANewToken(t *testing.T) {
	c := start(t, vpsietest.Options{}, exchanged)
	if _, err := c.client.Projects(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.PatchKnobs([]byte(`{"blockAddress":true}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.client.Projects(t.Context()); vpsie.ClassOf(err) != vpsie.Unauthorized {
		t.Errorf("Projects = %v", err)
	}
	if n := c.requests("POST", exchangePath); n != 1 {
		t.Errorf("there were %d exchanges", n)
	}
}

// Wrong credentials cost one refused exchange in each encoding per ten seconds, not per call.
func TestWrongCredentialsAreNotHammered(t *testing.T) {
	c := start(t, vpsietest.Options{}, exchanged, func(o *vpsie.Options) { o.ClientSecret = "wrong-secret" })
	for range 5 {
		_, err := c.client.Projects(t.Context())
		want := "Projects: VPSie API authentication failed: clientId and clientSecret were refused (HTTP 401)"
		if err == nil || err.Error() != want || vpsie.ClassOf(err) != vpsie.Unauthorized {
			t.Fatalf("Projects = %v, want %q", err, want)
		}
	}
	if n := len(c.Ledger().Requests); n != 2 {
		t.Errorf("%d requests were sent", n)
	}
	c.clock.Advance(11 * time.Second)
	if _, err := c.client.Projects(t.Context()); err == nil {
		t.Error("wrong credentials were accepted")
	}
	if n := len(c.Ledger().Requests); n != 4 {
		t.Errorf("%d requests were sent after the pause", n)
	}
}

func TestExchangeTrouble(t *testing.T) {
	for name, tc := range map[string]struct {
		fault vpsietest.Fault
		class vpsie.Class
		text  string
	}{
		"no such route": {vpsietest.Fault{Status: 404}, vpsie.Invalid, "exchanges no clientId and clientSecret at this url"},
		"crash":         {vpsietest.Fault{Status: 500, Body: text(`{"error":true,"message":"x"}`)}, vpsie.Temporary, "cannot exchange"},
		"throttled":     {vpsietest.Fault{Status: 429}, vpsie.Throttled, "while asking for an access token"},
		"no token":      {vpsietest.Fault{Status: 200, Body: text(`{"error":false,"token":{"access":{}}}`)}, vpsie.Unauthorized, "gave no access token"},
		"refused at 200": {vpsietest.Fault{Status: 200, Body: text(`{"error":true,"message":"vpsietest-client-secret is wrong"}`)},
			vpsie.Unauthorized, "were refused"},
		"dropped": {vpsietest.Fault{}, vpsie.Temporary, "the connection to the API broke"},
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, vpsietest.Options{}, exchanged)
			tc.fault.Path = exchangePath
			if err := c.SetFaults(tc.fault); err != nil {
				t.Fatal(err)
			}
			err := c.client.CreateVM(t.Context(), order("a"))
			if vpsie.ClassOf(err) != tc.class || vpsie.MayHaveHappened(err) || !strings.Contains(err.Error(), tc.text) {
				t.Errorf("CreateVM = %v (%q), want %q with %q", err, vpsie.ClassOf(err), tc.class, tc.text)
			}
		})
	}
}

func TestNoTokenMeansNoClient(t *testing.T) {
	for name, tc := range map[string]struct {
		opts vpsie.Options
		want string
	}{
		"nothing":      {vpsie.Options{}, "token: a static token, or clientId together with clientSecret, is required"},
		"half":         {vpsie.Options{ClientID: "x"}, "token: a static token, or clientId together with clientSecret, is required"},
		"line break":   {vpsie.Options{Token: "abc\n"}, "token: contains a space, a line break"},
		"negative":     {vpsie.Options{Token: "t", Burst: -1}, "requestsPerMinute, burst: must be above 0"},
		"plain http":   {vpsie.Options{Token: "t", URL: "http://192.0.2.1"}, `url: uses plain http to host "192.0.2.1"`},
		"no scheme":    {vpsie.Options{Token: "t", URL: "api.vpsie.com"}, "url: needs a scheme and a host"},
		"other scheme": {vpsie.Options{Token: "t", URL: "ftp://api.vpsie.com"}, `url: has the scheme "ftp"`},
		"user":         {vpsie.Options{Token: "t", URL: "https://u:p@api.vpsie.com"}, "url: must hold no user"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := vpsie.New(tc.opts)
			if err == nil || !strings.HasPrefix(err.Error(), "configuring the VPSie client: "+tc.want) {
				t.Errorf("New = %v, want %q", err, tc.want)
			}
		})
	}
}

// An order is sent again only where the refusal proves that it had no effect.
func TestOrderIsRepeatedAfterARefusedTokenOnly(t *testing.T) {
	for status, want := range map[int]int{401: 2, 200: 2, 403: 1, 502: 1} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			c := start(t, vpsietest.Options{}, exchanged, func(o *vpsie.Options) { o.ProjectID = vpsietest.Identifier("project", "default") })
			refusal := vpsietest.Fault{Method: "POST", Path: "/apps/v2/vm", Status: status, Body: text(`{"error":true,"message":"Unauthorized"}`)}
			if err := c.SetFaults(refusal); err != nil {
				t.Fatal(err)
			}
			if err := c.client.CreateVM(t.Context(), order("a")); vpsie.ClassOf(err) != vpsie.Unauthorized {
				t.Errorf("CreateVM = %v", err)
			}
			if n := c.requests("POST", ordersPath); n != want {
				t.Errorf("the order was sent %d times, want %d", n, want)
			}
		})
	}
}
