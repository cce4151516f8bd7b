package check

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/config"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/control"
	"github.com/vpsie/vpsie-autoscaler/internal/testenv"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

var env *testenv.Env

func TestMain(m *testing.M) { os.Exit(testenv.Main(m, func(e *testenv.Env) { env = e })) }

// world is a cluster with a NodeGroup, an account and the shipped rights; each of which a test may spoil.
type world struct {
	*testing.T
	admin  client.Client
	fake   *vpsietest.Server
	opts   Options
	secret map[string]string
	group  *v1alpha1.NodeGroup
}

func newWorld(t *testing.T, fake vpsietest.Options) *world {
	t.Helper()
	s, err := vpsietest.Start(fake)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	env.Apply(t, config.FS, "rbac/*.yaml", "admission/*.yaml")
	w := &world{
		T: t, admin: env.Client(t, nil), fake: s,
		opts: Options{
			Config: func() (*rest.Config, error) { return env.Config, nil }, Output: "json", poll: 10 * time.Millisecond,
			Cloud: cloud.Options{Namespace: config.Namespace, SecretName: "vpsie-secret", RequestsPerMinute: 60_000, Timeout: 5 * time.Second, Clock: clock.RealClock{}},
		},
		secret: map[string]string{cloud.KeyURL: s.URL(), cloud.KeyToken: vpsietest.DefaultToken, cloud.KeyAccountPassword: vpsietest.DefaultAccountPassword},
		group: &v1alpha1.NodeGroup{
			ObjectMeta: metav1.ObjectMeta{Namespace: config.Namespace, Name: "web"},
			Spec: v1alpha1.NodeGroupSpec{
				MinNodes: 1, MaxNodes: 3, DatacenterID: "dc-us-east-1", OfferingIDs: []string{"small-2cpu-4gb", "medium-4cpu-8gb"},
				OSImageID: "ubuntu-22.04-lts", SSHKeyIDs: []string{"ssh-key-123"},
			},
		},
	}
	return w
}

// check applies the objects and checks.
func (w *world) check() *Report {
	w.Helper()
	ctx := w.Context()
	objects := []client.Object{w.group}
	if w.secret != nil {
		objects = append(objects, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: config.Namespace, Name: "vpsie-secret"}, StringData: w.secret})
	}
	for _, o := range objects {
		if err := w.admin.Create(ctx, o); err != nil {
			w.Fatal(err)
		}
		w.Cleanup(func() {
			if err := w.admin.Delete(context.WithoutCancel(ctx), o); client.IgnoreNotFound(err) != nil {
				w.Error(err)
			}
		})
	}
	r, err := w.opts.run(ctx)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

func (r *Report) found(status Status, check string, words ...string) bool {
	for _, f := range r.Findings {
		text := f.Object + " " + f.Message + " → " + f.Remedy
		all := f.Status == status && f.Check == check
		for _, w := range words {
			all = all && strings.Contains(text, w)
		}
		if all {
			return true
		}
	}
	return false
}

// listed waits until the first VPS is on the list.
func (w *world) listed() {
	w.Helper()
	testenv.Eventually(w, func(context.Context) error {
		if state := w.fake.Ledger().VMs[0].State; state != "listed" {
			return errors.New(state)
		}
		return nil
	})
}

func (w *world) boughtNothing() {
	w.Helper()
	if n := len(w.fake.Ledger().VMs); n != 0 {
		w.Errorf("the check bought %d VPSes", n)
	}
}

func asText(t *testing.T, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.Write(&b, "table"); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestNothingIsWrong(t *testing.T) {
	w := newWorld(t, vpsietest.Options{Knobs: vpsietest.Knobs{Balance: "500"}})
	if _, err := w.fake.AddVM(vpsietest.VMSpec{Hostname: "old", Plan: "micro-1cpu-2gb", Datacenter: "dc-us-east-1", Image: "Ubuntu 24.04"}); err != nil {
		t.Fatal(err)
	}
	w.listed()
	r := w.check()
	if r.Failed() {
		t.Errorf("a problem where there is none:\n%s", asText(t, r))
	}
	for _, check := range []string{"cluster", "installation", "rights", "token", "account password", "project", "lists", "balance", "offerings", "user data", "order form"} {
		if !r.found(OK, check) {
			t.Errorf("the check %q is not ok:\n%s", check, asText(t, r))
		}
	}
	if !r.found(OK, "offerings", "small-2cpu-4gb at $12.00 a month") || !r.found(OK, "order form", "dialect A") {
		t.Errorf("prices or dialect are missing:\n%s", asText(t, r))
	}
	if want := vpsietest.Identifier("image", "Ubuntu 24.04"); len(r.Images) != 1 || r.Images[0] != (Image{want, "Ubuntu 24.04"}) {
		t.Errorf("images seen: %+v", r.Images)
	}
	if n := len(w.fake.Ledger().VMs); n != 1 {
		t.Errorf("the check bought %d VPSes", n-1)
	}
	if text := asText(t, r); !strings.Contains(text, "0 problems") || strings.Contains(text, vpsietest.DefaultToken) || strings.Contains(text, vpsietest.DefaultAccountPassword) {
		t.Errorf("table:\n%s", text)
	}
}

// What machines are attached to is said as the account has it.
func TestNetworkIsLookedUp(t *testing.T) {
	w := newWorld(t, vpsietest.Options{})
	w.group.Spec.NetworkConfig = &v1alpha1.NetworkConfig{
		VPC: &v1alpha1.VPCReference{Name: "nodes"}, FirewallGroups: []string{"web"}, Gateway: &v1alpha1.GatewayReference{IP: "198.51.100.1"},
	}
	if r := w.check(); r.Failed() || !r.found(OK, "network", "VPC nodes (id 102, 10.20.0.0/24)", "firewall group web", "gateway 198.51.100.1 (id 501)") {
		t.Errorf("the network is missing:\n%s", asText(t, r))
	}
	w.boughtNothing()
}

// Each planted misconfiguration is named with its object and the way out, and nothing is bought.
func TestPlantedMisconfigurations(t *testing.T) {
	second := vpsietest.DefaultCatalogue()
	second.Projects = append(second.Projects, vpsietest.Named{Name: "second"})
	twins := vpsietest.DefaultCatalogue()
	twins.SSHKeys = []vpsietest.Named{{Name: "ssh-key-123"}, {Name: "ssh-key-123", Identifier: "11111111-1111-4111-8111-111111111111"}}
	for name, tc := range map[string]struct {
		fake   vpsietest.Options
		plant  func(*world)
		status Status
		check  string
		words  []string
	}{
		"no Secret": {plant: func(w *world) { w.secret = nil }, check: "account", words: []string{"there is no Secret kube-system/vpsie-secret", "accountPassword"}},
		"no token":  {plant: func(w *world) { delete(w.secret, cloud.KeyToken) }, check: "account", words: []string{"token: a static token, or clientId"}},
		"misspelt key": {plant: func(w *world) { w.secret["account_password"] = "x" }, status: Warning, check: "account",
			words: []string{"account_password is not read; it looks like accountPassword"}},
		"no password":        {plant: func(w *world) { delete(w.secret, cloud.KeyAccountPassword) }, check: "account password", words: []string{"has no key accountPassword", "log in to VPSie"}},
		"wrong password":     {plant: func(w *world) { w.secret[cloud.KeyAccountPassword] = "wrong" }, check: "account password", words: []string{"refused the account password", "no VPS could be deleted"}},
		"wrong token":        {plant: func(w *world) { w.secret[cloud.KeyToken] = "wrong" }, check: "token", words: []string{"authentication failed", "make a new access token"}},
		"blocked address":    {fake: vpsietest.Options{Knobs: vpsietest.Knobs{BlockAddress: true}}, check: "token", words: []string{"IP address is not allowed", "block this address"}},
		"wrong url":          {plant: func(w *world) { w.secret[cloud.KeyURL] += "/elsewhere" }, check: "token", words: []string{"check the url", "set the key url"}},
		"nobody there":       {plant: func(w *world) { w.secret[cloud.KeyURL] = "http://127.0.0.1:1" }, check: "token", words: []string{"refuses connections", "check the key url"}},
		"plain http":         {plant: func(w *world) { w.secret[cloud.KeyURL] = "http://api.example.com" }, check: "account", words: []string{"plain http", "use https"}},
		"unknown project":    {plant: func(w *world) { w.secret[cloud.KeyProjectID] = "mine" }, check: "project", words: []string{`no project "mine"`, "projectId"}},
		"unknown dialect":    {plant: func(w *world) { w.secret[cloud.KeyDialect] = "C" }, check: "account", words: []string{`"C" is neither A nor B`}},
		"dialect refused":    {fake: vpsietest.Options{Knobs: vpsietest.Knobs{OrderDialect: "B"}}, plant: func(w *world) { w.secret[cloud.KeyDialect] = "A" }, check: "order form", words: []string{"NodeGroup web", "remove the key dialect"}},
		"unknown datacenter": {plant: func(w *world) { w.group.Spec.DatacenterID = "moon" }, check: "order", words: []string{"NodeGroup web", `"moon"`, "dc-us-east-1", "set spec.datacenterID"}},
		"unknown image":      {plant: func(w *world) { w.group.Spec.OSImageID = "ubuntu" }, check: "order", words: []string{"NodeGroup web", `"ubuntu"`, "ubuntu-22.04-lts", "set spec.osImageID"}},
		"unknown key":        {plant: func(w *world) { w.group.Spec.SSHKeyIDs = []string{"lost"} }, check: "order", words: []string{"NodeGroup web", `"lost"`, "set spec.sshKeyIDs"}},
		"unknown offering":   {plant: func(w *world) { w.group.Spec.OfferingIDs = []string{"huge", "small-2cpu-4gb"} }, check: "order", words: []string{"NodeGroup web", `"huge"`, "medium-4cpu-8gb", "spec.offeringIDs"}},
		"unknown VPC": {plant: func(w *world) {
			w.group.Spec.NetworkConfig = &v1alpha1.NetworkConfig{VPC: &v1alpha1.VPCReference{Name: "prod"}}
		}, check: "order", words: []string{"NodeGroup web", `"prod"`, "nodes (id 102)", "set spec.networkConfig.vpc"}},
		"broken user data": {plant: func(w *world) { w.group.Spec.UserData = "#cloud-config\n{{.Nope}}" }, check: "user data", words: []string{"NodeGroup web", "Nope", "spec.userData"}},
		"no cluster-info":  {plant: func(w *world) { w.opts.Control.Bootstrap = control.BootstrapKubeadm }, check: "user data", words: []string{"kube-public/cluster-info"}},
		"empty account":    {fake: vpsietest.Options{Knobs: vpsietest.Knobs{Balance: "0"}}, check: "balance", words: []string{"$0.00", "add credit"}},
		"list of one project": {fake: vpsietest.Options{Catalogue: second, Knobs: vpsietest.Knobs{ListProject: "second"}}, plant: func(w *world) {
			if _, err := w.fake.AddVM(vpsietest.VMSpec{Hostname: "unseen", Plan: "micro-1cpu-2gb", Datacenter: "dc-us-east-1"}); err != nil {
				w.Fatal(err)
			}
			w.listed()
		}, check: "lists", words: []string{"lacks 1", "unseen", "token that sees the VPSes of all projects"}},
		"one name for two":     {fake: vpsietest.Options{Catalogue: twins}, status: Warning, check: "names", words: []string{"NodeGroup web", `spec.sshKeyIDs "ssh-key-123" is the name of 2`, "identifier"}},
		"memory that balloons": {plant: func(w *world) { w.group.Spec.OfferingIDs = []string{"shared-2cpu-4gb"} }, status: Warning, check: "offerings", words: []string{"Shared CPU", "less memory"}},
		"no rights": {plant: func(w *world) {
			binding := &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: "vpsie-autoscaler"}}
			if err := w.admin.Delete(w.Context(), binding); err != nil && !apierrors.IsNotFound(err) {
				w.Fatal(err)
			}
		}, check: "rights", words: []string{"it may not", "patch nodes", "config/rbac"}},
		"another NodeGroup": {plant: func(w *world) { w.opts.Group = "wbe" }, check: "installation", words: []string{"no NodeGroup wbe", "kubectl get nodegroups"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tc.fake)
			if tc.plant != nil {
				tc.plant(w)
			}
			before := len(w.fake.Ledger().VMs)
			r := w.check()
			status := tc.status
			if status == "" {
				status = Problem
			}
			if !r.found(status, tc.check, tc.words...) {
				t.Errorf("no %s of %q with %q:\n%s", status, tc.check, tc.words, asText(t, r))
			}
			if r.Failed() != (status == Problem) {
				t.Errorf("failed is %v:\n%s", r.Failed(), asText(t, r))
			}
			if n := len(w.fake.Ledger().VMs) - before; n != 0 {
				t.Errorf("the check bought %d VPSes", n)
			}
			if text := asText(t, r); strings.Contains(text, vpsietest.DefaultToken) || strings.Contains(text, vpsietest.DefaultAccountPassword) {
				t.Errorf("a secret in the report:\n%s", text)
			}
		})
	}
}

// The canary is bought, watched, deleted and gone; and also deleted when it never runs, or when somebody interrupts.
func TestCanaryLeavesNothing(t *testing.T) {
	for name, tc := range map[string]struct {
		knobs vpsietest.Knobs
		fault vpsietest.Fault
		steps string
	}{
		"plain":            {knobs: vpsietest.Knobs{CreateMillis: 50, BootMillis: 50, DeleteMillis: 50}, steps: "ordered pending listed running deletion accepted gone"},
		"an answer lost":   {fault: vpsietest.Fault{Method: "POST", Path: "/apps/v2/vm", Effect: "after", Count: 2}, steps: "ordered"},
		"chat and dialect": {knobs: vpsietest.Knobs{Chatty: true, OrderDialect: "B"}, steps: "running"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, vpsietest.Options{Knobs: tc.knobs})
			w.opts.Canary = true
			if tc.fault.Method != "" {
				// The first of the two is the probe of the order form.
				if err := w.fake.SetFaults(tc.fault); err != nil {
					t.Fatal(err)
				}
			}
			r := w.check()
			var steps []string
			for _, s := range r.Canary {
				steps = append(steps, s.What)
			}
			if got := strings.Join(steps, " "); !strings.Contains(got, tc.steps) {
				t.Errorf("steps %q, want %q:\n%s", got, tc.steps, asText(t, r))
			}
			for _, b := range w.fake.Ledger().VMs {
				if b.DeletedAt == nil || b.Plan != "small-2cpu-4gb" {
					t.Errorf("left behind, or not the cheapest: %+v", b)
				}
			}
			if len(w.fake.Ledger().VMs) != 1 || !r.found(OK, "canary") {
				t.Errorf("the canary:\n%s", asText(t, r))
			}
			if n := len(w.fake.Ledger().Scripts); n != 0 {
				t.Errorf("%d stored scripts were left behind", n)
			}
		})
	}
}

func TestCanaryBuysNothingWhereThereAreProblems(t *testing.T) {
	w := newWorld(t, vpsietest.Options{})
	w.opts.Canary = true
	w.secret[cloud.KeyAccountPassword] = "wrong"
	if r := w.check(); !r.found(Skipped, "canary") {
		t.Errorf("the canary:\n%s", asText(t, r))
	}
	w.boughtNothing()
}

func TestRunPrintsAndRefuses(t *testing.T) {
	w := newWorld(t, vpsietest.Options{})
	w.secret[cloud.KeyToken] = "wrong"
	w.check()
	var out bytes.Buffer
	failed, err := w.opts.Run(t.Context(), &out)
	var report Report
	if err != nil || !failed || json.Unmarshal(out.Bytes(), &report) != nil || !report.Failed() {
		t.Errorf("Run = %v, %v: %s", failed, err, out.String())
	}
	w.opts.Output = "xml"
	if _, err := w.opts.Run(t.Context(), &out); err == nil || !strings.Contains(err.Error(), "--output") {
		t.Errorf("Run with -o xml = %v", err)
	}
	w.opts.Output, w.opts.Config = "table", func() (*rest.Config, error) { return nil, errors.New("no cluster") }
	if _, err := w.opts.Run(t.Context(), &out); err == nil {
		t.Error("Run without a cluster succeeds")
	}
}
