// Package e2e holds the tests of the whole autoscaler: its real binary, under the rights that it is shipped with, on a
// real control plane and a fake VPSie. It has no other content.
package e2e
