package cluster

import (
	"strings"
	"testing"
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Whatever the file holds, reading it ends with an error or with objects that a
// plan can be made for.
func FuzzReadFiles(f *testing.F) {
	for _, seed := range []string{
		pod("p"), aGroup, aGroup + "---\n" + pod("p"),
		"apiVersion: v1\nkind: List\nitems:\n- " + pod("a") + "\n- " + pod("b") + "\nmetadata: {}\n",
		`{"apiVersion":"v1","kind":"Node","metadata":{"name":"n1","labels":{"autoscaler.vpsie.com/nodegroup":"web"}},"status":{"allocatable":{"cpu":"1900m"},"conditions":[{"type":"Ready","status":"True"}]}}`,
		"{apiVersion: autoscaler.vpsie.com/v1alpha1, kind: VPSieNode, metadata: {name: m}, spec: {instanceType: small, nodeGroupName: web, datacenterID: dc}, status: {phase: Ready, nodeName: n1}}",
		"{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: b}, spec: {maxUnavailable: 10%, selector: {matchLabels: {a: b}}}, status: {disruptionsAllowed: 1}}",
		"{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: d}, spec: {selector: {}, template: {spec: {containers: [{resources: {limits: {cpu: 1e3}}}]}}}}",
		"{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{}], affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: a, labelSelector: {}}]}}, volumes: [{name: v, persistentVolumeClaim: {claimName: c}}]}}",
		"{apiVersion: storage.k8s.io/v1, kind: CSINode, metadata: {name: n1}, spec: {drivers: [{name: d, nodeID: x, allocatable: {count: 3}}]}}",
	} {
		f.Add([]byte(seed))
	}
	known, err := kinds()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		read, err := newReader(known, "").readAll([]string{"-"}, strings.NewReader(string(data)))
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Error("an error without a word")
			}
			return
		}
		state := NewBuilder().State(read.Objects, nil, time.Unix(1_760_000_000, 0), plan.Options{})
		plan.Decide(state)
	})
}
