package plan

import "testing"

// TestProofLooksAtTypesThatMatter: what a type's best packing is worth matters only where a good that it takes would have to
// shrink more by it than by the types that are known.
func TestProofLooksAtTypesThatMatter(t *testing.T) {
	for name, c := range map[string]struct {
		takes []bool
		known []float64
		least int64
	}{
		"nothing is known of a good":              {[]bool{true, true}, []float64{1.2, 0}, 1000},
		"both goods shrink, one of them less":     {[]bool{true, true}, []float64{1.2, 1.1}, 1100},
		"the good that shrinks less is not taken": {[]bool{true, false}, []float64{1.2, 1.1}, 1200},
		"all shrink more than it could ask for":   {[]bool{true, true}, []float64{1.5, 1.4}, 1300},
		"it takes none":                           {[]bool{false, false}, []float64{1.2, 1.1}, 1300},
	} {
		r := &ratio{takes: c.takes, price: 1000, most: 1300}
		if got := r.least(c.known); got != c.least {
			t.Errorf("%s: a packing may be worth %d of 1000, want %d", name, got, c.least)
		}
	}
}
