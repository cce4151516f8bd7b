package vpsietest_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// TestLedgerContract holds the shape that tests outside the repository read.
func TestLedgerContract(t *testing.T) {
	c := start(t, vpsietest.Options{Knobs: vpsietest.Knobs{CreateMillis: 1_000_000}})
	if status, text := c.api(t, "POST", ordersPath, order("a", map[string]any{"tags": []string{"x"}, "notes": "n"})); status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	_, text := c.adminCall(t, "GET", "/ledger", "")
	var got map[string]any
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"vms": []any{map[string]any{
			"id": 1001.0, "identifier": c.Ledger().VMs[0].Identifier, "hostname": "a",
			"resourceIdentifier": vpsietest.PlanIdentifier("small-2cpu-4gb", "dc-us-east-1"), "plan": "small-2cpu-4gb",
			"datacenter": "dc-us-east-1", "tags": []any{"x"}, "notes": "n", "state": "pending", "poweredOn": false,
			"createdAt": "2026-05-01T12:00:00Z", "deletedAt": nil, "cost": "0.000000000",
		}},
		"requests": []any{map[string]any{"at": "2026-05-01T12:00:00Z", "method": "POST", "path": ordersPath, "status": 200.0}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("GET /ledger (-want +got):\n%s", diff)
	}
}

func TestCost(t *testing.T) {
	c := start(t, vpsietest.Options{})
	c.order(t, "a") // 12.00 a month
	eventually(t, "a is listed", func() bool { return len(c.list(t)) == 1 })
	cost := func() string { return c.Ledger().VMs[0].Cost }
	c.advance(720 * time.Hour)
	if got := cost(); got != "12.000000000" {
		t.Errorf("a month costs %s", got)
	}
	// The new speed counts from now, not from the last reading.
	c.advance(720 * time.Hour)
	c.must(t, "PUT", "/knobs", `{"billingSpeedup":720}`)
	c.advance(time.Hour)
	if got := cost(); got != "36.000000000" {
		t.Errorf("two months and a sped-up hour cost %s", got)
	}
	// A machine keeps the price that it was ordered at.
	c.must(t, "PUT", "/knobs", `{"billingSpeedup":1,"prices":{"small-2cpu-4gb":"720.00"}}`)
	c.order(t, "b")
	c.advance(time.Hour)
	bills := c.Ledger().VMs
	if bills[0].Cost != "36.016666667" || bills[1].Cost != "1.000000000" {
		t.Errorf("the bills are %s and %s", bills[0].Cost, bills[1].Cost)
	}
	id := bills[0].Identifier
	if status, text := c.api(t, "DELETE", "/apps/v2/vm", deletion(id)); status != 200 || text != `{"data":true,"error":false}` {
		t.Fatalf("deleting: %d %s", status, text)
	}
	eventually(t, "a is deleted", func() bool { return c.Ledger().VMs[0].DeletedAt != nil })
	c.advance(time.Hour)
	if got := c.Ledger().VMs[0]; got.Cost != "36.016666667" || got.State != "removed" {
		t.Errorf("the deleted machine's bill is %s in state %s", got.Cost, got.State)
	}
}

// The bill runs while a deletion is under way, and for a machine that is off.
func TestCostUntilTheVeryEnd(t *testing.T) {
	c := start(t, vpsietest.Options{Knobs: vpsietest.Knobs{DeleteMillis: 1_000_000}})
	c.order(t, "a")
	eventually(t, "a is listed", func() bool { return len(c.list(t)) == 1 })
	id := c.Ledger().VMs[0].Identifier
	c.must(t, "POST", "/vms/"+id+"/stop", "")
	if status, _ := c.api(t, "DELETE", "/apps/v2/vm", deletion(id)); status != 200 {
		t.Fatal(status)
	}
	c.advance(60 * time.Hour)
	if got := c.Ledger().VMs[0]; got.Cost != "1.000000000" || got.DeletedAt != nil || got.PoweredOn {
		t.Errorf("the bill is %+v", got)
	}
	c.must(t, "POST", "/vms/"+id+"/destroy", "")
	if got := c.Ledger().VMs[0]; got.DeletedAt == nil {
		t.Errorf("the bill is %+v", got)
	}
}
