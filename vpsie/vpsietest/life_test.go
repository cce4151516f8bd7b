package vpsietest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// recorder writes down what it is told.
type recorder chan string

func (r recorder) Boot(_ context.Context, m vpsietest.Machine) error {
	r <- "boot " + m.Hostname
	return nil
}

func (r recorder) Ready(_ context.Context, m vpsietest.Machine) error {
	r <- "ready " + m.Hostname
	return fmt.Errorf("an error that is only logged")
}

func (r recorder) Gone(_ context.Context, m vpsietest.Machine) error {
	r <- "gone " + m.Hostname
	return nil
}

func (r recorder) want(t *testing.T, lines ...string) {
	t.Helper()
	for _, want := range lines {
		if got := <-r; got != want {
			t.Fatalf("the booter heard %q, want %q", got, want)
		}
	}
}

func TestBooterHearsOfALife(t *testing.T) {
	r := make(recorder, 100)
	c := start(t, vpsietest.Options{Booter: r})
	for _, end := range []string{"delete", "destroy", "stop", "suspend"} {
		host := "vm-" + end
		c.order(t, host)
		r.want(t, "boot "+host, "ready "+host)
		bills := c.Ledger().VMs
		id := bills[len(bills)-1].Identifier
		if end == "delete" {
			c.api(t, "DELETE", "/apps/v2/vm", deletion(id))
		} else {
			c.must(t, "POST", "/vms/"+id+"/"+end, "")
		}
		r.want(t, "gone "+host)
		if end == "stop" || end == "suspend" {
			c.must(t, "POST", "/vms/"+id+"/destroy", "")
			r.want(t, "gone "+host)
		}
	}
}

func TestNeverJoinAndNeverAppear(t *testing.T) {
	r := make(recorder, 100)
	c := start(t, vpsietest.Options{Booter: r})
	c.must(t, "PUT", "/knobs", `{"neverAppear":1,"neverJoin":1}`)
	c.order(t, "phantom")
	c.order(t, "mute")
	c.order(t, "good")
	r.want(t, "boot good", "ready good")
	eventually(t, "two machines run", func() bool {
		n := 0
		for _, vm := range c.list(t) {
			if vm["is_active"] == 1.0 && vm["power"] == 1.0 {
				n++
			}
		}
		return n == 2
	})
	eventually(t, "nothing is pending", func() bool {
		_, text := c.api(t, "GET", "/apps/v2/vm/pending", "")
		return strings.Contains(text, `"data":[]`)
	})
	var hosts []string
	for _, b := range c.Ledger().VMs {
		hosts = append(hosts, b.Hostname)
	}
	if diff := cmp.Diff([]string{"mute", "good"}, hosts); diff != "" {
		t.Errorf("billed machines (-want +got):\n%s", diff)
	}
	select {
	case line := <-r:
		t.Errorf("the booter heard %q", line)
	default:
	}
	if _, text := c.adminCall(t, "GET", "/knobs", ""); !strings.Contains(text, `"neverJoin":0,"neverAppear":0`) {
		t.Errorf("the knobs did not count down: %s", text)
	}
}

func TestMachineAsTheBooterSeesIt(t *testing.T) {
	seen := make(chan vpsietest.Machine, 1)
	c := start(t, vpsietest.Options{Booter: bootFunc(func(m vpsietest.Machine) { seen <- m })})
	body := order("web-1", map[string]any{
		"resourceIdentifier": vpsietest.PlanIdentifier("shared-2cpu-4gb", "dc-us-east-1"), "userData": "aGVsbG8=", "addPublicIpV6": "1",
	})
	if status, text := c.api(t, "POST", ordersPath, body); status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	got := <-seen
	want := vpsietest.Machine{
		ID: 1001, Identifier: got.Identifier, Hostname: "web-1", InstanceType: "shared-2cpu-4gb", Datacenter: "dc-us-east-1",
		CPU: 2, MemoryMB: 4096, GuestMemoryMB: 3072, DiskGB: 80,
		IPv4: "198.18.0.10", IPv6: "2001:db8::a", PrivateIP: "10.64.0.10", UserData: "hello",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("machine (-want +got):\n%s", diff)
	}
	eventually(t, "the list shows the hostname as ordered", func() bool {
		vms := c.list(t)
		return len(vms) == 1 && vms[0]["hostname"] == "web-1" && vms[0]["ram"] == 4096.0
	})
	c.must(t, "PUT", "/knobs", `{"plainHostnames":false,"plainScalars":false}`)
	if vm := c.list(t)[0]; vm["hostname"] != "Web-1" || vm["ram"] != "4096" {
		t.Errorf("odd hostname and memory: %v, %v", vm["hostname"], vm["ram"])
	}
}

type bootFunc func(vpsietest.Machine)

func (f bootFunc) Boot(_ context.Context, m vpsietest.Machine) error { f(m); return nil }
func (bootFunc) Ready(context.Context, vpsietest.Machine) error      { return nil }
func (bootFunc) Gone(context.Context, vpsietest.Machine) error       { return nil }

// Between pending and the list a machine can be in neither, and nothing may be concluded from that.
func TestGapBetweenPendingAndList(t *testing.T) {
	c := start(t, vpsietest.Options{Knobs: vpsietest.Knobs{GapMillis: 1_000_000}})
	c.order(t, "a")
	eventually(t, "the machine is hidden", func() bool { return c.Ledger().VMs[0].State == "hidden" })
	if _, text := c.api(t, "GET", "/apps/v2/vm/pending", ""); !strings.Contains(text, `"data":[]`) {
		t.Errorf("pending: %s", text)
	}
	if vms := c.list(t); len(vms) != 0 {
		t.Errorf("list: %v", vms)
	}
	if at := c.Ledger().VMs[0].ListedAt; at != nil {
		t.Errorf("the ledger says that it is listed from %s on", at)
	}
}

// The ledger says from when on the list has a machine, by whichever gap it is late.
func TestLedgerSaysFromWhenOnAMachineIsListed(t *testing.T) {
	const gap = 300
	for _, seconds := range []int{0, gap} {
		c := start(t, vpsietest.Options{Knobs: vpsietest.Knobs{GapSeconds: seconds}})
		c.order(t, "a")
		eventually(t, "the machine enters the list", func() bool { return c.Ledger().VMs[0].State == "listed" })
		vm := c.Ledger().VMs[0]
		if late := !vm.ListedAt.Before(vm.CreatedAt.Add(gap * time.Second)); late != (seconds == gap) {
			t.Errorf("with a gap of %d s it is listed %s after its order", seconds, vm.ListedAt.Sub(vm.CreatedAt))
		}
	}
}

func TestDeletedMachineStaysFlaggedForAWhile(t *testing.T) {
	c := start(t, vpsietest.Options{Knobs: vpsietest.Knobs{FlaggedMillis: 1_000_000}})
	c.order(t, "a")
	eventually(t, "a is listed", func() bool { return len(c.list(t)) == 1 })
	c.api(t, "DELETE", "/apps/v2/vm", deletion(c.Ledger().VMs[0].Identifier))
	eventually(t, "a is flagged", func() bool { return c.list(t)[0]["is_deleted"] == 1.0 })
	if c.Ledger().VMs[0].DeletedAt == nil {
		t.Error("a flagged machine is still billed")
	}
}

func TestLateAddresses(t *testing.T) {
	c := start(t, vpsietest.Options{Knobs: vpsietest.Knobs{AddressMillis: 1_000_000}})
	c.order(t, "a")
	eventually(t, "a runs without an address", func() bool {
		vms := c.list(t)
		return len(vms) == 1 && vms[0]["is_active"] == 1.0 && vms[0]["default_ip"] == ""
	})
}

func TestActionsBehindTheBack(t *testing.T) {
	c := start(t, vpsietest.Options{})
	for action, want := range map[string]map[string]any{
		"stop": {"power": 0.0}, "suspend": {"is_suspended": 1.0, "power": 0.0}, "lock": {"is_locked": 1.0, "power": 1.0}, "terminate": {"is_terminated": 1.0},
	} {
		m, err := c.AddVM(vpsietest.VMSpec{Hostname: action, Plan: "small-2cpu-4gb", Datacenter: "dc-us-east-1"})
		if err != nil {
			t.Fatal(err)
		}
		find := func() map[string]any {
			for _, vm := range c.list(t) {
				if vm["identifier"] == m.Identifier {
					return vm
				}
			}
			return nil
		}
		eventually(t, "it runs", func() bool { return find()["power"] == 1.0 })
		c.must(t, "POST", "/vms/"+m.Identifier+"/"+action, "")
		for field, value := range want {
			if got := find()[field]; got != value {
				t.Errorf("%s: %s is %v, want %v", action, field, got, value)
			}
		}
		if action == "lock" {
			if status, text := c.api(t, "DELETE", "/apps/v2/vm", deletion(m.Identifier)); status != 409 {
				t.Errorf("deleting a locked machine: %d %s", status, text)
			}
		}
	}
	if err := c.Act(c.Ledger().VMs[0].Identifier, "dance"); err == nil || !strings.HasPrefix(err.Error(), `action: "dance" is not one of`) {
		// The first machine may be the terminated one, which is gone.
		if err == nil || !strings.Contains(err.Error(), "there is no such machine") {
			t.Errorf("Act = %v", err)
		}
	}
}
