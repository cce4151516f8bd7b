package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// VPSieNode is one VPS and its life as a Kubernetes node. Deleting it drains
// the node and deletes the VPS.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=vn,categories={vpsie,autoscaling}
// +kubebuilder:selectablefield:JSONPath=`.status.phase`
// +kubebuilder:selectablefield:JSONPath=`.spec.nodeGroupName`
// +kubebuilder:selectablefield:JSONPath=`.spec.vpsieInstanceID`
// +kubebuilder:selectablefield:JSONPath=`.spec.nodeName`
// +kubebuilder:selectablefield:JSONPath=`.status.nodeName`
// +kubebuilder:printcolumn:name="Group",type=string,JSONPath=`.spec.nodeGroupName`
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`
// +kubebuilder:printcolumn:name="Type",type=string,JSONPath=`.spec.instanceType`
// +kubebuilder:printcolumn:name="Node",type=string,JSONPath=`.status.nodeName`
// +kubebuilder:printcolumn:name="IP",type=string,JSONPath=`.spec.ipAddress`
// +kubebuilder:printcolumn:name="Cost/h",type=string,JSONPath=`.status.costPerHour`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="VPS",type=integer,priority=1,JSONPath=`.spec.vpsieInstanceID`
// +kubebuilder:printcolumn:name="Datacenter",type=string,priority=1,JSONPath=`.spec.datacenterID`
// +kubebuilder:printcolumn:name="Error",type=string,priority=1,JSONPath=`.status.lastError`
type VPSieNode struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +required
	Spec VPSieNodeSpec `json:"spec"`
	// +optional
	Status VPSieNodeStatus `json:"status,omitzero"`
}

// VPSieNodeList is a list of VPSieNodes.
//
// +kubebuilder:object:root=true
type VPSieNodeList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []VPSieNode `json:"items"`
}

// VPSieNodeSpec is which VPS it is.
//
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.vpsieInstanceID) || (has(self.vpsieInstanceID) && self.vpsieInstanceID == oldSelf.vpsieInstanceID)",fieldPath=".vpsieInstanceID",message="vpsieInstanceID is immutable once set"
// +kubebuilder:validation:XValidation:rule="self.instanceType == oldSelf.instanceType",fieldPath=".instanceType",message="instanceType is immutable: it says what the VPS is; delete the VPSieNode and create another one"
// +kubebuilder:validation:XValidation:rule="self.nodeGroupName == oldSelf.nodeGroupName",fieldPath=".nodeGroupName",message="nodeGroupName is immutable: delete the VPSieNode and create another one"
// +kubebuilder:validation:XValidation:rule="self.datacenterID == oldSelf.datacenterID",fieldPath=".datacenterID",message="datacenterID is immutable: it says where the VPS is; delete the VPSieNode and create another one"
type VPSieNodeSpec struct {
	// VPSieInstanceID is the id of the VPS. A person who creates a VPSieNode names
	// an existing VPS with it; the autoscaler's own objects get it when the cloud
	// has made the machine. It never changes afterwards.
	//
	// +optional
	// +kubebuilder:validation:Minimum=1
	VPSieInstanceID int64 `json:"vpsieInstanceID,omitempty"`

	// InstanceType is the VPSie instance type.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	InstanceType string `json:"instanceType"`

	// NodeGroupName is the NodeGroup it belongs to.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	NodeGroupName string `json:"nodeGroupName"`

	// DatacenterID is the VPSie datacenter of the VPS.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	DatacenterID string `json:"datacenterID"`

	// NodeName is the Kubernetes node, once it has joined.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=253
	NodeName string `json:"nodeName,omitempty"`

	// IPAddress is the primary IPv4 address.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=64
	IPAddress string `json:"ipAddress,omitempty"`

	// IPv6Address is the IPv6 address, if there is one.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=64
	IPv6Address string `json:"ipv6Address,omitempty"`
}

// VPSieNodePhase is where a VPSieNode stands in its life.
//
// +kubebuilder:validation:Enum=Pending;Provisioning;Provisioned;Joining;Ready;Terminating;Deleting;Failed
type VPSieNodePhase string

// The phases of a VPSieNode.
const (
	// PhasePending is a VPSieNode whose VPS has not been ordered.
	PhasePending VPSieNodePhase = "Pending"
	// PhaseProvisioning is one whose VPS is being made.
	PhaseProvisioning VPSieNodePhase = "Provisioning"
	// PhaseProvisioned is one whose VPS runs, while its node has not registered.
	PhaseProvisioned VPSieNodePhase = "Provisioned"
	// PhaseJoining is one whose node has registered and is not ready yet.
	PhaseJoining VPSieNodePhase = "Joining"
	// PhaseReady is one whose node takes workloads.
	PhaseReady VPSieNodePhase = "Ready"
	// PhaseTerminating is one whose node is being drained.
	PhaseTerminating VPSieNodePhase = "Terminating"
	// PhaseDeleting is one whose VPS is being deleted.
	PhaseDeleting VPSieNodePhase = "Deleting"
	// PhaseFailed is one that could not be provisioned or did not join; what the
	// autoscaler ordered is deleted and replaced.
	PhaseFailed VPSieNodePhase = "Failed"
)

// Phases lists every phase in the order of a life.
func Phases() []VPSieNodePhase {
	return []VPSieNodePhase{
		PhasePending, PhaseProvisioning, PhaseProvisioned, PhaseJoining,
		PhaseReady, PhaseTerminating, PhaseDeleting, PhaseFailed,
	}
}

// VPSieNodeStatus is how the machine is.
type VPSieNodeStatus struct {
	// Phase is the current phase of the life cycle.
	//
	// +optional
	Phase VPSieNodePhase `json:"phase,omitempty"`

	// NodeName is the Kubernetes node, once it has joined.
	//
	// +optional
	NodeName string `json:"nodeName,omitempty"`

	// VPSieStatus is the cloud's own word for the VPS's state.
	//
	// +optional
	VPSieStatus string `json:"vpsieStatus,omitempty"`

	// Hostname is the VPS's hostname.
	//
	// +optional
	Hostname string `json:"hostname,omitempty"`

	// Resources is the VPS's size.
	//
	// +optional
	Resources NodeResources `json:"resources,omitzero"`

	// Conditions: VPSReady, NetworkReady, NodeJoined, NodeReady, Error, Drifted.
	//
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []VPSieNodeCondition `json:"conditions,omitempty"`

	// Network is what the VPS is attached to by spec.networkConfig of its NodeGroup.
	//
	// +optional
	Network *NetworkStatus `json:"network,omitempty"`

	// CreatedAt is when the autoscaler first worked on it.
	//
	// +optional
	CreatedAt *metav1.Time `json:"createdAt,omitempty"`
	// OrderedAt is when VPSie was last asked for the VPS.
	//
	// +optional
	OrderedAt *metav1.Time `json:"orderedAt,omitempty"`
	// SpecHash is a hash of what of the NodeGroup decides whether the machine joins, as it
	// was ordered.
	//
	// +optional
	SpecHash string `json:"specHash,omitempty"`
	// MadeFrom is what of the NodeGroup only a new machine can follow, as the VPS was ordered. The
	// condition Drifted compares it with what a new one would be made from.
	//
	// +optional
	MadeFrom *MadeFrom `json:"madeFrom,omitempty"`
	// ProvisionedAt is when the VPS was first seen running.
	//
	// +optional
	ProvisionedAt *metav1.Time `json:"provisionedAt,omitempty"`
	// JoinedAt is when the node registered.
	//
	// +optional
	JoinedAt *metav1.Time `json:"joinedAt,omitempty"`
	// ReadyAt is when the node was first Ready.
	//
	// +optional
	ReadyAt *metav1.Time `json:"readyAt,omitempty"`
	// TerminatingAt is when termination began.
	//
	// +optional
	TerminatingAt *metav1.Time `json:"terminatingAt,omitempty"`

	// LastError is the most recent error.
	//
	// +optional
	LastError string `json:"lastError,omitempty"`

	// ObservedGeneration is the generation of the spec that was last acted on.
	//
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// CostPerHour is what the VPS costs per hour.
	//
	// +optional
	CostPerHour string `json:"costPerHour,omitempty"`

	// CostPerMonth is what the VPS costs per month of 720 hours, exactly, such as "12.00".
	// It stays when the instance type is offered no more.
	//
	// +optional
	CostPerMonth string `json:"costPerMonth,omitempty"`
}

// MadeFrom is what a VPS was made from.
type MadeFrom struct {
	// Version is that of the way in which the values are worked out. Values of another version are
	// not compared: a new release of the autoscaler replaces no node.
	//
	// +optional
	Version int32 `json:"version,omitempty"`
	// Fields are kubelet, osImageID, sshKeyIDs, startupTaints, userData and kubernetesVersion. Those that
	// one side lacks are not compared.
	//
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=20
	Fields []MadeFromField `json:"fields,omitempty"`
}

// MadeFromField is one of the things that a VPS was made from.
type MadeFromField struct {
	// Name is the field of the NodeGroup's spec, or kubernetesVersion for the control plane's minor
	// version.
	//
	// +required
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`
	// Value is its value, or a hash where that is long or may hold secrets.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Value string `json:"value,omitempty"`
}

// NodeResources is a VPS's size.
type NodeResources struct {
	// CPU is the number of cores.
	//
	// +optional
	CPU int64 `json:"cpu,omitempty"`
	// MemoryMB is the memory in megabytes.
	//
	// +optional
	MemoryMB int64 `json:"memoryMB,omitempty"`
	// DiskGB is the disk in gigabytes.
	//
	// +optional
	DiskGB int64 `json:"diskGB,omitempty"`
	// BandwidthGB is the monthly traffic in gigabytes.
	//
	// +optional
	BandwidthGB int64 `json:"bandwidthGB,omitempty"`
}

// VPSieNodeCondition is one aspect of a VPSieNode's state.
type VPSieNodeCondition = metav1.Condition

// The condition types of a VPSieNode.
const (
	VPSieNodeVPSReady   = "VPSReady"
	VPSieNodeNodeJoined = "NodeJoined"
	// VPSieNodeNetworkReady: its VPS is attached to what spec.networkConfig of its NodeGroup names.
	VPSieNodeNetworkReady = "NetworkReady"
	VPSieNodeNodeReady    = "NodeReady"
	VPSieNodeError        = "Error"
	// VPSieNodeDrifted: its VPS was made from something else than a new one would be, or is too old.
	VPSieNodeDrifted = "Drifted"
)
