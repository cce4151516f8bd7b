package cluster

import (
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// naming is a VPSieNode that names a VPS and, perhaps, a node, so many minutes old.
func naming(name string, vps int64, node string, age time.Duration) *v1alpha1.VPSieNode {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	m := &v1alpha1.VPSieNode{Spec: v1alpha1.VPSieNodeSpec{VPSieInstanceID: vps, NodeName: node}}
	m.Name, m.CreationTimestamp = name, metav1.NewTime(now.Add(-age))
	return m
}

func TestOnlyOwnersAreMachines(t *testing.T) {
	notFound := naming("not-found", 7, "", time.Hour)
	notFound.UID, notFound.Status.Phase = "7", v1alpha1.PhaseFailed
	byHand := naming("by-hand", 8, "", time.Hour)
	byHand.Status.Phase = v1alpha1.PhaseFailed
	told := naming("told", 5, "", 2*time.Hour)
	told.Status = v1alpha1.VPSieNodeStatus{Phase: v1alpha1.PhaseFailed, LastError: DuplicateText(5, "b"), Conditions: []metav1.Condition{
		{Type: v1alpha1.VPSieNodeError, Status: metav1.ConditionTrue, Reason: ReasonDuplicateInstance},
	}}
	all := []*v1alpha1.VPSieNode{
		naming("young", 1, "", time.Minute), naming("old", 1, "", time.Hour),
		naming("y-same-age", 2, "", time.Hour), naming("x-same-age", 2, "", time.Hour),
		naming("unordered-1", 0, "", time.Hour), naming("unordered-2", 0, "", time.Hour),
		naming("alone", 3, "", time.Hour), told, naming("b", 5, "", time.Minute),
		notFound, naming("real", 7, "", time.Minute), byHand,
	}
	want := []string{"alone", "b", "by-hand", "old", "real", "unordered-1", "unordered-2", "x-same-age"}
	for range 3 {
		slices.Reverse(all[1:])
		o := &Objects{VPSieNodes: slices.Clone(all)}
		notes := o.setAside()
		var names []string
		for _, m := range o.VPSieNodes {
			names = append(names, m.Name)
		}
		slices.Sort(names)
		if !slices.Equal(names, want) {
			t.Errorf("machines are %v, want %v", names, want)
		}
		if len(o.AllVPSieNodes()) != len(all) || len(notes) != len(all)-len(want) {
			t.Errorf("%d VPSieNodes and %d notes", len(o.AllVPSieNodes()), len(notes))
		}
		if !slices.ContainsFunc(notes, func(n string) bool {
			return strings.Contains(n, "VPSieNode young is left out: DuplicateInstance: VPS 1 belongs to VPSieNode old")
		}) {
			t.Errorf("notes: %q", notes)
		}
	}
}

func TestANodeIsItsOwners(t *testing.T) {
	joined := naming("joined", 1, "", time.Minute)
	joined.Status.NodeName = "n1"
	claims := naming("claims", 2, "n1", time.Hour)
	first, second := naming("first", 3, "n2", time.Hour), naming("second", 4, "n2", time.Minute)
	owners := NodeOwners([]*v1alpha1.VPSieNode{claims, joined, second, first, naming("own-name", 5, "", 0)})
	for node, want := range map[string]*v1alpha1.VPSieNode{"n1": joined, "n2": first} {
		if owners[node] != want {
			t.Errorf("node %s belongs to %s, want %s", node, owners[node].Name, want.Name)
		}
	}
	if owners["own-name"] == nil || len(owners) != 3 {
		t.Errorf("owners: %v", owners)
	}
}
