package cluster

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// A schedule follows from the time alone, in its time zone.
func TestSchedulesAtATime(t *testing.T) {
	tests := map[string]struct {
		cron, zone string
		hours      float64
		now        string
		ends, next string // one of them
	}{
		"before the start":               {"0 2 * * *", "", 4, "2026-11-23T01:59:59Z", "", "2026-11-23T02:00:00Z"},
		"at the start":                   {"0 2 * * *", "", 4, "2026-11-23T02:00:00Z", "2026-11-23T06:00:00Z", ""},
		"a moment before the end":        {"0 2 * * *", "", 4, "2026-11-23T05:59:59Z", "2026-11-23T06:00:00Z", ""},
		"at the end":                     {"0 2 * * *", "", 4, "2026-11-23T06:00:00Z", "", "2026-11-24T02:00:00Z"},
		"winter in Berlin":               {"0 2 * * *", "Europe/Berlin", 4, "2026-11-23T01:00:00Z", "2026-11-23T05:00:00Z", ""},
		"summer in Berlin":               {"0 2 * * *", "Europe/Berlin", 4, "2026-07-23T00:30:00Z", "2026-07-23T04:00:00Z", ""},
		"over midnight":                  {"0 22 * * FRI", "America/New_York", 10, "2026-11-28T05:00:00Z", "2026-11-28T13:00:00Z", ""},
		"not on a Sunday":                {"0 9 * * 1-5", "", 8, "2026-11-22T12:00:00Z", "", "2026-11-23T09:00:00Z"},
		"starts that overlap":            {"0 */2 * * *", "", 3, "2026-11-23T01:30:00Z", "never", ""},
		"starts that overlap by day":     {"0 9,10 * * *", "", 2, "2026-11-23T09:30:00Z", "2026-11-23T12:00:00Z", ""},
		"a start that the clock skips":   {"30 2 * * *", "Europe/Berlin", 1, "2026-03-29T01:10:00Z", "", "2026-03-30T00:30:00Z"},
		"an hour that the clock repeats": {"30 2 * * *", "Europe/Berlin", 0.5, "2026-10-25T00:45:00Z", "2026-10-25T01:00:00Z", ""},
		"a descriptor":                   {"@weekly", "", 1, "2026-11-23T00:00:00Z", "", "2026-11-29T00:00:00Z"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := scheduleOf(&v1alpha1.DisruptionBudget{Cron: test.cron, TimeZone: test.zone, DurationSeconds: new(int32(test.hours * 3600))})
			if err != nil {
				t.Fatal(err)
			}
			got := s.at(instant(t, test.now))
			switch {
			case test.ends == "never":
				if !got.active || got.ends.Before(instant(t, "2100-01-01T00:00:00Z")) {
					t.Errorf("active %t, ends %s", got.active, got.ends)
				}
			case test.ends != "":
				if !got.active || !got.ends.Equal(instant(t, test.ends)) {
					t.Errorf("active %t, ends %s, want %s", got.active, got.ends, test.ends)
				}
			default:
				if got.active || !got.next.Equal(instant(t, test.next)) {
					t.Errorf("active %t, next %s, want %s", got.active, got.next, test.next)
				}
			}
		})
	}
}

// The planner gets how many nodes may go now, in words that name the budget.
func TestBudgetsInThePlannersWords(t *testing.T) {
	window := func(cron string) *v1alpha1.DisruptionBudget {
		return &v1alpha1.DisruptionBudget{Kind: v1alpha1.DisruptionWindow, Cron: cron, TimeZone: "Europe/Berlin", DurationSeconds: new(int32(14400)), Reasons: []v1alpha1.DisruptionReason{"Underutilized"}}
	}
	limit := func(nodes any, cron string) *v1alpha1.DisruptionBudget {
		b := &v1alpha1.DisruptionBudget{Nodes: new(intstr.FromString(""))}
		switch n := nodes.(type) {
		case int:
			b.Nodes = new(intstr.FromInt32(int32(n)))
		case string:
			b.Nodes = new(intstr.FromString(n))
		}
		if cron != "" {
			b.Cron, b.DurationSeconds = cron, new(int32(3600))
		}
		return b
	}
	tests := map[string]struct {
		budget  *v1alpha1.DisruptionBudget
		nodes   int
		bounds  bool
		allowed int
		until   string
		message string
	}{
		"an open window":           {budget: window("0 12 * * *")},
		"a closed window":          {window("0 2 * * *"), 5, true, 0, "2026-11-24T01:00:00Z", "disruption.budgets[3] lets nodes go only in its window (cron 0 2 * * *, Europe/Berlin, for 4h0m0s), which opens at 2026-11-24T01:00:00Z"},
		"a number":                 {limit(2, ""), 5, true, 2, "", "disruption.budgets[3] lets 2 of 5 nodes leave at a time (nodes: 2)"},
		"a number as text":         {limit("2", ""), 5, true, 2, "", "lets 2 of 5"},
		"none":                     {limit(0, ""), 5, true, 0, "", "disruption.budgets[3] lets no node go (nodes: 0)"},
		"a part, rounded down":     {limit("10%", ""), 29, true, 2, "", "lets 2 of 29 nodes leave at a time (nodes: 10%)"},
		"a part, at least one":     {limit("10%", ""), 3, true, 1, "", "lets 1 of 3"},
		"no part":                  {limit("0%", ""), 50, true, 0, "", "lets no node go"},
		"a limit out of its hours": {budget: limit(0, "0 3 * * *")},
		"a limit in its hours":     {limit(0, "0 12 * * *"), 5, true, 0, "2026-11-23T13:00:00Z", "lets no node go (nodes: 0) until 2026-11-23T13:00:00Z (cron 0 12 * * *, UTC, for 1h0m0s)"},
		"unreadable nodes":         {limit("many", ""), 5, true, 0, "", `lets no node go: nodes "many"`},
		"an unreadable window":     {window("61 2 * * *"), 5, true, 0, "", `disruption.budgets[3] lets no node go: cron "61 2 * * *"`},
		"a day that never comes":   {window("0 0 31 2 *"), 5, true, 0, "", "names a day that no year has"},
	}
	now := instant(t, "2026-11-23T12:00:00Z")
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, bounds := budgetNow(test.budget, 3, test.nodes, now)
			if bounds != test.bounds {
				t.Fatalf("bounds %t, want %t: %+v", bounds, test.bounds, got)
			}
			if !bounds {
				return
			}
			var until time.Time
			if test.until != "" {
				until = instant(t, test.until)
			}
			if got.Nodes != test.allowed || !got.Until.Equal(until) || !strings.Contains(got.Message, test.message) {
				t.Errorf("got %+v", got)
			}
			if test.budget.Reasons != nil && (len(got.Reasons) != 1 || got.Reasons[0] != plan.Underutilized) {
				t.Errorf("reasons %v", got.Reasons)
			}
		})
	}
}

// What the API server could not know of a schedule is a problem of the NodeGroup.
func TestUnreadableSchedulesAreToldOfTheGroup(t *testing.T) {
	g := &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Name: "web"}}
	g.Spec.MaxNodes = 1
	for _, text := range []string{"0 2 * * FRI-MON", "@every 1h", "TZ=UTC 0 2 * * *", "0 0 31 2 *", "0 2 * *"} {
		g.Spec.Disruption.Budgets = []v1alpha1.DisruptionBudget{{Kind: v1alpha1.DisruptionWindow, Cron: text, DurationSeconds: new(int32(60))}}
		problems := strings.Join(GroupProblems(g), "; ")
		if !strings.Contains(problems, "spec.disruption.budgets[0]: cron") || !strings.Contains(problems, "until it is corrected") {
			t.Errorf("%s: %q", text, problems)
		}
	}
	g.Spec.Disruption.Budgets = []v1alpha1.DisruptionBudget{{Cron: "@daily", TimeZone: "Mars/Olympus", DurationSeconds: new(int32(60))}}
	if problems := strings.Join(GroupProblems(g), "; "); !strings.Contains(problems, `timeZone "Mars/Olympus"`) {
		t.Error(problems)
	}
}

func TestDisruptionInThePlannersWords(t *testing.T) {
	g := &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Name: "web"}}
	g.Spec.Disruption = v1alpha1.Disruption{
		Consolidation: v1alpha1.ConsolidateWhenEmpty, MinNodeLifetimeSeconds: new(int32(60)), AlignToPaidPeriodSeconds: new(int32(3600)),
		Budgets: []v1alpha1.DisruptionBudget{{Nodes: new(intstr.FromString("50%"))}},
	}
	created := instant(t, "2026-11-23T11:00:00Z")
	machine := func(name string) *v1alpha1.VPSieNode {
		return &v1alpha1.VPSieNode{ObjectMeta: metav1.ObjectMeta{Name: name, CreationTimestamp: metav1.NewTime(created)}, Spec: v1alpha1.VPSieNodeSpec{NodeGroupName: "web"}}
	}
	ordered := machine("b")
	ordered.Status.OrderedAt = new(metav1.NewTime(created.Add(time.Minute)))
	other := machine("c")
	other.Spec.NodeGroupName = "api"
	s := NewBuilder().State(&Objects{NodeGroups: []*v1alpha1.NodeGroup{g}, VPSieNodes: []*v1alpha1.VPSieNode{machine("a"), ordered, machine("d"), machine("e"), other}}, nil, created, plan.Options{})
	d := s.Groups[0].Disruption
	if d.Consolidation != plan.ConsolidateEmpty || d.MinLifetime != time.Minute || d.PaidPeriod != time.Hour || len(d.Budgets) != 1 || d.Budgets[0].Nodes != 2 {
		t.Errorf("%+v", d)
	}
	if !s.Nodes[0].Created.Equal(created) || !s.Nodes[1].Created.Equal(created.Add(time.Minute)) {
		t.Errorf("created %s, %s", s.Nodes[0].Created, s.Nodes[1].Created)
	}
}
