// Package cluster is the eyes on Kubernetes: it reads objects, from a cache or
// from files, and turns them into a plan.State. It writes nothing.
package cluster
