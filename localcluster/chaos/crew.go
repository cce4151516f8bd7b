package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/vpsie/vpsie-autoscaler/localcluster"
)

// replicas is how many controllers run at most.
const replicas = 2

// crew is the controllers' processes of one estate. Whatever ends is started again, as Kubernetes would.
type crew struct {
	binary string
	// args are a replica's, by its number.
	args  func(replica int, elect bool) []string
	log   func(replica int) string
	gate  *gate
	tally *tally

	mu      sync.Mutex
	process [replicas]*localcluster.Process
	pair    bool
	over    bool

	// starts counts those that were started, exits those that ended by themselves, both from the beginning.
	starts, exits int
}

// members are the replicas that should run. The caller holds the lock.
func (c *crew) members() int {
	if c.pair {
		return replicas
	}
	return 1
}

// muster has every replica run that should.
func (c *crew) muster() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return nil
	}
	for i := range c.members() {
		if p := c.process[i]; p != nil {
			if p.Err() == nil {
				continue
			}
			c.exits++
		}
		p, err := localcluster.StartProcess("vpsie-autoscaler", c.log(i), []string{localcluster.CacheGuard}, c.binary, c.args(i, c.pair)...)
		if err != nil {
			return err
		}
		c.process[i] = p
		c.starts++
	}
	return nil
}

// keep musters until ctx ends.
func (c *crew) keep(ctx context.Context) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := c.muster(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// end ends a replica, gently or not, and reports whether it ran.
func (c *crew) end(replica int, gently bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.process[replica]
	if p == nil || p.Err() != nil {
		return false
	}
	if gently {
		impatient := time.AfterFunc(gentleEnd, p.Kill)
		p.Terminate()
		impatient.Stop()
	} else {
		p.Kill()
	}
	c.process[replica] = nil
	return true
}

// gentleEnd is how long a controller may take to end when it is asked to.
const gentleEnd = 3 * time.Second

// pick is one of the replicas that should run.
func (c *crew) pick(die uint64) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return int(die % uint64(c.members()))
}

// reform ends all replicas when the number of them changes: one without leader election must not meet another. It
// returns how many it killed.
func (c *crew) reform(pair bool) (killed int) {
	c.mu.Lock()
	changes := c.pair != pair
	c.mu.Unlock()
	if !changes {
		return 0
	}
	for i := range replicas {
		if c.end(i, false) {
			killed++
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range replicas {
		// One that was started between the kill and here.
		if p := c.process[i]; p != nil {
			p.Kill()
			c.process[i] = nil
			killed++
		}
	}
	c.pair = pair
	return killed
}

// dismiss ends all for good.
func (c *crew) dismiss() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	for i, p := range c.process {
		if p != nil {
			p.Kill()
			c.process[i] = nil
		}
	}
}

// broken matches what no controller may write: those words stand for a fault of its own that the runtime or a library
// has caught.
var broken = regexp.MustCompile(`panic:|fatal error:|DATA RACE|Observed a panic|recovered from panic`)

// faults lists the lines of the logs that stand for a fault of the controller itself.
func (c *crew) faults() ([]string, error) {
	var found []string
	for i := range replicas {
		content, err := os.ReadFile(c.log(i))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading a controller's log: %w", err)
		}
		for line := range strings.Lines(string(content)) {
			if broken.MatchString(line) {
				found = append(found, strings.TrimSpace(line))
			}
		}
	}
	return found, nil
}
