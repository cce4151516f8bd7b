package chaos

import (
	"context"
	"time"
)

// kill ends a replica at once.
func (c *crew) kill(replica int, when string) {
	if c.end(replica, false) {
		c.tally.add("kills: " + when)
	}
}

// haunt kills the crew's controllers until ctx ends.
func (c *crew) haunt(ctx context.Context, s *estateSchedule, lullLeft func() time.Duration) error {
	for {
		d := s.nextDeath()
		if lullLeft() > 0 {
			d.pause += lullPause
		}
		for range c.reform(d.pair) {
			c.tally.add("kills: all at a change of leader election")
		}
		if !sleep(ctx, d.pause) {
			return nil
		}
		if d.step > 0 && c.killAtStep(ctx, d) {
			continue
		}
		if replica := c.pick(d.die); !d.gently {
			c.kill(replica, "at any moment")
		} else if c.end(replica, true) {
			c.tally.add("controllers ended gently")
		}
	}
}

// killAtStep has the controller die at the step, and returns false when it did not come there in time.
func (c *crew) killAtStep(ctx context.Context, d death) bool {
	struck := c.gate.arm(d.step, d.side)
	patience := time.NewTimer(d.patience)
	defer patience.Stop()
	select {
	case <-struck:
		return true
	case <-patience.C:
	case <-ctx.Done():
	}
	if c.gate.disarm() {
		return false
	}
	<-struck
	return true
}
