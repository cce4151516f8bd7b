package simulate

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/observe"
)

// Day describes a synthetic load: web Deployments whose replicas follow day and night, and
// batch pods at night.
type Day struct {
	// Days is how many days there are, Peak the number of web replicas at the busiest hour,
	// Night the share of them that is left at the quietest.
	Days, Peak int
	Night      float64
	Seed       uint64
}

// replicaStep is how often replicas follow the load.
const replicaStep = 5 * time.Minute

// service is one Deployment of the synthetic load.
type service struct {
	namespace, name string
	milliCPU, mib   int64
	// share is its part of all replicas.
	share float64
}

func services() []service {
	return []service{
		{"shop", "web", 500, 768, 0.4}, {"shop", "cart", 250, 512, 0.25},
		{"search", "api", 1000, 2048, 0.2}, {"search", "suggest", 250, 1024, 0.15},
	}
}

// Workload makes the load. The same Day gives the same workload.
func (d Day) Workload() *Workload {
	w := &Workload{Name: fmt.Sprintf("%s with %s at most", observe.Count(d.Days, "synthetic day"), observe.Count(d.Peak, "web replica")), Length: time.Duration(d.Days) * 24 * time.Hour}
	r := rand.New(rand.NewPCG(d.Seed, 0xda1))
	for _, s := range services() {
		w.Demands = append(w.Demands, d.web(s, w.Length, r)...)
	}
	for day := range d.Days {
		w.Demands = append(w.Demands, d.batch(day, r)...)
	}
	w.sort()
	return w
}

// load is the share of the peak at a time of the day: least at 04:00, most at 16:00.
func (d Day) load(t time.Duration) float64 {
	hour := math.Mod(t.Hours(), 24)
	return d.Night + (1-d.Night)*(1-math.Cos((hour-4)/24*2*math.Pi))/2
}

// web are the replicas of a Deployment. The youngest go first, as a ReplicaSet does it.
func (d Day) web(s service, length time.Duration, r *rand.Rand) []Demand {
	var all []Demand
	var running []int
	for t := time.Duration(0); t < length; t += replicaStep {
		noise := 1 + 0.05*r.NormFloat64()
		want := max(int(math.Round(float64(d.Peak)*s.share*d.load(t)*noise)), 1)
		for len(running) > want {
			last := len(running) - 1
			all[running[last]].Deleted = t
			running = running[:last]
		}
		for len(running) < want {
			running = append(running, len(all))
			all = append(all, Demand{
				Namespace: s.namespace, Name: fmt.Sprintf("%s-%05d", s.name, len(all)+1), Created: t, Deleted: forEver,
				MilliCPU: s.milliCPU, Memory: s.mib << 20, Labels: map[string]string{"app": s.name},
			})
		}
	}
	return all
}

// batch are the night's jobs of one day: a tenth of the peak, from 01:00, of 5 to 65 minutes.
func (d Day) batch(day int, r *rand.Rand) []Demand {
	begin := time.Duration(day)*24*time.Hour + time.Hour
	var all []Demand
	for i := range max(d.Peak/10, 1) {
		created := begin + time.Duration(r.IntN(3600))*time.Second
		all = append(all, Demand{
			Namespace: "reports", Name: fmt.Sprintf("job-%d-%03d", day+1, i+1), Created: created,
			Deleted:  created + 5*time.Minute + time.Duration(r.IntN(3600))*time.Second,
			MilliCPU: 2000, Memory: 4096 << 20, Labels: map[string]string{"app": "job"},
		})
	}
	slices.SortFunc(all, func(a, b Demand) int { return cmp.Or(cmp.Compare(a.Created, b.Created), cmp.Compare(a.Name, b.Name)) })
	return all
}
