package explain

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/duration"
)

// Mood is how good a piece of news is.
type Mood string

// The moods.
const (
	Good Mood = "good"
	Busy Mood = "busy"
	Bad  Mood = "bad"
)

// Page is text for a person.
type Page struct {
	now    time.Time
	colour bool
	out    strings.Builder
}

// NewPage returns an empty page that writes times as seen from now.
func NewPage(now time.Time, colour bool) *Page { return &Page{now: now, colour: colour} }

// Watching says at the top when this was so, and how often it is looked at.
func (p *Page) Watching(every time.Duration) {
	p.out.WriteString(p.paint("2", fmt.Sprintf("%s, every %s; Ctrl-C ends", p.now.Format("2006-01-02 15:04:05"), every)) + "\n\n")
}

// Failed says why there is no answer this time.
func (p *Page) Failed(err error) { p.news(Bad, "no answer: %v; it is tried again", err) }

// WriteTo hands the page over.
func (p *Page) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, p.out.String())
	return int64(n), err
}

// plain keeps what others wrote, such as an annotation, from steering the terminal.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0:
			return '?'
		}
		return r
	}, text)
}

func (p *Page) paint(code, text string) string {
	if !p.colour || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p *Page) inMood(m Mood, text string) string {
	switch m {
	case Good:
		return p.paint("32", text)
	case Busy:
		return p.paint("33", text)
	case Bad:
		return p.paint("31", text)
	}
	return text
}

func (p *Page) line(format string, args ...any) {
	p.out.WriteString(plain(fmt.Sprintf(format, args...)) + "\n")
}

func (p *Page) news(m Mood, format string, args ...any) {
	p.out.WriteString(p.inMood(m, plain(fmt.Sprintf(format, args...))) + "\n")
}

// heading begins a part of the page.
func (p *Page) heading(format string, args ...any) {
	p.out.WriteString("\n" + p.paint("1", plain(fmt.Sprintf(format, args...))) + "\n")
}

func (p *Page) list(items []string) {
	for _, item := range items {
		p.line("  - %s", item)
	}
}

// row is a line of a grid; its mood colours the last cell.
type row struct {
	cells []string
	mood  Mood
}

func cells(text ...string) row { return row{cells: text} }

// grid prints rows in columns below their names.
func (p *Page) grid(head []string, rows []row) {
	widths := make([]int, len(head))
	for _, r := range append([]row{{cells: head}}, rows...) {
		for i, c := range r.cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(plain(c)))
		}
	}
	p.gridRow(row{cells: head}, widths)
	for _, r := range rows {
		p.gridRow(r, widths)
	}
}

func (p *Page) gridRow(r row, widths []int) {
	var line strings.Builder
	last := len(r.cells) - 1
	for i, c := range r.cells {
		c = plain(c)
		if i == last {
			line.WriteString(p.inMood(r.mood, c))
			break
		}
		line.WriteString(c + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c)+2))
	}
	p.out.WriteString("  " + strings.TrimRight(line.String(), " ") + "\n")
}

// clock writes a time of today by its hour, another with its day.
func (p *Page) clock(t time.Time) string {
	t = t.In(p.now.Location())
	if t.Year() == p.now.Year() && t.YearDay() == p.now.YearDay() {
		return t.Format("15:04:05")
	}
	return t.Format("2006-01-02 15:04:05")
}

// ago writes a time and how long ago it was.
func (p *Page) ago(t time.Time) string {
	if t.After(p.now) {
		return fmt.Sprintf("%s (in %s)", p.clock(t), duration.HumanDuration(t.Sub(p.now)))
	}
	return fmt.Sprintf("%s (%s ago)", p.clock(t), duration.HumanDuration(p.now.Sub(t)))
}

// source says where the answer comes from.
func (p *Page) source(r Rounds) {
	p.out.WriteString("\n")
	switch {
	case r.Source == "":
		p.line("From the objects' status alone: no round could be asked.")
	case r.Last.IsZero() || r.Planned:
		p.line("From %s.", r.Source)
	default:
		p.line("From %s; its last round was at %s.", r.Source, p.ago(r.Last))
	}
}
