package control

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

func TestMachineNamesAreHostnamesAndKeepTheGroup(t *testing.T) {
	for _, group := range []string{"web", "a.b.c", strings.Repeat("long-", 20) + "end", strings.Repeat("x", 52)} {
		name := machineName(group)
		if errs := validation.IsDNS1123Label(name); len(errs) > 0 {
			t.Errorf("group %q gives machine name %q: %v", group, name, errs)
		}
		if again := machineName(group); again == name {
			t.Errorf("group %q gives the name %q twice", group, name)
		}
	}
	if name := machineName("web"); !strings.HasPrefix(name, "vpsie-web-") || len(name) != len("vpsie-web-")+5 {
		t.Errorf("machine name %q is not vpsie-web-<5 random>", name)
	}
}

func TestNodeIdentity(t *testing.T) {
	ordered := metav1.NewTime(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC))
	later := metav1.NewTime(ordered.Add(time.Minute))
	machine := &v1alpha1.VPSieNode{
		ObjectMeta: metav1.ObjectMeta{
			Name: "vpsie-web-abcde", CreationTimestamp: ordered,
			Annotations: map[string]string{v1alpha1.AnnotationLaunchReason: "PendingPods"},
		},
		Spec: v1alpha1.VPSieNodeSpec{VPSieInstanceID: 1001, IPAddress: "192.0.2.10"},
	}
	vm := &vpsie.VM{ID: 1001, Identifier: "6A434CEC-82ea-4b47-991a-28a77a4119a8", Hostname: "Vpsie-Web-ABCDE", PrivateIP: "10.0.0.7"}
	for name, tc := range map[string]struct {
		node corev1.Node
		want bool
	}{
		"by name":                      {node("vpsie-web-abcde", later, "", ""), true},
		"by name in another case":      {node("VPSIE-web-abcde", later, "", ""), true},
		"by bare identifier":           {node("x", later, "6a434cec-82ea-4b47-991a-28a77a4119a8", ""), true},
		"by identifier with scheme":    {node("x", later, "vpsie://6a434cec-82ea-4b47-991a-28a77a4119a8", ""), true},
		"by identifier in a path":      {node("x", later, "vpsie://dc/cluster/6a434cec-82ea-4b47-991a-28a77a4119a8", ""), true},
		"by number":                    {node("x", later, "vpsie://1001", ""), true},
		"by public address":            {node("x", later, "", "192.0.2.10"), true},
		"a private address alone":      {node("x", later, "", "10.0.0.7"), false},
		"another's number":             {node("x", later, "vpsie://11001", ""), false},
		"another's name":               {node("vpsie-web-abcdef", later, "", ""), false},
		"nothing in common":            {node("x", later, "", ""), false},
		"there before it was ordered":  {node("vpsie-web-abcde", metav1.NewTime(ordered.Add(-time.Second)), "", ""), false},
		"a providerID without content": {node("x", later, "vpsie://", ""), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := isNodeOf(&tc.node, machine, vm); got != tc.want {
				t.Errorf("isNodeOf = %t, want %t", got, tc.want)
			}
		})
	}
	adopted := machine.DeepCopy()
	adopted.Annotations = nil
	old := node("vpsie-web-abcde", metav1.NewTime(ordered.Add(-time.Hour)), "", "")
	if !isNodeOf(&old, adopted, vm) {
		t.Error("the node of an adopted machine may be older than the object, but is not taken")
	}
}

func node(name string, created metav1.Time, providerID, address string) corev1.Node {
	n := corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, CreationTimestamp: created},
		Spec:       corev1.NodeSpec{ProviderID: providerID},
	}
	if address != "" {
		n.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: address}}
	}
	return n
}

func TestAbsenceNeedsTwoSights(t *testing.T) {
	a := newAbsences()
	start := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	if a.since("u", start, 0) {
		t.Error("one sight was taken for proof")
	}
	if a.since("u", start, 0) {
		t.Error("the same sight was counted twice")
	}
	if a.since("u", start.Add(time.Second), time.Minute) {
		t.Error("absent for a second was taken for a minute")
	}
	if !a.since("u", start.Add(time.Minute), time.Minute) {
		t.Error("two sights a minute apart do not prove a minute's absence")
	}
	a.forget("u")
	if a.since("u", start.Add(2*time.Minute), 0) {
		t.Error("a machine that was seen again is still missing")
	}
}
