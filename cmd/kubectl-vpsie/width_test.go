package main

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

const (
	longGroup = "production-workers-of-the-payment-platform-eu"
	longNode  = "vpsie-production-workers-of-the-payment-platform-eu-x2x4z"
	longPod   = "payments/checkout-service-with-a-long-name-7d8f9c6b5d-x2x4z"
)

// longRound has long names and sentences in everything that a table shows.
func longRound() *observe.Round {
	return observe.NewRound(time.Now(), &plan.Plan{
		Launches: []plan.Launch{{Name: "new", Group: longGroup, InstanceType: "small-2cpu-4gb", DatacenterID: "dc-us-east-1", Price: 12_000_000, Reason: plan.PendingPods, Pods: []string{longPod, longPod + "2"}}},
		Removals: []plan.Removal{{Node: longNode + "-gone", Group: longGroup, Reason: plan.Underutilized, Saves: 12_000_000}},
		Kept: []plan.Kept{
			{Node: "n1", Group: longGroup, Reason: plan.KeptPodDisruptionBudget, Message: "PodDisruptionBudget payments/checkout-service-budget allows no disruption now: 3 of 3 pods must be healthy"},
		},
		Unplaced: []plan.Unplaced{{Pod: "shop/huge", Refusals: []plan.Refusal{
			{Group: longGroup, InstanceType: "small-2cpu-4gb", Reason: plan.InsufficientResource, Message: "asks for more than a node of it has: cpu 100 of 1900m, memory 1Gi of 3400Mi"},
			{Group: longGroup, InstanceType: "medium-4cpu-8gb", Reason: plan.MaxNodesReached, Message: "the NodeGroup has as many nodes as spec.maxNodes allows"},
		}}},
	}, map[string]string{longGroup: "VPSie refuses: the account has reached its limit of machines"})
}

// No table is wider than the terminal, at any usual width, and none loses what matters; with -o
// wide lines are not broken.
func TestTablesFitTheTerminal(t *testing.T) {
	apply(t, objects)
	secret(t)
	apply(t, `{apiVersion: autoscaler.vpsie.com/v1beta1, kind: NodeGroup, metadata: {name: `+longGroup+`, namespace: kube-system},
spec: {minNodes: 0, maxNodes: 3, datacenterID: dc-us-east-1, offeringIDs: [small-2cpu-4gb, medium-4cpu-8gb], osImageID: ubuntu-22.04-lts,
schedules: [{name: nights-of-working-days-in-winter, cron: "0 20 * * *", durationSeconds: 36000, maxNodes: 0}]}}`)
	t.Cleanup(func() { remove(t, &v1alpha1.NodeGroup{ObjectMeta: metaOf("kube-system", longGroup)}) })
	apply(t, `{apiVersion: autoscaler.vpsie.com/v1alpha1, kind: VPSieNode, metadata: {name: `+longNode+`, namespace: kube-system},
spec: {vpsieInstanceID: 77, instanceType: small-2cpu-4gb, nodeGroupName: `+longGroup+`, datacenterID: dc-us-east-1, nodeName: n1}}`)
	t.Cleanup(func() { remove(t, &v1alpha1.VPSieNode{ObjectMeta: metaOf("kube-system", longNode)}) })
	setStatus(t, &v1alpha1.VPSieNode{}, "kube-system", longNode, `{"phase":"Ready","nodeName":"n1","costPerHour":"0.0167"}`)
	setStatus(t, &v1alpha1.NodeGroup{}, "kube-system", longGroup, `{"costPerHour":"0.0167","instanceTypes":"1 small-2cpu-4gb, 2 medium-4cpu-8gb","conditions":[{"type":"Error","status":"True","reason":"QuotaExceeded","message":"Insufficient VPSie quota: the account may not have more machines than it has now","lastTransitionTime":"2025-10-12T10:00:00Z"}]}`)
	where := []string{"--journal-url", journalOf(t, longRound()).URL}
	for _, c := range []struct {
		args []string
		want string
	}{
		{append(where, "status"), "QuotaExceeded"}, {append(where, "cost"), "IDLE/H"}, {append(where, "blockers"), "PodDisruptionBudget:"},
		{append(where, "explain", "ng", longGroup), "QuotaExceeded"}, {append(where, "explain", "node", "n1"), "PodDisruptionBudget"},
		{append(where, "explain", "pod", "shop/huge"), "InsufficientResource"}, {append(where, "journal"), "orders"},
		{[]string{"offerings"}, "FOR PODS"}, {[]string{"schedule"}, "LEAST/H"}, {[]string{"plan"}, "COST an hour"},
		{[]string{"plan", "--set", "ng/" + longGroup + ".maxNodes=1"}, "WHAT IF"}, {[]string{"doctor"}, "ok"}, {[]string{"migrate", "--check"}, "v1alpha1"},
		{append(where, "drain", "n1", "--dry-run"), "Nothing was done"}, {[]string{"options"}, "--as-group"},
	} {
		for width, columns := range map[int]string{80: "80", 120: "120", 200: "200"} {
			t.Setenv("COLUMNS", columns)
			r := kubectl(t, c.args...)
			if !strings.Contains(r.out, c.want) {
				t.Errorf("%v at %d lacks %q:\n%s%s", c.args, width, c.want, r.out, r.errors)
			}
			for line := range strings.Lines(r.out) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
					t.Errorf("%v at %d has a line of %d:\n%s", c.args, width, n, line)
				}
			}
		}
	}
	t.Setenv("COLUMNS", "80")
	kubectl(t, append(where, "blockers", "-o", "wide")...).want(t, 0, longGroup+"  1      "+"n1")
	kubectl(t, "offerings", "-o", "wide").want(t, 0, "PER GIB", "DISK")
	if r := kubectl(t, "offerings"); strings.Contains(r.out, "PER GIB") {
		t.Errorf("at 80 columns there is no room for all:\n%s", r.out)
	}
}

// A command's help has its own flags, and few of those that kubectl has too.
func TestHelpIsShort(t *testing.T) {
	r := run(t, "status", "--help")
	r.want(t, 0, "--watch", "--namespace", "kubectl vpsie status")
	for _, flag := range []string{"--as-uid", "--certificate-authority", "--tls-server-name"} {
		if strings.Contains(r.out, flag) {
			t.Errorf("the help of status has %s", flag)
		}
	}
	run(t, "options").want(t, 0, "--as-uid", "--certificate-authority", "--tls-server-name", "--request-timeout")
	run(t, "--help").want(t, 0, "kubectl vpsie options")
}
