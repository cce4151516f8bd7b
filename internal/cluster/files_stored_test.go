package cluster

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a cluster can hold is passed over with a note; what only a person can have
// written is a fault.
func TestWhatClustersHoldIsPassedOver(t *testing.T) {
	pod := func(meta, spec string) string {
		return "{apiVersion: v1, kind: Pod, metadata: {name: p" + meta + "}, spec: {containers: [{name: c}]" + spec + "}}"
	}
	const stored = ", uid: u, resourceVersion: '1'"
	const spread = ", topologySpreadConstraints: [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web shop}}}]"
	const nonsense = ", topologySpreadConstraints: [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchExpressions: [{key: a, operator: Like}]}}]"
	required := func(kind string) string {
		return ", affinity: {" + kind + ": {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: a, labelSelector: {matchExpressions: [{key: a, operator: In, values: [web shop]}]}}]}}"
	}
	budget := func(operator, status string) string {
		return "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: b}, spec: {selector: {matchExpressions: [{key: a, operator: " + operator + "}]}}, status: {" + status + "}}"
	}
	volume := func(value, status string) string {
		return "{apiVersion: v1, kind: PersistentVolume, metadata: {name: v}, spec: {nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: zone, operator: " + value + "}]}]}}}, status: {" + status + "}}"
	}
	const passes = "; Kubernetes passes over it, and so does the plan"
	tests := map[string]struct{ text, note, fault string }{
		"a label value in a spread": {pod("", spread), `spec.topologySpreadConstraints[].labelSelector.matchLabels: "web shop" is no valid label value` + passes, ""},
		"in an affinity":            {pod("", required("podAffinity")), `labelSelector.matchExpressions[].values[]: "web shop" is no valid label value` + passes, ""},
		"in an anti-affinity":       {pod("", required("podAntiAffinity")), `"web shop" is no valid label value`, ""},
		"in a node affinity": {pod("", ", affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: In, values: [web shop]}]}]}}}"),
			`nodeSelectorTerms[].matchExpressions[].values[][a]: "web shop" is no valid label value`, ""},
		"in a budget": {"{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: b}, spec: {selector: {matchLabels: {app: web shop}}}}", `stdin: PodDisruptionBudget b: spec.selector.matchLabels: "web shop"`, ""},
		"in a volume": {volume("In, values: [us east]", ""), `stdin: PersistentVolume v: spec.nodeAffinity.required.nodeSelectorTerms[].matchExpressions[].values[][zone]: "us east"`, ""},

		"an operator, of nobody":        {pod("", nonsense), "", "operator: Invalid value"},
		"an operator, stored":           {pod(stored, nonsense), "operator: Invalid value: \"Like\": not a valid selector operator" + passes, ""},
		"an operator, running":          {pod("", nonsense+", nodeName: n1"), "operator: Invalid value", ""},
		"an operator, finished":         {strings.TrimSuffix(pod("", nonsense), "}") + ", status: {phase: Succeeded}}", "operator: Invalid value", ""},
		"an operator in a budget":       {budget("Like", ""), "", "spec.selector.matchExpressions[0].operator"},
		"in a budget that is in use":    {budget("Like", "expectedPods: 1"), "spec.selector.matchExpressions[].operator", ""},
		"an operator in a volume":       {volume("Like", ""), "", "operator: Unsupported value"},
		"in a volume that is in use":    {volume("Like", "phase: Bound"), "operator: Unsupported value", ""},
		"a negative amount, stored":     {pod(stored, ", overhead: {cpu: -1}"), "", "spec.overhead[cpu]"},
		"an unknown field":              {pod("", ", newest: 1"), "", `unknown field "spec.newest"; the fields of Kubernetes 1.37 are understood`},
		"an unknown field, running":     {pod("", ", newest: 1, nodeName: n1"), "", `unknown field "spec.newest"`},
		"an unknown field, stored":      {pod(stored, ", newest: 1"), `unknown field "spec.newest", not among those of Kubernetes 1.37, so no decision depends on it`, ""},
		"a wrong type, stored":          {pod(stored, ", priority: high"), "", "spec.priority: want a whole number"},
		"an unknown field of a group":   {strings.Replace(aGroup, "minNodes: 0", "minNodes: 0, newest: 1", 1), "", "the fields of autoscaler.vpsie.com are understood"},
		"of a group, stored":            {strings.NewReplacer("minNodes: 0", "minNodes: 0, newest: 1", "{name: web", "{name: web"+stored).Replace(aGroup), `unknown field "spec.newest"`, ""},
		"a group that cannot be served": {strings.NewReplacer("minNodes: 0", "minNodes: 9", "{name: web", "{name: web"+stored).Replace(aGroup), "", "MinNodes exceeds MaxNodes"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			read, err := ReadFiles([]string{"-"}, strings.NewReader(test.text), "")
			if test.fault != "" {
				if err == nil || !strings.Contains(err.Error(), test.fault) {
					t.Fatalf("error %v, want one with %q", err, test.fault)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(namesOf(read.Objects)) != 1 || !slices.ContainsFunc(read.Notes, func(n string) bool { return strings.Contains(n, test.note) }) {
				t.Errorf("read %q with notes %q, want a note with %q", namesOf(read.Objects), read.Notes, test.note)
			}
		})
	}
}

// What is passed over in many objects is one note.
func TestNotesOnManyObjectsAreOne(t *testing.T) {
	var docs []string
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		docs = append(docs, "{apiVersion: v1, kind: Pod, metadata: {name: "+name+", uid: u, resourceVersion: '1'}, spec: {containers: [{name: c}, {name: d, newest: 1}]}}")
	}
	want := []string{`stdin: document 1: Pod a, stdin: document 2: Pod b, stdin: document 3: Pod c, stdin: document 4: Pod d, stdin: document 5: Pod e and 2 more: ` +
		`unknown field "spec.containers[].newest", not among those of Kubernetes 1.37, so no decision depends on it`}
	if diff := cmp.Diff(want, readText(t, strings.Join(docs, "\n---\n")).Notes); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// The same object in two dumps is one.
func TestTheSameObjectTwiceIsOne(t *testing.T) {
	read := readText(t, pod("p")+"\n---\n"+strings.Replace(pod("p"), "{name: p}", "{namespace: default, name: p}", 1))
	if diff := cmp.Diff([]string{"Pod default/p"}, namesOf(read.Objects)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// The version that messages name is that of the API types.
func TestTheVersionOfKubernetesIsThatOfItsTypes(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile(`k8s.io/api v0\.(\d+)\.`).FindSubmatch(mod)
	if match == nil || "1."+string(match[1]) != kubernetesVersion {
		t.Errorf("go.mod has %q, messages name %s", match, kubernetesVersion)
	}
}
