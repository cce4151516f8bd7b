package page

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Sizes of the drawing, in its own units.
const chartWidth, chartHeight, chartLeft, chartBottom = 1000.0, 260.0, 60.0, 24.0

// drawing is a chart worked out: what the template has to write down.
type drawing struct {
	Width, Height, Left, Right, Bottom float64
	Title, Unit                        string
	Lines                              []drawnLine
	Rows, Columns                      []tick
}

type drawnLine struct {
	Name   string
	Path   string
	Dashed bool
	// Number is the colour's.
	Number int
	// Mean is the mean over the time, as text.
	Mean string
}

type tick struct {
	At   float64
	Text string
}

// draw works a chart out; nil when it has nothing to show.
func draw(c *Chart) *drawing {
	if c == nil {
		return nil
	}
	var from, until time.Time
	top := 0.0
	for _, l := range c.Lines {
		for _, p := range l.Points {
			if from.IsZero() || p.At.Before(from) {
				from = p.At
			}
			if p.At.After(until) {
				until = p.At
			}
			top = max(top, p.Value)
		}
	}
	if !until.After(from) || top <= 0 {
		return nil
	}
	step := niceStep(top / 4)
	top = math.Ceil(top/step) * step
	d := &drawing{Width: chartWidth, Height: chartHeight, Left: chartLeft, Right: chartWidth - 8, Bottom: chartHeight - chartBottom, Title: c.Title, Unit: c.Unit}
	x := func(t time.Time) float64 {
		return chartLeft + (d.Right-chartLeft)*float64(t.Sub(from))/float64(until.Sub(from))
	}
	y := func(v float64) float64 { return d.Bottom - (d.Bottom-8)*v/top }
	for v := 0.0; v <= top+step/2; v += step {
		d.Rows = append(d.Rows, tick{y(v), fmt.Sprintf("%.4g", v)})
	}
	d.Columns = hours(from, until, x)
	for i, l := range c.Lines {
		d.Lines = append(d.Lines, drawnLine{Name: l.Name, Path: path(l.Points, until, x, y), Dashed: l.Dashed, Number: i % 6, Mean: fmt.Sprintf("%.4f", mean(l.Points, until))})
	}
	return d
}

// hours are round times (UTC) along the chart, six at most; none is so near an end that its
// text would stick out.
func hours(from, until time.Time, x func(time.Time) float64) []tick {
	const most, margin = 6, 30
	length := until.Sub(from)
	step := 365 * 24 * time.Hour
	for _, round := range []time.Duration{
		time.Second, 10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour,
		12 * time.Hour, 24 * time.Hour, 2 * 24 * time.Hour, 7 * 24 * time.Hour, 14 * 24 * time.Hour, 30 * 24 * time.Hour, 90 * 24 * time.Hour,
	} {
		if length/round <= most {
			step = round
			break
		}
	}
	layout := "15:04"
	switch {
	case step >= 24*time.Hour:
		layout = "2 Jan"
	case step < time.Minute:
		layout = "15:04:05"
	case length > 24*time.Hour:
		layout = "2 Jan 15:04"
	}
	var ticks []tick
	for t := from.UTC().Truncate(step); !t.After(until); t = t.Add(step) {
		if at := x(t); at >= chartLeft+margin && at <= chartWidth-8-margin {
			ticks = append(ticks, tick{at, t.Format(layout)})
		}
	}
	return ticks
}

// path is a line of steps.
func path(points []Point, until time.Time, x func(time.Time) float64, y func(float64) float64) string {
	var b strings.Builder
	for i, p := range points {
		if i == 0 {
			fmt.Fprintf(&b, "M%.1f %.1f", x(p.At), y(p.Value))
			continue
		}
		fmt.Fprintf(&b, "H%.1fV%.1f", x(p.At), y(p.Value))
	}
	if len(points) > 0 {
		fmt.Fprintf(&b, "H%.1f", x(until))
	}
	return b.String()
}

func mean(points []Point, until time.Time) float64 {
	sum, length := 0.0, 0.0
	for i, p := range points {
		next := until
		if i+1 < len(points) {
			next = points[i+1].At
		}
		d := next.Sub(p.At).Seconds()
		sum, length = sum+p.Value*d, length+d
	}
	if length <= 0 {
		return 0
	}
	return sum / length
}

// niceStep rounds up to 1, 2 or 5 times a power of ten.
func niceStep(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, n := range []float64{1, 2, 5} {
		if v <= n*power {
			return n * power
		}
	}
	return 10 * power
}
