package v1alpha1

import "k8s.io/apimachinery/pkg/api/resource"

// Kubelet are settings of the kubelets of the group's new nodes. They are in the
// KubeletConfig of the user data, and the size of new nodes is reckoned with them. What is
// absent is left to the image.
type Kubelet struct {
	// MaxPods is how many pods a node takes.
	//
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	MaxPods *int32 `json:"maxPods,omitempty"`

	// KubeReserved is kept from pods for the kubelet and the container runtime: cpu, memory,
	// ephemeral-storage and pid.
	//
	// +optional
	KubeReserved Reserved `json:"kubeReserved,omitempty"`

	// SystemReserved is kept from pods for the rest of the system: cpu, memory,
	// ephemeral-storage and pid.
	//
	// +optional
	SystemReserved Reserved `json:"systemReserved,omitempty"`

	// EvictionHard are amounts, or percentages of the whole, below which pods are evicted, by
	// signal: memory.available, nodefs.available, nodefs.inodesFree, imagefs.available,
	// imagefs.inodesFree and pid.available. Of the signals that are absent the kubelet's
	// own thresholds hold.
	//
	// +optional
	// +kubebuilder:validation:MaxProperties=6
	// +kubebuilder:validation:XValidation:rule="self.all(k, k in ['memory.available', 'nodefs.available', 'nodefs.inodesFree', 'imagefs.available', 'imagefs.inodesFree', 'pid.available'])",message="kubelet.evictionHard: a signal must be memory.available, nodefs.available, nodefs.inodesFree, imagefs.available, imagefs.inodesFree or pid.available"
	EvictionHard map[string]EvictionThreshold `json:"evictionHard,omitempty"`
}

// Reserved are amounts by resource.
//
// +kubebuilder:validation:MaxProperties=4
// +kubebuilder:validation:XValidation:rule="self.all(k, k in ['cpu', 'memory', 'ephemeral-storage', 'pid'])",message="kubelet: what is reserved must be cpu, memory, ephemeral-storage or pid"
// +kubebuilder:validation:XValidation:rule="self.all(k, quantity(string(self[k])).compareTo(quantity('0')) >= 0)",message="kubelet: what is reserved must be >= 0, such as 100m or 512Mi; leave it out to leave it to the image"
type Reserved map[string]resource.Quantity

// EvictionThreshold is an amount or a percentage.
//
// +kubebuilder:validation:MaxLength=16
// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,12}([.][0-9]{1,3})?(Ki|Mi|Gi|Ti|k|M|G|T)?|[0-9]{1,2}([.][0-9]{1,3})?%)$')",message="kubelet.evictionHard: a threshold must be an amount such as 200Mi, or a percentage below 100% such as 5%"
type EvictionThreshold string
