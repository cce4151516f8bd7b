package cluster

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	_ "time/tzdata" // the image of the controller has no time zones of its own

	"github.com/robfig/cron/v3"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// schedule is when something is active: for a while from each start.
type schedule struct {
	starts cron.Schedule
	zone   *time.Location
	lasts  time.Duration
	// hourly: it may start in every hour of a day.
	hourly bool
}

func newSchedule(text v1alpha1.Cron, timeZone v1alpha1.TimeZone, seconds int32) (*schedule, error) {
	starts, hourly, err := parseCron(string(text))
	if err != nil {
		return nil, err
	}
	zone, err := parseZone(string(timeZone))
	if err != nil {
		return nil, err
	}
	if seconds <= 0 {
		return nil, errors.New("durationSeconds must be above 0")
	}
	return &schedule{starts, zone, time.Duration(seconds) * time.Second, hourly}, nil
}

// everyHour are the bits of the 24 hours in a cron.SpecSchedule.
const everyHour = 1<<24 - 1

// parseCron reads a schedule as a CronJob has it, and says whether it may start in every
// hour. What depends on the time at which the controller starts (@every), and a time zone
// in the text, are no such schedules.
func parseCron(text string) (starts cron.Schedule, hourly bool, err error) {
	if strings.HasPrefix(text, "@every") || strings.Contains(text, "TZ=") {
		return nil, false, fmt.Errorf("cron %q: want five fields, such as 0 2 * * *, or @daily; the time zone is in timeZone", text)
	}
	s, err := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor).Parse(text)
	if err != nil {
		return nil, false, fmt.Errorf("cron %q: %w", text, err)
	}
	if s.Next(time.Unix(0, 0).UTC()).IsZero() {
		return nil, false, fmt.Errorf("cron %q names a day that no year has", text)
	}
	spec, is := s.(*cron.SpecSchedule)
	if !is {
		return nil, false, fmt.Errorf("cron %q: want five fields, such as 0 2 * * *, or @daily", text)
	}
	return spec, spec.Hour&everyHour == everyHour, nil
}

func parseZone(name string) (*time.Location, error) {
	if name == "Local" {
		return nil, fmt.Errorf("timeZone %q: want a name of the IANA time zone database, such as Europe/Berlin or UTC", name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("timeZone %q: %w; want a name of the IANA time zone database, such as Europe/Berlin or UTC", name, err)
	}
	return zone, nil
}

// next is the first start after t; zero when there is none within five years. What starts
// in every hour follows the time. Of the rest cron.Schedule would leave out a start that the
// clock skips, and repeat one in an hour that the clock repeats, so the starts are looked for
// on the wall clock, where each is once.
func (s *schedule) next(t time.Time) time.Time {
	local := t.In(s.zone)
	if s.hourly {
		return s.starts.Next(local)
	}
	for wall := asUTC(local); ; {
		wall = s.starts.Next(wall)
		if wall.IsZero() {
			return time.Time{}
		}
		if start := onTheClock(wall, s.zone); start.After(t) {
			return start
		}
	}
}

// onTheClock is when the clocks of the zone first show the wall time. For a time that is
// skipped it is the moment at which the clocks are put forward.
func onTheClock(wall time.Time, zone *time.Location) time.Time {
	t := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, zone)
	start, end := t.ZoneBounds()
	switch shown := asUTC(t); {
	case shown.After(wall):
		return start
	case shown.Before(wall):
		return end
	}
	if !start.IsZero() {
		if before := t.Add(offset(t) - offset(start.Add(-time.Nanosecond))); before.Before(start) {
			return before // it is shown twice, and t is the second time
		}
	}
	return t
}

func asUTC(local time.Time) time.Time {
	return time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), local.Nanosecond(), time.UTC)
}

// offset is how far the clocks of the time's zone are ahead of UTC then.
func offset(t time.Time) time.Duration {
	_, seconds := t.Zone()
	return time.Duration(seconds) * time.Second
}

// activity is what a schedule is at a moment.
type activity struct {
	active bool
	// ends is when it ends, if it is active; next is its next start, if it is not.
	ends, next time.Time
}

func (a activity) opens() string {
	if a.next.IsZero() {
		return "does not open in the next years"
	}
	return "opens at " + clock(a.next)
}

// mostStarts bounds how many starts that overlap are followed to the end of the last: those
// of eight days when there is one each minute.
const mostStarts = 8 * 24 * 60

// at works out the schedule from the time alone, so that it does not matter whether
// anybody was there when it started.
func (s *schedule) at(now time.Time) activity {
	start := s.next(now.Add(-s.lasts))
	if start.IsZero() || start.After(now) {
		return activity{next: start}
	}
	ends := start.Add(s.lasts)
	for range mostStarts {
		start = s.next(start)
		if start.IsZero() || start.After(ends) {
			return activity{active: true, ends: ends}
		}
		ends = start.Add(s.lasts)
	}
	return activity{active: true, ends: now.Add(math.MaxInt64)} // it never ends
}

// describe is a schedule in the words of its fields.
func describe(cron v1alpha1.Cron, zone v1alpha1.TimeZone, seconds int32) string {
	if zone == "" {
		zone = "UTC"
	}
	return fmt.Sprintf("cron %s, %s, for %s", cron, zone, time.Duration(seconds)*time.Second)
}

func clock(t time.Time) string { return t.UTC().Format(time.RFC3339) }
