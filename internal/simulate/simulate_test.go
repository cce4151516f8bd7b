package simulate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// offer is a type with that many cores and twice as many GiB, all of it for pods.
func offer(name string, cores int64, price plan.Money) *plan.Offer {
	size := corev1.ResourceList{
		corev1.ResourceCPU: *resource.NewQuantity(cores, resource.DecimalSI), corev1.ResourceMemory: *resource.NewQuantity(cores<<31, resource.BinarySI),
		corev1.ResourcePods: *resource.NewQuantity(110, resource.DecimalSI),
	}
	return &plan.Offer{InstanceType: name, DatacenterID: "dc", Price: price * 1_000_000, Capacity: size, Allocatable: size, Available: true, Stock: -1}
}

// setting has one NodeGroup that may buy small (2 cores, 7.00 a month)
// and large (8 cores) machines and removes what is not needed after a minute.
func setting(change func(*v1alpha1.NodeGroup)) Setting {
	g := &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "web"}}
	g.Spec = v1alpha1.NodeGroupSpec{
		MaxNodes: 50, DatacenterID: "dc", OfferingIDs: []string{"small", "large"}, OSImageID: "image", AllowMixedInstances: true,
		ScaleUpPolicy:   v1alpha1.ScaleUpPolicy{StabilizationWindowSeconds: new(int32(0)), CPUThreshold: new(int32(100)), MemoryThreshold: new(int32(100))},
		ScaleDownPolicy: v1alpha1.ScaleDownPolicy{StabilizationWindowSeconds: new(int32(0)), UnneededTime: new(int32(60))},
	}
	if change != nil {
		change(g)
	}
	return Setting{
		Name: "test", Objects: &cluster.Objects{NodeGroups: []*v1alpha1.NodeGroup{g}},
		Markets: map[string]cluster.Market{"web": {Offers: []*plan.Offer{offer("small", 2, 7), offer("large", 8, 24)}}},
	}
}

// calm is a cloud in which nothing fails.
func calm() Cloud {
	return Cloud{
		Boot: 100 * time.Second, JoinTimeout: 10 * time.Minute, RefusalPause: time.Minute, UnreadyTimeout: 10 * time.Minute,
		Drain: 30 * time.Second, Period: time.Hour,
	}
}

func options(c Cloud) Options {
	return Options{Plan: plan.Options{ExpendablePriorityCutoff: -10}, Cloud: c, Seed: 1, Start: time.Date(2025, 1, 6, 0, 0, 0, 0, time.UTC)}
}

func run(t *testing.T, w *Workload, s Setting, o Options) *Result {
	t.Helper()
	r, err := Run(t.Context(), w, s, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func trace(t *testing.T, rows ...string) *Workload {
	t.Helper()
	w, err := ReadTrace(strings.NewReader("created_s,deleted_s,cpu_milli,memory_mib\n"+strings.Join(rows, "\n")), "trace")
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestOnePod(t *testing.T) {
	w := trace(t, "600,4200,1500,512", "7200,7200,1,1")
	r := run(t, w, setting(nil), options(calm()))
	if r.Pending.Max != 100 || r.Pending.Waited != 1 || r.Pods.NeverRan != 0 || r.Disruptions != 0 || r.Machines.Bought != 1 || r.Machines.Removed != 1 {
		t.Errorf("%+v %+v %+v, %d disruptions", r.Pending, r.Pods, r.Machines, r.Disruptions)
	}
	// Ordered at 600, not needed at 4200, removed after its timer, gone 30 seconds later:
	// a little more than an hour, of which two are paid.
	if lived := r.NodeHours * 3600; lived < 3600+60+30 || lived > 3600+60+30+5 {
		t.Errorf("the machine was there for %v seconds", lived)
	}
	if r.Cost.Paid.String() != "0.02" {
		t.Errorf("paid %s, want two hours of 7.00 a month", r.Cost.Paid)
	}
	if b, want := float64(r.Cost.Bound), float64(r.Cost.ByTheMinute); b <= 0 || b > want {
		t.Errorf("bound %v, cost %v", b, want)
	}
}

// encoded is a result as JSON.
func encoded(t *testing.T, r *Result) string {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// rough is a cloud in which all goes wrong that can.
func rough() Cloud {
	c := calm()
	c.BootSpread, c.BootFailures, c.Refusals, c.NodeFailures = 0.5, 0.1, 0.1, 20
	return c
}

func TestTheSameSeedGivesTheSame(t *testing.T) {
	w := Day{Days: 2, Peak: 40, Night: 0.3, Seed: 5}.Workload()
	first := encoded(t, run(t, w, setting(nil), options(rough())))
	if again := encoded(t, run(t, w, setting(nil), options(rough()))); again != first {
		t.Error("the same input gives another result")
	}
	other := options(rough())
	other.Seed = 2
	if encoded(t, run(t, w, setting(nil), other)) == first {
		t.Error("another seed gives the same result")
	}
	results, err := Compare(t.Context(), w, []Setting{setting(nil), setting(nil), setting(nil)}, options(rough()))
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if encoded(t, r) != first {
			t.Errorf("setting %d beside others gives another result", i)
		}
	}
}

func TestNothingIsLostWhenMachinesFail(t *testing.T) {
	w := Day{Days: 2, Peak: 40, Night: 0.3, Seed: 5}.Workload()
	r := run(t, w, setting(nil), options(rough()))
	if r.Machines.Failed == 0 || r.Machines.Refused == 0 || r.Evictions["NodeFailed"] == 0 {
		t.Fatalf("nothing fails: %+v %v", r.Machines, r.Evictions)
	}
	if ran := r.Pods.Wanted - r.Pods.NeverRan; ran < r.Pods.Wanted*9/10 {
		t.Errorf("only %d of %d pods ran", ran, r.Pods.Wanted)
	}
	sum := 0
	for _, n := range r.Evictions {
		sum += n
	}
	if sum != r.Disruptions {
		t.Errorf("%d disruptions, by reason %v", r.Disruptions, r.Evictions)
	}
	var groups, offerings Amount
	for _, p := range r.ByGroup {
		groups += p.Cost
	}
	for _, p := range r.ByOffering {
		offerings += p.Cost
	}
	if math.Abs(float64(groups-r.Cost.Paid)) > 2 || math.Abs(float64(offerings-groups)) > float64(len(r.ByOffering)*r.Machines.Bought) {
		t.Errorf("paid %s, by group %s, by offering %s", r.Cost.Paid, groups, offerings)
	}
	if r.Cost.Paid < r.Cost.ByTheMinute {
		t.Errorf("paid %s for started hours, %s by the minute", r.Cost.Paid, r.Cost.ByTheMinute)
	}
}

func TestNoMomentCostsLessThanItsBound(t *testing.T) {
	w := Day{Days: 3, Peak: 60, Night: 0.2, Seed: 9}.Workload()
	r := run(t, w, setting(nil), options(calm()))
	if r.Cost.Ratio < 1 || r.Cost.Ratio > 3 {
		t.Errorf("ratio %v", r.Cost.Ratio)
	}
	for _, s := range r.Series {
		// What is not Ready yet is paid for as well, so the bound may be above only while an
		// order has been refused.
		if s.Bound > s.Cost || s.Ready > s.Machines || s.Pending > s.Pods {
			t.Fatalf("%+v", s)
		}
	}
}

func TestSettingsDiffer(t *testing.T) {
	w := Day{Days: 2, Peak: 60, Night: 0.2, Seed: 3}.Workload()
	empty := setting(func(g *v1alpha1.NodeGroup) { g.Spec.Disruption.Consolidation = v1alpha1.ConsolidateWhenEmpty })
	results, err := Compare(t.Context(), w, []Setting{setting(nil), empty}, options(calm()))
	if err != nil {
		t.Fatal(err)
	}
	moves, waits := results[0], results[1]
	if moves.Disruptions == 0 || waits.Disruptions != 0 || waits.Cost.ByTheMinute <= moves.Cost.ByTheMinute {
		t.Errorf("with removals %d disruptions for %s, when empty %d for %s", moves.Disruptions, moves.Cost.ByTheMinute, waits.Disruptions, waits.Cost.ByTheMinute)
	}
}

func TestWhatCannotBeBoughtForIsTold(t *testing.T) {
	r := run(t, trace(t, "0,3600,64000,1024"), setting(nil), options(calm()))
	if r.Pods.NeverRan != 1 || r.Pods.GivenUp != 1 || len(r.Waiting) != 1 || r.Waiting[0].Reason != plan.InsufficientResource || math.Abs(r.Waiting[0].PodHours-1) > 0.01 {
		t.Errorf("%+v %+v", r.Pods, r.Waiting)
	}
}

func TestTracesThatAreWrong(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"empty":          {"", "trace x.csv: it is empty"},
		"no pods":        {"created_s,deleted_s,cpu_milli,memory_mib\n", "it has no pods"},
		"no column":      {"created_s,cpu_milli,memory_mib\n1,2,3\n", "no column deleted_s"},
		"no number":      {"created_s,deleted_s,cpu_milli,memory_mib\n1,2,x,4\n", `line 2: cpu_milli: "x" is not a number`},
		"negative":       {"created_s,deleted_s,cpu_milli,memory_mib\n-1,2,3,4\n", `created_s: "-1" is not a number from 0`},
		"not a number":   {"created_s,deleted_s,cpu_milli,memory_mib\nNaN,2,3,4\n", `created_s: "NaN" is not`},
		"dies too early": {"created_s,deleted_s,cpu_milli,memory_mib\n5,2,3,4\n", "deleted_s: 2 is before created_s 5"},
		"short row":      {"created_s,deleted_s,cpu_milli,memory_mib\n5,2\n", "wrong number of fields"},
	} {
		_, err := ReadTrace(strings.NewReader(test.text), "x.csv")
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
}

func TestTraceColumns(t *testing.T) {
	w, err := ReadTrace(strings.NewReader("\ufeffqos,memory_mib,cpu_milli,deleted_s,created_s,namespace,name,more\nBE,256,100,,10,shop,Web_1,x\nLS,1,1,20,0,,,\n"), "x.csv")
	if err != nil {
		t.Fatal(err)
	}
	d := w.Demands[1]
	if len(w.Demands) != 2 || d.Namespace != "shop" || d.Name != "web-1-000001" || d.Memory != 256<<20 || d.MilliCPU != 100 || d.Created != 10*time.Second || d.Deleted != forEver || d.Labels["qos"] != "BE" {
		t.Errorf("%+v", w.Demands)
	}
	part, err := w.Window(15*time.Second, 0)
	if err != nil || len(part.Demands) != 2 || part.Demands[0].Created != 0 || part.Length != 5*time.Second {
		t.Errorf("%+v, %v", part, err)
	}
	if _, err := w.Window(20*time.Second, 0); err == nil {
		t.Error("a window behind the end is taken")
	}
}

func TestTheTableNamesEverySetting(t *testing.T) {
	w := Day{Days: 1, Peak: 20, Night: 0.2, Seed: 3}.Workload()
	var results []*Result
	for i := range 2 {
		r := run(t, w, setting(nil), options(calm()))
		r.Setting = fmt.Sprintf("setting-%d", i)
		results = append(results, r)
	}
	var out bytes.Buffer
	if err := writeTable(&out, results); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"setting-0", "setting-1", "(+0.0%)", "RATIO", "SETTING-1:", results[0].Cost.Bound.String()} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
}

func TestASimulationCanBeStopped(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := Run(ctx, trace(t, "0,10,1,1"), setting(nil), options(calm())); err == nil {
		t.Error("it runs on")
	}
}

// Compressed time brings everything closer, and leaves alone what stays to the end.
func TestTimeIsCompressed(t *testing.T) {
	w := &Workload{Name: "w", Length: 10 * time.Hour, Demands: []Demand{
		{Name: "a", Created: time.Hour, Deleted: 2 * time.Hour}, {Name: "b", Created: 15 * time.Second, Deleted: forEver},
	}}
	c := w.Compressed(10)
	if c.Length != time.Hour || c.Demands[0].Created != 6*time.Minute || c.Demands[0].Deleted != 12*time.Minute || c.Demands[1].Created != time.Second || c.Demands[1].Deleted != forEver {
		t.Errorf("%+v", c)
	}
	if w.Length != 10*time.Hour || w.Demands[0].Created != time.Hour {
		t.Errorf("the workload itself has changed: %+v", w)
	}
}

// An exchange whose machine never joins is given up, and another one follows when the back-off is over: it does not stand in the way for ever.
func TestGivenUpExchangesAreFollowedByOthers(t *testing.T) {
	s := setting(func(g *v1alpha1.NodeGroup) {
		g.Spec.Disruption.Consolidation, g.Spec.Disruption.PaybackHours = v1alpha1.ConsolidateWhenCheaper, new(int32(24))
	})
	// Eight pods fill a large node; when seven of them have gone, a small one does.
	w := &Workload{Name: "shrinks", Length: 12 * time.Hour}
	for i := range 8 {
		d := Demand{Namespace: "default", Name: fmt.Sprintf("p%d", i), Deleted: forEver, MilliCPU: 900, Memory: 1 << 30}
		if i > 0 {
			d.Deleted = time.Hour
		}
		w.Demands = append(w.Demands, d)
	}
	cloud := calm()
	failed, replaced := 0, 0
	for seed := range uint64(20) {
		o := options(cloud)
		o.Seed, o.Cloud.BootFailures = seed, 0.5
		r, err := Run(t.Context(), w, s, o)
		if err != nil {
			t.Fatal(err)
		}
		tried, gone := 0, 0
		for _, d := range r.Decisions {
			if d.What == Bought && d.Reason == string(plan.Replacement) {
				tried++
			}
			if d.What == Removed && d.Reason == string(plan.Replaced) {
				gone++
			}
		}
		if tried > 1 {
			failed++
		}
		if gone > 0 {
			replaced++
		}
	}
	if failed == 0 || replaced < 15 {
		t.Errorf("of 20 clouds in which every second machine fails, the exchange was tried again in %d and succeeded in %d", failed, replaced)
	}
}
