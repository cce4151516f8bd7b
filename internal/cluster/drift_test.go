package cluster

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// madeWith are Objects of one group whose machine was ordered as the group was, and whose group has
// been changed since.
func madeWith(kubelet, kubernetes string, change func(*v1alpha1.NodeGroupSpec, *v1alpha1.MadeFrom)) *Objects {
	g := &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: v1alpha1.NodeGroupSpec{
		OSImageID: "ubuntu-22", UserData: "#cloud-config", SSHKeyIDs: []string{"key"}, Labels: map[string]string{"a": "b"},
	}}
	made := MadeFrom(g, "1.36")
	change(&g.Spec, made)
	m := &v1alpha1.VPSieNode{ObjectMeta: metav1.ObjectMeta{Name: "m1"}, Spec: v1alpha1.VPSieNodeSpec{NodeGroupName: "web"}}
	m.Status.Phase, m.Status.MadeFrom = v1alpha1.PhaseReady, made
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "m1"}}
	n.Status.NodeInfo.KubeletVersion = kubelet
	n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
	return &Objects{NodeGroups: []*v1alpha1.NodeGroup{g}, VPSieNodes: []*v1alpha1.VPSieNode{m}, Nodes: []*corev1.Node{n}, KubernetesVersion: kubernetes}
}

// What differs from what a new machine would be made from is named, old -> new; what a node follows in place, what
// cannot be compared, and what a new machine would not mend is no difference.
func TestDriftNamesTheField(t *testing.T) {
	none := func(*v1alpha1.NodeGroupSpec, *v1alpha1.MadeFrom) {}
	tests := map[string]struct {
		kubelet, kubernetes string
		change              func(*v1alpha1.NodeGroupSpec, *v1alpha1.MadeFrom)
		drift               string
		current             bool
	}{
		"nothing":           {"v1.36.1", "1.36", none, "", true},
		"image":             {"v1.36.1", "1.36", func(g *v1alpha1.NodeGroupSpec, _ *v1alpha1.MadeFrom) { g.OSImageID = "ubuntu-24" }, "osImageID: ubuntu-22 -> ubuntu-24", false},
		"keys":              {"v1.36.1", "1.36", func(g *v1alpha1.NodeGroupSpec, _ *v1alpha1.MadeFrom) { g.SSHKeyIDs = nil }, "sshKeyIDs: key -> none", false},
		"user data, a hash": {"v1.36.1", "1.36", func(g *v1alpha1.NodeGroupSpec, _ *v1alpha1.MadeFrom) { g.UserData = "#secret" }, "userData: sha256:8e51c6a8c1c1 -> sha256:", false},
		"startup taints": {"v1.36.1", "1.36", func(g *v1alpha1.NodeGroupSpec, _ *v1alpha1.MadeFrom) {
			g.StartupTaints = []corev1.Taint{{Key: "k", Effect: "NoSchedule"}}
		}, "startupTaints: none -> k:NoSchedule", false},
		"kubelet": {"v1.36.1", "1.36", func(g *v1alpha1.NodeGroupSpec, _ *v1alpha1.MadeFrom) {
			g.Kubelet = &v1alpha1.Kubelet{MaxPods: new(int32(30))}
		}, `kubelet: none -> {"maxPods":30}`, false},
		"network": {"v1.36.1", "1.36", func(g *v1alpha1.NodeGroupSpec, _ *v1alpha1.MadeFrom) {
			g.NetworkConfig = &v1alpha1.NetworkConfig{PrivateIP: v1alpha1.Enabled, FirewallGroups: []string{"nodes"}}
		}, `networkConfig: none -> {"privateIP":"Enabled","firewallGroups":["nodes"]}`, false},
		"network that is as if absent": {"v1.36.1", "1.36", func(g *v1alpha1.NodeGroupSpec, _ *v1alpha1.MadeFrom) {
			g.NetworkConfig = &v1alpha1.NetworkConfig{PublicIPv4: v1alpha1.Enabled, PublicIPv6: v1alpha1.Disabled, PrivateIP: v1alpha1.Disabled}
		}, "", true},
		"kubelet without a setting": {"v1.36.1", "1.36", func(g *v1alpha1.NodeGroupSpec, _ *v1alpha1.MadeFrom) { g.Kubelet = &v1alpha1.Kubelet{} }, "", true},
		"labels, in place": {"v1.36.1", "1.36", func(g *v1alpha1.NodeGroupSpec, _ *v1alpha1.MadeFrom) {
			g.Labels = nil
			g.Taints = []corev1.Taint{{Key: "k"}}
		}, "", true},
		"size of the group": {"v1.36.1", "1.36", func(g *v1alpha1.NodeGroupSpec, _ *v1alpha1.MadeFrom) { g.MaxNodes = 9; g.OfferingIDs = []string{"x"} }, "", true},
		"another version": {"v1.36.1", "1.36", func(g *v1alpha1.NodeGroupSpec, m *v1alpha1.MadeFrom) {
			g.OSImageID, m.Version = "ubuntu-24", madeFromVersion+1
		}, "", false},
		"a field of later": {"v1.36.1", "1.36", func(g *v1alpha1.NodeGroupSpec, m *v1alpha1.MadeFrom) {
			g.OSImageID = "ubuntu-24"
			m.Fields = m.Fields[:1]
		}, "", true},
		"older kubelet":       {"v1.36.1", "1.37", none, "kubernetesVersion: 1.36 -> 1.37", false},
		"kubelet was updated": {"v1.37.0", "1.37", none, "", true},
		"kubelet ahead":       {"v1.37.0", "1.36", none, "", true},
		"not known":           {"v1.35.0", "", none, "", true},
		"image brings it":     {"v1.36.1", "1.37", func(_ *v1alpha1.NodeGroupSpec, m *v1alpha1.MadeFrom) { m.Fields[0].Value = "1.37" }, "", true},
		"both":                {"v1.36.1", "1.37", func(g *v1alpha1.NodeGroupSpec, _ *v1alpha1.MadeFrom) { g.OSImageID = "ubuntu-24" }, "osImageID: ubuntu-22 -> ubuntu-24; kubernetesVersion: 1.36 -> 1.37", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			n := NewBuilder().nodesOf(madeWith(test.kubelet, test.kubernetes, test.change))[0]
			drift := n.Drift
			if name == "user data, a hash" && len(drift) > 30 && len(test.drift) > 0 {
				drift, test.drift = drift[:len("userData: sha256:")], test.drift[:len("userData: sha256:")]
			}
			if drift != test.drift || n.Current != test.current {
				t.Errorf("drift %q, current %v; want %q, %v", n.Drift, n.Current, test.drift, test.current)
			}
		})
	}
}

// The order of what is a set replaces nobody.
func TestOrderIsNoDrift(t *testing.T) {
	g := &v1alpha1.NodeGroup{Spec: v1alpha1.NodeGroupSpec{
		SSHKeyIDs:     []string{"a", "b"},
		StartupTaints: []corev1.Taint{{Key: "a", Effect: "NoSchedule"}, {Key: "b", Effect: "NoSchedule"}},
		NetworkConfig: &v1alpha1.NetworkConfig{FirewallGroups: []string{"a", "b"}},
	}}
	other := g.DeepCopy()
	slices.Reverse(other.Spec.SSHKeyIDs)
	slices.Reverse(other.Spec.StartupTaints)
	slices.Reverse(other.Spec.NetworkConfig.FirewallGroups)
	m := &v1alpha1.VPSieNode{Status: v1alpha1.VPSieNodeStatus{MadeFrom: MadeFrom(g, "")}}
	if text := drift(m, MadeFrom(other, "")); text != "" {
		t.Errorf("drift %q", text)
	}
	if other.Spec.SSHKeyIDs[0] != "b" || other.Spec.NetworkConfig.FirewallGroups[0] != "b" {
		t.Error("the NodeGroup itself is sorted")
	}
}

// A release that compares a field more than the one before replaces no node for it; from then on its edits are told.
func TestNewFieldsOfDriftReplaceNobody(t *testing.T) {
	o := madeWith("v1.36.1", "1.36", func(g *v1alpha1.NodeGroupSpec, made *v1alpha1.MadeFrom) {
		g.Kubelet = &v1alpha1.Kubelet{MaxPods: new(int32(30))}
		made.Fields = slices.DeleteFunc(made.Fields, func(f v1alpha1.MadeFromField) bool { return f.Name == "kubelet" || f.Name == fieldKubernetes })
	})
	m, g := o.VPSieNodes[0], o.NodeGroups[0]
	if n := NewBuilder().nodesOf(o)[0]; n.Drift != "" {
		t.Fatalf("a field that was not known before is told as drift: %s", n.Drift)
	}
	made := Unnoted(m, MadeFrom(g, "1.36"))
	if made == nil {
		t.Fatal("the field that is missing is not noted")
	}
	if _, guessed := valueOf(made, fieldKubernetes); guessed {
		t.Error("the version of Kubernetes under which the machine was ordered is guessed")
	}
	m.Status.MadeFrom = made
	if again := Unnoted(m, MadeFrom(g, "1.36")); again != nil {
		t.Errorf("noted twice: %v", again)
	}
	g.Spec.Kubelet.MaxPods = new(int32(40))
	if n := NewBuilder().nodesOf(o)[0]; n.Drift != `kubelet: {"maxPods":30} -> {"maxPods":40}` {
		t.Errorf("the edit that followed is told as %q", n.Drift)
	}
}

// A new machine that came with an old kubelet shows that others would as well, so nobody else is replaced for it.
func TestOldKubeletsOfTheImageReplaceNobody(t *testing.T) {
	o := madeWith("v1.36.1", "1.37", func(*v1alpha1.NodeGroupSpec, *v1alpha1.MadeFrom) {})
	newer := o.VPSieNodes[0].DeepCopy()
	newer.Name, newer.Status.MadeFrom.Fields[0].Value = "m2", "1.37"
	node := o.Nodes[0].DeepCopy()
	node.Name = "m2"
	o.VPSieNodes, o.Nodes = append(o.VPSieNodes, newer), append(o.Nodes, node)
	for _, n := range NewBuilder().nodesOf(o) {
		if n.Drift != "" {
			t.Errorf("%s: %s", n.Name, n.Drift)
		}
	}
}

// A roll-out is stopped until the spec is edited, or a machine made as the group is now becomes ready.
func TestStoppedRolloutEnds(t *testing.T) {
	since := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	g := &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Name: "web", Generation: 3}}
	g.Status.RolloutStopped = &v1alpha1.RolloutStopped{VPSieNode: "m9", Message: "no way", Since: metav1.NewTime(since), Generation: 3}
	m := &v1alpha1.VPSieNode{Spec: v1alpha1.VPSieNodeSpec{NodeGroupName: "web"}}
	m.Status.MadeFrom, m.Status.ReadyAt = MadeFrom(g, ""), new(metav1.NewTime(since.Add(-time.Hour)))
	machines := []*v1alpha1.VPSieNode{m}
	if why := StoppedRollout(g, machines); why == "" {
		t.Error("a machine that was ready before ends the stop")
	}
	m.Status.ReadyAt = new(metav1.NewTime(since.Add(time.Hour)))
	if why := StoppedRollout(g, machines); why != "" {
		t.Errorf("a machine that became ready since does not end the stop: %s", why)
	}
	m.Status.MadeFrom.Fields[0].Value = "other"
	if why := StoppedRollout(g, machines); why == "" {
		t.Error("a machine made otherwise ends the stop")
	}
	g.Generation = 4
	if why := StoppedRollout(g, machines); why != "" {
		t.Errorf("an edit does not end the stop: %s", why)
	}
}

// Budgets and ages reach the planner.
func TestRolloutInThePlannersWords(t *testing.T) {
	g := &v1alpha1.NodeGroup{}
	g.Spec.Disruption.DriftPolicy, g.Spec.Disruption.NodeMaxAgeSeconds = v1alpha1.DriftReplace, new(int32(3600))
	d := disruptionOf(g, 3, time.Now())
	if !d.ReplaceDrifted || d.MaxAge != time.Hour {
		t.Errorf("%+v", d)
	}
	if (&plan.Node{Name: "n", Created: time.Now()}).Expires(0) != (time.Time{}) {
		t.Error("nodes expire without an age")
	}
}

func TestVersionsAreComparedByTheirFirstTwoNumbers(t *testing.T) {
	for text, want := range map[string]string{
		"v1.37.2": "1.37", "1.37": "1.37", "v1.37+": "1.37", "v1.37.0-rc.1+k3s1": "1.37", "v01.037.1": "1.37",
		"": "", "v1": "", "v1.": "", "one.two": "", "v-1.2": "", "latest": "",
	} {
		node := &corev1.Node{Status: corev1.NodeStatus{NodeInfo: corev1.NodeSystemInfo{KubeletVersion: text}}}
		if got := kubeletVersion(node); got != want {
			t.Errorf("kubelet version %q is read as %q, want %q", text, got, want)
		}
	}
	for _, older := range [][2]string{{"1.9", "1.10"}, {"1.37", "2.0"}, {"v1.36.9", "1.37"}} {
		if !behind(older[0], older[1]) || behind(older[1], older[0]) || behind(older[0], older[0]) {
			t.Errorf("%s and %s are not told apart", older[0], older[1])
		}
	}
	if behind("", "1.37") || behind("1.37", "") {
		t.Error("a version that is not known is taken for an older one")
	}
}
