// Package draws has the properties of the planner drawn alike in every run.
package draws

import (
	"flag"
	"testing"
)

// Main runs a package's tests with the same draws of rapid each time, so that a check of
// the same code has the same result. -rapid.seed=N draws others; `make properties` does so for
// many more cases.
func Main(m *testing.M) int {
	flag.Parse()
	if seed := flag.Lookup("rapid.seed"); seed.Value.String() == seed.DefValue {
		if err := seed.Value.Set("1"); err != nil {
			panic(err) // rapid's flag takes numbers
		}
	}
	return m.Run()
}
