package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/explain"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// What can be bought is asked of the account, and its YAML prices files.
func TestOfferings(t *testing.T) {
	apply(t, objects)
	secret(t)
	kubectl(t, "offerings").want(t, 0, "OFFERING", "small-2cpu-4gb", "dc-us-east-1", "(estimated)", "web")
	file := filepath.Join(t.TempDir(), "offerings.yaml")
	r := kubectl(t, "offerings", "-o", "yaml")
	if err := os.WriteFile(file, []byte(r.out), 0o600); err != nil {
		t.Fatal(err)
	}
	kubectl(t, "plan", "--offerings", file).want(t, 0, "COST an hour")
	kubectl(t, "offerings", "-o", "xml").want(t, 1, `--output: "xml" is not json, yaml or wide`)
}

// The days to come have their bounds, and prices where the account tells them.
func TestSchedule(t *testing.T) {
	apply(t, objects)
	apply(t, `{apiVersion: autoscaler.vpsie.com/v1beta1, kind: NodeGroup, metadata: {name: web, namespace: kube-system},
spec: {minNodes: 1, maxNodes: 3, datacenterID: dc-us-east-1, offeringIDs: [small-2cpu-4gb], osImageID: ubuntu-22.04-lts,
schedules: [{name: night, cron: "0 20 * * *", durationSeconds: 36000, maxNodes: 0}]}}`)
	kubectl(t, "schedule").want(t, 0, "NodeGroup web, from", "what it costs is not known", "night      0    0    -        -")
	secret(t)
	kubectl(t, "schedule", "web").want(t, 0, ": between ", "night      0    0    0.0000   0.0000", "-          1    3    0.0167   0.0500")
	kubectl(t, "schedule", "--days", "0").want(t, 1, "--days: 0 is not from 1 to 366")
	kubectl(t, "schedule", "none").want(t, 1, `there is no NodeGroup "none"; there are web`)
	var a explain.ScheduleAnswer
	r := kubectl(t, "schedule", "-o", "json", "--days", "1")
	if err := json.Unmarshal([]byte(r.out), &a); err != nil || len(a.Groups) != 1 || a.To.Sub(a.From) != 24*time.Hour || a.Groups[0].Spans[0].Most == "" {
		t.Errorf("%v: %+v", err, a)
	}
	kubectl(t, "explain", "ng", "web").want(t, 0, "NodeGroup web")
}

// On the live cluster, a plan can suppose what is not.
func TestWhatIfOnTheLiveCluster(t *testing.T) {
	apply(t, objects)
	secret(t)
	apply(t, `{apiVersion: apps/v1, kind: Deployment, metadata: {name: shopfront, namespace: shop}, spec: {replicas: 0, selector: {matchLabels: {app: f}},
template: {metadata: {labels: {app: f}}, spec: {containers: [{name: c, image: none, resources: {requests: {cpu: "1", memory: 1Gi}}}]}}}}`)
	t.Cleanup(func() { remove(t, &appsv1.Deployment{ObjectMeta: metaOf("shop", "shopfront")}) })
	kubectl(t, "plan", "--set", "deployment/shop/shopfront.replicas=2").want(t, 0, "WHAT IF", "an hour more", "small-2cpu-4gb  2      0.0167  PendingPods  Deployment shop/shopfront")
	kubectl(t, "plan", "--set", "deployment/shop/none.replicas=2").want(t, 1, "there is no Deployment shop/none")
	kubectl(t, "plan", "--set", "ng/web.maxNodes=1", "--set", "deploy/shop/shopfront.replicas=2", "--price", "small-2cpu-4gb=7.2").
		want(t, 0, "0.0100", "MaxNodesReached")
	kubectl(t, "plan", "--without", "node/nobody").want(t, 1, "there is no such node")
}

// What holds nodes is priced; a NodeGroup is explained with what it keeps and refuses; a
// dead autoscaler is said first.
func TestBlockersGroupsAndADeadAutoscaler(t *testing.T) {
	apply(t, objects)
	machine(t, "vpsie-web-1", "n1")
	setStatus(t, &v1alpha1.VPSieNode{}, "kube-system", "vpsie-web-1", `{"phase":"Ready","nodeName":"n1","costPerHour":"0.0167"}`)
	now := time.Now()
	round := observe.NewRound(now, &plan.Plan{
		Kept: []plan.Kept{{Node: "n1", Group: "web", Reason: plan.KeptPodDisruptionBudget, Message: "the budget allows nothing"}},
		Unplaced: []plan.Unplaced{{Pod: "shop/huge", Refusals: []plan.Refusal{
			{Group: "web", InstanceType: "small-2cpu-4gb", Reason: plan.MaxNodesReached, Message: "full"},
		}}},
	}, nil)
	where := []string{"--journal-url", journalOf(t, round).URL}
	kubectl(t, append(where, "blockers")...).want(t, 0, "Nodes that cost 0.0167 an hour", "PodDisruptionBudget: the budget allows nothing")
	var blockers explain.BlockersAnswer
	if r := kubectl(t, append(where, "blockers", "-o", "json")...); json.Unmarshal([]byte(r.out), &blockers) != nil || blockers.Blockers[0].Reason != plan.KeptPodDisruptionBudget {
		t.Errorf("%+v", r)
	}
	kubectl(t, append(where, "explain", "ng", "web")...).want(t, 0, "NodeGroup web", "1      MaxNodesReached", "1      PodDisruptionBudget  n1")
	kubectl(t, append(where, "explain", "ng/web", "-o", "json")...).want(t, 0, `"MaxNodesReached": [`)
	kubectl(t, append(where, "explain", "ng", "none")...).want(t, 1, `there is no NodeGroup "none"; there are web`)

	status := []string{"status", where[0], where[1]}
	kubectl(t, status...).want(t, 0, "No autoscaler runs: there is no Lease vpsie-autoscaler in namespace kube-system")
	lease := &coordinationv1.Lease{
		ObjectMeta: metaOf("kube-system", "vpsie-autoscaler"),
		Spec: coordinationv1.LeaseSpec{
			HolderIdentity: new("pod-a"), LeaseDurationSeconds: new(int32(15)), RenewTime: &metav1.MicroTime{Time: now.Add(-time.Hour)},
		},
	}
	if err := env.Client(t, nil).Create(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { remove(t, lease) })
	kubectl(t, status...).want(t, 0, "No autoscaler acts: pod-a, the last leader, gave its last sign of life 60m ago")
}

// A pod that a drain replaces by a restart of its Deployment holds no node, and is told as what it is.
func TestRestartsBeforeADrain(t *testing.T) {
	apply(t, objects)
	secret(t)
	apply(t, `{apiVersion: autoscaler.vpsie.com/v1beta1, kind: NodeGroup, metadata: {name: web, namespace: kube-system},
spec: {minNodes: 0, maxNodes: 3, datacenterID: dc-us-east-1, offeringIDs: [small-2cpu-4gb], osImageID: ubuntu-22.04-lts, disruption: {drainSurge: SingleReplica}}}
---
{apiVersion: autoscaler.vpsie.com/v1beta1, kind: VPSieNode, metadata: {name: n1, namespace: kube-system},
spec: {vpsieInstanceID: 9, instanceType: small-2cpu-4gb, nodeGroupName: web, datacenterID: dc-us-east-1, nodeName: n1}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: single, namespace: shop}, spec: {replicas: 1, selector: {matchLabels: {app: single}},
template: {metadata: {labels: {app: single}}, spec: {containers: [{name: c, image: none}]}}}}
---
{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: single, namespace: shop}, spec: {minAvailable: 1, selector: {matchLabels: {app: single}}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: single-1, namespace: shop, labels: {app: single, pod-template-hash: v1},
ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: single-v1, uid: u, controller: true}]}, spec: {nodeName: n1, containers: [{name: c, image: none}]}}
`)
	t.Cleanup(func() {
		remove(t, &v1alpha1.VPSieNode{ObjectMeta: metaOf("kube-system", "n1")})
		remove(t, &appsv1.Deployment{ObjectMeta: metaOf("shop", "single")})
		remove(t, &policyv1.PodDisruptionBudget{ObjectMeta: metaOf("shop", "single")})
		remove(t, &corev1.Pod{ObjectMeta: metaOf("shop", "single-1")})
	})
	setStatus(t, &corev1.Pod{}, "shop", "single-1", `{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}`)
	setStatus(t, &v1alpha1.VPSieNode{}, "kube-system", "n1", `{"phase":"Ready","nodeName":"n1"}`)
	kubectl(t, "drain", "n1", "--dry-run").want(t, 0, "made ready by a restart: Deployment shop/single", "no pod needs to be evicted")
	kubectl(t, "explain", "node", "n1").want(t, 0, "1 pod would be replaced before the node goes, by a restart of Deployment shop/single")
}
