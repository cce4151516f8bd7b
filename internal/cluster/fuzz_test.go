package cluster

import (
	"strings"
	"testing"
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// wholeWorld has something of every kind, and what refers to it.
const wholeWorld = aGroup + `---
{apiVersion: v1, kind: Node, metadata: {name: n1, labels: {autoscaler.vpsie.com/nodegroup: web, node.kubernetes.io/instance-type: small}}, spec: {taints: [{key: a, effect: NoSchedule}]}, status: {allocatable: {cpu: 2, memory: 4Gi, pods: 9}, conditions: [{type: Ready, status: "True"}]}}
---
{apiVersion: storage.k8s.io/v1, kind: CSINode, metadata: {name: n1}, spec: {drivers: [{name: d, nodeID: x, allocatable: {count: 1}}]}}
---
{apiVersion: storage.k8s.io/v1, kind: CSIDriver, metadata: {name: d}, spec: {storageCapacity: true}}
---
{apiVersion: storage.k8s.io/v1, kind: CSIStorageCapacity, metadata: {name: c}, storageClassName: fast, capacity: 1Gi, nodeTopology: {}}
---
{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: fast}, provisioner: d, volumeBindingMode: WaitForFirstConsumer}
---
{apiVersion: v1, kind: PersistentVolume, metadata: {name: v}, spec: {storageClassName: fast, capacity: {storage: 1Gi}, csi: {driver: d, volumeHandle: h}}, status: {phase: Available}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: c}, spec: {storageClassName: fast, resources: {requests: {storage: 1Gi}}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: p, labels: {a: b}}, spec: {priority: -20, nodeName: n1, containers: [{ports: [{hostPort: 80}], resources: {requests: {cpu: 1}}}], volumes: [{name: v, persistentVolumeClaim: {claimName: c}}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: q}, spec: {containers: [{ports: [{hostPort: 80}], resources: {requests: {cpu: 1, x/y: 1}}}], tolerations: [{operator: Exists}], volumes: [{name: v, persistentVolumeClaim: {claimName: c}}, {name: w, rbd: {monitors: [m], image: i}}], topologySpreadConstraints: [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: DoNotSchedule, labelSelector: {}}]}, status: {nominatedNodeName: n1}}
---
{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: b}, spec: {maxUnavailable: 1, selector: {}}, status: {disruptionsAllowed: 1}}
`

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
		"{apiVersion: storage.k8s.io/v1, kind: CSIDriver, metadata: {name: d}, spec: {storageCapacity: true, preventPodSchedulingIfMissing: true}}",
		"{apiVersion: storage.k8s.io/v1, kind: CSIStorageCapacity, metadata: {name: c}, storageClassName: fast, capacity: 1Gi, nodeTopology: {matchExpressions: [{key: a, operator: Like}]}}",
		"{apiVersion: storage.k8s.io/v1, kind: VolumeAttachment, metadata: {name: a}, spec: {attacher: d, nodeName: n1, source: {persistentVolumeName: v}}}",
		"{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: fast}, provisioner: d, volumeBindingMode: WaitForFirstConsumer, allowedTopologies: [{matchLabelExpressions: [{key: z, values: [a]}]}]}",
		"{apiVersion: v1, kind: PersistentVolume, metadata: {name: v, labels: {topology.kubernetes.io/zone: a__b}}, spec: {capacity: {storage: 1Gi}, cinder: {volumeID: x}, nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: In, values: [b]}]}]}}}}",
		"{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: c}, spec: {volumeName: v, storageClassName: fast, accessModes: [ReadWriteOncePod], resources: {requests: {storage: 1Gi}}}, status: {phase: Bound}}",
		"{apiVersion: v1, kind: Namespace, metadata: {name: default, labels: {a: b}}}",
		"{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: r}, spec: {replicas: 1}}",
		"{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: s}, spec: {replicas: 1}}",
		"{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: high}, value: 10, preemptionPolicy: Never}",
		wholeWorld,
	} {
		f.Add([]byte(seed))
	}
	known, err := kinds()
	if err != nil {
		f.Fatal(err)
	}
	market := map[string]Market{"web": {Offers: []*plan.Offer{{
		InstanceType: "small", DatacenterID: "dc", Price: 1, Allocatable: plan.EstimateAllocatable(2, 4096, 80), Available: true, Stock: -1,
	}}}}
	f.Fuzz(func(t *testing.T, data []byte) {
		read, err := newReader(known, "").readAll([]string{"-"}, strings.NewReader(string(data)))
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Error("an error without a word")
			}
			return
		}
		state := NewBuilder().State(read.Objects, market, time.Unix(1_760_000_000, 0), plan.Options{})
		plan.Decide(state)
	})
}
