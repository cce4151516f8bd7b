package vpsie

import "testing"

func TestAddress(t *testing.T) {
	for raw, want := range map[string][3]string{
		"https://api.vpsie.com":            {"https://api.vpsie.com/apps/v2", "/apps/v2/vm", "/apps/v2/resources"},
		"https://api.vpsie.com/":           {"https://api.vpsie.com/apps/v2", "/apps/v2/vm", "/apps/v2/resources"},
		"https://api.vpsie.com/v2/":        {"https://api.vpsie.com/apps/v2", "/apps/v2/vm", "/apps/v2/resources"},
		"https://api.vpsie.com/apps/v2":    {"https://api.vpsie.com/apps/v2", "/apps/v2/vm", "/apps/v2/resources"},
		"https://api.vpsie.com/api/v2":     {"https://api.vpsie.com/api/v2", "/api/v2/vm", "/apps/v2/resources"},
		"https://proxy.example/x/apps/v2/": {"https://proxy.example/x/apps/v2", "/x/apps/v2/vm", "/x/apps/v2/resources"},
		"https://proxy.example/own":        {"https://proxy.example/own", "/own/vm", "/own/resources"},
		"http://127.0.0.1:8080":            {"http://127.0.0.1:8080/apps/v2", "/apps/v2/vm", "/apps/v2/resources"},
		"http://[::1]:8080":                {"http://[::1]:8080/apps/v2", "/apps/v2/vm", "/apps/v2/resources"},
	} {
		a, err := parseAddress(raw, false, Routes{})
		if err != nil {
			t.Errorf("%q: %v", raw, err)
			continue
		}
		if got := [3]string{a.String(), a.routes.VMs, a.routes.Plans}; got != want {
			t.Errorf("%q = %q, want %q", raw, got, want)
		}
		if a.root == "" && a.routes.PlanCategories != "/api/v2/plans/category" {
			t.Errorf("%q asks for categories at %q", raw, a.routes.PlanCategories)
		}
	}
}

func TestRoutesCanBeReplaced(t *testing.T) {
	a, err := parseAddress(" http://example.com/p/apps/v2\n", true, Routes{Images: "/images", Plans: "offers"})
	if err != nil {
		t.Fatal(err)
	}
	if a.routes.Images != "/p/images" || a.routes.Plans != "/p/apps/v2/offers" || a.routes.VMs != "/p/apps/v2/vm" {
		t.Errorf("routes: %+v", a.routes)
	}
}
