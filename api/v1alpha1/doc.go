// Package v1alpha1 holds the words users type: the kinds NodeGroup and
// VPSieNode of the API group autoscaler.vpsie.com, their annotations and
// labels, and the generated CustomResourceDefinitions.
//
// +kubebuilder:object:generate=true
// +groupName=autoscaler.vpsie.com
package v1alpha1
