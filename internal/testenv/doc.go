// Package testenv holds what integration tests need of a Kubernetes API server: a real
// kube-apiserver and etcd for each test binary, or several for tests that run side by side, kubectl
// beside them, manifests applied to them, and users to act as.
package testenv
