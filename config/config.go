// Package config holds the manifests that install the autoscaler, as kustomize
// directories, and the names by which Go code and tests refer to them.
package config

import "embed"

// FS holds the manifests as <directory>/<file>.yaml, kustomization files
// included; the CustomResourceDefinitions are in api/v1alpha1.
//
//go:embed */*.yaml
var FS embed.FS

// The identity that the manifests give to the autoscaler.
const (
	// Namespace is the namespace that the autoscaler runs in and serves.
	Namespace = "kube-system"
	// Name is the name of the Deployment, the ServiceAccount and most roles.
	Name = "vpsie-autoscaler"
	// User is the ServiceAccount as the API server's user name. It alone may
	// create a VPSieNode without spec.vpsieInstanceID.
	User = "system:serviceaccount:" + Namespace + ":" + Name
)
