package vpsie_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

func TestCatalogue(t *testing.T) {
	c := start(t, vpsietest.Options{})
	dcs, err := c.client.Datacenters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantDCs := []vpsie.Datacenter{
		{Identifier: vpsietest.Identifier("datacenter", "dc-us-east-1"), Name: "dc-us-east-1", State: "New Jersey", Country: "USA", Active: true},
		{Identifier: vpsietest.Identifier("datacenter", "dc-eu-west-1"), Name: "dc-eu-west-1", State: "Amsterdam", Country: "Netherlands", Active: true},
	}
	if diff := cmp.Diff(wantDCs, dcs); diff != "" {
		t.Errorf("Datacenters (-want +got):\n%s", diff)
	}
	images, err := c.client.Images(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantImages := []vpsie.Image{
		{Identifier: vpsietest.Identifier("image", "ubuntu-22.04-lts"), Name: "ubuntu-22.04-lts"},
		{Identifier: vpsietest.Identifier("image", "debian-12"), Name: "debian-12"},
	}
	if diff := cmp.Diff(wantImages, images); diff != "" {
		t.Errorf("Images (-want +got):\n%s", diff)
	}
	keys, err := c.client.SSHKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) != 1 || keys[0].Name != "ssh-key-123" || keys[0].Identifier != vpsietest.Identifier("sshkey", "ssh-key-123") || keys[0].CreatedAt.Year() != 2026 {
		t.Errorf("SSHKeys = %+v", keys)
	}
	projects, err := c.client.Projects(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []vpsie.Project{{ID: 1, Identifier: vpsietest.Identifier("project", "default"), Name: "default", Default: true}}
	if diff := cmp.Diff(want, projects); diff != "" {
		t.Errorf("Projects (-want +got):\n%s", diff)
	}
}

func TestPlansOfEachDatacenter(t *testing.T) {
	c := start(t, vpsietest.Options{Knobs: vpsietest.Knobs{Prices: map[string]string{"micro-1cpu-2gb": "7.123456"}}})
	image := vpsietest.Identifier("image", "debian-12")
	for dc, want := range map[string]string{
		"dc-us-east-1": "micro-1cpu-2gb=7123456 small-2cpu-4gb=12000000 medium-4cpu-8gb=22000000 large-8cpu-16gb=46000000 xlarge-16cpu-32gb=104000000 " +
			"compute-8cpu-8gb=38500000 memory-2cpu-16gb=34000000 memory-4cpu-32gb=70000000 shared-2cpu-4gb=9000000",
		"dc-eu-west-1": "micro-1cpu-2gb=7123456 small-2cpu-4gb=12000000 medium-4cpu-8gb=22000000 large-8cpu-16gb=46000000 xlarge-16cpu-32gb=104000000 " +
			"compute-8cpu-8gb=38500000 memory-2cpu-16gb=34000000 shared-2cpu-4gb=9000000",
	} {
		plans, err := c.client.Plans(t.Context(), vpsietest.Identifier("datacenter", dc), image)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range plans {
			got = append(got, fmt.Sprintf("%s=%d", p.Nickname, p.PricePerMonth))
			if want := vpsietest.PlanIdentifier(p.Nickname, dc); p.Identifier != want {
				t.Errorf("%s: plan %s has identifier %s, want %s", dc, p.Nickname, p.Identifier, want)
			}
			if (p.Category == vpsietest.SharedCPU) != strings.HasPrefix(p.Nickname, "shared") {
				t.Errorf("plan %s is of category %q", p.Nickname, p.Category)
			}
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", dc, diff)
		}
		small := plans[1]
		if small.CPU != 2 || small.MemoryMB != 4096 || small.DiskGB != 80 || small.TrafficGB != 2000 {
			t.Errorf("small plan: %+v", small)
		}
	}
}

func TestPlansWithoutArguments(t *testing.T) {
	c := start(t, vpsietest.Options{})
	if _, err := c.client.Plans(t.Context(), "", "x"); vpsie.ClassOf(err) != vpsie.Invalid {
		t.Errorf("Plans = %v", err)
	}
	if _, err := c.client.GetVM(t.Context(), ""); vpsie.ClassOf(err) != vpsie.Invalid {
		t.Errorf("GetVM = %v", err)
	}
	if err := c.client.DeleteVM(t.Context(), "", "", ""); vpsie.ClassOf(err) != vpsie.Invalid {
		t.Errorf("DeleteVM = %v", err)
	}
	if n := len(c.Ledger().Requests); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestLongListsArePaged(t *testing.T) {
	c := start(t, vpsietest.Options{})
	for i := range 8 {
		if _, err := c.AddVM(vpsietest.VMSpec{Hostname: fmt.Sprintf("vm%d", i), Plan: "small-2cpu-4gb", Datacenter: "dc-us-east-1"}); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all machines are listed", func() bool {
		vms, err := c.client.ListVMs(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return len(vms) == 8
	})
	before := c.requests("GET", "/apps/v2/vm")
	if err := c.PatchKnobs([]byte(`{"pageSize":3}`)); err != nil {
		t.Fatal(err)
	}
	got, err := c.client.ListVMs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := c.requests("GET", "/apps/v2/vm") - before; n != 4 {
		t.Errorf("8 machines in pages of 3 took %d requests", n)
	}
	seen := map[string]bool{}
	for _, vm := range got {
		seen[vm.Identifier] = true
	}
	if len(seen) != 8 {
		t.Errorf("the list holds %d different machines", len(seen))
	}
	if err := c.PatchKnobs([]byte(`{"totalExcess":1}`)); err != nil {
		t.Fatal(err)
	}
	_, err = c.client.ListVMs(t.Context())
	want := verdict{vpsie.Temporary, "ListVMs: the list is incomplete: 8 of 9 came", false}
	if diff := cmp.Diff(want, verdictOf(err)); diff != "" {
		t.Errorf("ListVMs (-want +got):\n%s", diff)
	}
}

// A machine that appears between two pages makes the list not add up; a second reading does.
func TestListThatChangesBetweenPages(t *testing.T) {
	pages := []string{
		`{"data":[{"identifier":"a"},{"identifier":"b"}],"total":3}`,
		`{"data":[{"identifier":"a"},{"identifier":"b"}],"total":4}`, `{"data":[{"identifier":"b"}],"total":4}`,
		`{"data":[{"identifier":"a"},{"identifier":"x"}],"total":4}`,
		`{"data":[{"identifier":"a"},{"identifier":"x"},{"identifier":"b"},{"identifier":"c"}],"total":4}`,
	}
	var queries []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		queries = append(queries, r.URL.RawQuery)
		io.WriteString(w, pages[0])
		pages = pages[1:]
	}))
	defer s.Close()
	c := client(t, vpsie.Options{URL: s.URL, Token: "t", HTTPClient: httpClient(t)})
	vms, err := c.ListVMs(t.Context())
	if err != nil || len(vms) != 4 {
		t.Errorf("ListVMs = %v, %v; want 4 machines", vms, err)
	}
	if diff := cmp.Diff([]string{"", "limit=3&offset=0", "limit=100&offset=2", "", "limit=4&offset=0"}, queries); diff != "" {
		t.Errorf("queries (-want +got):\n%s", diff)
	}
}
