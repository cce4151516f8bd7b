package cloud

import (
	"strings"
	"testing"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

const east, west = "dc-us-east-1", "dc-eu-west-1"

// setupAcross gives a Cloud at a fake VPSie with this catalogue.
func setupAcross(t *testing.T, change func(*vpsietest.Catalogue)) world {
	t.Helper()
	catalogue := vpsietest.DefaultCatalogue()
	change(catalogue)
	return setupShop(t, vpsietest.Knobs{}, catalogue)
}

// in are the wishes of a group in several datacenters.
func in(change func(*Wanted), ids ...string) []Wanted {
	var all []Wanted
	for _, id := range ids {
		w := sample()
		w.Group, w.Datacenter, w.Among = "web", id, ids
		change(&w)
		all = append(all, w)
	}
	return all
}

func TestMarketAcross(t *testing.T) {
	for name, test := range map[string]struct {
		catalogue func(*vpsietest.Catalogue)
		ids       []string
		wish      func(*Wanted)
		// open are the datacenters with offers; problems are words of each; err of the error.
		open     string
		problems []string
		err      string
	}{
		"both":             {ids: []string{east, west}, open: "east west"},
		"sold in one":      {ids: []string{east, west}, wish: func(w *Wanted) { w.Offerings = []string{"memory-4cpu-32gb"} }, open: "east"},
		"sold in none":     {ids: []string{east, west}, wish: func(w *Wanted) { w.Offerings = append(w.Offerings, "huge") }, open: "east west", problems: []string{`"huge" is not sold in datacenter dc-us-east-1`}},
		"nothing sold":     {ids: []string{east, west}, wish: func(w *Wanted) { w.Offerings = []string{"huge"} }, problems: []string{`"huge" is not sold`}, err: `"huge" is not sold`},
		"one unknown":      {ids: []string{"moon", east}, open: "east", problems: []string{`Datacenter not found: spec.datacenters "moon"`}},
		"all unknown":      {ids: []string{"moon", "mars"}, problems: []string{`"moon"`, `"mars"`}, err: `Datacenter not found: spec.datacenters "moon"`},
		"one twice":        {ids: []string{east, vpsietest.Identifier("datacenter", east)}, open: "east", problems: []string{"are one datacenter"}},
		"an unknown key":   {ids: []string{east, west}, wish: func(w *Wanted) { w.SSHKeys = []string{"nokey"} }, problems: []string{"SSH key not found"}, err: "SSH key not found"},
		"an image in one":  {ids: []string{east, west}, catalogue: imagesIn(west), open: "west", problems: []string{"is in another datacenter than dc-us-east-1"}},
		"an image in each": {ids: []string{east, west}, catalogue: imagesIn(west, east), open: "east west"},
		"a selector for the one": {ids: []string{east, west}, wish: func(w *Wanted) {
			w.Offerings, w.Selector = nil, &Selector{MinMemoryMB: new(int32(32768)), MaxCPU: new(int32(4))}
		}, open: "east"},
		"a selector for none": {ids: []string{east, west}, wish: func(w *Wanted) { w.Offerings, w.Selector = nil, &Selector{MinCPU: new(int32(999))} }, err: "spec.offeringSelector chooses none"},
	} {
		t.Run(name, func(t *testing.T) {
			if test.catalogue == nil {
				test.catalogue = func(*vpsietest.Catalogue) {}
			}
			if test.wish == nil {
				test.wish = func(*Wanted) {}
			}
			w := setupAcross(t, test.catalogue)
			all, err := w.cloud.MarketAcross(t.Context(), in(test.wish, test.ids...))
			if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("the error is %v, want %q", err, test.err)
			}
			var open []string
			for name, id := range map[string]string{"east": east, "west": west} {
				for _, o := range all.Offers {
					if o.DatacenterID == id && all.Closed[id] == nil && !strings.Contains(strings.Join(open, " "), name) {
						open = append(open, name)
					}
				}
			}
			if got := strings.Join(open, " "); got != test.open && got != "west east" {
				t.Errorf("open are %q, want %q; closed %v", got, test.open, all.Closed)
			}
			if len(all.Problems) != len(test.problems) {
				t.Fatalf("problems %v, want %q", all.Problems, test.problems)
			}
			for i, words := range test.problems {
				if !strings.Contains(all.Problems[i].Error(), words) {
					t.Errorf("problem %q does not say %q", all.Problems[i], words)
				}
			}
		})
	}
}

// imagesIn has an image of one name in each of the datacenters.
func imagesIn(ids ...string) func(*vpsietest.Catalogue) {
	return func(c *vpsietest.Catalogue) {
		c.Images = nil
		for _, id := range ids {
			c.Images = append(c.Images, vpsietest.Named{Name: "ubuntu-22.04-lts", Identifier: vpsietest.Identifier("image", id), Datacenter: id})
		}
	}
}

// An order goes with the image of its datacenter.
func TestOrdersTakeTheImageOfTheirDatacenter(t *testing.T) {
	w := setupAcross(t, imagesIn(west, east))
	for _, wanted := range in(func(*Wanted) {}, east, west) {
		o := order("in-" + wanted.Datacenter)
		o.Wanted = wanted
		if err := w.cloud.Create(t.Context(), o); err != nil {
			t.Errorf("in %s: %v", wanted.Datacenter, err)
		}
	}
}

// A refusal of everything in the order holds back the group there, and nowhere else; one of an
// offering holds back that offering there.
func TestRefusalsInOneDatacenter(t *testing.T) {
	w := setupAcross(t, func(*vpsietest.Catalogue) {})
	wishes := in(func(*Wanted) {}, east, west)
	buy := func(name string, in Wanted) error {
		o := order(name)
		o.Wanted = in
		return w.cloud.Create(t.Context(), o)
	}
	if err := w.fake.SetFaults(vpsietest.Fault{Method: "POST", Path: "/apps/v2/custom/vm", Count: 1, Status: 400, Body: []byte(`{"error":true,"message":"SSH key not found"}`)}); err != nil {
		t.Fatal(err)
	}
	if err := buy("a", wishes[0]); !Refused(err) || scopeOf(err) != ScopeGroup {
		t.Fatalf("refused with %v, of scope %s", err, scopeOf(err))
	}
	all, err := w.cloud.MarketAcross(t.Context(), wishes)
	if err != nil || !IsBackoff(all.Closed[east]) || all.Closed[west] != nil || len(all.Problems) > 0 {
		t.Errorf("closed are %v, problems %v, %v", all.Closed, all.Problems, err)
	}
	if kept := w.cloud.Backoffs(wishes...); len(kept) != 1 || kept[0].Datacenter != east || kept[0].Scope != ScopeGroup {
		t.Errorf("kept are %+v", kept)
	}
	if err := buy("b", wishes[0]); !IsBackoff(err) {
		t.Errorf("there again: %v", err)
	}
	if err := buy("c", wishes[1]); err != nil {
		t.Errorf("in the other datacenter: %v", err)
	}
	if w.cloud.Resting("web", east) == nil {
		t.Error("an order in one datacenter ended the back-off of the other")
	}
	w.cloud.TryNow(wishes...)
	if w.cloud.Resting("web", east) != nil {
		t.Error("tried again at once it still rests")
	}
	if err := w.fake.PatchKnobs([]byte(`{"stock":{"` + east + `/small-2cpu-4gb":0}}`)); err != nil {
		t.Fatal(err)
	}
	if err := buy("d", wishes[0]); vpsie.ClassOf(err) != vpsie.OutOfStock {
		t.Errorf("out of stock gives %v", err)
	}
	if err := buy("e", wishes[1]); err != nil {
		t.Errorf("in stock: %v", err)
	}
}
