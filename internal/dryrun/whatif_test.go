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
)

const whatIfOfferings = `
offerings:
- {id: small, datacenterID: dc1, cpu: 2, memoryMB: 4096, diskGB: 80, pricePerMonth: "12.00"}
- {id: large, datacenterID: dc1, cpu: 8, memoryMB: 16384, diskGB: 80, pricePerMonth: "40.00"}
`

const whatIfObjects = `
apiVersion: autoscaler.vpsie.com/v1alpha1
kind: NodeGroup
metadata: {name: web, namespace: kube-system}
spec:
  minNodes: 0
  maxNodes: 2
  datacenterID: dc1
  offeringIDs: [small]
  osImageID: u
  scaleUpPolicy: {cpuThreshold: 100, memoryThreshold: 100}
---
apiVersion: autoscaler.vpsie.com/v1alpha1
kind: NodeGroup
metadata: {name: two, namespace: kube-system}
spec: {minNodes: 0, maxNodes: 2, datacenterID: dc1, offeringIDs: [large], osImageID: u, taints: [{key: t, effect: NoSchedule}]}
---
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {autoscaler.vpsie.com/nodegroup: web, autoscaler.vpsie.com/instance-type: small, autoscaler.vpsie.com/datacenter: dc1}}
status: {allocatable: {cpu: "1900m", memory: 3500Mi, pods: "110"}, conditions: [{type: Ready, status: "True"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: bare, namespace: default}
spec: {nodeName: n1, containers: [{name: c, image: x, resources: {requests: {cpu: 100m, memory: 100Mi}}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: owned, namespace: default, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: other, uid: u1, controller: true}]}
spec: {nodeName: n1, containers: [{name: c, image: x, resources: {requests: {cpu: "1", memory: 1Gi}}}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {a: b}}
  template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: x, resources: {requests: {cpu: "1", memory: 1Gi}}}]}}
`

const whatIfMore = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {a: b}}
  template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: x, resources: {requests: {cpu: "1", memory: 1Gi}}}]}}
`

// suppose plans for the files with something supposed.
func supposing(t *testing.T, w WhatIf) (*Result, string, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"offerings.yaml": whatIfOfferings, "objects.yaml": whatIfObjects, "more.yaml": whatIfMore} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i := range w.Add {
		w.Add[i] = filepath.Join(dir, w.Add[i])
	}
	o := Options{
		Files: []string{"-"}, Offerings: filepath.Join(dir, "offerings.yaml"), Now: "2026-01-01T00:00:00Z", Output: "table",
		AnyNamespace: true, WhatIf: w, Cloud: cloud.Options{RequestsPerMinute: 1, Timeout: time.Second},
	}
	result, err := o.Decide(t.Context(), strings.NewReader(whatIfObjects))
	if err != nil {
		return nil, "", err
	}
	var table bytes.Buffer
	if err := (output{Plan: result.Plan, WhatIf: result.WhatIf}).write(&table, "table", result.State); err != nil {
		t.Fatal(err)
	}
	return result, table.String(), nil
}

func TestWhatIf(t *testing.T) {
	for name, c := range map[string]struct {
		w WhatIf
		// changed are the cost after, the machines bought and the pods that wait.
		cost           string
		buys, waiting  int
		says, saysNote string
	}{
		"more nodes":      {WhatIf{Set: []string{"ng/web.maxNodes=30"}}, "0.0667", 3, 0, "0.0333 an hour more (24.00 a month)", ""},
		"a nested field":  {WhatIf{Set: []string{"ng/web.scaleUpPolicy.enabled=false"}}, "0.0167", 0, 3, "less", ""},
		"a list":          {WhatIf{Set: []string{"ng/web.offeringIDs=[large]"}}, "0.0722", 1, 0, "more", ""},
		"another group":   {WhatIf{Set: []string{"ng/two.maxNodes=1"}}, "0.0333", 1, 2, "would cost as much as they do", ""},
		"another price":   {WhatIf{Prices: []string{"small=9", "dc1/LARGE=1.5"}}, "0.0250", 1, 2, "less", ""},
		"without a node":  {WhatIf{Without: []string{"node/n1"}}, "0.0333", 2, 2, "", "1 pod of node n1 would be lost: no controller makes them anew: default/bare"},
		"without a pod":   {WhatIf{Without: []string{"pod/default/owned"}}, "0.0333", 1, 1, "", ""},
		"without a group": {WhatIf{Without: []string{"ng/web"}}, "0.0000", 0, 4, "", "bare"},
		"drained":         {WhatIf{Drain: []string{"datacenter/dc1"}}, "0.0000", 0, 4, "--drain datacenter/dc1", "bare"},
		"more replicas":   {WhatIf{Set: []string{"deployment/default/web.replicas=2", "ng/web.maxNodes=30"}}, "0.0500", 2, 0, "", ""},
		"an object again": {WhatIf{Add: []string{"more.yaml"}}, "0.0333", 1, 0, "as it is  0.0333", ""},
	} {
		t.Run(name, func(t *testing.T) {
			result, table, err := supposing(t, c.w)
			if err != nil {
				t.Fatal(err)
			}
			got := result.WhatIf.Changed
			if got.Cost.String() != c.cost || got.Launches != c.buys || got.Waiting != c.waiting {
				t.Errorf("changed %s, buys %d, %d wait; want %s, %d, %d\n%s", got.Cost, got.Launches, got.Waiting, c.cost, c.buys, c.waiting, table)
			}
			if was := result.WhatIf.Unchanged; was.Cost.String() != "0.0333" || was.Launches != 1 || was.Waiting != 2 {
				t.Errorf("unchanged %+v", was)
			}
			if !strings.Contains(table, c.says) || !strings.Contains(strings.Join(result.Notes, "\n"), c.saysNote) {
				t.Errorf("want %q and the note %q:\n%s%q", c.says, c.saysNote, table, result.Notes)
			}
		})
	}
}

// What cannot be supposed is an error that says what can.
func TestWhatCannotBeSupposed(t *testing.T) {
	for want, w := range map[string]WhatIf{
		`--set ng/none.maxNodes=3: there is no such NodeGroup; there are two, web`:    {Set: []string{"ng/none.maxNodes=3"}},
		`--set ng/web.maxNodes=x: spec.maxNodes: want a whole number`:                 {Set: []string{"ng/web.maxNodes=x"}},
		`--set ng/web.maxNods=3: unknown field "spec.maxNods"`:                        {Set: []string{"ng/web.maxNods=3"}},
		`--set web.maxNodes=3: want ng/NAME.FIELD=VALUE`:                              {Set: []string{"web.maxNodes=3"}},
		`--set deployment/web.replicas=-1: want deployment/NAMESPACE/NAME.replicas=N`: {Set: []string{"deployment/web.replicas=-1"}},
		`there is no StatefulSet default/web`:                                         {Set: []string{"sts/web.replicas=1"}},
		`--price tiny=3: no NodeGroup is offered that; there are large, small`:        {Prices: []string{"tiny=3"}},
		`--price small: want OFFERING=PRICE`:                                          {Prices: []string{"small"}},
		`--without n1: want node/NAME`:                                                {Without: []string{"n1"}},
		`--without node/none: there is no such node`:                                  {Without: []string{"node/none"}},
		`--without pod/none: there is no pod none in namespace default`:               {Without: []string{"pod/none"}},
		`--drain datacenter/dc2: no NodeGroup is in that datacenter; they are in dc1`: {Drain: []string{"datacenter/dc2"}},
		`--drain pod/x: want datacenter/NAME`:                                         {Drain: []string{"pod/x"}},
	} {
		if _, _, err := supposing(t, w); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// The comparison is part of the JSON, and only where something was supposed.
func TestWhatIfInJSON(t *testing.T) {
	for _, w := range []WhatIf{{}, {Prices: []string{"small=9"}}} {
		result, _, err := supposing(t, w)
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		if err := (output{Plan: result.Plan, WhatIf: result.WhatIf}).write(&text, "json", result.State); err != nil {
			t.Fatal(err)
		}
		var told struct {
			WhatIf *struct {
				Difference string `json:"differencePerHour"`
				Changes    []string
			}
			Cost struct {
				FromScratch *struct{ LowerBoundPerHour string }
			}
		}
		if err := json.Unmarshal(text.Bytes(), &told); err != nil || told.Cost.FromScratch == nil {
			t.Fatalf("%v: %s", err, text.Bytes())
		}
		if supposed := len(w.Prices) > 0; supposed != (told.WhatIf != nil) || supposed && told.WhatIf.Difference != "-0.0083" {
			t.Errorf("%+v", told.WhatIf)
		}
	}
}
