package cluster

import (
	"cmp"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// Two VPSieNodes can name the same VPS or the same Kubernetes node: a copy, a restored
// backup, a mistyped id. Counted twice, one node would have its room and its pods twice;
// worked on twice, its labels would be written for ever, and deleting the copy would
// delete the VPS. So a VPS has one owner, and a node has one owner.

// Owner returns which of the VPSieNodes that name one VPS owns it: the oldest, then the
// first by name. One that was refused it before (Disowned) owns it only when no other
// names it. It returns nil when there are none.
func Owner(claimants []*v1alpha1.VPSieNode) *v1alpha1.VPSieNode {
	if len(claimants) == 0 {
		return nil
	}
	return slices.MinFunc(claimants, func(a, b *v1alpha1.VPSieNode) int {
		return cmp.Or(lateIf(Disowned(a), Disowned(b)), byAge(a, b))
	})
}

// NodeOwner returns which of the VPSieNodes that name one Kubernetes node owns it: one
// that has joined under its name before one that only expects to, then as Owner.
func NodeOwner(node string, claimants []*v1alpha1.VPSieNode) *v1alpha1.VPSieNode {
	if len(claimants) == 0 {
		return nil
	}
	return slices.MinFunc(claimants, func(a, b *v1alpha1.VPSieNode) int {
		return cmp.Or(lateIf(Disowned(a), Disowned(b)), lateIf(a.Status.NodeName != node, b.Status.NodeName != node), byAge(a, b))
	})
}

// NodeOwners returns the owner of every Kubernetes node that one of the VPSieNodes names.
func NodeOwners(machines []*v1alpha1.VPSieNode) map[string]*v1alpha1.VPSieNode {
	claimants := make(map[string][]*v1alpha1.VPSieNode, len(machines))
	for _, m := range machines {
		claimants[NodeNameOf(m)] = append(claimants[NodeNameOf(m)], m)
	}
	owners := make(map[string]*v1alpha1.VPSieNode, len(claimants))
	for node, of := range claimants {
		owners[node] = NodeOwner(node, of)
	}
	return owners
}

func byAge(a, b *v1alpha1.VPSieNode) int {
	return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
}

func lateIf(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// Disowned tells of a failed VPSieNode whose VPS was never its own: the VPS belongs to
// another VPSieNode, is not what a person said of it, or does not exist. Such an object
// is no machine: it counts for nothing, and its deletion deletes nothing. Files that were
// written by hand do not say who made what (madeByPerson): there a failed machine is one.
func Disowned(m *v1alpha1.VPSieNode) bool {
	if m.Status.Phase != v1alpha1.PhaseFailed || m.Status.VPSieStatus != "" || m.Spec.VPSieInstanceID == 0 {
		return false
	}
	return madeByPerson(m) || IsDuplicate(m)
}

// ReasonDuplicateInstance stands in the condition Error of a VPSieNode whose VPS belongs to another one.
const ReasonDuplicateInstance = "DuplicateInstance"

// IsDuplicate tells whether the VPSieNode was told that its VPS belongs to another one.
func IsDuplicate(m *v1alpha1.VPSieNode) bool {
	c := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.VPSieNodeError)
	return c != nil && c.Status == metav1.ConditionTrue && c.Reason == ReasonDuplicateInstance
}

// DuplicateText says that a VPS belongs to another VPSieNode.
func DuplicateText(vps int64, owner string) string {
	return fmt.Sprintf("%s: VPS %d belongs to VPSieNode %s", ReasonDuplicateInstance, vps, owner)
}

// setAside moves the VPSieNodes that are no machines of their own from VPSieNodes to
// Aside, and returns a note on each.
func (o *Objects) setAside() []string {
	claimants := map[int64][]*v1alpha1.VPSieNode{}
	for _, m := range o.VPSieNodes {
		claimants[m.Spec.VPSieInstanceID] = append(claimants[m.Spec.VPSieInstanceID], m)
	}
	delete(claimants, 0)
	var notes []string
	kept := o.VPSieNodes[:0:0]
	for _, m := range o.VPSieNodes {
		owner := m
		if of := claimants[m.Spec.VPSieInstanceID]; len(of) > 1 {
			owner = Owner(of)
		}
		if owner == m && !Disowned(m) {
			kept = append(kept, m)
			continue
		}
		o.Aside = append(o.Aside, m)
		why := DuplicateText(m.Spec.VPSieInstanceID, owner.Name)
		if owner == m {
			why = cmp.Or(m.Status.LastError, "it failed, and its VPS was never its own")
		}
		notes = append(notes, "VPSieNode "+m.Name+" is left out: "+why)
	}
	o.VPSieNodes = kept
	slices.Sort(notes)
	return notes
}

// AllVPSieNodes are the machines, and the VPSieNodes that are set aside.
func (o *Objects) AllVPSieNodes() []*v1alpha1.VPSieNode {
	return slices.Concat(o.VPSieNodes, o.Aside)
}
