package v1alpha1

// NetworkConfig is how the group's new machines are connected. What is absent is as if the
// whole were absent: a public IPv4 address and nothing else. Present machines keep what they
// have. The addresses are part of the order; a machine is attached to VPC, firewall groups
// and gateway, in this order, once VPSie lists it, and its node takes pods only after that.
//
// +kubebuilder:validation:XValidation:rule="!has(self.nodeIP) || self.nodeIP != 'VPC' || has(self.vpc)",fieldPath=".nodeIP",message="networkConfig.nodeIP: VPC needs a network; name it in networkConfig.vpc, or use Public"
// +kubebuilder:validation:XValidation:rule="!has(self.nodeIP) || self.nodeIP != 'Private' || (has(self.privateIP) && self.privateIP == 'Enabled')",fieldPath=".nodeIP",message="networkConfig.nodeIP: Private needs a private address; set networkConfig.privateIP: Enabled, or use Public"
// +kubebuilder:validation:XValidation:rule="!has(self.publicIPv4) || self.publicIPv4 != 'Disabled' || (has(self.nodeIP) && self.nodeIP != 'Public')",fieldPath=".publicIPv4",message="networkConfig.publicIPv4: without a public IPv4 address nodes register with another one; set networkConfig.nodeIP to VPC or Private, or leave publicIPv4 out"
type NetworkConfig struct {
	// PublicIPv4 is whether machines get a public IPv4 address: Enabled, as if absent, or
	// Disabled.
	//
	// +optional
	PublicIPv4 Toggle `json:"publicIPv4,omitempty"`

	// PublicIPv6 is whether machines get a public IPv6 address: Enabled, or Disabled, as if
	// absent.
	//
	// +optional
	PublicIPv6 Toggle `json:"publicIPv6,omitempty"`

	// PrivateIP is whether machines get an address in the datacenter's private network:
	// Enabled, or Disabled, as if absent.
	//
	// +optional
	PrivateIP Toggle `json:"privateIP,omitempty"`

	// VPC is the private network of the account, in the machine's datacenter, that machines
	// are attached to.
	//
	// +optional
	VPC *VPCReference `json:"vpc,omitempty"`

	// Gateway is the NAT gateway of the machine's datacenter through which machines reach the
	// internet.
	//
	// +optional
	Gateway *GatewayReference `json:"gateway,omitempty"`

	// FirewallGroups are attached to machines, by identifier or name, one after the other.
	//
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=5
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	FirewallGroups []string `json:"firewallGroups,omitempty"`

	// NodeIP is the address that a machine's kubelet registers its node with (--node-ip):
	// Public, VPC or Private. Absent, the kubelet chooses.
	//
	// +optional
	NodeIP NodeIP `json:"nodeIP,omitempty"`
}

// Toggle is Enabled or Disabled.
//
// +kubebuilder:validation:Enum=Enabled;Disabled
type Toggle string

// The values of a Toggle.
const (
	Enabled  Toggle = "Enabled"
	Disabled Toggle = "Disabled"
)

// NodeIP says which of its addresses a node registers with.
//
// +kubebuilder:validation:Enum=Public;VPC;Private
type NodeIP string

// The addresses to register with.
const (
	NodeIPPublic  NodeIP = "Public"
	NodeIPVPC     NodeIP = "VPC"
	NodeIPPrivate NodeIP = "Private"
)

// VPCReference names a VPC.
//
// +kubebuilder:validation:XValidation:rule="has(self.id) != has(self.name)",message="networkConfig.vpc must have one of id and name; give the name, or the id where several VPCs of the datacenter have that name"
type VPCReference struct {
	// ID is the VPC's number.
	//
	// +optional
	// +kubebuilder:validation:Minimum=1
	ID *int32 `json:"id,omitempty"`

	// Name is the VPC's name. Each datacenter may have a VPC of that name.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`
}

// GatewayReference names a NAT gateway.
type GatewayReference struct {
	// IP is the gateway's address.
	//
	// +required
	// +kubebuilder:validation:MaxLength=45
	// +kubebuilder:validation:XValidation:rule="isIP(self)",message="networkConfig.gateway.ip must be the address of a NAT gateway of the account, such as 203.0.113.9"
	IP string `json:"ip"`
}

// ObservedNetwork is what the names of spec.networkConfig stand for in the account.
type ObservedNetwork struct {
	// VPCs is the VPC of each datacenter of the group.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	VPCs []ObservedVPC `json:"vpcs,omitempty"`

	// FirewallGroups are the firewall groups, in the order in which they are attached.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=5
	FirewallGroups []ObservedFirewallGroup `json:"firewallGroups,omitempty"`

	// GatewayID is the number of the gateway's address.
	//
	// +optional
	GatewayID int64 `json:"gatewayID,omitempty"`
}

// ObservedVPC is a VPC of the account.
type ObservedVPC struct {
	// DatacenterID is the datacenter, as the spec names it.
	//
	// +optional
	DatacenterID string `json:"datacenterID,omitempty"`
	// ID is the VPC's number.
	//
	// +optional
	ID int64 `json:"id,omitempty"`
	// Name is the VPC's name.
	//
	// +optional
	Name string `json:"name,omitempty"`
	// Range is the VPC's network, such as 10.20.0.0/24.
	//
	// +optional
	Range string `json:"range,omitempty"`
}

// ObservedFirewallGroup is a firewall group of the account.
type ObservedFirewallGroup struct {
	// ID is its identifier.
	//
	// +optional
	ID string `json:"id,omitempty"`
	// Name is its name.
	//
	// +optional
	Name string `json:"name,omitempty"`
}

// NetworkStatus is what a machine is attached to, or is about to be. It is what undoing needs.
type NetworkStatus struct {
	// VPSIdentifier is the VPS's identifier.
	//
	// +optional
	VPSIdentifier string `json:"vpsIdentifier,omitempty"`
	// VPCID is the number of the VPC.
	//
	// +optional
	VPCID int64 `json:"vpcID,omitempty"`
	// PrivateIPID is the number of the VPS's address in the VPC, by which it is released.
	//
	// +optional
	PrivateIPID int64 `json:"privateIPID,omitempty"`
	// VPCAddress is that address.
	//
	// +optional
	VPCAddress string `json:"vpcAddress,omitempty"`
	// FirewallGroups are the identifiers of the firewall groups.
	//
	// +optional
	// +listType=atomic
	FirewallGroups []string `json:"firewallGroups,omitempty"`
	// GatewayID is the number of the gateway's address.
	//
	// +optional
	GatewayID int64 `json:"gatewayID,omitempty"`
	// GatewayMappingID is the number by which the VPS is taken from behind the gateway.
	//
	// +optional
	GatewayMappingID int64 `json:"gatewayMappingID,omitempty"`
}
