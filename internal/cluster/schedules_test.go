package cluster

import (
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// entry is a schedule that is active from 10 to 14 o'clock.
func entry(name string, change func(*v1alpha1.Schedule)) v1alpha1.Schedule {
	s := v1alpha1.Schedule{Name: name, Cron: "0 10 * * *", DurationSeconds: 4 * 3600}
	change(&s)
	return s
}

func bounds(least, most int32) func(*v1alpha1.Schedule) {
	return func(s *v1alpha1.Schedule) {
		if least >= 0 {
			s.MinNodes = &least
		}
		if most >= 0 {
			s.MaxNodes = &most
		}
	}
}

func pausing(is bool) func(*v1alpha1.Schedule) {
	return func(s *v1alpha1.Schedule) { s.Paused = &is }
}

// Of the active schedules each bound is of the last entry that has it; annotations count before all.
func TestSchedulesGiveBounds(t *testing.T) {
	const low, high, pause = v1alpha1.AnnotationMinNodesOverride, v1alpha1.AnnotationMaxNodesOverride, v1alpha1.AnnotationPause
	elsewhen := entry("elsewhen", bounds(9, 9))
	elsewhen.Cron = "0 20 * * *"
	broken := entry("broken", bounds(9, 9))
	broken.Cron = "0 0 31 2 *"
	for name, test := range map[string]struct {
		schedules   []v1alpha1.Schedule
		annotations map[string]string
		min, max    int
		paused      bool
		active      string
		bounded     string
	}{
		"none":                             {nil, nil, 2, 5, false, "", ""},
		"not active":                       {[]v1alpha1.Schedule{elsewhen}, nil, 2, 5, false, "", ""},
		"both bounds":                      {[]v1alpha1.Schedule{entry("a", bounds(3, 8))}, nil, 3, 8, false, "a", "a"},
		"the later entry":                  {[]v1alpha1.Schedule{entry("a", bounds(3, 8)), entry("b", bounds(1, 4))}, nil, 1, 4, false, "a,b", "b"},
		"each bound by itself":             {[]v1alpha1.Schedule{entry("a", bounds(3, 8)), entry("b", bounds(-1, 9))}, nil, 3, 9, false, "a,b", "a,b"},
		"maxNodes 0 alone":                 {[]v1alpha1.Schedule{entry("off", bounds(-1, 0))}, nil, 0, 0, false, "off", "off"},
		"an entry that cannot be read":     {[]v1alpha1.Schedule{broken}, nil, 2, 5, false, "", ""},
		"paused":                           {[]v1alpha1.Schedule{entry("p", pausing(true))}, nil, 2, 5, true, "p", ""},
		"paused, and not by the later one": {[]v1alpha1.Schedule{entry("p", pausing(true)), entry("q", pausing(false))}, nil, 2, 5, false, "p,q", ""},
		"paused, the annotation is false":  {[]v1alpha1.Schedule{entry("p", pausing(true))}, map[string]string{pause: "false"}, 2, 5, false, "p", ""},
		"not paused, the annotation is":    {[]v1alpha1.Schedule{entry("p", pausing(false))}, map[string]string{pause: "true"}, 2, 5, true, "p", ""},
		"both overrides":                   {[]v1alpha1.Schedule{entry("a", bounds(3, 8))}, map[string]string{low: "4", high: "6"}, 4, 6, false, "a", ""},
		"a minimum above the schedule":     {[]v1alpha1.Schedule{entry("off", bounds(-1, 0))}, map[string]string{low: "3"}, 3, 3, false, "off", "off"},
		"a maximum below the schedule":     {[]v1alpha1.Schedule{entry("on", bounds(4, -1))}, map[string]string{high: "2"}, 2, 2, false, "on", "on"},
	} {
		t.Run(name, func(t *testing.T) {
			g := &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Name: "web", Annotations: test.annotations}}
			g.Spec.MinNodes, g.Spec.MaxNodes, g.Spec.Schedules = 2, 5, test.schedules
			l := LimitsOf(g, instant(t, "2026-11-23T12:00:00Z"))
			if l.Min != test.min || l.Max != test.max || l.Paused != test.paused || strings.Join(l.Active, ",") != test.active || strings.Join(l.Bounded, ",") != test.bounded {
				t.Errorf("%+v", l)
			}
			if (len(l.Problems) > 0) != (name == "an entry that cannot be read") {
				t.Errorf("problems %q", l.Problems)
			}
			if test.active != "" && !l.Until.Equal(instant(t, "2026-11-23T14:00:00Z")) {
				t.Errorf("until %s", l.Until)
			}
		})
	}
}

// What the planner hears: the bounds of the moment, by which schedule, and when they change.
func TestSchedulesInThePlannersWords(t *testing.T) {
	g := &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Name: "web"}}
	g.Spec.MinNodes, g.Spec.MaxNodes = 2, 5
	g.Spec.Schedules = []v1alpha1.Schedule{entry("off", bounds(-1, 0)), entry("p", pausing(true))}
	at := func(now string) *plan.Group {
		return NewBuilder().State(&Objects{NodeGroups: []*v1alpha1.NodeGroup{g}}, nil, instant(t, now), plan.Options{}).Groups[0]
	}
	in := at("2026-11-23T12:00:00Z")
	if in.Min != 0 || in.Max != 0 || !in.Drain || !in.Paused || in.PausedBy != "by schedule p until 2026-11-23T14:00:00Z" ||
		in.Scheduled != "schedule off until 2026-11-23T14:00:00Z" || !in.BoundsUntil.Equal(instant(t, "2026-11-23T14:00:00Z")) {
		t.Errorf("%+v", in)
	}
	out := at("2026-11-23T14:00:00Z")
	if out.Min != 2 || out.Max != 5 || out.Drain || out.Paused || out.PausedBy != "" || out.Scheduled != "" || !out.BoundsUntil.Equal(instant(t, "2026-11-24T10:00:00Z")) {
		t.Errorf("%+v", out)
	}
}

// A week in Berlin in which the clock is put forward.
func TestSpans(t *testing.T) {
	g := &v1alpha1.NodeGroup{}
	g.Spec.MinNodes, g.Spec.MaxNodes = 1, 5
	g.Spec.Schedules = []v1alpha1.Schedule{
		{Name: "night", Cron: "0 20 * * *", TimeZone: "Europe/Berlin", DurationSeconds: 36000, MaxNodes: new(int32(0))},
		{Name: "again", Cron: "0 0 * * *", TimeZone: "Europe/Berlin", DurationSeconds: 3600, MaxNodes: new(int32(0))},
	}
	var got []string
	for _, s := range Spans(g, instant(t, "2026-03-28T12:00:00Z"), 48*time.Hour) {
		got = append(got, s.From.UTC().Format("02T15:04")+" "+strings.Join(s.Limits.Active, "+"))
	}
	want := []string{"28T12:00 ", "28T19:00 night", "28T23:00 night+again", "29T00:00 night", "29T05:00 ", "29T18:00 night", "29T22:00 night+again", "29T23:00 night", "30T04:00 "}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
