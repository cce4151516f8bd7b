package cloud

import (
	"strings"
	"testing"

	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// The key dialect forces one, and a word that is none is refused with the key's name.
func TestDialectOfTheSecret(t *testing.T) {
	w := setup(t, vpsietest.Knobs{})
	account := accountOf(w.fake)
	wanted := sample()
	wanted.Image = vpsietest.Identifier("image", "Ubuntu 24.04")
	order := Order{Name: "a", UID: "11111111-2222-4333-8444-555555555555", Group: "g", Wanted: wanted, InstanceType: "small-2cpu-4gb", UserData: "#cloud-config\n"}
	for dialect, path := range map[string]string{"A": "/api/v2/vm", "B": "/apps/v2/vm", "": "/api/v2/vm"} {
		account[KeyDialect] = []byte(dialect)
		w.cloud.Configure(account)
		if err := w.cloud.Create(t.Context(), order); err != nil {
			t.Fatalf("dialect %q: %v", dialect, err)
		}
		requests := w.fake.Ledger().Requests
		if last := lastOrder(requests); last != path {
			t.Errorf("with dialect %q the order went to %s, want %s", dialect, last, path)
		}
	}
	account[KeyDialect] = []byte("C")
	w.cloud.Configure(account)
	if err := w.cloud.Refusal(); err == nil || !strings.Contains(err.Error(), `dialect: "C" is neither A nor B`) {
		t.Errorf("Refusal = %v", err)
	}
}

func lastOrder(requests []vpsietest.Request) (path string) {
	for _, r := range requests {
		if vpsietest.IsOrder(r.Method, r.Path) {
			path = r.Path
		}
	}
	return path
}

// Images of the account's own have an order route of their own, by name and by identifier.
func TestOwnImagesTakeTheirOwnRoute(t *testing.T) {
	w := setup(t, vpsietest.Knobs{})
	for _, image := range []string{"ubuntu-22.04-lts", vpsietest.Identifier("image", "debian-12")} {
		wanted := sample()
		wanted.Image = image
		if err := w.cloud.Create(t.Context(), Order{Name: "a", UID: "u", Wanted: wanted, InstanceType: "small-2cpu-4gb"}); err != nil {
			t.Fatal(err)
		}
		if last := lastOrder(w.fake.Ledger().Requests); last != "/apps/v2/custom/vm" {
			t.Errorf("the order went to %s", last)
		}
	}
}

// An image that is named by its identifier is ordered whether or not its list can be had, its own or not.
func TestOrdersNeedNoListOfImages(t *testing.T) {
	for _, image := range []string{"ubuntu-22.04-lts", "Ubuntu 24.04"} {
		w := setup(t, vpsietest.Knobs{})
		if err := w.fake.SetFaults(vpsietest.Fault{Path: "/apps/v2/custom/images", Status: 403}); err != nil {
			t.Fatal(err)
		}
		wanted := sample()
		wanted.Image = vpsietest.Identifier("image", image)
		if err := w.cloud.Create(t.Context(), Order{Name: "a", UID: "u", Wanted: wanted, InstanceType: "small-2cpu-4gb"}); err != nil {
			t.Errorf("%s: %v", image, err)
		}
		if n := len(w.fake.Ledger().VMs); n != 1 {
			t.Errorf("%s: %d VPSes were bought, want 1", image, n)
		}
	}
}
