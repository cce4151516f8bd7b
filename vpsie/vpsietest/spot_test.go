package vpsietest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// TestSpot sells a plan as a spot instance by the knob, and takes the machine away again, to the client over HTTP.
func TestSpot(t *testing.T) {
	const small, east = "small-2cpu-4gb", "dc-us-east-1"
	c := start(t, vpsietest.Options{})
	client, err := vpsie.New(vpsie.Options{URL: c.URL(), Token: vpsietest.DefaultToken, HTTPClient: c.http})
	if err != nil {
		t.Fatal(err)
	}
	spot := func() []vpsie.Plan {
		plans, err := client.Plans(t.Context(), vpsietest.Identifier("datacenter", east), vpsietest.Identifier("image", "debian-12"))
		if err != nil {
			t.Fatal(err)
		}
		var found []vpsie.Plan
		for _, p := range plans {
			if p.Spot {
				found = append(found, p)
			}
		}
		return found
	}
	if got := spot(); len(got) > 0 {
		t.Fatalf("without the knob it sells %+v", got)
	}
	c.must(t, "PUT", "/knobs", `{"spotPrices":{"small-2cpu-4gb":"7.20"},"spotStock":{"small-2cpu-4gb":2},"spotNoticeSeconds":60}`)
	got := spot()
	if len(got) != 1 || got[0].Nickname != small || got[0].PricePerMonth != 7_200_000 || got[0].Identifier != vpsietest.SpotIdentifier(small, east) {
		t.Fatalf("it sells %+v", got)
	}
	asSpot := map[string]any{"resourceIdentifier": got[0].Identifier}
	for _, name := range []string{"a", "b"} {
		if status, text := c.api(t, "POST", ordersPath, order(name, asSpot)); status != 200 {
			t.Fatalf("%d %s", status, text)
		}
	}
	if status, text := c.api(t, "POST", ordersPath, order("c", asSpot)); status == 200 {
		t.Errorf("the third of two is sold: %s", text)
	}
	c.order(t, "d")
	eventually(t, "all are listed", func() bool { return len(c.list(t)) == 3 })
	c.advance(time.Hour)
	bills := c.Ledger().VMs
	if !bills[0].Spot || bills[0].Cost != "0.010000000" || bills[2].Spot {
		t.Errorf("the bills are %+v", bills)
	}

	act := func(b vpsietest.Bill) (int, string) {
		return c.adminCall(t, "POST", "/vms/"+b.Identifier+"/interrupt", "")
	}
	if status, text := act(bills[2]); status != http.StatusBadRequest {
		t.Errorf("a machine on demand is interrupted: %d %s", status, text)
	}
	if status, text := act(bills[0]); status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	vm, err := client.GetVM(t.Context(), bills[0].Identifier)
	if want := time.Date(2026, 5, 1, 13, 1, 0, 0, time.UTC); err != nil || !vm.InterruptedAt.Equal(want) {
		t.Errorf("%v, it goes at %s, want %s", err, vm.InterruptedAt, want)
	}
	c.must(t, "PUT", "/knobs", `{"spotNoticeSeconds":0,"spotPrices":{"small-2cpu-4gb":null}}`)
	if status, text := act(bills[1]); status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	if b := c.Ledger().VMs[1]; b.State != "removed" || len(spot()) > 0 {
		t.Errorf("without notice it is %s; on sale are %+v", b.State, spot())
	}
	for _, body := range []string{`{"spotPrices":{"huge":"1.00"}}`, `{"spotPrices":{"small-2cpu-4gb":"-1"}}`, `{"spotStock":{"small-2cpu-4gb":-1}}`, `{"spotNoticeSeconds":-1}`} {
		if status, text := c.adminCall(t, "PUT", "/knobs", body); status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", body, status, text)
		}
	}
}
