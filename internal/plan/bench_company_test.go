package plan_test

import (
	"fmt"
	"testing"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/plantest"
)

// BenchmarkCompany reports, beside the time, the mean and the worst of price/bound over
// the seeds.
func BenchmarkCompany(b *testing.B) {
	for _, c := range []struct{ pods, seeds int }{{1000, 20}, {2000, 10}, {10000, 3}} {
		for _, constrained := range []bool{true, false} {
			b.Run(fmt.Sprintf("pods=%d/constrained=%t", c.pods, constrained), func(b *testing.B) {
				seed, sum, worst := 0, 0.0, 0.0
				for b.Loop() {
					b.StopTimer()
					s := plantest.Company(c.pods, uint64(seed%c.seeds+1), constrained)
					b.StartTimer()
					p := plan.Decide(s)
					ratio := float64(p.Cost.After) / float64(p.Cost.LowerBound)
					sum, worst, seed = sum+ratio, max(worst, ratio), seed+1
				}
				b.ReportMetric(sum/float64(seed), "mean-price/bound")
				b.ReportMetric(worst, "worst-price/bound")
			})
		}
	}
}

// BenchmarkClasses is how the cost of a plan grows with the number of classes.
func BenchmarkClasses(b *testing.B) {
	for _, c := range []struct {
		shape string
		pods  []int
	}{{"lonely", []int{500, 1000, 2000, 5000}}, {"threes", []int{1500, 3000, 6000}}, {"sizes", []int{2500, 5000, 10000}}} {
		for _, n := range c.pods {
			b.Run(fmt.Sprintf("%s/pods=%d", c.shape, n), func(b *testing.B) {
				for b.Loop() {
					b.StopTimer()
					s := plantest.Classes(c.shape, n)
					b.StartTimer()
					plan.Decide(s)
				}
			})
		}
	}
}
