package vpsie_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vpsie/vpsie-autoscaler/vpsie"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

func sameHost(a, b string) bool { return strings.EqualFold(a, b) }

// bootOnce hands out the machines that boot.
type bootOnce struct{ machines chan vpsietest.Machine }

func (b *bootOnce) Boot(_ context.Context, m vpsietest.Machine) error {
	b.machines <- m
	return nil
}
func (b *bootOnce) Ready(context.Context, vpsietest.Machine) error { return nil }
func (b *bootOnce) Gone(context.Context, vpsietest.Machine) error  { return nil }

func TestMachineFromOrderToEnd(t *testing.T) {
	for name, prefix := range map[string]string{"default prefix": "", "second prefix": "/api/v2"} {
		t.Run(name, func(t *testing.T) {
			c := start(t, vpsietest.Options{}, func(o *vpsie.Options) { o.URL += prefix })
			if err := c.client.CreateVM(t.Context(), order("vpsie-web-abcde")); err != nil {
				t.Fatal(err)
			}
			got := c.running(t, "vpsie-web-abcde")
			want := vpsie.VM{
				ID: 1001, Identifier: c.Ledger().VMs[0].Identifier, Hostname: "vpsie-web-abcde",
				DatacenterID: vpsietest.Identifier("datacenter", "dc-us-east-1"), BoxSizeID: 2,
				CPU: 2, MemoryMB: 4096, DiskGB: 80, TrafficGB: 2000,
				IPv4: "198.18.0.10", PrivateIP: "10.64.0.10", Active: true, PoweredOn: true,
				CreatedAt: c.clock.Now(), Notes: "cluster=a",
			}
			// The limiter's waits move the clock.
			if d := got.CreatedAt.Sub(want.CreatedAt); d > 0 || d < -time.Hour {
				t.Errorf("created at %v, which is %v off", got.CreatedAt, d)
			}
			got.CreatedAt = want.CreatedAt
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("ListVMs (-want +got):\n%s", diff)
			}
			one, err := c.client.GetVM(t.Context(), got.Identifier)
			if err != nil {
				t.Fatal(err)
			}
			want.Tags, one.CreatedAt = []string{"web"}, want.CreatedAt
			if diff := cmp.Diff(want, one); diff != "" {
				t.Errorf("GetVM (-want +got):\n%s", diff)
			}
			if err := c.client.DeleteVM(t.Context(), got.Identifier, "scale-down", "empty"); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the machine is gone", func() bool {
				_, err := c.client.GetVM(t.Context(), got.Identifier)
				return vpsie.IsNotFound(err)
			})
		})
	}
}

func TestPendingShowsTheOrderAndNoPassword(t *testing.T) {
	c := start(t, vpsietest.Options{Knobs: vpsietest.Knobs{CreateMillis: 1_000_000}})
	r := order("vpsie-web-abcde")
	r.ProcessID = "11111111-2222-4333-8444-555555555555"
	if err := c.client.CreateVM(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	got, err := c.client.PendingVMs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []vpsie.PendingVM{{
		ID: "1001", Hostname: "vpsie-web-abcde", DatacenterID: r.DatacenterID, PlanID: r.PlanID, ImageID: r.ImageID,
		ProcessID: r.ProcessID, Tags: []string{"web"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("PendingVMs (-want +got):\n%s", diff)
	}
	if vms, err := c.client.ListVMs(t.Context()); err != nil || len(vms) != 0 {
		t.Errorf("ListVMs = %v, %v; want an empty list", vms, err)
	}
}

func TestOrderReachesTheMachine(t *testing.T) {
	booted := &bootOnce{machines: make(chan vpsietest.Machine, 1)}
	c := start(t, vpsietest.Options{Booter: booted})
	r := order("vpsie-web-abcde")
	r.UserData = "#cloud-config\nä <&> \x00 ???>>>~~~"
	if err := c.client.CreateVM(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	m := <-booted.machines
	if m.UserData != r.UserData || m.Hostname != r.Hostname {
		t.Errorf("the machine got user data %q and hostname %q", m.UserData, m.Hostname)
	}
}

func TestCreateVMRefusesBadOrdersWithoutSending(t *testing.T) {
	c := start(t, vpsietest.Options{}, func(o *vpsie.Options) { o.MaxUserDataBytes = 10 })
	for name, tc := range map[string]struct {
		change func(*vpsie.CreateRequest)
		want   string
	}{
		"no plan":        {func(r *vpsie.CreateRequest) { r.PlanID = "" }, "CreateVM: PlanID: must not be empty"},
		"no datacenter":  {func(r *vpsie.CreateRequest) { r.DatacenterID = "" }, "CreateVM: DatacenterID: must not be empty"},
		"no image":       {func(r *vpsie.CreateRequest) { r.ImageID = "" }, "CreateVM: ImageID: must not be empty"},
		"hostname":       {func(r *vpsie.CreateRequest) { r.Hostname = "a_b" }, `CreateVM: Hostname: "a_b" is no host name`},
		"long hostname":  {func(r *vpsie.CreateRequest) { r.Hostname = strings.Repeat("a", 64) }, "CreateVM: Hostname:"},
		"project number": {func(r *vpsie.CreateRequest) { r.ProjectID = "17" }, `CreateVM: ProjectID: "17" is no UUID`},
		"user data":      {func(r *vpsie.CreateRequest) { r.UserData = "12345678901" }, "CreateVM: UserData: has 11 bytes, more than the 10"},
		"disk":           {func(r *vpsie.CreateRequest) { r.DiskGB = -1 }, "CreateVM: DiskGB: must not be below 0"},
	} {
		t.Run(name, func(t *testing.T) {
			r := order("a")
			r.UserData = ""
			tc.change(&r)
			err := c.client.CreateVM(t.Context(), r)
			if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("CreateVM = %v, want %q", err, tc.want)
			}
			if vpsie.ClassOf(err) != vpsie.Invalid || vpsie.MayHaveHappened(err) {
				t.Errorf("class %q, may have happened %v", vpsie.ClassOf(err), vpsie.MayHaveHappened(err))
			}
		})
	}
	if n := len(c.Ledger().Requests); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestProjectIsResolvedOnce(t *testing.T) {
	two := vpsietest.DefaultCatalogue()
	two.Projects = []vpsietest.Named{{Name: "default"}, {Name: "batch"}}
	for name, tc := range map[string]struct{ projectID, wantErr string }{
		"none means the default": {projectID: ""},
		"by number":              {projectID: "2"},
		"by name":                {projectID: "batch"},
		"by identifier":          {projectID: vpsietest.Identifier("project", "batch")},
		"unknown":                {projectID: "nope", wantErr: `CreateVM: projectId: the account has no project "nope"; set it to a project's identifier, number or name`},
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, vpsietest.Options{Catalogue: two}, func(o *vpsie.Options) { o.ProjectID = tc.projectID })
			for _, host := range []string{"a", "b"} {
				err := c.client.CreateVM(t.Context(), order(host))
				if tc.wantErr == "" && err != nil || tc.wantErr != "" && (err == nil || err.Error() != tc.wantErr) {
					t.Fatalf("CreateVM = %v, want %q", err, tc.wantErr)
				}
			}
			if n := c.requests("GET", "/apps/v2/projects"); tc.wantErr == "" && n > 1 {
				t.Errorf("the projects were asked for %d times", n)
			}
		})
	}
}

// The API drops a password that comes with the word that it is a generated one.
func TestPasswordIsKept(t *testing.T) {
	c := start(t, vpsietest.Options{Knobs: vpsietest.Knobs{CreateMillis: 1_000_000}})
	for _, password := range []string{"", "chosen"} {
		r := order("a" + password)
		r.Password = password
		if err := c.client.CreateVM(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.URL()+"/apps/v2/vm/pending", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Vpsie-Auth", vpsietest.DefaultToken)
	resp, err := httpClient(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || strings.Count(string(text), `"vmPassword":"chosen"`) != 1 || strings.Count(string(text), `"vmPassword":"generated-a"`) != 1 {
		t.Errorf("pending: %s, %v", text, err)
	}
}
