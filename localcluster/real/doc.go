// Package real has machines that are real but for their hardware join a local cluster: guests of qemu that boot with the
// user data of their order, install nothing by hand and run a kubelet of their own.
package real
