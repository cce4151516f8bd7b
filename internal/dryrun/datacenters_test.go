package dryrun

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

const twoDatacenters = `
offerings:
- {id: small, datacenterID: DC1, cpu: 2, memoryMB: 4096, diskGB: 80, pricePerMonth: "12.00"}
- {id: small, datacenterID: dc2, cpu: 2, memoryMB: 4096, diskGB: 80, pricePerMonth: "11.00"}
- {id: huge, datacenterID: dc2, cpu: 16, memoryMB: 65536, diskGB: 80, pricePerMonth: "90.00"}
`

const acrossBoth = `
apiVersion: autoscaler.vpsie.com/v1beta1
kind: NodeGroup
metadata: {name: web, namespace: kube-system}
spec:
  minNodes: 0
  maxNodes: 9
  datacenters: [{id: dc1}, {id: dc2}]
  OFFERS
  osImageID: u
---
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {autoscaler.vpsie.com/nodegroup: web, autoscaler.vpsie.com/instance-type: small, topology.kubernetes.io/zone: dc1}}
status: {allocatable: {cpu: "1900m", memory: 3500Mi, pods: "110"}, conditions: [{type: Ready, status: "True"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: full, namespace: default}
spec: {nodeName: n1, containers: [{name: c, image: x, resources: {requests: {cpu: 1800m}}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: any, namespace: default}
spec: {containers: [{name: c, image: x, resources: {requests: {cpu: "1"}}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: here, namespace: default}
spec: {nodeSelector: {topology.kubernetes.io/zone: dc1}, containers: [{name: c, image: x, resources: {requests: {cpu: "1"}}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: vast, namespace: default}
spec: {containers: [{name: c, image: x, resources: {requests: {cpu: "99"}}}]}
`

// planAcross plans for a group in two datacenters.
func planAcross(t *testing.T, offers string, w WhatIf) (*Result, map[string]any, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "offerings.yaml")
	if err := os.WriteFile(file, []byte(twoDatacenters), 0o600); err != nil {
		t.Fatal(err)
	}
	o := Options{
		Files: []string{"-"}, Offerings: file, Now: "2026-01-01T00:00:00Z", Output: "json", AnyNamespace: true, WhatIf: w,
		Cloud: cloud.Options{RequestsPerMinute: 1, Timeout: time.Second},
	}
	result, err := o.Decide(t.Context(), strings.NewReader(strings.Replace(acrossBoth, "OFFERS", offers, 1)))
	if err != nil {
		t.Fatal(err)
	}
	var text, table bytes.Buffer
	if err := (output{Plan: result.Plan}).write(&text, "json", result.State); err != nil {
		t.Fatal(err)
	}
	if err := (output{Plan: result.Plan}).write(&table, "table", result.State); err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(text.Bytes(), &out); err != nil {
		t.Fatal(err)
	}
	return result, out, table.String()
}

// bought are the launches as type@datacenter for its pods.
func bought(p *plan.Plan) string {
	var all []string
	for _, l := range p.Launches {
		all = append(all, l.InstanceType+"@"+l.DatacenterID+" "+strings.Join(l.Pods, "+"))
	}
	return strings.Join(all, ", ")
}

func TestPlanOfAGroupInTwoDatacenters(t *testing.T) {
	for name, offers := range map[string]string{
		"a list": "offeringIDs: [small]", "a selector": `offeringSelector: {maxPricePerMonth: "20"}`,
	} {
		result, out, table := planAcross(t, offers, WhatIf{})
		if got, want := bought(result.Plan), "small@dc2 default/any, small@dc1 default/here"; got != want {
			t.Errorf("%s: bought are %s, want %s", name, got, want)
		}
		if cost := result.Plan.Cost.Before.String(); cost != "0.0167" {
			t.Errorf("%s: the node that is there costs %s, want the price of its datacenter", name, cost)
		}
		refusals := out["unplaced"].([]any)[0].(map[string]any)["refusals"].([]any)
		var where []string
		for _, r := range refusals {
			where = append(where, r.(map[string]any)["instanceType"].(string)+"@"+r.(map[string]any)["datacenterID"].(string))
		}
		if got := strings.Join(where, " "); got != "small@dc1 small@dc2" {
			t.Errorf("%s: refusals are of %s", name, got)
		}
		for _, words := range []string{"small in dc1", "small in dc2"} {
			if !strings.Contains(table, words) {
				t.Errorf("%s: the table does not say %q:\n%s", name, words, table)
			}
		}
		rows := Offerings(result.State)
		for _, o := range rows.Offerings {
			if groups := rows.groups[o.key()]; o.ID == "small" && o.DatacenterID != "DC1" && len(groups) != 1 {
				t.Errorf("%s: %s in %s is for %v", name, o.ID, o.DatacenterID, groups)
			}
		}
	}
}

// Draining a datacenter leaves the group the others.
func TestDrainingOneOfTwoDatacenters(t *testing.T) {
	result, _, _ := planAcross(t, "offeringIDs: [small]", WhatIf{Drain: []string{"datacenter/DC2"}})
	if got, want := bought(result.Plan), "small@dc1 default/any, small@dc1 default/here"; got != want {
		t.Errorf("without dc2 are bought %s, want %s", got, want)
	}
	result, out, _ := planAcross(t, "offeringIDs: [small]", WhatIf{Drain: []string{"datacenter/dc1"}})
	if got, want := bought(result.Plan), "small@dc2 default/any"; got != want {
		t.Errorf("without dc1 are bought %s, want %s", got, want)
	}
	text, err := json.Marshal(out["unplaced"])
	if err != nil || !strings.Contains(string(text), "nothing is bought there in this what-if (--drain datacenter/dc1)") {
		t.Errorf("unplaced are %s, %v", text, err)
	}
}
