package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// NodeGroup is a group of nodes backed by VPSie VPSes that the autoscaler buys
// when pods cannot be scheduled and removes when they are not needed.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:subresource:scale:specpath=.spec.minNodes,statuspath=.status.currentNodes,selectorpath=.status.selector
// +kubebuilder:resource:shortName=ng,categories={vpsie,autoscaling}
// +kubebuilder:printcolumn:name="Min",type=integer,JSONPath=`.spec.minNodes`
// +kubebuilder:printcolumn:name="Max",type=integer,JSONPath=`.spec.maxNodes`
// +kubebuilder:printcolumn:name="Wanted",type=integer,JSONPath=`.status.desiredNodes`
// +kubebuilder:printcolumn:name="Current",type=integer,JSONPath=`.status.currentNodes`
// +kubebuilder:printcolumn:name="Ready",type=integer,JSONPath=`.status.readyNodes`
// +kubebuilder:printcolumn:name="Types",type=string,JSONPath=`.status.instanceTypes`
// +kubebuilder:printcolumn:name="Cost/h",type=string,JSONPath=`.status.costPerHour`
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Waiting",type=string,JSONPath=`.status.waiting`
// +kubebuilder:printcolumn:name="Datacenter",type=string,priority=1,JSONPath=`.spec.datacenterID`
// +kubebuilder:printcolumn:name="Why not",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Stalled")].message`
// +kubebuilder:printcolumn:name="Schedules",type=string,priority=1,JSONPath=`.status.activeSchedules`
// +kubebuilder:printcolumn:name="Last scaled",type=date,priority=1,JSONPath=`.status.lastScaleTime`
// +kubebuilder:printcolumn:name="Datacenters",type=string,priority=1,JSONPath=`.status.datacenters`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 51 && !self.metadata.name.contains('.')",message="metadata.name must have at most 51 characters and no dot: it becomes part of hostnames, vpsie-<name>-<random>"
type NodeGroup struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +required
	Spec NodeGroupSpec `json:"spec"`
	// +optional
	Status NodeGroupStatus `json:"status,omitzero"`
}

// NodeGroupList is a list of NodeGroups.
//
// +kubebuilder:object:root=true
type NodeGroupList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []NodeGroup `json:"items"`
}

// NodeGroupSpec is what the user wants.
//
// +kubebuilder:validation:XValidation:rule="self.maxNodes >= self.minNodes",fieldPath=".maxNodes",message="MinNodes exceeds MaxNodes: maxNodes must be >= minNodes"
// +kubebuilder:validation:XValidation:rule="!has(self.preferredInstanceType) || self.preferredInstanceType.size() == 0 || !has(self.offeringIDs) || self.preferredInstanceType in self.offeringIDs",fieldPath=".preferredInstanceType",message="preferredInstanceType must be one of offeringIDs"
// +kubebuilder:validation:XValidation:rule="has(self.datacenterID) || has(self.datacenters)",fieldPath=".datacenterID",reason=FieldValueRequired,message="datacenterID or datacenters must say where the nodes are; name one in datacenterID, or several in datacenters"
// +kubebuilder:validation:XValidation:rule="!has(self.datacenterID) || !has(self.datacenters)",fieldPath=".datacenters",message="datacenters cannot be set beside datacenterID; remove one of the two"
// +kubebuilder:validation:XValidation:rule="!has(self.spread) || has(self.datacenters)",fieldPath=".spread",message="spread chooses among datacenters, and there is only datacenterID; name the datacenters in datacenters, or remove spread"
// +kubebuilder:validation:XValidation:rule="!has(self.datacenters) || !has(self.labels) || !('topology.kubernetes.io/zone' in self.labels)",fieldPath=".labels",message="labels: topology.kubernetes.io/zone is each node's datacenter where datacenters is set; remove the label, or use datacenterID"
// +kubebuilder:validation:XValidation:rule="!has(self.datacenters) || !has(self.nodeSelector) || !('topology.kubernetes.io/zone' in self.nodeSelector)",fieldPath=".nodeSelector",message="nodeSelector: topology.kubernetes.io/zone is each node's datacenter where datacenters is set; remove it, or use datacenterID"
// +kubebuilder:validation:XValidation:rule="has(self.offeringIDs) || has(self.offeringSelector)",fieldPath=".offeringIDs",reason=FieldValueRequired,message="offeringIDs or offeringSelector must say which instance types the group may buy; name them in offeringIDs, or describe them in offeringSelector"
// +kubebuilder:validation:XValidation:rule="!has(self.offeringIDs) || !has(self.offeringSelector)",fieldPath=".offeringSelector",message="offeringSelector cannot be set beside offeringIDs; remove one of the two"
// +kubebuilder:validation:XValidation:rule="!has(self.nodeSelector) || !has(self.labels) || self.nodeSelector.all(k, !(k in self.labels) || self.labels[k] == self.nodeSelector[k])",fieldPath=".nodeSelector",message="nodeSelector: its pairs become labels of the nodes, and labels has another value for one of its keys; use one value in both"
// +kubebuilder:validation:XValidation:rule="!has(self.nodeSelectorPolicy) || self.nodeSelectorPolicy != 'Require' || (has(self.nodeSelector) && self.nodeSelector.size() > 0)",fieldPath=".nodeSelectorPolicy",message="nodeSelectorPolicy: Require needs at least one pair in nodeSelector; add one, or use Prefer"
// +kubebuilder:validation:XValidation:rule="!has(self.schedules) || self.schedules.all(s, !has(s.minNodes) || has(s.maxNodes) || s.minNodes <= self.maxNodes)",fieldPath=".schedules",message="schedules: an entry has minNodes above the group's maxNodes; set maxNodes in the entry, too"
type NodeGroupSpec struct {
	// MinNodes is the least number of nodes that the group has.
	//
	// +required
	// +kubebuilder:validation:Minimum=0
	MinNodes int32 `json:"minNodes"`

	// MaxNodes is the greatest number of nodes that the group may have.
	//
	// +required
	// +kubebuilder:validation:Minimum=1
	MaxNodes int32 `json:"maxNodes"`

	// DatacenterID is the VPSie datacenter, by identifier or name. Exactly one of datacenterID and
	// datacenters is set.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	DatacenterID string `json:"datacenterID,omitempty"`

	// Datacenters are several VPSie datacenters, in the place of datacenterID. Nodes carry the
	// label topology.kubernetes.io/zone with their datacenter's name.
	//
	// +optional
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:XValidation:rule="self.all(d, self.exists_one(o, o.id.lowerAscii() == d.id.lowerAscii()))",message="datacenters: one is named twice in other letters; name each once"
	Datacenters []Datacenter `json:"datacenters,omitempty"`

	// Spread is Cheapest or Balanced. Cheapest, as if absent, buys in whichever of datacenters
	// costs least. Balanced buys where the group has fewest nodes, as far as the same node costs
	// at most 5 % more there.
	//
	// +optional
	Spread Spread `json:"spread,omitempty"`

	// SpotInstances says whether machines are bought that VPSie may take away again, for a lower
	// price. The condition SpotAvailable says whether VPSie sells any; today it does not.
	//
	// +optional
	SpotInstances *SpotInstances `json:"spotInstances,omitempty"`

	// OfferingIDs are the acceptable instance types, by identifier or name. The
	// cheapest set on which the pods fit is bought. Exactly one of offeringIDs and
	// offeringSelector is set.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=500
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	OfferingIDs []string `json:"offeringIDs,omitempty"`

	// OfferingSelector chooses the acceptable instance types by what they are, in the place of
	// offeringIDs. New ones that match join by themselves; status.offerings lists them.
	//
	// +optional
	OfferingSelector *OfferingSelector `json:"offeringSelector,omitempty"`

	// OSImageID is the OS image of the nodes, by identifier or name.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	OSImageID string `json:"osImageID"`

	// ScaleUpPolicy says when nodes are added.
	//
	// +optional
	// +kubebuilder:default={}
	ScaleUpPolicy ScaleUpPolicy `json:"scaleUpPolicy,omitzero"`

	// ScaleDownPolicy says when nodes are removed.
	//
	// +optional
	// +kubebuilder:default={}
	ScaleDownPolicy ScaleDownPolicy `json:"scaleDownPolicy,omitzero"`

	// Labels are put on the nodes.
	//
	// +optional
	// +kubebuilder:default={}
	// +kubebuilder:validation:MaxProperties=100
	// +kubebuilder:validation:XValidation:rule="['kubernetes.io/os', 'beta.kubernetes.io/os'].all(k, !(k in self) || self[k] == 'linux')",message="labels: kubernetes.io/os must be linux: the autoscaler's nodes run Linux, whatever a label says; leave it out"
	Labels map[string]string `json:"labels,omitempty"`

	// Taints are put on the nodes.
	//
	// +optional
	// +default=[]
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:XValidation:rule="self.all(t, t.effect in ['NoSchedule', 'PreferNoSchedule', 'NoExecute'])",message="taints: effect must be NoSchedule, PreferNoSchedule or NoExecute"
	// +kubebuilder:validation:XValidation:rule="self.all(t, t.key != 'autoscaler.vpsie.com/uninitialized')",message="taints: autoscaler.vpsie.com/uninitialized is the autoscaler's own, put on every new node and taken away by the autoscaler; leave it out"
	Taints []corev1.Taint `json:"taints,omitempty"`

	// SSHKeyIDs are SSH keys to add to the instances, by identifier or name. The
	// cloud takes the first one.
	//
	// +optional
	// +default=[]
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	SSHKeyIDs []string `json:"sshKeyIDs,omitempty"`

	// Tags are put on the instances.
	//
	// +optional
	// +default=[]
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	Tags []string `json:"tags,omitempty"`

	// UserData is the cloud-init user data of the nodes. Text that contains {{ is a
	// Go template; see the documentation for its fields.
	//
	// +optional
	// +kubebuilder:default=""
	// +kubebuilder:validation:MaxLength=65536
	UserData string `json:"userData,omitempty"`

	// PreferredInstanceType is the one of offeringIDs to buy for every pod that fits it and
	// finds no room beside pods that do not.
	//
	// +optional
	// +kubebuilder:default=""
	// +kubebuilder:validation:MaxLength=253
	PreferredInstanceType string `json:"preferredInstanceType,omitempty"`

	// AllowMixedInstances lets the group have nodes of several types.
	//
	// +optional
	// +kubebuilder:default=false
	AllowMixedInstances bool `json:"allowMixedInstances,omitempty"`

	// Priority orders the NodeGroups, higher first; 0 if absent. A pod has a node bought by a
	// group of the highest priority that takes it and can buy; among equal priorities the price
	// decides. Nodes of a lower priority are removed first.
	//
	// +optional
	Priority int32 `json:"priority,omitempty"`

	// NodeSelector are labels of the nodes, beside labels, by which pods ask for this
	// group. nodeSelectorPolicy says whether they must.
	//
	// +optional
	// +kubebuilder:validation:MaxProperties=20
	// +kubebuilder:validation:XValidation:rule="['kubernetes.io/os', 'beta.kubernetes.io/os'].all(k, !(k in self) || self[k] == 'linux')",message="nodeSelector: kubernetes.io/os must be linux: the autoscaler's nodes run Linux, whatever a label says; leave it out"
	NodeSelector map[string]string `json:"nodeSelector,omitempty"`

	// NodeSelectorPolicy is Prefer or Require. With Require the group buys only for pods
	// that ask for every pair of nodeSelector, by their own nodeSelector or a required
	// node affinity; other pods may use free room. Prefer, as if absent, buys for all.
	//
	// +optional
	NodeSelectorPolicy NodeSelectorPolicy `json:"nodeSelectorPolicy,omitempty"`

	// StartupTaints are taints with which the nodes register, and which an agent takes
	// away once it runs there. They are never put back, and keep no pod from having a node
	// bought.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:XValidation:rule="self.all(t, t.effect in ['NoSchedule', 'PreferNoSchedule', 'NoExecute'])",message="startupTaints: effect must be NoSchedule, PreferNoSchedule or NoExecute"
	// +kubebuilder:validation:XValidation:rule="self.all(t, t.key != 'autoscaler.vpsie.com/uninitialized')",message="startupTaints: autoscaler.vpsie.com/uninitialized is the autoscaler's own, put on every new node and taken away by the autoscaler; leave it out"
	StartupTaints []corev1.Taint `json:"startupTaints,omitempty"`

	// Limits cap what the group's machines come to, beside maxNodes. Machines on their way
	// and leaving ones count.
	//
	// +optional
	Limits Limits `json:"limits,omitzero"`

	// Disruption bounds which nodes the autoscaler removes by a decision of its own, and
	// when. Absent, scaleDownPolicy alone says it.
	//
	// +optional
	Disruption Disruption `json:"disruption,omitzero"`

	// Kubelet are settings of the kubelets of new nodes.
	//
	// +optional
	Kubelet *Kubelet `json:"kubelet,omitempty"`

	// NetworkConfig is how new machines are connected: their addresses, VPC, firewall groups
	// and gateway.
	//
	// +optional
	NetworkConfig *NetworkConfig `json:"networkConfig,omitempty"`

	// Schedules give the group other bounds at certain times, or pause it. Of what several
	// active ones say of one field, the later entry counts; the annotations min-nodes-override,
	// max-nodes-override and pause count before all of them.
	//
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=20
	Schedules []Schedule `json:"schedules,omitempty"`
}

// NodeSelectorPolicy says whether pods must ask for a group's nodeSelector.
//
// +kubebuilder:validation:Enum=Prefer;Require
type NodeSelectorPolicy string

// The policies of a nodeSelector.
const (
	NodeSelectorPrefer  NodeSelectorPolicy = "Prefer"
	NodeSelectorRequire NodeSelectorPolicy = "Require"
)

// OfferingSelector chooses instance types. One is chosen when everything that is set allows it.
//
// +kubebuilder:validation:MinProperties=1
type OfferingSelector struct {
	// CPU bounds the cores, as the instance types are sold.
	//
	// +optional
	// +kubebuilder:validation:XValidation:rule="!has(self.min) || !has(self.max) || self.min <= self.max",message="offeringSelector.cpu: max must be >= min"
	CPU *Range `json:"cpu,omitempty"`

	// MemoryMB bounds the memory in megabytes, as the instance types are sold.
	//
	// +optional
	// +kubebuilder:validation:XValidation:rule="!has(self.min) || !has(self.max) || self.min <= self.max",message="offeringSelector.memoryMB: max must be >= min"
	MemoryMB *Range `json:"memoryMB,omitempty"`

	// Categories are VPSie's categories of instance types, such as "Shared CPU", without regard
	// to case.
	//
	// +optional
	Categories *Categories `json:"categories,omitempty"`

	// Exclude are instance types that are never bought, by identifier or name.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	Exclude []string `json:"exclude,omitempty"`

	// MaxPricePerMonth is the highest price per month of 720 hours of one machine, in the
	// account's currency, such as "80.00".
	//
	// +optional
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]{1,9}([.][0-9]{1,6})?$')",message="offeringSelector.maxPricePerMonth must be an amount such as \"80.00\", without a currency; leave it out for no limit"
	MaxPricePerMonth string `json:"maxPricePerMonth,omitempty"`
}

// Range is from min to max, both included; what is absent does not bound it.
type Range struct {
	// Min is the least value.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	Min *int32 `json:"min,omitempty"`
	// Max is the greatest value.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	Max *int32 `json:"max,omitempty"`
}

// Categories are the categories to choose from.
type Categories struct {
	// Include are the only ones; empty for all.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	Include []string `json:"include,omitempty"`
	// Exclude are left out.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	Exclude []string `json:"exclude,omitempty"`
}

// Limits cap the sum over a group's machines. What is absent has no limit. When a group is
// above a limit already nothing is removed for that.
type Limits struct {
	// CPU caps the cores, as the instance types are sold.
	//
	// +optional
	// +kubebuilder:validation:XValidation:rule="quantity(string(self)).compareTo(quantity('0')) >= 0",message="limits.cpu must be >= 0, such as 64; leave it out for no limit"
	CPU *resource.Quantity `json:"cpu,omitempty"`

	// Memory caps the memory, as the instance types are sold.
	//
	// +optional
	// +kubebuilder:validation:XValidation:rule="quantity(string(self)).compareTo(quantity('0')) >= 0",message="limits.memory must be >= 0, such as 256Gi; leave it out for no limit"
	Memory *resource.Quantity `json:"memory,omitempty"`

	// CostPerMonth caps the price per month of 720 hours, in the account's currency, such
	// as "300.00".
	//
	// +optional
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]{1,9}([.][0-9]{1,6})?$')",message="limits.costPerMonth must be an amount such as \"300.00\", without a currency; leave it out for no limit"
	CostPerMonth string `json:"costPerMonth,omitempty"`
}

// ScaleUpPolicy says when nodes are added.
type ScaleUpPolicy struct {
	// Enabled is whether nodes are added for pending pods and head-room.
	//
	// +optional
	// +kubebuilder:default=true
	Enabled *bool `json:"enabled,omitempty"`

	// StabilizationWindowSeconds is the time to wait before scaling up again.
	//
	// +optional
	// +kubebuilder:default=60
	// +kubebuilder:validation:Minimum=1
	StabilizationWindowSeconds *int32 `json:"stabilizationWindowSeconds,omitempty"`

	// CPUThreshold is the CPU utilization in percent at which nodes are added; 100 is off.
	//
	// +optional
	// +kubebuilder:default=80
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	CPUThreshold *int32 `json:"cpuThreshold,omitempty"`

	// MemoryThreshold is the memory utilization in percent at which nodes are added; 100 is off.
	//
	// +optional
	// +kubebuilder:default=80
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	MemoryThreshold *int32 `json:"memoryThreshold,omitempty"`
}

// ScaleDownPolicy says when nodes are removed.
type ScaleDownPolicy struct {
	// Enabled is whether nodes are removed.
	//
	// +optional
	// +kubebuilder:default=true
	Enabled *bool `json:"enabled,omitempty"`

	// StabilizationWindowSeconds is how long the group must not have scaled before a node is removed.
	//
	// +optional
	// +kubebuilder:default=600
	// +kubebuilder:validation:Minimum=1
	StabilizationWindowSeconds *int32 `json:"stabilizationWindowSeconds,omitempty"`

	// CPUThreshold is the CPU utilization in percent below which a node may be removed.
	//
	// +optional
	// +kubebuilder:default=50
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	CPUThreshold *int32 `json:"cpuThreshold,omitempty"`

	// MemoryThreshold is the memory utilization in percent below which a node may be removed.
	//
	// +optional
	// +kubebuilder:default=50
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	MemoryThreshold *int32 `json:"memoryThreshold,omitempty"`

	// UnneededTime is how long, in seconds, a node must be removable before it is removed.
	//
	// +optional
	// +kubebuilder:default=600
	// +kubebuilder:validation:Minimum=0
	UnneededTime *int32 `json:"unneededTime,omitempty"`
}

// NodeGroupStatus is what the group is now.
type NodeGroupStatus struct {
	// CurrentNodes is the number of machines the group has, on their way included.
	//
	// +optional
	CurrentNodes int32 `json:"currentNodes"`

	// DesiredNodes is the number of nodes that the last decision aims at.
	//
	// +optional
	DesiredNodes int32 `json:"desiredNodes"`

	// MinNodes is the least number of nodes in force: spec.minNodes, that of an active
	// schedule, or the override.
	//
	// +optional
	MinNodes *int32 `json:"minNodes,omitempty"`

	// MaxNodes is the greatest number of nodes in force: spec.maxNodes, that of an active
	// schedule, or the override.
	//
	// +optional
	MaxNodes *int32 `json:"maxNodes,omitempty"`

	// ActiveSchedules are the names of spec.schedules that are active now, in their order.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	ActiveSchedules []string `json:"activeSchedules,omitempty"`

	// Waiting counts the pods that would fit a node of the group for which none is bought, by
	// why, such as "3 MaxNodesReached, 1 Stabilizing", or by the reason of the condition Stalled
	// while nothing can be bought, such as "3 InvalidUserData"; empty when there are none.
	//
	// +optional
	Waiting string `json:"waiting,omitempty"`

	// Offerings are the instance types that offeringSelector chooses, the cheapest first, 200 at
	// most. It is empty with offeringIDs.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=200
	Offerings []OfferingInfo `json:"offerings,omitempty"`

	// OmittedOfferings is how many chosen instance types the list does not show.
	//
	// +optional
	OmittedOfferings int32 `json:"omittedOfferings,omitempty"`

	// Datacenters counts the group's machines by datacenter, such as "2 dc-us-east-1, 0 dc-us-east-2".
	// It is empty without spec.datacenters.
	//
	// +optional
	Datacenters string `json:"datacenters,omitempty"`

	// ObservedNetwork is what the names of spec.networkConfig stand for in the account.
	//
	// +optional
	ObservedNetwork *ObservedNetwork `json:"observedNetwork,omitempty"`

	// Selector is a label selector for the group's nodes, for the scale subresource.
	//
	// +optional
	Selector string `json:"selector,omitempty"`

	// ReadyNodes is the number of nodes that take workloads.
	//
	// +optional
	ReadyNodes int32 `json:"readyNodes"`

	// UpdatedNodes is the number of nodes that take workloads and are made as the group is now.
	//
	// +optional
	UpdatedNodes int32 `json:"updatedNodes,omitempty"`

	// Nodes lists the group's nodes, by name. It has room for 200: in a larger group it lists the
	// nodes that are not Ready before those that are, and omittedNodes counts the rest. The
	// VPSieNodes with the group's label are all of them.
	//
	// +optional
	// +listType=atomic
	Nodes []NodeInfo `json:"nodes,omitempty"`

	// OmittedNodes is how many of the group's nodes the list does not show.
	//
	// +optional
	OmittedNodes int32 `json:"omittedNodes,omitempty"`

	// Conditions: Ready, Scaling, Error, AtMinCapacity, AtMaxCapacity, Reconciling, Stalled, RolloutPaused, SpotAvailable.
	//
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []NodeGroupCondition `json:"conditions,omitempty"`

	// LastScaleTime is when a machine was last ordered or removed on purpose.
	//
	// +optional
	LastScaleTime *metav1.Time `json:"lastScaleTime,omitempty"`

	// InstanceTypes sums the group's nodes up by type, such as "2 small-2cpu-4gb, 1 large-8cpu-16gb".
	//
	// +optional
	InstanceTypes string `json:"instanceTypes,omitempty"`

	// CostPerHour is what the group's machines cost per hour.
	//
	// +optional
	CostPerHour string `json:"costPerHour,omitempty"`

	// Backoffs are what is not bought for a while because it failed before.
	//
	// +optional
	// +listType=atomic
	Backoffs []Backoff `json:"backoffs,omitempty"`

	// Unsuitable are instance types of which a node refused pods that what was ordered
	// would take. None is bought for such pods, for a day or until the spec changes.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	Unsuitable []UnsuitableType `json:"unsuitable,omitempty"`

	// ProvenSpec is a hash of what decides whether machines join (datacenter, image, user
	// data, keys), as it was when one last did. Without it few machines are bought at once.
	//
	// +optional
	ProvenSpec string `json:"provenSpec,omitempty"`

	// RolloutStopped is the last machine that was bought in the place of a node and did not join.
	// It stops the roll-out of the generation of the spec, until a machine of it joins.
	//
	// +optional
	RolloutStopped *RolloutStopped `json:"rolloutStopped,omitempty"`

	// ObservedGeneration is the generation of the spec that was last acted on.
	//
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
}

// RolloutStopped is why no node of a NodeGroup is replaced for drift or age.
type RolloutStopped struct {
	// VPSieNode is the machine that did not join.
	//
	// +optional
	VPSieNode string `json:"vpsieNode,omitempty"`
	// Message says why not.
	//
	// +optional
	Message string `json:"message,omitempty"`
	// Since is when it was given up.
	//
	// +optional
	Since metav1.Time `json:"since,omitzero"`
	// Generation is that of the NodeGroup's spec; an edit begins the roll-out anew.
	//
	// +optional
	Generation int64 `json:"generation,omitempty"`
}

// OfferingInfo is an instance type that a NodeGroup may buy.
type OfferingInfo struct {
	// DatacenterID is where it is sold, in a group with spec.datacenters.
	//
	// +optional
	DatacenterID string `json:"datacenterID,omitempty"`
	// InstanceType is its name, or its identifier where the name is another's too.
	//
	// +optional
	InstanceType string `json:"instanceType,omitempty"`
	// CapacityType is spot for a spot instance, and absent on demand.
	//
	// +optional
	CapacityType string `json:"capacityType,omitempty"`
	// PricePerMonth is the price per month of 720 hours, such as "12.00".
	//
	// +optional
	PricePerMonth string `json:"pricePerMonth,omitempty"`
}

// Backoff is an instance type that VPSie refuses to sell, or, without an instance
// type, the group itself when its machines do not arrive.
type Backoff struct {
	// Scope is Account when nothing is ordered for the account, Offering for an instance
	// type, NodeGroup for all orders of the group, Order for one that VPSie took and never
	// listed.
	//
	// +optional
	// +kubebuilder:validation:Enum=Account;NodeGroup;Offering;Order
	Scope string `json:"scope,omitempty"`
	// VPSieNode is the machine whose order was never listed.
	//
	// +optional
	VPSieNode string `json:"vpsieNode,omitempty"`
	// NodeGroup is the group that it was ordered for.
	//
	// +optional
	NodeGroup string `json:"nodeGroup,omitempty"`
	// Account is a fingerprint of the Secret that the order was made with: a Secret that has
	// changed since allows another order.
	//
	// +optional
	Account string `json:"account,omitempty"`
	// InstanceType is the instance type, empty for machines of any type.
	//
	// +optional
	InstanceType string `json:"instanceType,omitempty"`
	// CapacityType is spot where it is the instance type as a spot instance.
	//
	// +optional
	CapacityType string `json:"capacityType,omitempty"`
	// DatacenterID is the datacenter that does not sell it, or, without an instance type, the one
	// in which the group's orders are refused or its machines do not arrive.
	//
	// +optional
	DatacenterID string `json:"datacenterID,omitempty"`
	// Failures counts the failures in a row; the wait grows with them.
	//
	// +optional
	Failures int32 `json:"failures,omitempty"`
	// Until is when it is tried again. A back-off stays here for a while after that,
	// because it makes the next one longer.
	//
	// +optional
	Until metav1.Time `json:"until,omitempty,omitzero"`
	// Reason is why, for machines.
	//
	// +optional
	Reason string `json:"reason,omitempty"`
	// Message is why, for people.
	//
	// +optional
	Message string `json:"message,omitempty"`
}

// UnsuitableType is an instance type that is proved to be no help to some pods.
type UnsuitableType struct {
	// DatacenterID is where, in a group with spec.datacenters.
	//
	// +optional
	DatacenterID string `json:"datacenterID,omitempty"`
	// InstanceType is the instance type.
	//
	// +optional
	InstanceType string `json:"instanceType,omitempty"`
	// Pods is a hash of what the pods ask for.
	//
	// +optional
	Pods string `json:"pods,omitempty"`
	// Example is one of the pods, as namespace/name.
	//
	// +optional
	Example string `json:"example,omitempty"`
	// NodeName is the Kubernetes node that refused them.
	//
	// +optional
	NodeName string `json:"nodeName,omitempty"`
	// Reason is why, as in a plan's refusals.
	//
	// +optional
	Reason string `json:"reason,omitempty"`
	// Message is why, for people.
	//
	// +optional
	Message string `json:"message,omitempty"`
	// Since is when it was proved.
	//
	// +optional
	Since metav1.Time `json:"since,omitempty,omitzero"`
	// Generation is the generation of the spec that it holds for.
	//
	// +optional
	Generation int64 `json:"generation,omitempty"`
}

// NodeInfo is one node of a group.
type NodeInfo struct {
	// NodeName is the Kubernetes node, or the VPSieNode while there is none.
	//
	// +optional
	NodeName string `json:"nodeName,omitempty"`
	// VPSID is the id of the VPS.
	//
	// +optional
	VPSID int64 `json:"vpsID,omitempty"`
	// InstanceType is the VPSie instance type.
	//
	// +optional
	InstanceType string `json:"instanceType,omitempty"`
	// Status is Pending, Provisioning, Ready, Terminating or Failed.
	//
	// +optional
	// +kubebuilder:validation:Enum=Pending;Provisioning;Ready;Terminating;Failed
	Status NodeStatus `json:"status,omitempty"`
	// IPAddress is the primary IPv4 address.
	//
	// +optional
	IPAddress string `json:"ipAddress,omitempty"`
}

// NodeStatus is the status of a NodeInfo.
type NodeStatus string

// The statuses of a NodeInfo.
const (
	NodePending      NodeStatus = "Pending"
	NodeProvisioning NodeStatus = "Provisioning"
	NodeReady        NodeStatus = "Ready"
	NodeTerminating  NodeStatus = "Terminating"
	NodeFailed       NodeStatus = "Failed"
)

// NodeGroupCondition is one aspect of a NodeGroup's state.
type NodeGroupCondition = metav1.Condition

// The condition types of a NodeGroup.
const (
	NodeGroupReady         = "Ready"
	NodeGroupScaling       = "Scaling"
	NodeGroupError         = "Error"
	NodeGroupAtMinCapacity = "AtMinCapacity"
	NodeGroupAtMaxCapacity = "AtMaxCapacity"
	// Reconciling and Stalled are those by which tools such as Argo CD and Flux know any
	// object's state (kstatus).
	NodeGroupReconciling = "Reconciling"
	NodeGroupStalled     = "Stalled"
	// NodeGroupRolloutPaused: a machine that was bought in the place of an outdated node did not join.
	NodeGroupRolloutPaused = "RolloutPaused"
	// NodeGroupSpotAvailable is there for groups that want spot instances.
	NodeGroupSpotAvailable = "SpotAvailable"
	// NodeGroupLowBalance is there for prepaid accounts only.
	NodeGroupLowBalance = "LowBalance"
)
