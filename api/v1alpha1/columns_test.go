package v1alpha1_test

import (
	"strings"
	"testing"
)

func TestColumnsTellTheStory(t *testing.T) {
	applySamples(t)
	setStatus(t)
	for arguments, want := range map[string][]string{
		"get ng":         {"NAME MIN MAX WANTED CURRENT READY TYPES COST/H STATUS AGE WAITING", "production-workers 3 20 6 5 2 5 medium-4cpu-8gb 0.1667 NodesJoining"},
		"get ng -o wide": {"AGE WAITING DATACENTER WHY NOT SCHEDULES LAST SCALED", "3 MaxNodesReached, 1 Stabilizing dc-us-east-1 Datacenter not found [\"night\"]"},
		"get vn":         {"NAME GROUP PHASE TYPE NODE IP COST/H AGE", "vpsie-prod-workers-abc123 production-workers Provisioning medium-4cpu-8gb the-node 192.0.2.10 0.0333"},
		"get vn -o wide": {"VPS DATACENTER ERROR", "1001 dc-us-east-1"},
		"get vpsie":      {"nodegroup.autoscaler.vpsie.com/production-workers", "vpsienode.autoscaler.vpsie.com/vpsie-prod-workers-abc123"},
		"get nodegroup":  {"production-workers"},
		"get vpsienode":  {"vpsie-prod-workers-abc123"},
	} {
		output := env.Kubectl(t, append(strings.Fields(arguments), "-n", "kube-system")...)
		for _, words := range want {
			if !strings.Contains(singleSpaced(output), words) {
				t.Errorf("kubectl %s prints\n%swhich does not hold %q", arguments, output, words)
			}
		}
	}
}

func TestSelectableFields(t *testing.T) {
	applySamples(t)
	setStatus(t)
	for selector, found := range map[string]bool{
		"status.phase=Provisioning":             true,
		"status.phase=Ready":                    false,
		"status.phase!=Ready":                   true,
		"status.nodeName=the-node":              true,
		"status.nodeName=":                      false,
		"spec.nodeGroupName=production-workers": true,
		"spec.nodeGroupName=other":              false,
	} {
		output := env.Kubectl(t, "get", "vn", "-n", "kube-system", "--field-selector", selector, "-o", "name")
		if strings.Contains(output, "vpsie-prod-workers-abc123") != found {
			t.Errorf("--field-selector %s prints %q, want the node: %v", selector, output, found)
		}
	}
}
