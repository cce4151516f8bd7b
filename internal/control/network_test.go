package control

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// wired is a NodeGroup whose machines are attached to everything.
func wired(g *v1alpha1.NodeGroup) {
	g.Spec.NetworkConfig = &v1alpha1.NetworkConfig{
		VPC: &v1alpha1.VPCReference{Name: "nodes"}, Gateway: &v1alpha1.GatewayReference{IP: "198.51.100.1"},
		FirewallGroups: []string{"nodes", "web"}, PrivateIP: v1alpha1.Enabled,
	}
}

// slowly are knobs by which every step of a machine's life takes its time.
func slowly() vpsietest.Knobs {
	return vpsietest.Knobs{CreateMillis: 20_000, BootMillis: 10_000, DeleteMillis: 10_000, VPCMillis: 45_000, FirewallMillis: 500}
}

// leaks are what machines that are gone are still attached to.
func (w *world) leaks() []string {
	ledger := w.fake.Ledger()
	gone := func(identifier string) bool {
		return slices.ContainsFunc(ledger.VMs, func(b vpsietest.Bill) bool { return b.Identifier == identifier && b.DeletedAt != nil })
	}
	var left []string
	for _, p := range ledger.PrivateIPs {
		if !p.Released && gone(p.VMIdentifier) {
			left = append(left, fmt.Sprintf("address %s of VPC %d", p.IP, p.VPCID))
		}
	}
	for _, a := range ledger.Attachments {
		if gone(a.VMIdentifier) {
			left = append(left, fmt.Sprintf("%+v", a))
		}
	}
	return left
}

// attached are the machine's own.
func (w *world) attached(m *v1alpha1.VPSieNode) (vpcs []int, firewalls, gateways int) {
	bill := w.billOf(m)
	ledger := w.fake.Ledger()
	for _, p := range ledger.PrivateIPs {
		if p.VMIdentifier == bill.Identifier && !p.Released {
			vpcs = append(vpcs, p.VPCID)
		}
	}
	for _, a := range ledger.Attachments {
		switch {
		case a.VMIdentifier != bill.Identifier:
		case a.FirewallGroup != "":
			firewalls++
		default:
			gateways++
		}
	}
	return vpcs, firewalls, gateways
}

// A machine is attached to all that its NodeGroup names, one thing after the other, before its node takes pods, and is
// attached to nothing when it is gone, whenever the controller is killed on the way.
func TestMachinesAreConnectedAndDisconnected(t *testing.T) {
	for name, every := range map[string]time.Duration{"unharmed": 0, "killed every second": time.Second, "killed every seven seconds": 7 * time.Second} {
		t.Run(name, func(t *testing.T) {
			inSim(t, slowly(), func(s *sim) {
				var steps []string
				run := func(long time.Duration) {
					for end := s.clock.Now().Add(long); s.clock.Now().Before(end); {
						s.run(time.Second)
						steps = s.noteSteps(steps)
						if every > 0 && s.clock.Now().Unix()%int64(every.Seconds()) == 0 {
							s.restart()
							s.wake("scheduler", s.clock.Now())
						}
					}
				}
				g := s.group("web", 0, 4, wired)
				s.replicas, s.due["scheduler"] = 2, s.clock.Now()
				run(5 * time.Minute)
				machines := s.vpsieNodes()
				if len(machines) != 2 || s.waitingPods() > 0 {
					for _, m := range machines {
						s.Logf("%s %s %+v\n%+v", m.Name, m.Status.Phase, m.Status.Network, m.Status.Conditions)
					}
					s.Fatalf("%d machines, %d pods wait", len(machines), s.waitingPods())
				}
				for _, m := range machines {
					s.checkConnected(m)
				}
				want := []string{"AttachingVPC", "AwaitingVPCAddress", "AttachingFirewall", "AttachingGateway", "Ready"}
				order := func(a, b string) int { return slices.Index(want, a) - slices.Index(want, b) }
				if !slices.Contains(steps, "AwaitingVPCAddress") || steps[len(steps)-1] != "Ready" || !slices.IsSortedFunc(steps, order) {
					s.Errorf("steps %v, want some of %v in this order", steps, want)
				}
				s.reload(g)
				if n := g.Status.ObservedNetwork; n == nil || len(n.VPCs) != 1 || n.VPCs[0].ID != 102 || n.VPCs[0].Range != "10.20.0.0/24" || len(n.FirewallGroups) != 2 || n.GatewayID != 501 {
					s.Errorf("status.observedNetwork %+v", n)
				}
				s.must(s.store.Delete(s.ctx, g))
				run(10 * time.Minute)
				if n := len(s.bills()); n > 0 || len(s.leaks()) > 0 {
					s.Errorf("%d VPSes run; left are %v", n, s.leaks())
				}
			})
		})
	}
}

// noteSteps appends the step of the first machine when it is another than before.
func (s *sim) noteSteps(steps []string) []string {
	if all := s.vpsieNodes(); len(all) > 0 {
		m := all[0]
		c := condition(m.Status.Conditions, v1alpha1.VPSieNodeNetworkReady)
		if c.Reason != "" && m.DeletionTimestamp.IsZero() && (len(steps) == 0 || steps[len(steps)-1] != c.Reason) {
			steps = append(steps, c.Reason)
		}
		for _, o := range s.store.all() { // No pod may run outside its network.
			if n, is := o.(*corev1.Node); is && n.Name == m.Name && c.Status != metav1.ConditionTrue && m.DeletionTimestamp.IsZero() && !slices.ContainsFunc(n.Spec.Taints, isStartup) {
				s.Errorf("node %s takes pods while its VPS is at %s", n.Name, c.Reason)
			}
		}
	}
	return steps
}

func (s *sim) checkConnected(m *v1alpha1.VPSieNode) {
	s.Helper()
	n := m.Status.Network
	if n == nil || n.VPCID != 102 || n.PrivateIPID == 0 || !strings.HasPrefix(n.VPCAddress, "10.20.0.") || len(n.FirewallGroups) != 2 || n.GatewayID != 501 || n.GatewayMappingID == 0 || n.VPSIdentifier != s.billOf(m).Identifier {
		s.Errorf("status.network %+v", n)
	}
	if vpcs, firewalls, gateways := s.attached(m); !slices.Equal(vpcs, []int{102}) || firewalls != 2 || gateways != 1 {
		s.Errorf("VPSie has it in the VPCs %v, with %d firewall groups and %d gateways", vpcs, firewalls, gateways)
	}
	if c := condition(m.Status.Conditions, v1alpha1.VPSieNodeNetworkReady); c.Status != metav1.ConditionTrue || c.Reason != "Ready" {
		s.Errorf("condition %+v", c)
	}
	if m.Spec.IPAddress == "" || m.Status.Phase != v1alpha1.PhaseReady {
		s.Errorf("address %q, phase %s", m.Spec.IPAddress, m.Status.Phase)
	}
}

// Without a public address a machine is known by that of its VPC, and joins.
func TestMachinesWithoutAPublicAddress(t *testing.T) {
	inSim(t, slowly(), func(s *sim) {
		s.group("web", 1, 4, func(g *v1alpha1.NodeGroup) {
			g.Spec.NetworkConfig = &v1alpha1.NetworkConfig{
				PublicIPv4: v1alpha1.Disabled, PublicIPv6: v1alpha1.Enabled, VPC: &v1alpha1.VPCReference{ID: new(int32(102))}, NodeIP: v1alpha1.NodeIPVPC,
			}
		})
		s.run(5 * time.Minute)
		machines := s.vpsieNodes()
		if len(machines) != 1 || machines[0].Status.Phase != v1alpha1.PhaseReady {
			s.Fatalf("machines %+v", machines)
		}
		m := machines[0]
		if m.Spec.IPAddress != m.Status.Network.VPCAddress || m.Spec.IPAddress == "" || m.Spec.IPv6Address == "" {
			s.Errorf("addresses %q and %q, in the VPC %q", m.Spec.IPAddress, m.Spec.IPv6Address, m.Status.Network.VPCAddress)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if text := s.userData[m.Name]; !strings.Contains(text, "kind=VPC") || !strings.Contains(text, "vpc=10.20.0.0/24") {
			s.Errorf("user data %q", text)
		}
	})
}

// What the account does not have stops the NodeGroup before anything is bought, and the message says where.
func TestUnknownNetworkBuysNothing(t *testing.T) {
	inSim(t, slowly(), func(s *sim) {
		g := s.group("web", 1, 4, wired, func(g *v1alpha1.NodeGroup) { g.Spec.NetworkConfig.FirewallGroups = []string{"walls"} })
		s.run(time.Minute)
		s.reload(g)
		c := condition(g.Status.Conditions, v1alpha1.NodeGroupError)
		if c.Reason != "FirewallGroupNotFound" || !strings.Contains(c.Message, `spec.networkConfig.firewallGroups "walls"`) || len(s.fake.Ledger().VMs) > 0 {
			s.Errorf("%+v; %d VPSes", c, len(s.fake.Ledger().VMs))
		}
	})
}

// An attachment that does not come right fails the machine in time, and it is undone like any other.
func TestMachineThatCannotBeConnectedIsReplaced(t *testing.T) {
	inSim(t, slowly(), func(s *sim) {
		s.must(s.fake.SetFaults(vpsietest.Fault{Method: http.MethodPost, Path: "/apps/v2/gateways/attach/vms", Status: 500}))
		s.group("web", 1, 4, wired)
		s.run(10 * time.Minute)
		m := s.vpsieNodes()[0]
		if c := condition(m.Status.Conditions, v1alpha1.VPSieNodeNetworkReady); c.Reason != "AttachingGateway" || m.Status.LastError == "" || m.Status.Phase != v1alpha1.PhaseProvisioning {
			s.Errorf("phase %s, %q, condition %+v", m.Status.Phase, m.Status.LastError, c)
		}
		s.run(13 * time.Minute)
		if s.heard("ProvisioningFailed "+m.Name, "could not be connected as spec.networkConfig says in 20m0s", "gateway") == 0 {
			s.Errorf("nobody said why %s failed: %v", m.Name, s.events)
		}
		if len(s.leaks()) > 0 {
			s.Errorf("left are %v", s.leaks())
		}
	})
}

// A VPS that VPSie does not detach is deleted all the same after a while: it costs more than what is left of it.
func TestVPSIsDeletedAlthoughItStaysAttached(t *testing.T) {
	inSim(t, slowly(), func(s *sim) {
		g := s.group("web", 1, 4, wired)
		s.run(5 * time.Minute)
		refused := vpsietest.Fault{Method: http.MethodDelete, Path: "/apps/v2/vm/vpc", Status: 400, Body: json.RawMessage(`{"error":true,"message":"nope"}`)}
		s.must(s.fake.SetFaults(refused))
		s.must(s.store.Delete(s.ctx, g))
		s.run(8 * time.Minute)
		if n := len(s.bills()); n != 1 {
			s.Errorf("%d VPSes after eight minutes", n)
		}
		s.run(8 * time.Minute)
		if n := len(s.bills()); n != 0 || s.heard("StillAttached", "VPC 102") != 1 {
			s.Errorf("%d VPSes after sixteen minutes; events %v", n, s.events)
		}
	})
}

// Whoever deletes a machine's VPS leaves its address behind: it is released by what the status has.
func TestAddressOfAVPSThatSomebodyDeletedIsReleased(t *testing.T) {
	inSim(t, slowly(), func(s *sim) {
		s.group("web", 1, 4, wired)
		s.run(5 * time.Minute)
		s.must(s.fake.Act(s.bills()[0].Identifier, "destroy"))
		s.run(20 * time.Minute)
		leases := s.fake.Ledger().PrivateIPs
		if len(leases) != 2 || !leases[0].Released || leases[1].Released {
			s.Errorf("addresses %+v", leases)
		}
	})
}

// Machines of several private networks may have one address: it makes no node anybody's.
func TestPrivateAddressIdentifiesNoNode(t *testing.T) {
	m := &v1alpha1.VPSieNode{ObjectMeta: metav1.ObjectMeta{Name: "vpsie-web-1", Annotations: map[string]string{v1alpha1.AnnotationLaunchReason: "PendingPods"}}}
	vm := &vpsie.VM{ID: 7, Identifier: "i", Hostname: "vpsie-web-1", PrivateIP: "10.64.0.10"}
	for address, want := range map[string]bool{
		"198.51.100.7": true, "2001:db8::7": true, "10.64.0.10": false, "10.20.0.10": false, "192.168.1.2": false, "172.16.9.9": false,
		"100.64.1.1": false, "fd00::1": false, "127.0.0.1": false, "": false,
	} {
		m.Spec.IPAddress = address
		node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "other"}}
		node.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: address}}
		if got := isNodeOf(node, m, vm); got != want {
			t.Errorf("a node with the address %q is the machine's: %t", address, got)
		}
		node.Name = m.Name
		if !isNodeOf(node, m, vm) {
			t.Errorf("a node of its name with the address %q is not the machine's", address)
		}
	}
}

// An edited networkConfig is a difference from what a new machine would be, and no present machine follows it.
func TestEditedNetworkIsDrift(t *testing.T) {
	inSim(t, slowly(), func(s *sim) {
		g := s.group("web", 1, 4)
		s.run(5 * time.Minute)
		s.reload(g)
		wired(g)
		s.must(s.store.Update(s.ctx, g))
		s.run(time.Minute)
		m := s.vpsieNodes()[0]
		if c := condition(m.Status.Conditions, v1alpha1.VPSieNodeDrifted); c.Status != metav1.ConditionTrue || !strings.Contains(c.Message, "networkConfig: none -> ") {
			s.Errorf("condition %+v", c)
		}
		if vpcs, firewalls, gateways := s.attached(m); len(vpcs)+firewalls+gateways > 0 {
			s.Errorf("it is attached to %v, %d, %d", vpcs, firewalls, gateways)
		}
	})
}

// wiresOf says what the order and the calls after it need.
func TestWiresOfANodeGroup(t *testing.T) {
	g := &v1alpha1.NodeGroup{}
	if w := wiresOf(g); w.NoPublicIPv4 || w.PublicIPv6 || w.PrivateIP {
		t.Errorf("without networkConfig: %+v", w)
	}
	wired(g)
	g.Spec.NetworkConfig.PublicIPv4 = v1alpha1.Disabled
	want := cloud.Wires{NoPublicIPv4: true, PrivateIP: true, VPC: "nodes", GatewayIP: "198.51.100.1", FirewallGroups: []string{"nodes", "web"}}
	if got := wiresOf(g); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// The status of a NodeGroup has what its names stand for, in each of its datacenters.
func TestObservedNetwork(t *testing.T) {
	if got := observedIn(nil, "dc-us-east-1", cloud.Network{}); got != nil {
		t.Errorf("of nothing: %+v", got)
	}
	web := []vpsie.FirewallGroup{{Identifier: "i", Name: "web"}}
	got := observedIn(nil, "dc-us-east-1", cloud.Network{
		VPC: &vpsie.VPC{ID: 102, Name: "nodes", Range: netip.MustParsePrefix("10.20.0.0/24")}, FirewallGroups: web, Gateway: &vpsie.Gateway{ID: 501},
	})
	got = observedIn(got, "dc-eu-west-1", cloud.Network{VPC: &vpsie.VPC{ID: 201, Name: "nodes"}, FirewallGroups: web})
	want := &v1alpha1.ObservedNetwork{
		VPCs: []v1alpha1.ObservedVPC{
			{DatacenterID: "dc-us-east-1", ID: 102, Name: "nodes", Range: "10.20.0.0/24"}, {DatacenterID: "dc-eu-west-1", ID: 201, Name: "nodes"},
		},
		FirewallGroups: []v1alpha1.ObservedFirewallGroup{{ID: "i", Name: "web"}}, GatewayID: 501,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
