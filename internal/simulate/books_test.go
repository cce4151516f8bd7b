package simulate

import (
	"math"
	"testing"
	"time"
)

// Five pods of 1.5 cores fit a large node (24.00 a month, 8 cores) and leave half a core of it, so that a pod costs 4.80, though 1.5 cores
// of a large node cost 4.50. Five more come between two points of the series, which are two hours apart.
func TestTheBoundKnowsOfWholePodsAtAnyMoment(t *testing.T) {
	const pod = "36000,1500,100"
	w := trace(t, "0,"+pod, "0,"+pod, "0,"+pod, "0,"+pod, "0,"+pod, "600,"+pod, "600,"+pod, "600,"+pod, "600,"+pod, "600,"+pod)
	w.Length = 40 * 24 * time.Hour
	r := run(t, w, setting(nil), options(calm()))
	if got, want := float64(r.Cost.Bound)/1e6, (24.0*600+48.0*(36000-600))/720/3600; math.Abs(got-want) > 0.001 {
		t.Errorf("bound %.4f, want %.4f", got, want)
	}
}
