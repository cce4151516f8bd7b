package control

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// While a VPS is billed its cost is never zero, whatever is wrong with token, NodeGroup or catalogue, also after a restart.
func TestCostStaysWhileTheBillRuns(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("costs", 2, 2)
	w.ready(g, 2)
	costs := func(what string) {
		t.Helper()
		w.until(time.Minute, "the cost with "+what, func() error {
			w.reload(g)
			if g.Status.CostPerHour != "0.0333" && g.Status.CostPerHour != "0.0334" { // two at $12 a month
				return fmt.Errorf("%s", g.Status.CostPerHour)
			}
			return nil
		})
		w.after(15*time.Minute, 5*time.Minute) // beyond the catalogue's age
		if w.reload(g); g.Status.CostPerHour == "0.0000" {
			t.Errorf("with %s two VPSes cost nothing", what)
		}
	}
	costs("all in order")
	for what, spoil := range map[string]func(){
		"a wrong token":     func() { w.setAccount(map[string]string{cloud.KeyToken: "wrong"}) },
		"an unknown image":  func() { w.patch(g, `{"spec":{"osImageID":"no-such-image"}}`) },
		"a broken API":      func() { w.must(w.fake.SetFaults(vpsietest.Fault{Status: 500})) },
		"a type not sold":   func() { w.patch(g, `{"spec":{"offeringIDs":["no-such-type"]}}`) },
		"no Secret content": func() { w.setAccount(map[string]string{cloud.KeyToken: "", cloud.KeyURL: "x"}) },
	} {
		spoil()
		costs(what)
		w.start(w.deps.Options)
		costs(what + " and a restart")
		w.must(w.fake.SetFaults())
		w.setAccount(nil)
		w.patch(g, `{"spec":{"osImageID":"ubuntu-22.04-lts","offeringIDs":["`+small+`"]}}`)
	}
}

// Machines of a type that the NodeGroup offers no more count towards its cap with the price
// that was last known, also before VPSie has listed them, and after a restart.
func TestACapCountsWhatIsOfferedNoMore(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	g := w.group("capped", 1, 9, func(g *v1alpha1.NodeGroup) { g.Spec.Limits.CostPerMonth = "33.00" })
	w.until(time.Second, "the machine's price to be written down with its order", func() error {
		if all := w.vpsieNodes(); len(all) == 0 || all[0].Status.CostPerMonth != "12.00" {
			return errNotYet
		}
		return nil
	})
	w.patch(g, `{"spec":{"offeringIDs":["`+medium+`"]}}`) // 22 a month
	for i := range 3 {
		w.pending(fmt.Sprintf("p%d", i), "1500m")
	}
	w.after(3*time.Minute, 10*time.Second)
	w.start(w.deps.Options)
	w.after(3*time.Minute, 10*time.Second)
	if n := w.ordered(); n != 1 {
		t.Errorf("%d VPSes were bought under a cap of 33 a month beside one at 12 with a type at 22, want 1", n)
	}
	if m := w.vpsieNodes()[0]; m.Status.CostPerMonth != "12.00" || m.Status.CostPerHour != "0.0167" {
		t.Errorf("it costs %q a month, %q an hour", m.Status.CostPerMonth, m.Status.CostPerHour)
	}
	w.patch(g, `{"spec":{"limits":{"costPerMonth":"34.00"}}}`)
	w.until(time.Second, "a purchase below the cap", func() error {
		if w.ordered() != 2 {
			return errNotYet
		}
		return nil
	})
}

// The vendor's cloud-controller-manager hands spec.providerID as it is to the load balancers, which know VPSes by their
// bare identifiers, and leaves out nodes with the label that a drain sets.
func TestLoadBalancersFindTheNodes(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{})
	w.noProviderID = true
	o := w.deps.Options
	o.ProviderIDFormat = "{identifier}"
	w.start(o)
	g := w.group("web", 2, 2)
	machines := w.ready(g, 2)
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "front", Namespace: "default"},
		Spec: corev1.ServiceSpec{
			Type: corev1.ServiceTypeLoadBalancer, Selector: map[string]string{"app": "web"},
			Ports: []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(8080)}},
		},
	}
	w.must(w.admin.Create(w.Context(), service))
	t.Cleanup(func() { _ = w.admin.Delete(w.clearCtx(), service) })
	known := map[string]bool{}
	for _, b := range w.bills() {
		known[b.Identifier] = true
	}
	if got := w.backends(service); len(got) != 2 || !known[got[0]] || !known[got[1]] || got[0] == got[1] {
		t.Errorf("backends %q, want the identifiers of both VPSes: %v", got, known)
	}
	w.must(w.admin.Delete(w.Context(), machines[0]))
	w.until(time.Second, "the leaving node to be no backend", func() error {
		if got := w.backends(service); len(got) != 1 {
			return fmt.Errorf("%q", got)
		}
		return nil
	})
}

// backends are what the cloud-controller-manager makes of a Service and the nodes.
func (w *world) backends(service *corev1.Service) []string {
	w.Helper()
	var nodes corev1.NodeList
	w.must(w.admin.List(w.Context(), &nodes))
	var all []string
	for _, n := range nodes.Items {
		_, excluded := n.Labels[corev1.LabelNodeExcludeBalancers]
		if service.Spec.Type == corev1.ServiceTypeLoadBalancer && !excluded && n.Spec.ProviderID != "" {
			all = append(all, n.Spec.ProviderID)
		}
	}
	return all
}

func TestProviderIDFormats(t *testing.T) {
	for format, ok := range map[ProviderIDFormat]bool{
		"": true, "{identifier}": true, "vpsie://{identifier}": true, "vpsie://{datacenter}/{identifier}": true, "vpsie://dc/cluster/{identifier}": true,
		"bare": false, "aws://{identifier}": false, "{identifier}-x": false, "vpsie://{identifier}/x": false, "vpsie://{name}/{identifier}": false, "x{identifier}": false,
	} {
		if err := format.Validate(); (err == nil) != ok {
			t.Errorf("%q: %v", format, err)
		}
	}
}
