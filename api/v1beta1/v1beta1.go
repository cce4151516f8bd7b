// Package v1beta1 names the kinds of the API group autoscaler.vpsie.com in version v1beta1, for Go
// programs that read and write that version. All versions have the same fields, so the types
// are those of package v1alpha1, where they are described.
//
// A runtime.Scheme can hold one version of this group: clients find the version by the Go type.
package v1beta1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// GroupVersion is the API group and version of this package's kinds.
var GroupVersion = schema.GroupVersion{Group: v1alpha1.GroupVersion.Group, Version: "v1beta1"}

// NodeGroup is the same in all versions.
type NodeGroup = v1alpha1.NodeGroup

// NodeGroupList is the same in all versions.
type NodeGroupList = v1alpha1.NodeGroupList

// VPSieNode is the same in all versions.
type VPSieNode = v1alpha1.VPSieNode

// VPSieNodeList is the same in all versions.
type VPSieNodeList = v1alpha1.VPSieNodeList

// AddToScheme registers this package's kinds.
func AddToScheme(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion, &NodeGroup{}, &NodeGroupList{}, &VPSieNode{}, &VPSieNodeList{})
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
}
