package v1alpha1

import (
	"embed"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the API group and version of this package's kinds.
var GroupVersion = schema.GroupVersion{Group: "autoscaler.vpsie.com", Version: "v1alpha1"}

// Versions are those in which the API server serves the kinds, oldest first. All have the
// fields of this package: conversion changes the name of the version alone.
func Versions() []string { return []string{GroupVersion.Version, "v1alpha2", "v1beta1"} }

// DeprecatedVersions are those of Versions of which the API server warns.
func DeprecatedVersions() []string { return []string{GroupVersion.Version} }

// VersionField names the use of a version of the API as a field is named.
func VersionField(version string) string { return "apiVersion=" + GroupVersion.Group + "/" + version }

// CRDs holds the generated CustomResourceDefinitions as crds/<group>_<plural>.yaml.
//
//go:embed crds/autoscaler.vpsie.com_*.yaml
var CRDs embed.FS

// AddToScheme registers this package's kinds.
func AddToScheme(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion, &NodeGroup{}, &NodeGroupList{}, &VPSieNode{}, &VPSieNodeList{})
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
}
