// Package scale measures the controller's binary in a large cluster: a real etcd and API server, the fake VPSie, and no
// kubelets or schedulers, so that what is measured is the controller. The cluster's objects are written into etcd itself,
// which takes seconds for 150,000 pods.
package scale
