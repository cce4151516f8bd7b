// Package dryrun says what the autoscaler would do for a cluster or for files,
// without doing it.
package dryrun
