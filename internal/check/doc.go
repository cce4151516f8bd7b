// Package check tells, without buying anything, whether the autoscaler can work with an account and a cluster: what is
// wrong, in which object and field, and the way out. On request it buys one VPS and deletes it.
package check
