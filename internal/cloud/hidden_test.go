package cloud

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// TestListThatLacksAMachineProvesNothing: while the list shows nothing, a VPS that is there
// stays in sight, and one that is gone leaves it. Those of others are not asked for.
func TestListThatLacksAMachineProvesNothing(t *testing.T) {
	w := setup(t, vpsietest.Knobs{})
	added := map[string]string{}
	for name, notes := range map[string]string{
		"stays": Mark{"c1", "g", "stays", "u"}.String(), "goes": Mark{"c1", "g", "goes", "u"}.String(),
		"other cluster's": Mark{"c2", "g", "other", "u"}.String(), "unmarked": "",
	} {
		m, err := w.fake.AddVM(vpsietest.VMSpec{Hostname: strings.Fields(name)[0], Plan: "small-2cpu-4gb", Datacenter: "dc-us-east-1", Notes: notes})
		if err != nil {
			t.Fatal(err)
		}
		added[name] = m.Identifier
	}
	for listed := 0; listed < len(added); {
		w.clock.Step(time.Second)
		sight, err := w.cloud.Look(t.Context(), w.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		listed = len(sight.VMs)
	}
	if err := w.fake.Act(added["goes"], "destroy"); err != nil {
		t.Fatal(err)
	}
	look := func(rules ...vpsietest.Fault) []string {
		t.Helper()
		rules = append(rules, vpsietest.Fault{
			Method: "GET", Path: "/apps/v2/vm", Status: 200, Body: json.RawMessage(`{"error":false,"data":[],"total":0}`),
		})
		if err := w.fake.SetFaults(rules...); err != nil {
			t.Fatal(err)
		}
		sight, err := w.cloud.Look(t.Context(), w.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, vm := range sight.VMs {
			names = append(names, vm.Identifier)
		}
		return names
	}
	for range 3 {
		w.clock.Step(doubted)
		if got := look(); !slices.Equal(got, []string{added["stays"]}) {
			t.Fatalf("in sight are %v, want %v alone", got, added["stays"])
		}
	}
	broken := vpsietest.Fault{Method: "GET", Path: "/apps/v2/vm/" + added["stays"], Status: 500}
	for range 3 { // a clear answer between two glitches ends the doubt
		w.clock.Step(doubted - time.Second)
		if got := look(broken); len(got) != 1 {
			t.Fatalf("a VPS that could not be asked for is out of sight")
		}
		w.clock.Step(time.Second)
		look()
	}
	w.clock.Step(time.Second)
	look(broken)
	w.clock.Step(doubted)
	if got := look(broken); len(got) != 0 {
		t.Errorf("a VPS that nothing has shown for %v is still in sight", doubted)
	}
}

// Who begins to look while the list lags has seen no VPS: those that somebody names are asked for by themselves.
func TestExpectedVPSIsAskedForThoughNoListHasShownIt(t *testing.T) {
	w := setup(t, vpsietest.Knobs{HiddenRows: 1})
	m, err := w.fake.AddVM(vpsietest.VMSpec{Hostname: "hidden", Plan: "small-2cpu-4gb", Datacenter: "dc-us-east-1"}) // without a mark, as adopted ones
	if err != nil {
		t.Fatal(err)
	}
	id := int64(m.ID)
	look := func() *Sight {
		t.Helper()
		w.clock.Step(time.Second)
		sight, err := w.cloud.Look(t.Context(), w.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		return sight
	}
	sight := look()
	if sight.ByID(id) != nil {
		t.Fatal("the list shows a VPS that it hides")
	}
	if unknown, known := sight.ProofAfter(id, "", time.Second), sight.ProofAfter(id, m.Identifier, time.Second); unknown != time.Second || known != doubted {
		t.Errorf("it counts as gone after %s without an identifier and %s with one, want %s and %s", unknown, known, time.Second, doubted)
	}
	if long := sight.ProofAfter(id, m.Identifier, 2*doubted); long != 2*doubted {
		t.Errorf("it counts as gone after %s, sooner than is usual", long)
	}
	w.cloud.Expect(id, "")
	w.cloud.Expect(id, m.Identifier)
	for range 3 {
		if vms := look().VMs; len(vms) != 1 || vms[0].Hostname != "hidden" {
			t.Errorf("in sight are %+v, want the VPS that is expected", vms)
		}
	}
	broken := vpsietest.Fault{Method: "GET", Path: "/apps/v2/vm/" + m.Identifier, Status: 500}
	if err := w.fake.SetFaults(broken); err != nil {
		t.Fatal(err)
	}
	if look().ByID(id) == nil {
		t.Error("a VPS that was in sight is not while it cannot be asked for")
	}
	w.cloud.Configure(map[string][]byte{}) // another account knows nothing of what was expected
	w.cloud.Configure(accountOf(w.fake))
	w.cloud.Expect(id, m.Identifier)
	if sight = look(); sight.ByID(id) != nil || sight.ProofAfter(id, m.Identifier, time.Second) != doubted {
		t.Errorf("of a VPS that nobody could ask for, %+v is in sight, and it counts as gone after %s", sight.ByID(id), sight.ProofAfter(id, m.Identifier, time.Second))
	}
	if err := w.fake.SetFaults(); err != nil {
		t.Fatal(err)
	}
	if look().ByID(id) == nil {
		t.Error("it is not asked for again")
	}
	if err := w.fake.Act(m.Identifier, "destroy"); err != nil {
		t.Fatal(err)
	}
	for sight = look(); sight.ByID(id) != nil; sight = look() {
	}
	if proof := sight.ProofAfter(id, m.Identifier, time.Second); proof != time.Second {
		t.Errorf("it is gone, and counts as gone after %s", proof)
	}
	look()
	if n := w.asked(m.Identifier); n > 0 {
		t.Errorf("a VPS that is gone was asked for %d times", n)
	}
}

// A VPS that VPSie did not find by itself, and lists again, is not gone: the answer was wrong, or another project's.
func TestVPSThatIsListedAgainIsNotGone(t *testing.T) {
	w := setup(t, vpsietest.Knobs{})
	m, err := w.fake.AddVM(vpsietest.VMSpec{Hostname: "back", Plan: "small-2cpu-4gb", Datacenter: "dc-us-east-1", Notes: Mark{"c1", "g", "back", "u"}.String()})
	if err != nil {
		t.Fatal(err)
	}
	id := int64(m.ID)
	for _, step := range []struct {
		what     string
		do       func()
		in, gone bool
	}{
		{"it is listed", func() {}, true, false},
		{"VPSie says that it is not there", func() {
			w.hide(t, 1)
			if err := w.fake.SetFaults(vpsietest.Fault{Method: "GET", Path: "/apps/v2/vm/" + m.Identifier, Status: 404}); err != nil {
				t.Fatal(err)
			}
		}, false, true},
		{"it is listed again", func() { w.hide(t, 0) }, true, false},
		{"and once more", func() {}, true, false},
	} {
		step.do()
		w.clock.Step(time.Minute)
		sight, err := w.cloud.Look(t.Context(), w.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		if in, gone := sight.ByID(id) != nil, sight.ProofAfter(id, m.Identifier, time.Second) == time.Second; in != step.in || gone != step.gone {
			t.Errorf("%s: in sight %t, as good as gone %t; want %t, %t", step.what, in, gone, step.in, step.gone)
		}
		if n := w.asked(m.Identifier); len(sight.VMs) != 0 && n > 0 || len(sight.VMs) > 1 {
			t.Errorf("%s: %d VPSes are in sight, and the one that is listed was asked for %d times", step.what, len(sight.VMs), n)
		}
	}
}

// A VPS that VPSie shows as terminated is gone, in a list as well as by itself, and is not asked for again.
func TestVPSThatIsTerminatedIsGone(t *testing.T) {
	w := setup(t, vpsietest.Knobs{})
	m, err := w.fake.AddVM(vpsietest.VMSpec{Hostname: "ends", Plan: "small-2cpu-4gb", Datacenter: "dc-us-east-1", Notes: Mark{"c1", "g", "ends", "u"}.String()})
	if err != nil {
		t.Fatal(err)
	}
	look := func(what string, rows, asked int, there bool) {
		t.Helper()
		w.clock.Step(time.Minute)
		sight, err := w.cloud.Look(t.Context(), w.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		id := int64(m.ID)
		if gone := sight.ProofAfter(id, m.Identifier, time.Second) == time.Second; len(sight.VMs) != rows || (sight.ByID(id) != nil) != there || gone == there {
			t.Errorf("%s: %d VPSes are in sight, it is one of them %t, and as good as gone %t", what, len(sight.VMs), sight.ByID(id) != nil, gone)
		}
		if n := w.asked(m.Identifier); n != asked {
			t.Errorf("%s: it was asked for %d times, want %d", what, n, asked)
		}
	}
	look("listed", 1, 0, true)
	w.hide(t, 1)
	if err := w.fake.Act(m.Identifier, "terminate"); err != nil {
		t.Fatal(err)
	}
	look("terminated, and not listed", 0, 1, false)
	w.hide(t, 0)
	w.cloud.Configure(map[string][]byte{}) // forgets what was seen
	w.cloud.Configure(accountOf(w.fake))
	look("listed as terminated", 1, 0, false)
	w.hide(t, 1)
	look("not listed any more", 0, 0, false)
}

// hide leaves the newest VPSes out of the list.
func (w world) hide(t *testing.T, rows int) {
	t.Helper()
	if err := w.fake.PatchKnobs(fmt.Appendf(nil, `{"hiddenRows":%d}`, rows)); err != nil {
		t.Fatal(err)
	}
}

// asked is how many requests for the VPS by itself the last look has made.
func (w world) asked(identifier string) int {
	n := 0
	for _, r := range slices.Backward(w.fake.Ledger().Requests) {
		switch r.Path {
		case "/apps/v2/vm":
			return n
		case "/apps/v2/vm/" + identifier:
			n++
		}
	}
	return n
}

// TestImageIdentifierNeedsNoList: a stock image is on no list, and a list that fails stops nothing.
func TestImageIdentifierNeedsNoList(t *testing.T) {
	for _, status := range []int{403, 500} {
		w := setup(t, vpsietest.Knobs{})
		if err := w.fake.SetFaults(vpsietest.Fault{Path: "/apps/v2/custom/images", Status: status}); err != nil {
			t.Fatal(err)
		}
		wanted := sample()
		if _, _, err := w.cloud.Market(t.Context(), wanted); vpsie.ClassOf(err) == "" {
			t.Errorf("with %d for the images, a name gives %v", status, err)
		}
		wanted.Image = vpsietest.Identifier("image", "ubuntu-22.04-lts")
		if offers, _, err := w.cloud.Market(t.Context(), wanted); err != nil || len(offers) != 2 {
			t.Errorf("with %d for the images, an identifier gives %d offers, %v", status, len(offers), err)
		}
	}
}

// A list that announces more than it shows proves what is there, and not what is not; a VPS that VPSie does not find by itself
// is gone all the same.
func TestListThatAnnouncesMoreProvesPresenceOnly(t *testing.T) {
	w := setup(t, vpsietest.Knobs{TotalExcess: 2})
	m, err := w.fake.AddVM(vpsietest.VMSpec{Hostname: "goes", Plan: "small-2cpu-4gb", Datacenter: "dc-us-east-1", Notes: Mark{"c1", "g", "goes", "u"}.String()})
	if err != nil {
		t.Fatal(err)
	}
	look := func(until int) *Sight {
		t.Helper()
		for {
			w.clock.Step(time.Second)
			sight, err := w.cloud.Look(t.Context(), w.clock.Now())
			if err != nil || !sight.Partial {
				t.Fatalf("Look = %+v, %v; want a partial sight", sight, err)
			}
			if len(sight.VMs) == until {
				return sight
			}
		}
	}
	look(1)
	if err := w.fake.Act(m.Identifier, "destroy"); err != nil {
		t.Fatal(err)
	}
	sight := look(0)
	if known, other := sight.ProofAfter(int64(m.ID), "", time.Second), sight.ProofAfter(int64(m.ID)+1, "", time.Second); known != time.Second || other != doubted {
		t.Errorf("proof after %s of a VPS that VPSie does not find, %s of another", known, other)
	}
	offers, problems, err := w.cloud.Market(t.Context(), sample())
	if err != nil || len(problems) > 0 || len(offers) == 0 {
		t.Errorf("Market = %v, %v, %v; what the lists do show can be bought", offers, problems, err)
	}
}
