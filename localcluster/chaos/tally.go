package chaos

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// tally counts what happened, by name.
type tally struct {
	mu sync.Mutex
	n  map[string]int
}

func newTally() *tally { return &tally{n: map[string]int{}} }

func (t *tally) add(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n[what]++
}

// sum adds up everything whose name begins so.
func (t *tally) sum(prefix string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	sum := 0
	for what, n := range t.n {
		if strings.HasPrefix(what, prefix) {
			sum += n
		}
	}
	return sum
}

// String lists the counts by name.
func (t *tally) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b strings.Builder
	for _, what := range slices.Sorted(maps.Keys(t.n)) {
		fmt.Fprintf(&b, "\n\t%-50s %7d", what, t.n[what])
	}
	return b.String()
}
