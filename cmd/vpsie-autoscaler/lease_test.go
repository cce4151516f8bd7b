package main

import (
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// TestLeaseFlags refuses leases with which two replicas could lead at once, or none.
func TestLeaseFlags(t *testing.T) {
	for args, want := range map[string]string{
		"": "",
		"--leader-elect-lease-duration=1s --leader-elect-renew-deadline=800ms --leader-elect-retry-period=200ms": "",
		"--leader-elect-renew-deadline=15s": "--leader-elect-lease-duration: 15s is not longer",
		"--leader-elect-retry-period=6s":    "--leader-elect-renew-deadline: 10s is less than twice",
		"--leader-elect-retry-period=0s":    "--leader-elect-retry-period: 0s is not > 0",
		"--leader-elect-lease-duration=900ms --leader-elect-renew-deadline=800ms --leader-elect-retry-period=200ms": "--leader-elect-lease-duration: 900ms is less than a second",
	} {
		var f flags
		set := pflag.NewFlagSet("run", pflag.ContinueOnError)
		f.add(set)
		if err := set.Parse(strings.Fields(args)); err != nil {
			t.Fatal(err)
		}
		err := f.validate()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", args, err, want)
		}
	}
}
