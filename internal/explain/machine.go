package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Machine is a VPSieNode on its way or out, in words.
type Machine struct {
	Name         string `json:"vpsieNode"`
	Group        string `json:"nodeGroup"`
	InstanceType string `json:"instanceType"`
	// DatacenterID is set in a group with several.
	DatacenterID string                  `json:"datacenterID,omitempty"`
	Phase        v1alpha1.VPSieNodePhase `json:"phase"`
	// Step is what it waits for now, and since when.
	Step  Fact   `json:"step"`
	Error string `json:"error,omitempty"`
	// Usual is how long others of its group took from the order until they were ready.
	Usual string `json:"usuallyTakes,omitempty"`
}

func (s *Scene) about(m *v1alpha1.VPSieNode) *Machine {
	a := &Machine{
		Name: m.Name, Group: m.Spec.NodeGroupName, InstanceType: m.Spec.InstanceType,
		Phase: cmp.Or(m.Status.Phase, v1alpha1.PhasePending), Step: stepOf(m), Usual: s.usual(m.Spec.NodeGroupName),
	}
	if g := s.group(m.Spec.NodeGroupName); g != nil && g.Spec.Zonal() {
		a.DatacenterID = m.Spec.DatacenterID
	}
	if c := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.VPSieNodeError); c != nil && c.Status == metav1.ConditionTrue {
		a.Error = cmp.Or(c.Message, m.Status.LastError)
	}
	return a
}

// typeOf is the machine's instance type, with its datacenter where its group has several.
func (s *Scene) typeOf(m *v1alpha1.VPSieNode) string {
	a := s.about(m)
	return plan.TypeIn(a.InstanceType, a.DatacenterID)
}

// stepOf is what the machine's phase waits for, as its conditions tell it.
func stepOf(m *v1alpha1.VPSieNode) Fact {
	since := m.CreationTimestamp.Time
	at := func(t *metav1.Time) {
		if t != nil {
			since = t.Time
		}
	}
	kind, otherwise := v1alpha1.VPSieNodeVPSReady, "waits for its order"
	switch m.Status.Phase {
	case v1alpha1.PhaseProvisioning:
		otherwise = "VPSie is creating the VPS"
	case v1alpha1.PhaseProvisioned:
		at(m.Status.ProvisionedAt)
		kind, otherwise = v1alpha1.VPSieNodeNodeJoined, "the VPS runs; its node has not registered yet"
	case v1alpha1.PhaseJoining:
		at(m.Status.JoinedAt)
		kind, otherwise = v1alpha1.VPSieNodeNodeReady, "the node has joined and is not ready yet"
	case v1alpha1.PhaseReady:
		at(m.Status.ReadyAt)
		kind, otherwise = v1alpha1.VPSieNodeNodeReady, "the node is ready"
	case v1alpha1.PhaseTerminating:
		at(m.Status.TerminatingAt)
		kind, otherwise = v1alpha1.VPSieNodeNodeReady, "the node is being drained"
	case v1alpha1.PhaseDeleting:
		otherwise = "VPSie is deleting the VPS"
	case v1alpha1.PhaseFailed:
		kind, otherwise = v1alpha1.VPSieNodeError, "it failed, and is about to be deleted"
	}
	c := meta.FindStatusCondition(m.Status.Conditions, kind)
	if c == nil {
		return Fact{otherwise, since}
	}
	if c.LastTransitionTime.After(since) {
		since = c.LastTransitionTime.Time
	}
	return Fact{cmp.Or(c.Message, otherwise), since}
}

// usual is the median of the group's ready machines.
func (s *Scene) usual(group string) string {
	var took []time.Duration
	for _, m := range s.Machines {
		if m.Spec.NodeGroupName == group && m.Status.ReadyAt != nil && m.Annotations[v1alpha1.AnnotationLaunchReason] != "" {
			took = append(took, m.Status.ReadyAt.Sub(m.CreationTimestamp.Time))
		}
	}
	if len(took) == 0 {
		return ""
	}
	slices.Sort(took)
	return duration.HumanDuration(took[len(took)/2])
}

func (p *Page) machine(m *Machine) {
	p.line("  %s (%s, NodeGroup %s) is %s: %s, since %s", m.Name, plan.TypeIn(m.InstanceType, m.DatacenterID), m.Group, m.Phase, m.Step.What, p.ago(m.Step.At))
	if m.Error != "" {
		p.line("  its last error: %s", m.Error)
	}
	if m.Usual != "" && m.Phase != v1alpha1.PhaseTerminating && m.Phase != v1alpha1.PhaseDeleting {
		p.line("  other machines of the group took about %s from the order until they were ready", m.Usual)
	}
}

// launchOf is the machine's order in the journal, with its round.
func (s *Scene) launchOf(machine string) (*observe.Round, *observe.Launched) {
	for _, r := range slices.Backward(s.Rounds.List) {
		for i := range r.Launches {
			if r.Launches[i].Machine == machine && machine != "" {
				return r, &r.Launches[i]
			}
		}
	}
	return nil, nil
}

// boughtFor says in words what the order was for, and what would have done instead.
func boughtFor(l *observe.Launched) string {
	text := fmt.Sprintf("%s, %s an hour, because of %s", l.Type(), l.Price, l.Reason)
	switch pods := len(l.Pods) + l.MorePods; {
	case l.MorePods > 0:
		text += fmt.Sprintf(", for %s, among them %s", observe.Count(pods, "pod"), strings.Join(l.Pods, ", "))
	case pods > 0:
		text += fmt.Sprintf(", for %s: %s", observe.Count(pods, "pod"), observe.Some(l.Pods))
	}
	if len(l.Replaces) > 0 {
		text += fmt.Sprintf(", in the place of %s: %s, which saves %s an hour", observe.Count(len(l.Replaces), "node"), observe.Some(l.Replaces), l.Saves)
	}
	others := make([]string, 0, len(l.Alternatives))
	for _, a := range l.Alternatives {
		other := fmt.Sprintf("%s at %s", plan.TypeIn(a.InstanceType, a.DatacenterID), a.Price)
		if a.Group != l.Group {
			other += " of NodeGroup " + a.Group
		}
		if a.Why != "" {
			other += " (but " + a.Why + ")"
		}
		others = append(others, other)
	}
	if len(others) > 0 {
		text += "; would have done as well: " + strings.Join(others, ", ")
	}
	return strings.Join(append([]string{text}, plan.PassedOverTexts(l.PassedOver)...), "; ")
}
