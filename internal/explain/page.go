package explain

import (
	"fmt"
	"io"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/vpsie/vpsie-autoscaler/internal/grid"
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
	// width is how many characters a line may have; 0 is no limit.
	width int
	out   strings.Builder
}

// NewPage returns an empty page that writes times as seen from now, in lines of at most width
// characters; 0 is no limit.
func NewPage(now time.Time, colour bool, width int) *Page {
	return &Page{now: now, colour: colour, width: width}
}

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

func (p *Page) line(format string, args ...any) { p.news("", format, args...) }

func (p *Page) news(m Mood, format string, args ...any) {
	for _, line := range grid.Paragraph(plain(fmt.Sprintf(format, args...)), p.width) {
		p.out.WriteString(p.inMood(m, line) + "\n")
	}
}

// heading begins a part of the page.
func (p *Page) heading(format string, args ...any) {
	p.out.WriteString("\n")
	p.bold(format, args...)
}

func (p *Page) bold(format string, args ...any) {
	for _, line := range grid.Paragraph(plain(fmt.Sprintf(format, args...)), p.width) {
		p.out.WriteString(p.paint("1", line) + "\n")
	}
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

// grid prints rows in columns below their names. spare names columns that are left out where
// there is no room for all, the last first.
func (p *Page) grid(head []string, rows []row, spare ...string) {
	t := grid.Table{Indent: 2, Head: head, Spare: spare}
	for _, r := range rows {
		line := make([]string, len(r.cells))
		for i, c := range r.cells {
			line[i] = plain(c)
		}
		t.Rows = append(t.Rows, line)
	}
	for _, line := range t.Lay(p.width) {
		last := len(line.Cells) - 1
		text := strings.Join(line.Cells[:last], "")
		end := line.Cells[last]
		if line.Row >= 0 && end != "" {
			end = p.inMood(rows[line.Row].mood, end)
		}
		p.out.WriteString(strings.TrimRight("  "+text+end, " ") + "\n")
	}
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
