package simulate

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"
)

// Cloud is how machines behave.
type Cloud struct {
	// Boot is the median time from the order to the ready node, BootSpread how much it
	// varies (the sigma of a log-normal distribution; 0 is not at all).
	Boot       time.Duration
	BootSpread float64
	// BootFailures is the share of machines that never join, JoinTimeout when that is noticed.
	BootFailures float64
	JoinTimeout  time.Duration
	// Refusals is the share of orders that are refused; the type rests for RefusalPause then.
	Refusals     float64
	RefusalPause time.Duration
	// NodeFailures is how many failures a node has in 720 hours, UnreadyTimeout how long a
	// node is not ready before it is replaced.
	NodeFailures   float64
	UnreadyTimeout time.Duration
	// Drain is the time from the decision to remove a node until its VPS is gone.
	Drain time.Duration
	// Period is what is paid at least, and in whole multiples.
	Period time.Duration
}

// fate is what will become of one machine.
type fate struct {
	refused bool
	// boot is when it is ready, failsToBoot that it never is.
	boot        time.Duration
	failsToBoot bool
	// failsAfter is how long it is ready before it fails.
	failsAfter time.Duration
}

// fate draws a machine's. It depends on nothing but the seed and the machine's number, so
// that all settings meet the same luck.
func (c *Cloud) fate(seed uint64, number int) fate {
	h := fnv.New64a()
	_, _ = h.Write([]byte{byte(number), byte(number >> 8), byte(number >> 16), byte(number >> 24)})
	r := rand.New(rand.NewPCG(seed, h.Sum64()))
	f := fate{refused: r.Float64() < c.Refusals, failsToBoot: r.Float64() < c.BootFailures, failsAfter: forEver}
	f.boot = wholeSeconds(float64(c.Boot) * math.Exp(c.BootSpread*r.NormFloat64()))
	if c.NodeFailures > 0 {
		f.failsAfter = wholeSeconds(float64(720*time.Hour) / c.NodeFailures * r.ExpFloat64())
	}
	return f
}

// wholeSeconds rounds up, one second at least.
func wholeSeconds(d float64) time.Duration {
	return max(time.Duration(math.Ceil(d/float64(time.Second))), 1) * time.Second
}
