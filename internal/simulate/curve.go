package simulate

import (
	"math"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// curve follows what machines for the pods of every moment cost at least. It adds up what it costs to follow that with
// machines that are also paid for while they start and leave, for somebody who knows it all beforehand: where less is needed for a
// while, the cheaper of keeping a machine and of letting it go and starting another. Each part of the price is a machine of its own
// then, so that no real machines cost less.
type curve struct {
	// start is for how many seconds a machine is paid beside those in which it is of use.
	start float64
	now   plan.Hourly
	// off are the parts of the price above now that were of use before, the lowest last.
	off []offPart
	// starts is what starting and keeping cost so far, in seconds times the price.
	starts float64
}

// offPart reaches from what is needed now, or from the part that is after it in the list, up to an amount, and has not been
// needed since a second; the part that never was has no upper end.
type offPart struct {
	upTo  plan.Hourly
	since float64
}

func newCurve(start float64) *curve {
	return &curve{start: start, off: []offPart{{upTo: math.MaxInt64, since: math.Inf(-1)}}}
}

// becomes notes what is needed from a second on.
func (c *curve) becomes(needed plan.Hourly, second float64) {
	if needed < c.now {
		c.off = append(c.off, offPart{upTo: c.now, since: second})
	}
	for c.now < needed {
		lowest := c.off[len(c.off)-1]
		to := min(needed, lowest.upTo)
		c.starts += float64(to-c.now) * min(second-lowest.since, c.start)
		if c.now = to; to == lowest.upTo {
			c.off = c.off[:len(c.off)-1]
		}
	}
	c.now = needed
}
