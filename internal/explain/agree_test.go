package explain

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/dryrun"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

const agreeGroup = `
apiVersion: autoscaler.vpsie.com/v1beta1
kind: NodeGroup
metadata: {name: web, namespace: kube-system}
spec:
  minNodes: 0
  maxNodes: 50
  datacenterID: dc
  offeringIDs: [small]
  osImageID: image
  scaleUpPolicy: {cpuThreshold: 100, memoryThreshold: 100}
`

const agreeOfferings = `offerings: [{id: small, datacenterID: dc, cpu: 4, memoryMB: 8192, diskGB: 80, pricePerMonth: "12.00"}]`

// agreeNode is a Ready node of 4 cores and 8 GiB.
const agreeNode = `
---
apiVersion: autoscaler.vpsie.com/v1beta1
kind: VPSieNode
metadata: {name: %[1]s, namespace: kube-system, annotations: {autoscaler.vpsie.com/launch-reason: PendingPods}}
spec: {vpsieInstanceID: %[2]d, instanceType: small, nodeGroupName: web, datacenterID: dc, nodeName: %[1]s}
status: {phase: Ready, nodeName: %[1]s}
---
apiVersion: v1
kind: Node
metadata: {name: %[1]s, labels: {autoscaler.vpsie.com/nodegroup: web, kubernetes.io/hostname: %[1]s}}
status: {allocatable: {cpu: "4", memory: 8Gi, pods: "110"}, conditions: [{type: Ready, status: "True"}]}
---
%[3]s
`

func agreePod(name, metadata, spec string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Pod
metadata: {name: %[1]s, namespace: shop%[2]s}
spec:
  nodeName: node-%[1]s
  containers: [{name: c, image: i, resources: {requests: {cpu: 100m, memory: 64Mi}}}]
%[3]s
status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
`, name, metadata, spec)
}

const (
	owned     = `, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: r, uid: r, controller: true}]`
	emptyDir  = "  volumes: [{name: scratch, emptyDir: {}}]"
	single    = `, labels: {app: single, guarded: "yes", pod-template-hash: v1}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: single-v1, uid: r, controller: true}]`
	double    = `, labels: {app: double, guarded: "yes", pod-template-hash: v1}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: double-v1, uid: d, controller: true}]`
	closedPDB = `
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: guard, namespace: shop}
spec: {selector: {matchLabels: {guarded: "yes"}}}
status: {disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: single, namespace: shop}
spec: {replicas: 1, selector: {matchLabels: {app: single}}, template: {metadata: {labels: {app: single}}, spec: {containers: [{name: c, image: i}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: double, namespace: shop}
spec: {replicas: 2, selector: {matchLabels: {app: double}}, template: {metadata: {labels: {app: double}}, spec: {containers: [{name: c, image: i}]}}}
`
)

// agreePods are pods that each have a node for themselves.
func agreePods() map[string]string {
	low, lower := "  priority: -5", "  priority: -20"
	return map[string]string{
		"plain":       agreePod("plain", owned, ""),
		"bare":        agreePod("bare", "", ""),
		"unsafe":      agreePod("unsafe", owned+`, annotations: {cluster-autoscaler.kubernetes.io/safe-to-evict: "false"}`, ""),
		"completes":   agreePod("completes", owned+`, annotations: {cluster-autoscaler.kubernetes.io/safe-to-evict: on-completion}`, ""),
		"undisrupted": agreePod("undisrupted", owned+`, creationTimestamp: "2025-10-12T08:00:00Z", annotations: {karpenter.sh/do-not-disrupt: 4h}`, ""),
		"disrupted":   agreePod("disrupted", owned+`, creationTimestamp: "2025-10-12T05:00:00Z", annotations: {karpenter.sh/do-not-disrupt: 4h}`, ""),
		"scratch":     agreePod("scratch", owned, emptyDir),
		"low":         agreePod("low", "", low),
		"lower":       agreePod("lower", "", lower),
		"guarded":     agreePod("guarded", owned+`, labels: {guarded: "yes"}`, ""),
		"single":      agreePod("single", single, ""),
		"double1":     agreePod("double1", double, ""),
		"double2":     agreePod("double2", double, ""),
		"guardedlow":  agreePod("guardedlow", owned+`, labels: {guarded: "yes"}`, lower),
		"likedaemon":  agreePod("likedaemon", owned+`, annotations: {cluster-autoscaler.kubernetes.io/daemonset-pod: "true"}`, ""),
		"busy":        strings.Replace(agreePod("busy", owned, ""), "cpu: 100m", "cpu: 2320m", 1), // 58 %, of which floats make 57
	}
}

// What the plugin says of pods and of a node's use is what the planner goes by, with the
// controller's flags as they are.
func TestThePluginSaysWhatThePlannerGoesBy(t *testing.T) {
	for name, group := range map[string]string{
		"": agreeGroup, "drainSurge, ": agreeGroup + "  disruption: {drainSurge: SingleReplica}\n",
	} {
		thePluginAgrees(t, name, group)
	}
}

func thePluginAgrees(t *testing.T, what, group string) {
	t.Helper()
	dir := t.TempDir()
	text := group + closedPDB
	id := 1
	for name, pod := range agreePods() {
		text += fmt.Sprintf(agreeNode, "node-"+name, id, pod)
		id++
	}
	for name, text := range map[string]string{"objects.yaml": text, "offerings.yaml": agreeOfferings} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	now := at(t, "10:00:00")
	for name, flags := range map[string]plan.Options{
		"default":       {ExpendablePriorityCutoff: -10},
		"cutoff 0":      {ExpendablePriorityCutoff: 0},
		"cutoff -30":    {ExpendablePriorityCutoff: -30},
		"local storage": {ExpendablePriorityCutoff: -10, SkipNodesWithLocalStorage: true},
	} {
		t.Run(what+name, func(t *testing.T) {
			files := []string{filepath.Join(dir, "objects.yaml")}
			o := dryrun.Options{
				Files: files, Offerings: filepath.Join(dir, "offerings.yaml"), AnyNamespace: true, Plan: flags,
				Now: now.Format(time.RFC3339), Output: "table", Cloud: cloud.Options{RequestsPerMinute: 1, Timeout: time.Second},
			}
			o.Plan.IgnoreTimers = true
			decided, err := o.Decide(t.Context(), strings.NewReader(""))
			if err != nil {
				t.Fatal(err)
			}
			read, err := cluster.ReadFiles(files, strings.NewReader(""), "")
			if err != nil {
				t.Fatal(err)
			}
			scene := &Scene{
				Now: now, Groups: read.NodeGroups, Machines: read.VPSieNodes, Nodes: read.Nodes, Pods: read.Pods, Budgets: read.Budgets,
				Surge:  plan.NewSurge(read.Deployments, plan.Parts(read.Pods), read.Claims),
				Rounds: Rounds{Options: flags, List: []*observe.Round{observe.NewRound(now, decided.Plan, nil)}},
			}
			for pod := range agreePods() {
				agrees(t, scene, decided.Plan, "node-"+pod)
			}
		})
	}
}

func agrees(t *testing.T, scene *Scene, p *plan.Plan, node string) {
	t.Helper()
	var kept plan.Kept
	for _, k := range p.Kept {
		if k.Node == node {
			kept = k
		}
	}
	a, err := Node(scene, node)
	if err != nil {
		t.Fatal(err)
	}
	why := ""
	for _, h := range a.Pods {
		why += h.Why
	}
	switch kept.Reason {
	case plan.KeptPodNotEvictable, plan.KeptPodDisruptionBudget:
		if why != kept.Message {
			t.Errorf("%s: the planner says %q, the plugin %q", node, kept.Message, why)
		}
	case plan.KeptNotUnderutilized:
		if use := fmt.Sprintf("cpu is at %d%%", a.Load.CPU.Percent()); !strings.Contains(kept.Message, use) {
			t.Errorf("%s: the planner says %q, the plugin %q", node, kept.Message, use)
		}
	default:
		if why != "" {
			t.Errorf("%s: the planner does not keep it for a pod (%+v), the plugin says %q", node, kept, why)
		}
	}
}
