package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/config"
	"github.com/vpsie/vpsie-autoscaler/internal/testenv"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// Every field of a NodeGroup's status, for a group with one ready machine.
func TestStatusOfANodeGroup(t *testing.T) {
	t.Parallel()
	b := live(t)
	g := b.group(t, "status", 4, func(g *v1alpha1.NodeGroup) { g.Spec.MinNodes = 1 })
	b.annotate(t, g, v1alpha1.AnnotationMaxNodesOverride, "3")
	m := b.machines(t, g, 1)[0]
	testenv.Eventually(t, func(ctx context.Context) error {
		if err := b.client.Get(ctx, client.ObjectKeyFromObject(g), g); err != nil {
			return err
		}
		s := g.Status
		if s.CurrentNodes != 1 || s.DesiredNodes != 1 || s.ReadyNodes != 1 || s.MinNodes == nil || *s.MinNodes != 1 || s.MaxNodes == nil || *s.MaxNodes != 3 {
			return fmt.Errorf("counts and bounds of %+v", s)
		}
		want := v1alpha1.NodeInfo{NodeName: m.Status.NodeName, VPSID: m.Spec.VPSieInstanceID, InstanceType: small, Status: v1alpha1.NodeReady, IPAddress: m.Spec.IPAddress}
		if len(s.Nodes) != 1 || s.Nodes[0] != want || want.IPAddress == "" {
			return fmt.Errorf("nodes are %+v, want %+v", s.Nodes, want)
		}
		if s.InstanceTypes != "1 "+small || s.CostPerHour != "0.0167" || s.LastScaleTime == nil || s.ObservedGeneration != g.Generation {
			return fmt.Errorf("the rest of %+v", s)
		}
		if len(s.Conditions) != 7 {
			return fmt.Errorf("conditions are %+v", s.Conditions)
		}
		return nil
	})
	for _, c := range g.Status.Conditions {
		if c.Reason == "" || c.LastTransitionTime.IsZero() || c.ObservedGeneration != g.Generation || c.Message == "" && c.Type != v1alpha1.NodeGroupError && c.Type != v1alpha1.NodeGroupStalled {
			t.Errorf("condition %+v", c)
		}
	}
}

// A machine passes through every phase, each of which is stored; one that cannot be
// bought fails.
func TestPhasesOfALife(t *testing.T) {
	b := live(t)
	seen := make(chan string, 1000)
	watch, err := b.client.Watch(t.Context(), &v1alpha1.VPSieNodeList{}, client.InNamespace(config.Namespace))
	if err != nil {
		t.Fatal(err)
	}
	defer watch.Stop()
	go func() {
		for e := range watch.ResultChan() {
			if m, ok := e.Object.(*v1alpha1.VPSieNode); ok {
				seen <- m.Spec.NodeGroupName + " " + string(m.Status.Phase)
			}
		}
	}()
	had := map[string]bool{}
	await := func(group string, phase v1alpha1.VPSieNodePhase) {
		t.Helper()
		testenv.Eventually(t, func(context.Context) error {
			for len(seen) > 0 {
				had[<-seen] = true
			}
			if !had[group+" "+string(phase)] {
				return fmt.Errorf("no VPSieNode of %s was in %s; seen were %v", group, phase, had)
			}
			return nil
		})
	}
	if err := b.cloud.SetFaults(vpsietest.Fault{Method: http.MethodPost, Path: "/apps/v2/vm", Status: http.StatusUnauthorized, Count: 1}); err != nil {
		t.Fatal(err)
	}
	b.knobs(t, `{"neverJoin":1,"readyMillis":500}`, `{"neverJoin":0,"readyMillis":30}`)
	g := b.group(t, "phases", 2, func(g *v1alpha1.NodeGroup) { g.Spec.MinNodes = 1 })
	await(g.Name, v1alpha1.PhasePending)
	await(g.Name, v1alpha1.PhaseProvisioning)
	await(g.Name, v1alpha1.PhaseProvisioned)
	for _, m := range b.allMachines(t.Context(), t, g) {
		b.remove(t, &m)
	}
	await(g.Name, v1alpha1.PhaseJoining)
	await(g.Name, v1alpha1.PhaseReady)
	m := b.machines(t, g, 1)[0]
	p := b.pod(t, "phases", g)
	b.bind(t, p, m.Status.NodeName)
	b.budget(t, p, 0)
	b.remove(t, &m)
	await(g.Name, v1alpha1.PhaseTerminating)
	b.budget(t, p, 1)
	await(g.Name, v1alpha1.PhaseDeleting)

	b.knobs(t, `{"stock":{"large-8cpu-16gb":0}}`, `{"stock":{"large-8cpu-16gb":null}}`)
	failing := b.group(t, "phase-failed", 1, func(g *v1alpha1.NodeGroup) {
		g.Spec.DatacenterID, g.Spec.OfferingIDs, g.Spec.MinNodes = "dc-eu-west-1", []string{"large-8cpu-16gb"}, 1
	})
	await(failing.Name, v1alpha1.PhaseFailed)
}

// What the spec asks of the cloud reaches the machine.
func TestOrdersCarryWhatTheSpecSays(t *testing.T) {
	t.Parallel()
	b := live(t)
	g := b.group(t, "orders", 1, func(g *v1alpha1.NodeGroup) {
		g.Spec.MinNodes = 1
		g.Spec.OSImageID, g.Spec.SSHKeyIDs, g.Spec.Tags = "debian-12", []string{"ssh-key-123"}, []string{"production", "autoscaled"}
		g.Spec.UserData = "#cloud-config\n# {{.NodeName}} {{.NodeGroup}}"
	})
	m := b.machines(t, g, 1)[0]
	bills := slices.DeleteFunc(b.cloud.Ledger().VMs, func(v vpsietest.Bill) bool { return !strings.EqualFold(v.Hostname, m.Name) })
	if len(bills) != 1 || bills[0].Plan != small || bills[0].Datacenter != "dc-us-east-1" || !slices.Equal(bills[0].Tags, g.Spec.Tags) {
		t.Errorf("bought was %+v", bills)
	}
	if got, want := b.cloud.booted(m.Name).UserData, "#cloud-config\n# "+m.Name+" orders"; got != want {
		t.Errorf("the machine's user data is %q, want %q", got, want)
	}
	var vm struct {
		Key   string `json:"sshkey_id"`
		Image string `json:"fullname"`
	}
	if err := b.cloud.lookUp(t.Context(), m.Name, &vm); err != nil {
		t.Fatal(err)
	}
	if vm.Image != "debian-12" || vm.Key != vpsietest.Identifier("sshkey", "ssh-key-123") {
		t.Errorf("the VPS is %+v", vm)
	}
}

// The last error of a machine stays in its status, its reason in the condition.
func TestLastErrorOfAMachine(t *testing.T) {
	t.Parallel()
	b := live(t)
	g := b.group(t, "last-error", 1)
	m := &v1alpha1.VPSieNode{Spec: v1alpha1.VPSieNodeSpec{VPSieInstanceID: 987654, InstanceType: small, NodeGroupName: g.Name, DatacenterID: "dc-us-east-1"}}
	m.Name, m.Namespace = "misguided", config.Namespace
	b.create(t, m)
	t.Cleanup(func() { b.remove(t, m) })
	b.heard(t, m, corev1.EventTypeWarning, "ProvisioningFailed", "VPS not found")
	testenv.Eventually(t, func(ctx context.Context) error {
		if err := b.client.Get(ctx, client.ObjectKeyFromObject(m), m); err != nil {
			return err
		}
		c := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.VPSieNodeError)
		if c == nil || c.Status != "True" || c.Reason != "ProvisioningFailed" || !strings.Contains(m.Status.LastError, "VPS not found") {
			return fmt.Errorf("lastError %q, condition %+v", m.Status.LastError, c)
		}
		return nil
	})
}

// A VPS that a person names is described as an ordered one, with an address of every kind.
func TestAdoptedMachineIsDescribed(t *testing.T) {
	t.Parallel()
	b := live(t)
	g := b.group(t, "adopting", 1, func(g *v1alpha1.NodeGroup) { g.Spec.ScaleDownPolicy.Enabled = new(false) })
	vm, err := b.cloud.AddVM(vpsietest.VMSpec{Hostname: "handmade", Plan: small, Datacenter: "dc-us-east-1", Notes: "made by hand"})
	if err != nil {
		t.Fatal(err)
	}
	m := &v1alpha1.VPSieNode{Spec: v1alpha1.VPSieNodeSpec{VPSieInstanceID: int64(vm.ID), InstanceType: small, NodeGroupName: g.Name, DatacenterID: "dc-us-east-1"}}
	m.Name, m.Namespace = "adopted", config.Namespace
	b.create(t, m)
	got := b.machines(t, g, 1)[0]
	if got.Spec.IPAddress != vm.IPv4 || got.Spec.IPv6Address != vm.IPv6 || vm.IPv6 == "" || got.Spec.NodeName != "handmade" || got.Labels[v1alpha1.LabelParent] != g.Name {
		t.Errorf("VPS %+v is shown as %+v with labels %v", vm, got.Spec, got.Labels)
	}
}

// lookUp reads a VPS as the API lists it.
func (c *fakeCloud) lookUp(ctx context.Context, hostname string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL()+"/apps/v2/vm", nil)
	if err != nil {
		return err
	}
	request.Header.Set("Vpsie-Auth", vpsietest.DefaultToken)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var answer struct{ Data []json.RawMessage }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return err
	}
	for _, raw := range answer.Data {
		var named struct{ Hostname string }
		if err := json.Unmarshal(raw, &named); err != nil {
			return err
		}
		if strings.EqualFold(named.Hostname, hostname) {
			return json.Unmarshal(raw, into)
		}
	}
	return errors.New("no such VPS")
}
