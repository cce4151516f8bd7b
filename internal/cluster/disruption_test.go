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

// The planner gets how many nodes may go now, in words that name the budget.
func TestBudgetsInThePlannersWords(t *testing.T) {
	window := func(cron v1alpha1.Cron) *v1alpha1.DisruptionBudget {
		return &v1alpha1.DisruptionBudget{Kind: v1alpha1.DisruptionWindow, Cron: cron, TimeZone: "Europe/Berlin", DurationSeconds: new(int32(14400)), Reasons: []v1alpha1.DisruptionReason{"Underutilized"}}
	}
	limit := func(nodes any, cron v1alpha1.Cron) *v1alpha1.DisruptionBudget {
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
	for _, text := range []v1alpha1.Cron{"0 2 * * FRI-MON", "@every 1h", "TZ=UTC 0 2 * * *", "0 0 31 2 *", "0 2 * *"} {
		g.Spec.Disruption.Budgets = []v1alpha1.DisruptionBudget{{Kind: v1alpha1.DisruptionWindow, Cron: text, DurationSeconds: new(int32(60))}}
		problems := strings.Join(GroupProblems(g, time.Time{}), "; ")
		if !strings.Contains(problems, "spec.disruption.budgets[0]: cron") || !strings.Contains(problems, "until it is corrected") {
			t.Errorf("%s: %q", text, problems)
		}
	}
	g.Spec.Disruption.Budgets = []v1alpha1.DisruptionBudget{{Cron: "@daily", TimeZone: "Mars/Olympus", DurationSeconds: new(int32(60))}}
	if problems := strings.Join(GroupProblems(g, time.Time{}), "; "); !strings.Contains(problems, `timeZone "Mars/Olympus"`) {
		t.Error(problems)
	}
}

func TestDisruptionInThePlannersWords(t *testing.T) {
	g := &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Name: "web"}}
	g.Spec.Disruption = v1alpha1.Disruption{
		Consolidation: v1alpha1.ConsolidateWhenEmpty, MinNodeLifetimeSeconds: new(int32(60)), AlignToPaidPeriodSeconds: new(int32(3600)),
		Budgets: []v1alpha1.DisruptionBudget{{Nodes: new(intstr.FromString("50%"))}},
	}
	if d := disruptionOf(g, 5, instant(t, "2026-11-23T11:00:00Z")); d.MinSavings != 15 || d.Payback != 24*time.Hour || !d.SparePaid {
		t.Errorf("what is not said of replacements: %d%% and %s", d.MinSavings, d.Payback)
	}
	g.Spec.Disruption.MinSavingsPercent, g.Spec.Disruption.PaybackHours = new(int32(20)), new(int32(48))
	created := instant(t, "2026-11-23T11:00:00Z")
	machine := func(name string) *v1alpha1.VPSieNode {
		return &v1alpha1.VPSieNode{ObjectMeta: metav1.ObjectMeta{Name: name, CreationTimestamp: metav1.NewTime(created)}, Spec: v1alpha1.VPSieNodeSpec{NodeGroupName: "web"}}
	}
	ordered := machine("b")
	ordered.Status.OrderedAt = new(metav1.NewTime(created.Add(time.Minute)))
	tidied := machine("d")
	tidied.CreationTimestamp, tidied.Status.CreatedAt = metav1.Time{}, new(metav1.NewTime(created.Add(-time.Minute)))
	other := machine("c")
	other.Spec.NodeGroupName = "api"
	s := NewBuilder().State(&Objects{NodeGroups: []*v1alpha1.NodeGroup{g}, VPSieNodes: []*v1alpha1.VPSieNode{machine("a"), ordered, tidied, machine("e"), other}}, nil, created, plan.Options{})
	d := s.Groups[0].Disruption
	if d.Consolidation != plan.ConsolidateEmpty || d.MinLifetime != time.Minute || d.PaidPeriod != time.Hour || d.MinSavings != 20 || d.Payback != 48*time.Hour || d.SparePaid || len(d.Budgets) != 1 || d.Budgets[0].Nodes != 2 {
		t.Errorf("%+v", d)
	}
	at := map[string]time.Time{"a": created, "b": created.Add(time.Minute), "d": created.Add(-time.Minute)}
	for _, n := range s.Nodes {
		if want, asked := at[n.Name]; asked && !n.Created.Equal(want) {
			t.Errorf("%s was created %s, want %s", n.Name, n.Created, want)
		}
	}
}

func TestFailedReplacementsArePartOfTheState(t *testing.T) {
	until := instant(t, "2026-11-23T12:00:00Z")
	m := &v1alpha1.VPSieNode{ObjectMeta: metav1.ObjectMeta{Name: "a"}}
	for text, want := range map[string]time.Time{
		ReplacementFailure{Until: until, Times: 2, Why: "no room"}.String(): until,
		"":        {},
		"soon":    {},
		"{\"a\"}": {},
	} {
		m.Annotations = map[string]string{v1alpha1.AnnotationReplacementFailed: text, v1alpha1.AnnotationReplaces: "b,c"}
		s := NewBuilder().State(&Objects{VPSieNodes: []*v1alpha1.VPSieNode{m}}, nil, until, plan.Options{})
		n := s.Nodes[0]
		if !n.ReplaceBackoffUntil.Equal(want) || len(n.Replaces) != 2 || want.IsZero() != (n.ReplaceBackoffReason == "") {
			t.Errorf("%q: until %s (%s), replaces %v", text, n.ReplaceBackoffUntil, n.ReplaceBackoffReason, n.Replaces)
		}
	}
}
