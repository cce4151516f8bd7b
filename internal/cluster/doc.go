// Package cluster reads Kubernetes: it takes objects from a cache or
// from files, and turns them into a plan.State. It writes nothing.
package cluster
