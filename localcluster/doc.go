// Package localcluster runs a real Kubernetes control plane on this machine for tests and demonstrations: etcd,
// kube-apiserver, kube-controller-manager and kube-scheduler as processes on free loopback ports, kwok in the place of
// kubelets, and Machines, which joins the machines of a fake cloud as nodes. It needs the binaries that build.sh makes,
// and neither root nor containers.
package localcluster
