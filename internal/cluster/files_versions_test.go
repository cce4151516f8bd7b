package cluster

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

const groupInAVersion = "{apiVersion: autoscaler.vpsie.com/VERSION, kind: NodeGroup, metadata: {name: web}, spec: {minNodes: 0, maxNodes: 1, datacenterID: d, offeringIDs: [o], osImageID: i}}"

// A file may hold our kinds in any version, and the same object in several is one.
func TestFilesHoldOurKindsInEveryVersion(t *testing.T) {
	var all []string
	var first *v1alpha1.NodeGroup
	for _, version := range v1alpha1.Versions() {
		text := strings.Replace(groupInAVersion, "VERSION", version, 1)
		all = append(all, text)
		read := readText(t, text).NodeGroups
		if len(read) != 1 {
			t.Fatalf("%s: read %d NodeGroups", version, len(read))
		}
		if first == nil {
			first = read[0]
		}
		if diff := cmp.Diff(first, read[0]); diff != "" {
			t.Errorf("%s reads differently:\n%s", version, diff)
		}
	}
	if read := readText(t, strings.Join(all, "\n---\n")).NodeGroups; len(read) != 1 {
		t.Errorf("one group in three versions is read as %d", len(read))
	}
	_, err := ReadFiles([]string{"-"}, strings.NewReader(strings.Replace(groupInAVersion, "VERSION", "v1", 1)), "")
	if err == nil || !strings.Contains(err.Error(), "print it as autoscaler.vpsie.com/v1beta1") {
		t.Errorf("an unknown version gives %v", err)
	}
}
