package plan_test

import (
	"fmt"
	"math"
	"syscall"
	"testing"
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/plantest"
)

// processorTime is what this process has used of all cores, garbage collection included. It
// hardly depends on what else runs on the machine.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkCompany reports, beside the time, the processor time, and the mean and the worst
// of price/bound over the seeds.
func BenchmarkCompany(b *testing.B) {
	for _, c := range []struct{ pods, seeds int }{{1000, 20}, {2000, 10}, {10000, 3}} {
		for _, constrained := range []bool{true, false} {
			b.Run(fmt.Sprintf("pods=%d/constrained=%t", c.pods, constrained), func(b *testing.B) {
				seed, sum, worst, spent := 0, 0.0, 0.0, time.Duration(0)
				for b.Loop() {
					b.StopTimer()
					s := plantest.Company(c.pods, uint64(seed%c.seeds+1), constrained)
					before := processorTime(b)
					b.StartTimer()
					p := plan.Decide(s)
					spent += processorTime(b) - before
					ratio := float64(p.Cost.After) / float64(p.Cost.LowerBound)
					sum, worst, seed = sum+ratio, max(worst, ratio), seed+1
				}
				b.ReportMetric(float64(spent.Milliseconds())/float64(seed), "cpu-ms/op")
				b.ReportMetric(sum/float64(seed), "mean-price/bound")
				b.ReportMetric(worst, "worst-price/bound")
			})
		}
	}
}

// BenchmarkClasses is how the cost of a plan grows with the number of classes, by processor time. slope is by
// which power of the number of pods it grows from the smaller size before: 1 is in proportion.
func BenchmarkClasses(b *testing.B) {
	for _, c := range []struct {
		shape string
		pods  []int
	}{{"lonely", []int{500, 1000, 2000, 5000, 10000}}, {"threes", []int{1500, 3000, 6000, 12000}}, {"sizes", []int{2500, 5000, 10000, 20000}}} {
		slope := slope{}
		for _, n := range c.pods {
			b.Run(fmt.Sprintf("%s/pods=%d", c.shape, n), func(b *testing.B) {
				slope.measure(b, n, func() *plan.State { return plantest.Classes(c.shape, n) })
			})
		}
	}
}

// BenchmarkCrowd is the same for apps that contradict each other, in NodeGroups that mix types and in those of one type.
func BenchmarkCrowd(b *testing.B) {
	for _, one := range []bool{false, true} {
		slope := slope{}
		for _, n := range []int{250, 500, 1000, 2000} {
			b.Run(fmt.Sprintf("onetype=%t/apps=%d", one, n), func(b *testing.B) {
				c := plantest.Crowd{Seed: 7, Apps: n, Replicas: 3, Groups: 4, Types: 12, OneType: one, Wishes: 1<<plantest.CrowdWishes - 1, Percent: 30}
				slope.measure(b, n, c.State)
			})
		}
	}
}

// slope is the processor time of a smaller size.
type slope struct {
	seconds float64
	size    int
}

// measure reports the processor time of plans, and by which power of the size it has grown.
func (s *slope) measure(b *testing.B, size int, state func() *plan.State) {
	spent := time.Duration(0)
	for b.Loop() {
		b.StopTimer()
		made := state()
		start := processorTime(b)
		b.StartTimer()
		plan.Decide(made)
		spent += processorTime(b) - start
	}
	each := spent.Seconds() / float64(b.N)
	b.ReportMetric(1000*each, "cpu-ms/op")
	if s.size > 0 {
		b.ReportMetric(math.Log(each/s.seconds)/math.Log(float64(size)/float64(s.size)), "slope")
	}
	s.seconds, s.size = each, size
}
