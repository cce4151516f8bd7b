// Package stack runs all that the autoscaler needs, and the autoscaler itself, on this machine: a local control plane, a
// fake VPSie whose machines join it, the project's manifests, and the controller as a process with its production flags.
package stack
