package cluster

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// The annotations of NodeGroups, VPSieNodes and Nodes are read here alone. A value that is
// neither true nor false counts as what does less harm, and is told (GroupProblems,
// MachineProblems): a node that somebody wanted to keep is kept, a drain is not skipped.

// MustNotDelete says whether the annotation of the VPSieNode, or of its Node, keeps the
// autoscaler from removing it.
func MustNotDelete(o metav1.Object) bool {
	return switchedOn(o.GetAnnotations()[v1alpha1.AnnotationDoNotDelete], true)
}

// SkipsDrain says whether the annotation of the VPSieNode, or of its Node, has the VPS go
// with the pods on it.
func SkipsDrain(o metav1.Object) bool {
	return switchedOn(o.GetAnnotations()[v1alpha1.AnnotationSkipDrain], false)
}

// DrainTimeout is how long a drain of the VPSieNode, or of the Node, may take by its
// annotation, and false when that says nothing that makes sense.
func DrainTimeout(o metav1.Object) (time.Duration, bool) {
	seconds, err := strconv.ParseInt(o.GetAnnotations()[v1alpha1.AnnotationDrainTimeout], 10, 32)
	return time.Duration(seconds) * time.Second, err == nil && seconds >= 0
}

// Replaces are the names of the Kubernetes nodes in whose place the machine was bought.
func Replaces(m *v1alpha1.VPSieNode) []string {
	if m.Annotations[v1alpha1.AnnotationReplaces] == "" {
		return nil
	}
	return strings.FieldsFunc(m.Annotations[v1alpha1.AnnotationReplaces], func(r rune) bool { return r == ',' || r == ' ' })
}

// ReplacesTogether is how many machines were decided on in the place of those nodes, 0 when that is not known.
func ReplacesTogether(m *v1alpha1.VPSieNode) int {
	n, err := strconv.Atoi(m.Annotations[v1alpha1.AnnotationReplacesTogether])
	if err != nil {
		return 0
	}
	return n
}

// ReplacementFailure is a replacement of a machine's node that came to nothing.
type ReplacementFailure struct {
	// Until is when another may be tried, Times how many there were.
	Until time.Time `json:"until"`
	Times int       `json:"times"`
	Why   string    `json:"why"`
}

// String is the annotation's value.
func (f ReplacementFailure) String() string {
	text, err := json.Marshal(f)
	if err != nil {
		return "{}" // times and texts alone are always JSON
	}
	return string(text)
}

// FailedReplacement is what the machine's annotation says of replacements of its node; nil
// when it says nothing that makes sense: then another is tried sooner.
func FailedReplacement(m *v1alpha1.VPSieNode) *ReplacementFailure {
	var f ReplacementFailure
	if json.Unmarshal([]byte(m.Annotations[v1alpha1.AnnotationReplacementFailed]), &f) != nil {
		return nil
	}
	return &f
}

func switchedOn(value string, unclear bool) bool {
	switch value {
	case "true":
		return true
	case "", "false":
		return false
	}
	return unclear
}

// GroupProblems says what is wrong with the NodeGroup's annotations and schedules: which, its value, and
// what holds in its place.
func GroupProblems(g *v1alpha1.NodeGroup, now time.Time) []string {
	return slices.Concat(LimitsOf(g, now).Problems, disruptionProblems(g), unclear(g, "", v1alpha1.AnnotationPause, "the NodeGroup stays paused until it is"))
}

// MachineProblems says what is wrong with the annotations of the VPSieNode and of its Node,
// which may be nil.
func MachineProblems(m *v1alpha1.VPSieNode, node *corev1.Node) []string {
	problems := machineProblems(m, "")
	if node != nil {
		problems = append(problems, NodeProblems(node)...)
	}
	return problems
}

// NodeProblems says what is wrong with the annotations of a Node.
func NodeProblems(n *corev1.Node) []string {
	problems := machineProblems(n, "Node "+n.Name+": ")
	for _, problem := range plan.AnnotationProblems(n) {
		problems = append(problems, "Node "+n.Name+": "+problem)
	}
	return problems
}

func machineProblems(o metav1.Object, whose string) []string {
	problems := unclear(o, whose, v1alpha1.AnnotationDoNotDelete, "the autoscaler does not remove it until it is")
	problems = append(problems, unclear(o, whose, v1alpha1.AnnotationSkipDrain, "it is drained before its VPS goes")...)
	if text := o.GetAnnotations()[v1alpha1.AnnotationDrainTimeout]; text != "" {
		if _, ok := DrainTimeout(o); !ok {
			problems = append(problems, fmt.Sprintf("%sannotation %s: %q is not a whole number of seconds >= 0; --drain-timeout stays in force",
				whose, v1alpha1.AnnotationDrainTimeout, text))
		}
	}
	for _, problem := range strayOnMachine(o) {
		problems = append(problems, whose+problem)
	}
	return problems
}

// The annotations by which people steer NodeGroups, and machines.
var (
	groupAnnotations = []string{
		v1alpha1.AnnotationMaxNodesOverride, v1alpha1.AnnotationMinNodesOverride, v1alpha1.AnnotationPause, v1alpha1.AnnotationTryNow,
	}
	machineAnnotations = []string{v1alpha1.AnnotationDoNotDelete, v1alpha1.AnnotationDrainTimeout, v1alpha1.AnnotationSkipDrain}
)

// StrayOnGroup tells of the NodeGroup's annotations in the autoscaler's name that mean nothing there, as a typing error
// leaves them. They keep the group from nothing.
func StrayOnGroup(g *v1alpha1.NodeGroup) []string {
	return stray(g, "a NodeGroup", groupAnnotations, func(key string) bool { return strings.HasPrefix(key, v1alpha1.GroupVersion.Group+"/") })
}

// strayOnMachine tells of annotations that belong on the NodeGroup. Machines bear others that the autoscaler writes.
func strayOnMachine(o metav1.Object) []string {
	return stray(o, "a VPSieNode or Node", machineAnnotations, func(key string) bool { return slices.Contains(groupAnnotations, key) })
}

func stray(o metav1.Object, on string, known []string, ours func(key string) bool) []string {
	var problems []string
	for _, key := range slices.Sorted(maps.Keys(o.GetAnnotations())) {
		if ours(key) && !slices.Contains(known, key) {
			problems = append(problems, fmt.Sprintf("annotation %s means nothing on %s, where these do: %s", key, on, strings.Join(known, ", ")))
		}
	}
	return problems
}

func unclear(o metav1.Object, whose, annotation, holds string) []string {
	text := o.GetAnnotations()[annotation]
	if switchedOn(text, true) == switchedOn(text, false) {
		return nil
	}
	return []string{fmt.Sprintf("%sannotation %s: %q is neither true nor false; %s", whose, annotation, text, holds)}
}
