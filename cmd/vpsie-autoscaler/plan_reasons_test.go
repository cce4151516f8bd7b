package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// reasons is what a plan's JSON says of pods and nodes that stay as they are.
type reasons struct {
	Unplaced []struct {
		Pod      string
		Refusals []struct{ NodeGroup, Reason, Message string }
	}
	Kept []struct{ Node, Reason, Message string }
}

func reasonsFor(t *testing.T, objects ...string) reasons {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"objects.yaml": strings.Join(objects, "\n---\n"),
		"offerings.yaml": `offerings:
- {id: small, datacenterID: dc, cpu: 2, memoryMB: 4096, pricePerMonth: "12.00", allocatable: {cpu: 2000m, memory: 4Gi}, labels: {topology.kubernetes.io/zone: z1}}
- {id: sold, datacenterID: dc, cpu: 2, memoryMB: 4096, pricePerMonth: "12.00", available: false}
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := planIn(t, dir, []string{"-f", "objects.yaml", "--offerings", "offerings.yaml", "-o", "json"})
	_, text, _ := strings.Cut(out, "\n")
	var r reasons
	if err := json.NewDecoder(strings.NewReader(text)).Decode(&r); err != nil { // the notes follow
		t.Fatalf("%v: %s", err, out)
	}
	return r
}

func groupFor(name, spec, rest string) string {
	return fmt.Sprintf(`{apiVersion: autoscaler.vpsie.com/v1alpha1, kind: NodeGroup, metadata: {name: %[1]s, namespace: kube-system%[3]s,
  spec: {minNodes: 0, maxNodes: 9, datacenterID: dc, offeringIDs: [small], osImageID: u, labels: {tier: %[1]s}%[2]s}}`, name, spec, rest)
}

func nodeOf(name, group, rest string) string {
	return fmt.Sprintf(`{apiVersion: v1, kind: Node, metadata: {name: %[1]s, labels: {kubernetes.io/hostname: %[1]s, topology.kubernetes.io/zone: z1, tier: %[2]s,
  autoscaler.vpsie.com/nodegroup: %[2]s, autoscaler.vpsie.com/instance-type: small}%[3]s}, status: {allocatable: {cpu: "2", memory: 4Gi, pods: "110"}, conditions: [{type: Ready, status: "True"}]}}`, name, group, rest)
}

// podFor is a pod that waits for a node of the group.
func podFor(name, group, cpu, spec string) string {
	return fmt.Sprintf(`{apiVersion: v1, kind: Pod, metadata: {name: %s, labels: {app: %[1]s}}, spec: {nodeSelector: {tier: %s}, containers: [{name: c, resources: {requests: {cpu: %s}}}]%s}}`, name, group, cpu, spec)
}

// podOn runs on a node.
func podOn(name, node, cpu, meta string) string {
	return fmt.Sprintf(`{apiVersion: v1, kind: Pod, metadata: {name: %s, labels: {app: %[1]s}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: r, uid: u, controller: true}]%[4]s},
  spec: {nodeName: %[2]s, containers: [{name: c, resources: {requests: {cpu: %[3]s}}}]}, status: {phase: Running}}`, name, node, cpu, meta)
}

// Every reason for which a pod waits, but Backoff, Unproven and BuyingStopped, can come of files.
func TestEveryRefusal(t *testing.T) {
	claimed := func(claim string) string {
		return ", volumes: [{name: v, persistentVolumeClaim: {claimName: " + claim + "}}]"
	}
	const zoned = "topologyKey: topology.kubernetes.io/zone, labelSelector: {matchLabels: {app: running}}"
	got := reasonsFor(t,
		groupFor("open", "", "}"), nodeOf("n1", "open", ""), podOn("running", "n1", "2", ""),
		strings.Replace(groupFor("full", "", "}"), "maxNodes: 9", "maxNodes: 1", 1), nodeOf("n2", "full", ""), podOn("filler", "n2", "2", ""),
		groupFor("closed", ", scaleUpPolicy: {enabled: false}", "}"), groupFor("paused", "", ", annotations: {autoscaler.vpsie.com/pause: 'true'}}"),
		strings.TrimSuffix(groupFor("quiet", "", "}"), "}")+`, status: {lastScaleTime: "2025-10-12T11:59:50Z"}}`,
		strings.Replace(groupFor("gone", "", "}"), "[small]", "[small-9]", 1), strings.Replace(groupFor("sold", "", "}"), "[small]", "[sold]", 1),
		groupFor("tainted", ", taints: [{key: t, effect: NoSchedule}]", "}"),
		"{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: d}, spec: {selector: {}, template: {spec: {containers: [{name: c, ports: [{hostPort: 80, containerPort: 80}]}]}}}}",
		"{apiVersion: v1, kind: PersistentVolume, metadata: {name: far, labels: {topology.kubernetes.io/zone: z2}}, spec: {capacity: {storage: 1Gi}}}",
		"{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: far}, spec: {volumeName: far}, status: {phase: Bound}}",
		"{apiVersion: v1, kind: PersistentVolume, metadata: {name: single}, spec: {capacity: {storage: 1Gi}}}",
		"{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: single}, spec: {accessModes: [ReadWriteOncePod], volumeName: single}, status: {phase: Bound}}",
		strings.Replace(podOn("holder", "n1", "0", ""), "nodeName: n1,", "nodeName: n1"+claimed("single")+",", 1),
		podFor("insufficient-resource", "open", "3", ""), podFor("max-nodes-reached", "full", "1", ""), podFor("scale-up-disabled", "closed", "1", ""),
		podFor("paused", "paused", "1", ""), podFor("stabilizing", "quiet", "1", ""), podFor("offering-unavailable", "gone", "1", ""), podFor("offering-unavailable-2", "sold", "1", ""),
		podFor("taint-not-tolerated", "tainted", "1", ""), podFor("node-affinity", "open", "1", ", affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: x, operator: Exists}]}]}}}"),
		podFor("pod-affinity", "open", "1", ", affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: running}}}]}}"),
		podFor("pod-anti-affinity", "open", "1", ", affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{"+zoned+"}]}}"),
		podFor("topology-spread", "open", "1", ", topologySpreadConstraints: [{maxSkew: 1, minDomains: 3, whenUnsatisfiable: DoNotSchedule, topologyKey: topology.kubernetes.io/zone, labelSelector: {matchExpressions: [{key: app, operator: In, values: [running, topology-spread]}]}}]"),
		strings.Replace(podFor("host-port", "open", "1", ""), "name: c,", "name: c, ports: [{hostPort: 80, containerPort: 80}],", 1),
		podFor("volume-zone", "open", "1", claimed("far")), podFor("volume-limit", "open", "1", claimed("single")), podFor("volume-zone-2", "open", "1", claimed("missing")),
		podFor("scheduling-gated", "open", "1", ", schedulingGates: [{name: g}]"), podFor("other-scheduler", "open", "1", ", schedulerName: mine"),
		podFor("not-supported", "open", "1", ", resourceClaims: [{name: gpu, resourceClaimName: gpu}]"),
		strings.TrimSuffix(podFor("scheduler-error", "open", "1", ""), "}")+`, status: {conditions: [{type: PodScheduled, status: "False", reason: SchedulerError, message: no answer}]}}`,
	)
	of := map[string]string{ // the group whose nodes the pod selects
		"default/max-nodes-reached": "full", "default/scale-up-disabled": "closed", "default/paused": "paused", "default/stabilizing": "quiet",
		"default/offering-unavailable": "gone", "default/offering-unavailable-2": "sold", "default/taint-not-tolerated": "tainted",
	}
	told := map[string]string{}
	for _, u := range got.Unplaced {
		for _, r := range u.Refusals {
			if r.NodeGroup == "" || r.NodeGroup == cmp.Or(of[u.Pod], "open") {
				told[u.Pod] = r.Reason
			}
		}
	}
	want := map[string]string{}
	for name, reason := range map[string]string{
		"insufficient-resource": "InsufficientResource", "max-nodes-reached": "MaxNodesReached", "scale-up-disabled": "ScaleUpDisabled", "paused": "Paused",
		"stabilizing": "Stabilizing", "offering-unavailable": "OfferingUnavailable", "offering-unavailable-2": "OfferingUnavailable", "taint-not-tolerated": "TaintNotTolerated",
		"node-affinity": "NodeAffinity", "pod-affinity": "PodAffinity", "pod-anti-affinity": "PodAntiAffinity", "topology-spread": "TopologySpread", "host-port": "HostPort",
		"volume-zone": "VolumeZone", "volume-zone-2": "VolumeZone", "volume-limit": "VolumeLimit", "scheduling-gated": "SchedulingGated", "other-scheduler": "OtherScheduler",
		"not-supported": "NotSupported", "scheduler-error": "SchedulerError",
	} {
		want["default/"+name] = reason
	}
	if diff := gocmp.Diff(want, told); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	none := reasonsFor(t, podFor("p", "open", "1", ""))
	if len(none.Unplaced) != 1 || none.Unplaced[0].Refusals[0].Reason != "NoNodeGroup" {
		t.Errorf("without a NodeGroup: %+v", none)
	}
}

// Every reason for which a node stays can come of files.
func TestEveryKeptReason(t *testing.T) {
	const at = "2025-10-12T11:59:50Z"
	machine := func(name, group, meta string) string {
		return fmt.Sprintf("{apiVersion: autoscaler.vpsie.com/v1alpha1, kind: VPSieNode, metadata: {name: %s, namespace: kube-system%s}, spec: {instanceType: small, nodeGroupName: %s, datacenterID: dc}, status: {phase: Ready}}", name, meta, group)
	}
	pinned := func(name, node, tier string) string {
		return strings.Replace(podOn(name, node, "1500m", ""), "spec: {", "spec: {nodeSelector: {tier: "+tier+"}, ", 1)
	}
	made := func(name, group, image, meta string) string {
		return strings.Replace(machine(name, group, meta), "{phase: Ready}", "{phase: Ready, madeFrom: {version: 2, fields: [{name: osImageID, value: "+image+"}]}}", 1)
	}
	const since = ", annotations: {autoscaler.vpsie.com/unneeded-since: '2025-10-12T11:00:00Z'}"
	got := reasonsFor(t,
		groupFor("busy", "", "}"), nodeOf("not-underutilized", "busy", ""), podOn("p1", "not-underutilized", "1500m", ""),
		groupFor("fresh", "", "}"), nodeOf("unneeded-time", "fresh", ""),
		strings.TrimSuffix(groupFor("quiet", "", "}"), "}")+`, status: {lastScaleTime: "`+at+`"}}`, nodeOf("stabilizing", "quiet", ""), machine("stabilizing", "quiet", since),
		strings.Replace(groupFor("least", "", "}"), "minNodes: 0", "minNodes: 1", 1), nodeOf("at-min-nodes", "least", ""),
		groupFor("kept", "", "}"), nodeOf("do-not-delete", "kept", ""), machine("do-not-delete", "kept", ", annotations: {autoscaler.vpsie.com/do-not-delete: 'true'}"),
		groupFor("paused", "", ", annotations: {autoscaler.vpsie.com/pause: 'true'}}"), nodeOf("paused", "paused", ""),
		groupFor("down", ", scaleDownPolicy: {enabled: false}", "}"), nodeOf("scale-down-disabled", "down", ""),
		groupFor("budget", "", "}"), nodeOf("pod-disruption-budget", "budget", ""), podOn("p2", "pod-disruption-budget", "100m", ""),
		"{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: b}, spec: {maxUnavailable: 0, selector: {matchLabels: {app: p2}}}, status: {disruptionsAllowed: 0}}",
		groupFor("still", "", "}"), nodeOf("pod-not-evictable", "still", ""), podOn("p3", "pod-not-evictable", "100m", ", annotations: {cluster-autoscaler.kubernetes.io/safe-to-evict: 'false'}"),
		groupFor("alone", "", "}"), nodeOf("no-room-elsewhere", "alone", ""), strings.Replace(podOn("p4", "no-room-elsewhere", "100m", ""), "spec: {", "spec: {nodeSelector: {tier: alone}, ", 1),
		groupFor("tight", ", scaleUpPolicy: {cpuThreshold: 60}", "}"), nodeOf("would-trigger-scale-up", "tight", ""), nodeOf("tight-2", "tight", ""),
		strings.Replace(podOn("p5", "would-trigger-scale-up", "200m", ""), "spec: {", "spec: {nodeSelector: {tier: tight}, ", 1),
		podOn("p6", "tight-2", "1100m", ""),
		groupFor("bare", ", disruption: {consolidation: WhenEmpty}", "}"), nodeOf("not-empty", "bare", ""), podOn("p7", "not-empty", "100m", ""),
		groupFor("young", ", disruption: {minNodeLifetimeSeconds: 315360000}", "}"), nodeOf("min-node-lifetime", "young", ", creationTimestamp: '2025-10-12T11:00:00Z'"),
		groupFor("paid", ", disruption: {alignToPaidPeriodSeconds: 2678400}", "}"), nodeOf("paid-period", "paid", ", creationTimestamp: '2025-10-12T11:00:00Z'"),
		groupFor("frozen", ", disruption: {budgets: [{nodes: 0}]}", "}"), nodeOf("disruption-budget", "frozen", ""), machine("disruption-budget", "frozen", since),
		groupFor("image", ", disruption: {driftPolicy: Replace}", "}"), nodeOf("awaiting-replacement", "image", ""), made("awaiting-replacement", "image", "old", ""), pinned("p8", "awaiting-replacement", "image"),
		nodeOf("rollout-waiting", "image", ""), made("rollout-waiting", "image", "old", ""), pinned("p9", "rollout-waiting", "image"),
		groupFor("half", ", disruption: {driftPolicy: Replace}", "}"), nodeOf("old", "half", ""), made("old", "half", "old", ""), pinned("p10", "old", "half"),
		nodeOf("replacing", "half", ""), made("replacing", "half", "u", ", annotations: {autoscaler.vpsie.com/replaces: old}"),
		strings.Replace(groupFor("edge", ", disruption: {driftPolicy: Replace}", "}"), "maxNodes: 9", "maxNodes: 1", 1), nodeOf("no-replacement", "edge", ""), made("no-replacement", "edge", "old", ""),
		pinned("p11", "no-replacement", "edge"),
		strings.TrimSuffix(groupFor("stuck", ", disruption: {driftPolicy: Replace}", ", generation: 2}"), "}")+`, status: {rolloutStopped: {vpsieNode: x, message: late, since: "`+at+`", generation: 2}}}`,
		nodeOf("rollout-paused", "stuck", ""), made("rollout-paused", "stuck", "old", ""), pinned("p12", "rollout-paused", "stuck"),
		groupFor("control", "", "}"), strings.Replace(nodeOf("control-plane", "control", ""), "labels: {", `labels: {node-role.kubernetes.io/control-plane: "", `, 1),
		groupFor("people", "", "}"), nodeOf("adopted", "people", ""), machine("adopted", "people", ", uid: 0c6e"),
		groupFor("ill", "", "}"), strings.Replace(nodeOf("not-ready", "ill", ""), `status: "True"`, `status: "False"`, 1),
	)
	want := map[string]string{
		"not-underutilized": "NotUnderutilized", "unneeded-time": "UnneededTime", "stabilizing": "Stabilizing", "at-min-nodes": "AtMinNodes", "do-not-delete": "DoNotDelete",
		"paused": "Paused", "scale-down-disabled": "ScaleDownDisabled", "pod-disruption-budget": "PodDisruptionBudget", "pod-not-evictable": "PodNotEvictable",
		"no-room-elsewhere": "NoRoomElsewhere", "would-trigger-scale-up": "WouldTriggerScaleUp", "tight-2": "NotUnderutilized", "not-ready": "NotReady",
		"not-empty": "NotEmpty", "min-node-lifetime": "MinNodeLifetime", "disruption-budget": "DisruptionBudget", "paid-period": "PaidPeriod",
		"awaiting-replacement": "AwaitingReplacement", "rollout-waiting": "RolloutWaiting", "replacing": "Replacing", "no-replacement": "NoReplacement", "rollout-paused": "RolloutPaused",
		"control-plane": "ControlPlane", "adopted": "Adopted",
	}
	told := map[string]string{}
	for _, k := range got.Kept {
		told[k.Node] = k.Reason
		if k.Message == "" {
			t.Errorf("%s is kept without a message", k.Node)
		}
	}
	if diff := gocmp.Diff(want, told); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
