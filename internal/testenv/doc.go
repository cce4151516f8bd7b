// Package testenv holds what integration tests need of a Kubernetes API server: one real
// kube-apiserver and etcd for each test binary, kubectl beside it, manifests applied to it, and
// users to act as.
package testenv
