package cluster

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// Every kind of bad input names the object and the field.
func TestBadObjects(t *testing.T) {
	with := func(spec string) string {
		return strings.Replace(pod("p"), "spec: {", "spec: {"+spec+", ", 1)
	}
	container := func(fields string) string { return strings.Replace(pod("p"), "{name: c}", "{name: c, "+fields+"}", 1) }
	group := func(old, replacement string) string {
		changed := strings.Replace(aGroup, old, replacement, 1)
		if changed == aGroup {
			t.Fatalf("the NodeGroup has no %q", old)
		}
		return changed
	}
	machine := func(spec string) string {
		return "{apiVersion: autoscaler.vpsie.com/v1alpha1, kind: VPSieNode, metadata: {name: m, namespace: kube-system}, spec: {instanceType: small, nodeGroupName: web, datacenterID: dc" + spec + "}}"
	}
	const thePod, theGroup, theMachine = "stdin: Pod p: ", "stdin: NodeGroup kube-system/web: ", "stdin: VPSieNode kube-system/m: "
	tests := map[string]struct{ text, want string }{
		"nothing":                  {"# a comment\n", "stdin: holds no object; was it written to the end?"},
		"no kind":                  {"{apiVersion: v1, metadata: {name: p}}", "stdin: kind: required; want a Kubernetes object"},
		"no apiVersion":            {"{kind: Pod, metadata: {name: p}}", thePod + "apiVersion: required"},
		"odd apiVersion":           {"{apiVersion: a/b/c, kind: Pod, metadata: {name: p}}", thePod + "apiVersion: unexpected GroupVersion string: a/b/c"},
		"kind is a number":         {"{apiVersion: v1, kind: 3}", "stdin: kind: want a text, found the number 3"},
		"name is a number":         {"{apiVersion: v1, kind: Pod, metadata: {name: 3}}", "stdin: metadata.name: want a text, found the number 3"},
		"old version":              {"{apiVersion: policy/v1beta1, kind: PodDisruptionBudget, metadata: {name: p}}", "stdin: PodDisruptionBudget p: apiVersion: policy/v1beta1 is not read; print it as policy/v1"},
		"a list":                   {"[1, 2]", "stdin: want an object, found a list"},
		"a List of texts":          {"{apiVersion: v1, kind: List, items: [a]}", "stdin: item 1: want an object, found the text \"a\""},
		"a List with a typo":       {"{apiVersion: v1, kind: List, item: []}", "stdin: List: unknown field \"item\""},
		"a List without a list":    {"{apiVersion: v1, kind: List, items: {}}", "stdin: List: items: want a list, found an object"},
		"fault in a List":          {"{apiVersion: v1, kind: List, items: [" + pod("a") + ", {apiVersion: v1, kind: Pod, metadata: {name: p}}]}", "stdin: item 2: Pod p: spec.containers: Required value"},
		"fault in a document":      {pod("a") + "\n---\n{apiVersion: v1, kind: Pod, metadata: {name: p}}", "stdin: document 2: Pod p: spec.containers: Required value"},
		"twice":                    {pod("p") + "\n---\n" + with("priority: 3"), "stdin: document 2: Pod p: is there twice, before in stdin: document 1: Pod p; their contents differ, leave one of them out"},
		"twice, one in default":    {pod("p") + "\n---\n" + strings.Replace(with("priority: 3"), "{name: p}", "{name: p, namespace: default}", 1), "stdin: document 2: Pod default/p: is there twice"},
		"a group in two places":    {aGroup + "---\n" + group("kube-system", "shop"), "NodeGroup shop/web: is there twice, before in stdin: document 1: NodeGroup kube-system/web; where they are in two namespaces, --namespace takes one of them"},
		"no name":                  {"{apiVersion: v1, kind: Pod, metadata: {generateName: a-}, spec: {containers: [{name: c}]}}", "stdin: Pod without a name: metadata.name: Required value"},
		"odd name":                 {pod("P_1"), "stdin: Pod P_1: metadata.name: Invalid value: \"P_1\": a lowercase RFC 1123 subdomain"},
		"odd label":                {strings.Replace(pod("p"), "{name: p}", "{name: p, labels: {a: b c}}", 1), thePod + "metadata.labels: Invalid value: \"b c\""},
		"unknown field":            {with("nodename: x"), thePod + `unknown field "spec.nodename"`},
		"unknown top-level field":  {strings.Replace(pod("p"), "kind: Pod", "kind: Pod, sepc: {}", 1), thePod + `unknown field "sepc"`},
		"wrong type":               {with("priority: high"), thePod + `spec.priority: want a whole number, found the text "high"`},
		"wrong quantity":           {container("resources: {requests: {cpu: 1 core}}"), thePod + `spec.containers[0].resources.requests.cpu: invalid value "1 core"`},
		"endless quantity":         {container("resources: {requests: {cpu: 1e-99999999 }}") + "\n---\n" + container("resources: {requests: {cpu: '1e-99999999'}}"), `stdin: document 2: Pod p: spec.containers[0].resources.requests.cpu: invalid value "1e-99999999": the exponent of a quantity has at most 3 digits`},
		"kind in other letters":    {"{apiVersion: v1, kind: pods, metadata: {name: p}}", "stdin: pods p: kind: there is no pods in v1; want Pod of v1"},
		"kind of another group":    {"{apiVersion: v1, kind: Deployment, metadata: {name: p}}", "stdin: Deployment p: kind: there is no Deployment in v1; want Deployment of apps/v1"},
		"odd protocol":             {container("ports: [{hostPort: 53, protocol: udp}]"), thePod + `spec.containers[0].ports[0].protocol: Unsupported value: "udp": supported values: "TCP", "UDP", "SCTP"`},
		"odd restartPolicy":        {with("initContainers: [{name: i, restartPolicy: always}]"), thePod + `spec.initContainers[0].restartPolicy: Unsupported value: "always": supported values: "Always"`},
		"odd preemptionPolicy":     {with("preemptionPolicy: never"), thePod + `spec.preemptionPolicy: Unsupported value: "never": supported values: "PreemptLowerPriority", "Never"`},
		"odd nodeTaintsPolicy":     {with("topologySpreadConstraints: [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: DoNotSchedule, nodeTaintsPolicy: honor}]"), thePod + `spec.topologySpreadConstraints[0].nodeTaintsPolicy: Unsupported value: "honor": supported values: "Honor", "Ignore"`},
		"odd nodeAffinityPolicy":   {with("topologySpreadConstraints: [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: DoNotSchedule, nodeAffinityPolicy: ignore}]"), thePod + `spec.topologySpreadConstraints[0].nodeAffinityPolicy: Unsupported value: "ignore"`},
		"odd eviction policy":      {"{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: b}, spec: {unhealthyPodEvictionPolicy: Always}}", `stdin: PodDisruptionBudget b: spec.unhealthyPodEvictionPolicy: Unsupported value: "Always": supported values: "IfHealthyBudget", "AlwaysAllow"`},
		"odd binding mode":         {"{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: s}, provisioner: p, volumeBindingMode: waitForFirstConsumer}", `stdin: StorageClass s: volumeBindingMode: Unsupported value: "waitForFirstConsumer"`},
		"odd access mode":          {"{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: c}, spec: {accessModes: [RWO]}}", `stdin: PersistentVolumeClaim c: spec.accessModes[0]: Unsupported value: "RWO"`},
		"odd class preemption":     {"{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: c}, value: 3, preemptionPolicy: Nope}", `stdin: PriorityClass c: preemptionPolicy: Unsupported value: "Nope"`},
		"negative replicas":        {"{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: s}, spec: {replicas: -2, template: {spec: {containers: [{name: c}]}}}}", "stdin: StatefulSet s: spec.replicas: Invalid value: -2: must be >= 0"},
		"negative parallelism":     {"{apiVersion: batch/v1, kind: Job, metadata: {name: j}, spec: {parallelism: -2, template: {spec: {containers: [{name: c}]}}}}", "stdin: Job j: spec.parallelism: Invalid value: -2: must be >= 0"},
		"negative request":         {container("resources: {requests: {cpu: -1}}"), thePod + `spec.containers[0].resources.requests[cpu]: Invalid value: "-1": must be >= 0`},
		"negative limit":           {container("resources: {limits: {memory: -1Gi}}"), thePod + `spec.containers[0].resources.limits[memory]: Invalid value: "-1Gi": must be >= 0`},
		"request above limit":      {container("resources: {requests: {cpu: 2}, limits: {cpu: 1}}"), thePod + `spec.containers[0].resources.requests[cpu]: Invalid value: "2": must be less than or equal to the limit of 1`},
		"negative init request":    {with("initContainers: [{name: i, resources: {requests: {cpu: -1}}}]"), thePod + `spec.initContainers[0].resources.requests[cpu]`},
		"negative pod request":     {with("resources: {requests: {cpu: -1}}"), thePod + `spec.resources.requests[cpu]`},
		"negative overhead":        {with("overhead: {cpu: -1}"), thePod + `spec.overhead[cpu]: Invalid value: "-1": must be >= 0`},
		"host port":                {container("ports: [{hostPort: 70000, containerPort: 1}]"), thePod + "spec.containers[0].ports[0].hostPort: Invalid value: 70000"},
		"toleration operator":      {with("tolerations: [{key: a, operator: Like}]"), thePod + `spec.tolerations[0].operator: Unsupported value: "Like"`},
		"toleration effect":        {with("tolerations: [{key: a, effect: Never}]"), thePod + `spec.tolerations[0].effect: Unsupported value: "Never"`},
		"toleration without a key": {with("tolerations: [{value: a}]"), thePod + `spec.tolerations[0].operator: Invalid value: ""`},
		"spread skew":              {with("topologySpreadConstraints: [{maxSkew: 0, topologyKey: a, whenUnsatisfiable: DoNotSchedule}]"), thePod + "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0"},
		"spread key":               {with("topologySpreadConstraints: [{maxSkew: 1, whenUnsatisfiable: DoNotSchedule}]"), thePod + "spec.topologySpreadConstraints[0].topologyKey: Required value"},
		"spread action":            {with("topologySpreadConstraints: [{maxSkew: 1, topologyKey: a}]"), thePod + "spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value"},
		"spread domains":           {with("topologySpreadConstraints: [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: DoNotSchedule, minDomains: 0}]"), thePod + "spec.topologySpreadConstraints[0].minDomains: Invalid value: 0"},
		"spread selector":          {with("topologySpreadConstraints: [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchExpressions: [{key: a, operator: Like}]}}]"), thePod + "spec.topologySpreadConstraints[0].labelSelector.matchExpressions[0].operator: Invalid value"},
		"node affinity":            {with("affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: Gt, values: [x]}]}]}}}"), thePod + "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution"},
		"pod affinity key":         {with("affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {}}]}}"), thePod + "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value"},
		"anti-affinity selector":   {with("affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: a, namespaceSelector: {matchExpressions: [{key: a, operator: In}]}}]}}"), thePod + "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].namespaceSelector.matchExpressions[0].values"},
		"no such priority class":   {with("priorityClassName: high"), `stdin: Pod p: spec.priorityClassName: there is no PriorityClass "high" in the files`},
		"node: negative":           {"{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {capacity: {cpu: -1}}}", "stdin: Node n1: status.capacity[cpu]"},
		"node: not allocatable":    {"{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {allocatable: {cpu: -1}}}", "stdin: Node n1: status.allocatable[cpu]"},
		"node: taint":              {"{apiVersion: v1, kind: Node, metadata: {name: n1}, spec: {taints: [{key: a, effect: Never}]}}", `stdin: Node n1: spec.taints[0].effect: Unsupported value: "Never"`},
		"node: taint key":          {"{apiVersion: v1, kind: Node, metadata: {name: n1}, spec: {taints: [{effect: NoSchedule}]}}", `stdin: Node n1: spec.taints[0].key: Required value`},
		"daemonset":                {"{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: d}, spec: {selector: {}, template: {spec: {containers: [{resources: {requests: {cpu: -1}}}]}}}}", "stdin: DaemonSet d: spec.template.spec.containers[0].resources.requests[cpu]"},
		"budget selector":          {"{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: b}, spec: {selector: {matchExpressions: [{key: a, operator: Like}]}}}", "stdin: PodDisruptionBudget b: spec.selector.matchExpressions[0].operator"},
		"budget status":            {"{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: b}, spec: {}, status: {disruptionsAllowed: -1}}", "stdin: PodDisruptionBudget b: status.disruptionsAllowed: Invalid value: -1"},
		"volume":                   {"{apiVersion: v1, kind: PersistentVolume, metadata: {name: v}, spec: {nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: Like}]}]}}}}", "stdin: PersistentVolume v: spec.nodeAffinity.required"},
		"replicaset":               {"{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: r}, spec: {replica: 1}}", `stdin: ReplicaSet r: unknown field "spec.replica"`},

		"group: unknown field":        {group("minNodes: 0", "minNodes: 0, minNode: 1"), theGroup + `unknown field "spec.minNode"`},
		"group: min above max":        {group("minNodes: 0", "minNodes: 4"), theGroup + "spec.maxNodes: Invalid value: 3: MinNodes exceeds MaxNodes: maxNodes must be >= minNodes"},
		"group: negative min":         {group("minNodes: 0", "minNodes: -1"), theGroup + "spec.minNodes: Invalid value: -1: spec.minNodes in body should be greater than or equal to 0"},
		"group: no min":               {group("minNodes: 0, ", ""), theGroup + "spec.minNodes: Required value"},
		"group: null min":             {group("minNodes: 0", "minNodes: null"), theGroup + "spec.minNodes: Required value"},
		"group: max of 0":             {group("maxNodes: 3", "maxNodes: 0"), theGroup + "spec.maxNodes: Invalid value: 0: spec.maxNodes in body should be greater than or equal to 1"},
		"group: no datacenter":        {group("datacenterID: dc", `datacenterID: ""`), theGroup + `spec.datacenterID: Invalid value: ""`},
		"group: percent of spot":      {group("osImageID: u", "osImageID: u, spotInstances: {policy: Required, maxPercent: 99}"), theGroup + "spec.spotInstances.maxPercent: Invalid value: 99: spotInstances.maxPercent below 100 needs policy Preferred"},
		"group: datacenter nowhere":   {group("datacenterID: dc, ", ""), theGroup + "spec.datacenterID: Required value: datacenterID or datacenters must say"},
		"group: datacenter twice":     {group("datacenterID: dc", "datacenters: [{id: dc}, {id: DC}]"), theGroup + `spec.datacenters[1].id: Invalid value: "DC": datacenters: one is named twice`},
		"group: both datacenters":     {group("datacenterID: dc", "datacenterID: dc, datacenters: [{id: dc}]"), theGroup + "spec.datacenters: Invalid value: [\"dc\"]: datacenters cannot be set beside datacenterID"},
		"group: spread of one":        {group("datacenterID: dc", "datacenterID: dc, spread: Balanced"), theGroup + `spec.spread: Invalid value: "Balanced": spread chooses among datacenters`},
		"group: zone label":           {group("datacenterID: dc", "datacenters: [{id: dc}], labels: {topology.kubernetes.io/zone: z}"), theGroup + `spec.labels[topology.kubernetes.io/zone]: Invalid value: "z": labels: topology.kubernetes.io/zone is`},
		"group: zone selected":        {group("datacenterID: dc", "datacenters: [{id: dc}], nodeSelector: {topology.kubernetes.io/zone: z}"), theGroup + `spec.nodeSelector[topology.kubernetes.io/zone]: Invalid value: "z": nodeSelector: topology.kubernetes.io/zone is`},
		"group: no offerings":         {group("[small]", "[]"), theGroup + "spec.offeringIDs: Invalid value"},
		"group: empty offering":       {group("[small]", `[""]`), theGroup + `spec.offeringIDs[0]: Invalid value: ""`},
		"group: no image":             {group(", osImageID: u", ""), theGroup + "spec.osImageID: Required value"},
		"group: preferred":            {group("osImageID: u", "osImageID: u, preferredInstanceType: huge"), theGroup + `spec.preferredInstanceType: Invalid value: "huge": preferredInstanceType must be one of offeringIDs`},
		"group: Windows":              {group("osImageID: u", "osImageID: u, labels: {kubernetes.io/os: windows}"), theGroup + `spec.labels[kubernetes.io/os]: Invalid value: "windows": labels: kubernetes.io/os must be linux`},
		"group: own taint":            {group("osImageID: u", "osImageID: u, taints: [{key: autoscaler.vpsie.com/uninitialized, effect: NoSchedule}]"), theGroup + `spec.taints[0].key: Invalid value: "autoscaler.vpsie.com/uninitialized": taints: autoscaler.vpsie.com/uninitialized is`},
		"group: taint":                {group("osImageID: u", "osImageID: u, taints: [{key: a, effect: Never}]"), theGroup + `spec.taints[0].effect: Invalid value: "Never": taints: effect must be`},
		"group: threshold":            {group("osImageID: u", "osImageID: u, scaleUpPolicy: {cpuThreshold: 101}"), theGroup + "spec.scaleUpPolicy.cpuThreshold: Invalid value: 101"},
		"group: window":               {group("osImageID: u", "osImageID: u, scaleDownPolicy: {stabilizationWindowSeconds: 0}"), theGroup + "spec.scaleDownPolicy.stabilizationWindowSeconds: Invalid value: 0"},
		"group: network":              {group("osImageID: u", "osImageID: u, networkConfig: {publicIPv4: Disabled, vpc: {}, gateway: {ip: nat}, firewallGroups: [a, a]}"), theGroup + `spec.networkConfig.publicIPv4: Invalid value: "Disabled": networkConfig.publicIPv4: without a public IPv4 address`},
		"group: network address":      {group("osImageID: u", "osImageID: u, networkConfig: {nodeIP: VPC}"), theGroup + `spec.networkConfig.nodeIP: Invalid value: "VPC": networkConfig.nodeIP: VPC needs a network`},
		"group: network VPC":          {group("osImageID: u", "osImageID: u, networkConfig: {vpc: {}}"), theGroup + `spec.networkConfig.vpc: Invalid value: "": networkConfig.vpc must have one of id and name`},
		"group: network gateway":      {group("osImageID: u", "osImageID: u, networkConfig: {gateway: {ip: nat}}"), theGroup + `spec.networkConfig.gateway.ip: Invalid value: "nat": networkConfig.gateway.ip must be the address`},
		"group: network firewall":     {group("osImageID: u", "osImageID: u, networkConfig: {firewallGroups: [a, a]}"), theGroup + `spec.networkConfig.firewallGroups[1]: Duplicate value: "a"`},
		"group: fraction":             {group("minNodes: 0", "minNodes: 0.5"), theGroup + "spec.minNodes: want a whole number of 32 bits, found the number 0.5"},
		"group: name":                 {group("name: web", "name: we.b"), "stdin: NodeGroup kube-system/we.b: metadata.name: Invalid value: \"we.b\": metadata.name must have at most 51 characters and no dot"},
		"group: long name":            {group("name: web", "name: "+strings.Repeat("w", 52)), "metadata.name must have at most 51 characters"},
		"group: status":               {aGroup + "status: {nodes: [{status: Sleeping}]}\n", theGroup + `status.nodes[0].status: Invalid value: "Sleeping"`},
		"group: no spec":              {"{apiVersion: autoscaler.vpsie.com/v1alpha1, kind: NodeGroup, metadata: {name: web, namespace: kube-system}}", theGroup + "spec: Required value"},
		"machine: id of 0":            {machine(", vpsieInstanceID: 0"), theMachine + "spec.vpsieInstanceID: Invalid value: 0"},
		"machine: no type":            {strings.Replace(machine(""), "instanceType: small, ", "", 1), theMachine + "spec.instanceType: Required value"},
		"machine: phase":              {strings.Replace(machine(""), "dc}}", "dc}, status: {phase: Asleep}}", 1), theMachine + "status.phase: Invalid value: \"Asleep\""},
		"machine: since":              {strings.Replace(machine(""), "{name: m", "{annotations: {autoscaler.vpsie.com/unneeded-since: noon}, name: m", 1), theMachine + `metadata.annotations[autoscaler.vpsie.com/unneeded-since]: Invalid value: "noon"`},
		"machine: creation timestamp": {strings.Replace(machine(""), "{name: m", "{creationTimestamp: noon, name: m", 1), theMachine + `metadata.creationTimestamp: invalid value "noon"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			read, err := ReadFiles([]string{"-"}, strings.NewReader(test.text), "")
			if err == nil {
				t.Fatalf("read %q, want an error with %q", namesOf(read.Objects), test.want)
			}
			if !slices.ContainsFunc(strings.Split(err.Error(), "\n"), func(line string) bool { return strings.Contains(line, test.want) }) {
				t.Errorf("error:\n%v\nwant a line with\n%s", err, test.want)
			}
		})
	}
}

// celRules collects the messages of a schema's CEL rules.
func celRules(schema any, into map[string]bool) {
	switch s := schema.(type) {
	case map[string]any:
		if rules, ok := s["x-kubernetes-validations"].([]any); ok {
			for _, r := range rules {
				into[r.(map[string]any)["message"].(string)] = true
			}
		}
		for _, value := range s {
			celRules(value, into)
		}
	case []any:
		for _, value := range s {
			celRules(value, into)
		}
	}
}

// The CEL rules are written here once more, so each rule of the definitions must
// have its twin.
func TestEveryCELRuleHasATwin(t *testing.T) {
	rules := map[string]bool{}
	for _, name := range []string{"nodegroups", "vpsienodes"} {
		text, err := v1alpha1.CRDs.ReadFile("crds/autoscaler.vpsie.com_" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		converted, err := yaml.YAMLToJSON(text)
		if err != nil {
			t.Fatal(err)
		}
		var crd any
		if err := json.Unmarshal(converted, &crd); err != nil {
			t.Fatal(err)
		}
		celRules(crd, rules)
	}
	twins := []string{
		nameRule, minMaxRule, preferredRule, osRule, taintsRule, ownTaintRule, selectorRule, requireRule, cpuRule, memoryRule, costRule,
		limitNodesRule, windowNodesRule, windowCronRule, durationRule, zoneAloneRule, nodesRule, cronRule, cronRangeRule, zoneRule, paidPeriodRule, maxAgeRule,
		scheduleNameRule, scheduleIdleRule, scheduleOrderRule, scheduleMaxRule, reservedNameRule, reservedRule, signalRule, thresholdRule,
		datacenterRule, notBothPlacesRule, spreadRule, zoneLabelRule, zoneSelectorRule, twiceDatacenterRule, maxPercentRule,
		offersRule, notBothRule, cpuRangeRule, memRangeRule, maxPriceRule, nodeIPVPCRule, nodeIPPrivateRule, noPublicRule, vpcRule, gatewayRule,
		"nodeSelector" + strings.TrimPrefix(osRule, "labels"), "startupTaints" + strings.TrimPrefix(taintsRule, "taints"), "startupTaints" + strings.TrimPrefix(ownTaintRule, "taints"),
		// About updates; a file holds one state.
		"vpsieInstanceID is immutable once set",
		"instanceType is immutable: it says what the VPS is; delete the VPSieNode and create another one",
		"nodeGroupName is immutable: delete the VPSieNode and create another one",
		"datacenterID is immutable: it says where the VPS is; delete the VPSieNode and create another one",
	}
	for _, twin := range twins {
		if !rules[twin] {
			t.Errorf("no definition has the rule %q", twin)
		}
		delete(rules, twin)
	}
	for rule := range rules {
		t.Errorf("the rule %q of a definition is not held when files are read", rule)
	}
}
