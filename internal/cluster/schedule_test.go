package cluster

import (
	"fmt"
	"testing"
	"time"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// A schedule follows from the time alone, in its time zone.
func TestSchedulesAtATime(t *testing.T) {
	tests := map[string]struct {
		cron       v1alpha1.Cron
		zone       v1alpha1.TimeZone
		hours      float64
		now        string
		ends, next string // one of them
	}{
		"before the start":                {"0 2 * * *", "", 4, "2026-11-23T01:59:59Z", "", "2026-11-23T02:00:00Z"},
		"at the start":                    {"0 2 * * *", "", 4, "2026-11-23T02:00:00Z", "2026-11-23T06:00:00Z", ""},
		"a moment before the end":         {"0 2 * * *", "", 4, "2026-11-23T05:59:59Z", "2026-11-23T06:00:00Z", ""},
		"at the end":                      {"0 2 * * *", "", 4, "2026-11-23T06:00:00Z", "", "2026-11-24T02:00:00Z"},
		"winter in Berlin":                {"0 2 * * *", "Europe/Berlin", 4, "2026-11-23T01:00:00Z", "2026-11-23T05:00:00Z", ""},
		"summer in Berlin":                {"0 2 * * *", "Europe/Berlin", 4, "2026-07-23T00:30:00Z", "2026-07-23T04:00:00Z", ""},
		"over midnight":                   {"0 22 * * FRI", "America/New_York", 10, "2026-11-28T05:00:00Z", "2026-11-28T13:00:00Z", ""},
		"not on a Sunday":                 {"0 9 * * 1-5", "", 8, "2026-11-22T12:00:00Z", "", "2026-11-23T09:00:00Z"},
		"starts that overlap":             {"0 */2 * * *", "", 3, "2026-11-23T01:30:00Z", "never", ""},
		"starts that overlap by day":      {"0 9,10 * * *", "", 2, "2026-11-23T09:30:00Z", "2026-11-23T12:00:00Z", ""},
		"a start that the clock skips":    {"30 2 * * *", "Europe/Berlin", 1, "2026-03-29T01:10:00Z", "2026-03-29T02:00:00Z", ""},
		"before the clock skips it":       {"30 2 * * *", "Europe/Berlin", 1, "2026-03-29T00:59:59Z", "", "2026-03-29T01:00:00Z"},
		"when an hour comes again":        {"30 2 * * *", "Europe/Berlin", 0.5, "2026-10-25T01:40:00Z", "", "2026-10-26T01:30:00Z"},
		"each hour, when one comes again": {"30 * * * *", "Europe/Berlin", 0.25, "2026-10-25T01:40:00Z", "2026-10-25T01:45:00Z", ""},
		"an hour that the clock repeats":  {"30 2 * * *", "Europe/Berlin", 0.5, "2026-10-25T00:45:00Z", "2026-10-25T01:00:00Z", ""},
		"a descriptor":                    {"@weekly", "", 1, "2026-11-23T00:00:00Z", "", "2026-11-29T00:00:00Z"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := newSchedule(test.cron, test.zone, int32(test.hours*3600))
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

// Whatever the clocks do, a daily schedule starts once on each day of the year.
func TestAStartCountsOnceOverEachChangeOfTheClock(t *testing.T) {
	for _, zone := range []v1alpha1.TimeZone{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"} {
		for _, hour := range []int{0, 1, 2, 3, 4, 23} {
			for _, minute := range []int{0, 15, 30, 59} {
				cron := v1alpha1.Cron(fmt.Sprintf("%d %d * * *", minute, hour))
				s, err := newSchedule(cron, zone, 600)
				if err != nil {
					t.Fatal(err)
				}
				days := map[string]int{}
				last := time.Date(2026, 1, 1, 0, 0, 0, 0, s.zone).Add(-time.Nanosecond)
				for end := last.AddDate(1, 0, 0); ; {
					start := s.next(last)
					if !start.After(last) {
						t.Fatalf("%s %s: %s after %s", cron, zone, start, last)
					}
					if start.After(end) {
						break
					}
					days[start.In(s.zone).Format(time.DateOnly)]++
					last = start
				}
				for day, n := range days {
					if n != 1 {
						t.Errorf("%s %s: %d starts on %s", cron, zone, n, day)
					}
				}
				if len(days) != 365 {
					t.Errorf("%s %s: starts on %d days of the year", cron, zone, len(days))
				}
			}
		}
	}
}

// What starts in every hour does so 24 times in 24 hours, also while an hour is skipped or repeated.
func TestHourlyStartsFollowTheTime(t *testing.T) {
	s, err := newSchedule("30 * * * *", "Europe/Berlin", 600)
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{"2026-03-28T12:00:00Z", "2026-10-24T12:00:00Z"} {
		last := instant(t, from)
		for n := range 48 {
			start := s.next(last)
			if want := instant(t, from).Add(time.Duration(n)*time.Hour + 30*time.Minute); !start.Equal(want) {
				t.Fatalf("start %d is at %s, want %s", n, start, want)
			}
			last = start
		}
	}
}
