package cluster

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// notes tell what a person should know of who reads the plan.
func (r *reader) notes() []string {
	var notes []string
	var ignored []string
	for _, kind := range slices.Sorted(maps.Keys(r.ignored)) {
		ignored = append(ignored, fmt.Sprintf("%d of kind %s", r.ignored[kind], kind))
	}
	if len(ignored) > 0 {
		notes = append(notes, "ignored, as no decision depends on them: "+strings.Join(ignored, ", "))
	}
	if len(r.skipped) > 0 {
		slices.Sort(r.skipped)
		notes = append(notes, "skipped, as their names do not end in .yaml, .yml or .json: "+some(r.skipped))
	}
	if len(r.empty) > 0 {
		notes = append(notes, "skipped, as they hold no Kubernetes object: "+some(r.empty))
	}
	if len(r.kustomizations) > 0 {
		notes = append(notes, "skipped, as kustomizations are not applied: "+some(r.kustomizations)+"; pass what `kustomize build` prints to have them in effect")
	}
	notes = append(notes, passedNotes(r.passed)...)
	notes = append(notes, r.workloadNotes()...)
	notes = append(notes, r.missing()...)
	if len(r.foreign) > 0 {
		notes = append(notes, fmt.Sprintf("left out because --namespace is %s: %s", r.namespace, some(r.foreign)))
	}
	return append(notes, Gaps(&r.objects)...)
}

// Gaps tell what of the objects names others that are not there, and how that is
// taken; in a dump of a part of a cluster that is easily missed.
func Gaps(o *Objects) []string {
	groups := map[string]bool{}
	for _, g := range o.NodeGroups {
		groups[g.Name] = true
	}
	var gaps []string
	add := func(format string, names []string) {
		if len(names) > 0 {
			slices.Sort(names)
			gaps = append(gaps, fmt.Sprintf(format, some(names)))
		}
	}
	nodes := map[string]bool{}
	owners := NodeOwners(o.VPSieNodes)
	var silent, lost, unowned []string
	for _, n := range o.Nodes {
		nodes[n.Name] = true
		if !slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool { return c.Type == corev1.NodeReady }) {
			silent = append(silent, n.Name)
		}
		switch g := n.Labels[v1alpha1.LabelNodeGroup]; {
		case g == "":
		case !groups[g]:
			lost = append(lost, n.Name+" of "+g)
		case o.Live && owners[n.Name] == nil:
			unowned = append(unowned, n.Name+" of "+g)
		}
	}
	add("taken as not ready, for want of a Ready condition: nodes %s", silent)
	add("taken as nobody's, for want of their NodeGroup: nodes %s", lost)
	add("taken as nobody's, for want of a VPSieNode: nodes %s", unowned)
	lost = nil
	for _, m := range o.VPSieNodes {
		nodes[m.Name] = true
		if !groups[m.Spec.NodeGroupName] {
			lost = append(lost, m.Name+" of "+m.Spec.NodeGroupName)
		}
	}
	add("taken as nobody's, for want of their NodeGroup: VPSieNodes %s", lost)
	absent := map[string]bool{}
	for _, p := range o.Pods {
		if n := p.Spec.NodeName; n != "" && !nodes[n] {
			absent[n] = true
		}
	}
	add("pods left out because their nodes are not there: those of %s", slices.Collect(maps.Keys(absent)))
	for _, g := range o.NodeGroups {
		for _, problem := range append(GroupProblems(g, time.Time{}), StrayOnGroup(g)...) { // What schedules do at a time is no fault.
			gaps = append(gaps, "NodeGroup "+g.Name+": "+problem)
		}
	}
	for _, m := range o.VPSieNodes {
		for _, problem := range MachineProblems(m, nil) {
			gaps = append(gaps, "VPSieNode "+m.Name+": "+problem)
		}
	}
	for _, n := range o.Nodes {
		gaps = append(gaps, NodeProblems(n)...)
	}
	return append(gaps, podProblems(o.Pods)...)
}

// podProblems are what is wrong with the pods' annotations, each once for all the pods that
// have it.
func podProblems(pods []*corev1.Pod) []string {
	of := map[string][]string{}
	for _, p := range pods {
		for _, problem := range plan.AnnotationProblems(p) {
			of[problem] = append(of[problem], p.Namespace+"/"+p.Name)
		}
	}
	var problems []string
	for _, problem := range slices.Sorted(maps.Keys(of)) {
		slices.Sort(of[problem])
		problems = append(problems, "pods "+some(of[problem])+": "+problem)
	}
	return problems
}

// mostExamples is how many names a note gives.
const mostExamples = 5

func some(names []string) string {
	if more := len(names) - mostExamples; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:mostExamples], ", "), more)
	}
	return strings.Join(names, ", ")
}
