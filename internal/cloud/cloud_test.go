package cloud

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

type world struct {
	fake  *vpsietest.Server
	cloud *Cloud
	clock *clocktesting.FakeClock
}

// setup gives a Cloud with an account at a fake VPSie.
func setup(t *testing.T, knobs vpsietest.Knobs) world {
	t.Helper()
	return setupShop(t, knobs, nil)
}

// setupShop is setup where VPSie sells what the catalogue says; nil is the default one.
func setupShop(t *testing.T, knobs vpsietest.Knobs, shop *vpsietest.Catalogue) world {
	t.Helper()
	fake, err := vpsietest.Start(vpsietest.Options{Knobs: knobs, Catalogue: shop})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	clk := clocktesting.NewFakeClock(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC))
	c := New(Options{
		ClusterID: "c1", Namespace: "kube-system", SecretName: "vpsie-secret", Clock: clk,
		RequestsPerMinute: 60_000, CatalogueTTL: 10 * time.Minute, Timeout: 10 * time.Second,
	})
	c.Configure(accountOf(fake))
	return world{fake, c, clk}
}

func accountOf(fake *vpsietest.Server) map[string][]byte {
	return map[string][]byte{
		KeyURL: []byte(fake.URL()), KeyToken: []byte(vpsietest.DefaultToken + "\n"),
		KeyAccountPassword: []byte(vpsietest.DefaultAccountPassword),
	}
}

func sample() Wanted {
	return Wanted{Datacenter: "dc-us-east-1", Offerings: []string{"small-2cpu-4gb", "medium-4cpu-8gb"}, Image: "ubuntu-22.04-lts", SSHKeys: []string{"ssh-key-123"}}
}

func TestMarketTakesNamesAndIdentifiers(t *testing.T) {
	w := setup(t, vpsietest.Knobs{})
	byName, problems, err := w.cloud.Market(t.Context(), sample())
	if err != nil || len(problems) > 0 || len(byName) != 2 {
		t.Fatalf("Market = %v, %v, %v", byName, problems, err)
	}
	small := byName[0]
	if small.InstanceType != "small-2cpu-4gb" || small.DatacenterID != "dc-us-east-1" || small.Price <= 0 || !small.Available {
		t.Errorf("offer %+v", small)
	}
	if cpu, memory := small.Capacity.Cpu().Value(), small.Capacity.Memory().Value(); cpu != 2 || memory != 4096<<20 {
		t.Errorf("capacity is %d cores and %d bytes, want 2 and 4 GiB", cpu, memory)
	}
	if room := small.Allocatable.Memory().Value(); room >= 4096<<20 || room < 3<<30 {
		t.Errorf("allocatable memory is %d of 4 GiB", room)
	}
	other := sample()
	other.Datacenter = vpsietest.Identifier("datacenter", "dc-us-east-1")
	other.Image = strings.ToUpper("ubuntu-22.04-lts")
	other.Offerings = []string{vpsietest.PlanIdentifier("small-2cpu-4gb", "dc-us-east-1")}
	byID, _, err := w.cloud.Market(t.Context(), other)
	if err != nil || len(byID) != 1 || byID[0].Price != small.Price || byID[0].InstanceType != other.Offerings[0] {
		t.Errorf("by identifier: %+v, %v", byID, err)
	}
}

func TestMarketNamesWhatIsWrong(t *testing.T) {
	for name, tc := range map[string]struct {
		change       func(*Wanted)
		reason, text string
	}{
		"datacenter": {func(w *Wanted) { w.Datacenter = "nowhere" }, "DatacenterNotFound", `Datacenter not found: spec.datacenterID "nowhere"`},
		"image":      {func(w *Wanted) { w.Image = "beos" }, "ImageNotFound", `OS image not found: spec.osImageID "beos"`},
		"key":        {func(w *Wanted) { w.SSHKeys = []string{"nokey"} }, "SSHKeyNotFound", `SSH key not found: spec.sshKeyIDs "nokey"`},
		"offering":   {func(w *Wanted) { w.Offerings = []string{"huge"} }, "InstanceTypeNotAvailable", `Instance type not available: spec.offeringIDs "huge"`},
	} {
		t.Run(name, func(t *testing.T) {
			w := setup(t, vpsietest.Knobs{})
			wanted := sample()
			tc.change(&wanted)
			offers, _, err := w.cloud.Market(t.Context(), wanted)
			reason, config := IsConfig(err)
			if !config || reason != tc.reason || !strings.Contains(err.Error(), tc.text) || len(offers) > 0 {
				t.Errorf("offers %v, reason %q, error %v; want %s: %s", offers, reason, err, tc.reason, tc.text)
			}
		})
	}
	w := setup(t, vpsietest.Knobs{})
	wanted := sample()
	wanted.Offerings = append(wanted.Offerings, "huge")
	offers, problems, err := w.cloud.Market(t.Context(), wanted)
	if err != nil || len(offers) != 2 || len(problems) != 1 {
		t.Errorf("one unknown of three: %d offers, problems %v, error %v; want two offers and one problem", len(offers), problems, err)
	}
}

func TestAProjectThatDoesNotExistStopsBuying(t *testing.T) {
	w := setup(t, vpsietest.Knobs{})
	project := func(name string) {
		w.cloud.Configure(map[string][]byte{
			KeyURL: []byte(w.fake.URL()), KeyToken: []byte(vpsietest.DefaultToken),
			KeyAccountPassword: []byte(vpsietest.DefaultAccountPassword), KeyProjectID: []byte(name),
		})
	}
	project("nobodys")
	for range 2 {
		_, _, err := w.cloud.Market(t.Context(), sample())
		if reason, _ := IsConfig(err); reason != "AccountNotUsable" || !strings.Contains(err.Error(), `no project "nobodys"`) {
			t.Fatalf("reason %q, error %v", reason, err)
		}
		w.clock.Step(time.Minute)
	}
	asked := 0
	for _, q := range w.fake.Ledger().Requests {
		if strings.Contains(q.Path, "projects") {
			asked++
		}
	}
	if asked != 1 {
		t.Errorf("the projects were listed %d times within the time that a list is kept", asked)
	}
	// An API that is down proves nothing.
	if err := w.fake.SetFaults(vpsietest.Fault{Path: "/apps/v2/projects", Status: 500}); err != nil {
		t.Fatal(err)
	}
	project("others")
	if _, _, err := w.cloud.Market(t.Context(), sample()); err != nil {
		t.Errorf("no list of projects: %v", err)
	}
}

func TestNothingIsBoughtThatCouldNotBeDeleted(t *testing.T) {
	w := setup(t, vpsietest.Knobs{})
	data := accountOf(w.fake)
	delete(data, KeyAccountPassword)
	if !w.cloud.Configure(data) {
		t.Fatal("a changed Secret was not noticed")
	}
	if _, _, err := w.cloud.Market(t.Context(), sample()); err == nil || !strings.Contains(err.Error(), "accountPassword") {
		t.Errorf("without the account password: %v", err)
	}
	if err := w.cloud.Create(t.Context(), order("a")); err == nil {
		t.Error("a VPS was ordered that nobody can delete")
	}
	if n := len(w.fake.Ledger().VMs); n != 0 {
		t.Errorf("%d VPSes were ordered", n)
	}

	data[KeyAccountPassword] = []byte("wrong")
	w.cloud.Configure(data)
	if err := w.cloud.Create(t.Context(), order("a")); err != nil {
		t.Fatal(err)
	}
	vm := w.await(t, "a")
	if err := w.cloud.Delete(t.Context(), vm, ""); vpsie.ClassOf(err) != vpsie.WrongPassword {
		t.Fatalf("deleting with a wrong password: %v", err)
	}
	if err := w.cloud.Create(t.Context(), order("b")); err == nil || !strings.Contains(err.Error(), "VPSie API authentication failed: the account password is wrong") {
		t.Errorf("after a wrong password: %v", err)
	}
	w.cloud.Configure(accountOf(w.fake))
	if err := w.cloud.Create(t.Context(), order("b")); err != nil {
		t.Errorf("after the password was corrected: %v", err)
	}
}

func order(name string) Order {
	return Order{Name: name, UID: "uid-" + name, Group: "web", Wanted: sample(), InstanceType: "small-2cpu-4gb", UserData: "#!/bin/sh"}
}

// await looks until the machine is listed.
func (w world) await(t *testing.T, hostname string) *vpsie.VM {
	t.Helper()
	for t.Context().Err() == nil {
		w.clock.Step(time.Second)
		sight, err := w.cloud.Look(t.Context(), w.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		if vm, _, err := sight.ByHostname(hostname); err != nil || vm != nil {
			if err != nil {
				t.Fatal(err)
			}
			return vm
		}
	}
	t.Fatal("the machine was never listed")
	return nil
}

func TestRefusedTypesAreLeftAloneAndForgiven(t *testing.T) {
	w := setup(t, vpsietest.Knobs{Stock: map[string]*int{"small-2cpu-4gb": new(0)}})
	err := w.cloud.Create(t.Context(), order("a"))
	if !Refused(err) || vpsie.ClassOf(err) != vpsie.OutOfStock {
		t.Fatalf("out of stock gives %v", err)
	}
	until := func() time.Time {
		offers, _, err := w.cloud.Market(t.Context(), sample())
		if err != nil {
			t.Fatal(err)
		}
		return offers[0].BackoffUntil
	}
	if got := until().Sub(w.clock.Now()); got != firstBackoff {
		t.Errorf("left alone for %s, want %s", got, firstBackoff)
	}
	_ = w.cloud.Create(t.Context(), order("b"))
	if got := until().Sub(w.clock.Now()); got != firstBackoff {
		t.Errorf("two refusals of one round count as two: %s", got)
	}
	w.clock.Step(firstBackoff)
	kept := w.cloud.Backoffs(sample())
	w.cloud.Configure(nil)
	w.cloud.Configure(accountOf(w.fake))
	if got := until(); !got.IsZero() {
		t.Errorf("another account's refusal counts until %s", got)
	}
	for _, b := range kept {
		w.cloud.Recall(b)
	}
	_ = w.cloud.Create(t.Context(), order("c"))
	if got := until().Sub(w.clock.Now()); got != 2*firstBackoff {
		t.Errorf("after another refusal left alone for %s, want %s", got, 2*firstBackoff)
	}
	if err := w.fake.PatchKnobs([]byte(`{"stock":{"small-2cpu-4gb":5}}`)); err != nil {
		t.Fatal(err)
	}
	if err := w.cloud.Create(t.Context(), order("d")); err != nil || !until().IsZero() {
		t.Errorf("after a success: %v, still left alone until %s", err, until())
	}
	if left := w.cloud.Backoffs(sample()); len(left) > 0 {
		t.Errorf("after a success %+v is still noted", left)
	}
}

func TestOrdersCarryTheirMark(t *testing.T) {
	w := setup(t, vpsietest.Knobs{})
	if err := w.cloud.Create(t.Context(), order("a")); err != nil {
		t.Fatal(err)
	}
	vm := w.await(t, "A") // The cloud changes the case.
	mark, ours := w.cloud.Ours(vm)
	if want := (Mark{"c1", "web", "a", "uid-a"}); !ours || mark != want {
		t.Errorf("mark %+v, ours %t; want %+v", mark, ours, want)
	}
	vm.Notes = Mark{"c2", "web", "a", "uid-a"}.String()
	if _, ours := w.cloud.Ours(vm); ours {
		t.Error("another cluster's VPS is taken for ours")
	}
	for _, notes := range []string{"", "vpsie-autoscaler", "somebody's/notes/with/many/slashes"} {
		vm.Notes = notes
		if _, ours := w.cloud.Ours(vm); ours {
			t.Errorf("notes %q are taken for a mark", notes)
		}
	}
}

func TestSeveralOfOneNameAreAnError(t *testing.T) {
	w := setup(t, vpsietest.Knobs{})
	for range 2 {
		if err := w.cloud.Create(t.Context(), order("a")); err != nil {
			t.Fatal(err)
		}
	}
	for t.Context().Err() == nil {
		w.clock.Step(time.Second)
		sight, err := w.cloud.Look(t.Context(), w.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		if len(sight.VMs) < 2 {
			continue
		}
		if vm, _, err := sight.ByHostname("a"); vm != nil || err == nil || !strings.Contains(err.Error(), "several VPSes have the hostname a") {
			t.Errorf("ByHostname = %v, %v", vm, err)
		}
		return
	}
	t.Error("the two machines were never listed")
}

// Many machines that wait cost the API little more than one.
func TestLooksAreShared(t *testing.T) {
	w := setup(t, vpsietest.Knobs{LatencyMillis: 50})
	now := w.clock.Now()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := w.cloud.Look(t.Context(), now); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	lists := 0
	for _, r := range w.fake.Ledger().Requests {
		if strings.HasSuffix(r.Path, "/vm") {
			lists++
		}
	}
	if lists != 1 {
		t.Errorf("twenty looks at one time made %d lists, want 1", lists)
	}
	if _, err := w.cloud.Look(t.Context(), now.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if again := len(w.fake.Ledger().Requests); again <= 2 {
		t.Error("a look that had to be newer took the old list")
	}
}

// So they do when the cloud is away; the first look that succeeds ends the outage.
func TestFailedLooksAreSharedAndRemembered(t *testing.T) {
	w := setup(t, vpsietest.Knobs{LatencyMillis: 50})
	if err := w.cloud.Outage(); err != nil {
		t.Errorf("before anybody has looked there is an outage: %v", err)
	}
	if err := w.fake.SetFaults(vpsietest.Fault{Path: "*", Status: 404}); err != nil {
		t.Fatal(err)
	}
	now := w.clock.Now()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := w.cloud.Look(t.Context(), now); err == nil {
				t.Error("a look at a cloud that is away succeeded")
			}
		})
	}
	all.Wait()
	if n := len(w.fake.Ledger().Requests); n != 1 {
		t.Errorf("twenty looks at one time made %d requests, want 1", n)
	}
	if w.cloud.Outage() == nil {
		t.Error("the outage is not known")
	}
	given, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.fake.SetFaults(); err != nil {
		t.Fatal(err)
	}
	w.clock.Step(time.Second)
	if _, err := w.cloud.Look(t.Context(), w.clock.Now()); err != nil || w.cloud.Outage() != nil {
		t.Errorf("after the outage: %v, %v", err, w.cloud.Outage())
	}
	if _, err := w.cloud.Look(given, w.clock.Now().Add(time.Second)); err == nil || w.cloud.Outage() != nil {
		t.Errorf("a look that was given up: %v; the outage: %v", err, w.cloud.Outage())
	}
}

func TestCatalogueOutlivesAnOutage(t *testing.T) {
	w := setup(t, vpsietest.Knobs{})
	before, _, err := w.cloud.Market(t.Context(), sample())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.fake.SetFaults(vpsietest.Fault{Path: "*", Status: 404}); err != nil {
		t.Fatal(err)
	}
	w.clock.Step(time.Hour)
	after, _, err := w.cloud.Market(t.Context(), sample())
	if err != nil || len(after) != len(before) {
		t.Errorf("during an outage: %d offers, %v; want the %d known before", len(after), err, len(before))
	}
	if price, ok := w.cloud.Price(t.Context(), sample(), "small-2cpu-4gb", false); !ok || price != before[0].Price {
		t.Errorf("price %d, %t; want %d", price, ok, before[0].Price)
	}
}

func TestNoSecretSaysWhatToCreate(t *testing.T) {
	w := setup(t, vpsietest.Knobs{})
	if !w.cloud.Configure(nil) || w.cloud.Configure(nil) {
		t.Error("a Secret that is gone must be noticed once")
	}
	_, _, err := w.cloud.Market(t.Context(), sample())
	if err == nil || !strings.Contains(err.Error(), "VPSie API authentication failed: there is no Secret kube-system/vpsie-secret") {
		t.Errorf("without a Secret: %v", err)
	}
	if !w.cloud.Configure(accountOf(w.fake)) || w.cloud.Configure(accountOf(w.fake)) {
		t.Error("Configure must report a change once")
	}
}
