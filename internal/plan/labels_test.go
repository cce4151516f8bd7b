package plan

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"
)

func TestLabelValuesAreAlwaysValid(t *testing.T) {
	for in, want := range map[string]string{
		"small-2cpu-4gb":                       "small-2cpu-4gb",
		"US East (New York)":                   "US-East--New-York",
		"6a434cec-82ea-4b47-991a-28a77a4119a8": "6a434cec-82ea-4b47-991a-28a77a4119a8",
		"-x-":                                  "x",
		"":                                     "",
		"größe":                                "gr--e",
		strings.Repeat("a", 62) + "--":         strings.Repeat("a", 62),
	} {
		got := LabelValue(in)
		if got != want {
			t.Errorf("LabelValue(%q) = %q, want %q", in, got, want)
		}
		if errs := validation.IsValidLabelValue(got); len(errs) > 0 {
			t.Errorf("LabelValue(%q) = %q: %v", in, got, errs)
		}
	}
}

// Names of the cloud that are no label values, and a group's own labels.
func TestANewNodeHasTheLabelsThatItsMachineGets(t *testing.T) {
	g := &Group{Name: "web", Labels: map[string]string{
		"team": "web", "topology.kubernetes.io/region": "americas", LabelDatacenter: "not this", "kubernetes.io/arch": "arm64",
	}}
	o := &Offer{InstanceType: "Small (2 CPU)", DatacenterID: "US East (New York)"}
	machine := MachineLabels(g.Name, o.InstanceType, o.DatacenterID, false, g.Labels)
	for key, want := range map[string]string{
		LabelNodeGroup: "web", LabelInstanceType: "Small--2-CPU", LabelDatacenter: "US-East--New-York",
		"node.kubernetes.io/instance-type": "Small--2-CPU", "topology.kubernetes.io/region": "americas", "team": "web",
	} {
		if machine[key] != want {
			t.Errorf("label %s of the machine is %q, want %q", key, machine[key], want)
		}
	}
	node := NodeLabels(g, o)
	for key, value := range machine {
		if node[key] != value {
			t.Errorf("label %s of the planned node is %q, the machine's is %q", key, node[key], value)
		}
	}
	for key, value := range node {
		if errs := validation.IsValidLabelValue(value); len(errs) > 0 {
			t.Errorf("label %s: %q: %v", key, value, errs)
		}
	}
}
