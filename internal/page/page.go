package page

import (
	"cmp"
	_ "embed"
	"fmt"
	"hash/fnv"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"
	"time"
)

// Page is what is shown, from the top.
type Page struct {
	Title, Subtitle string
	// Refresh has a browser load the page again after so many seconds; 0 does not.
	Refresh int
	Facts   []Fact
	Tables  []Table
	Chart   *Chart
	Scenes  []Scene
	Waiting []Waiting
	// Decisions are newest first.
	Decisions []Decision
	// LeftOut is how many decisions are not shown.
	LeftOut int
	Notes   []string
}

// Fact is a number that matters.
type Fact struct{ Name, Value, Note string }

// Table compares; the first column names the rows.
type Table struct {
	Title string
	Head  []string
	Rows  [][]string
}

// Chart is lines over time.
type Chart struct {
	Title, Unit string
	Lines       []Line
}

// Line is one line of a chart; Dashed is for bounds.
type Line struct {
	Name   string
	Dashed bool
	Points []Point
}

// Point is a value from a time on, until the next.
type Point struct {
	At    time.Time
	Value float64
}

// Scene is nodes at a moment.
type Scene struct {
	Title string
	Nodes []Node
}

// Node is a bar for cpu and one for memory, filled with pods.
type Node struct {
	Name, Group, Type, Price string
	// State is what is said of it, such as Ready; Mark is the class by which it is
	// coloured: good, busy, bad, new or gone.
	State, Mark string
	// Why says why it is bought, stays or goes.
	Why string
	// CPU is in milli-cores, Memory in bytes.
	CPU, Memory int64
	Pods        []Pod
}

// Pod is one on a node.
type Pod struct {
	Name        string
	CPU, Memory int64
	// New: it is not there yet.
	New bool
}

// Waiting are pods without a node, and why.
type Waiting struct {
	Pods    string
	Reason  string
	Message string
}

// Decision is something that was decided.
type Decision struct {
	At, What, Subject, Text string
	// Mark is the class by which it is coloured.
	Mark string
}

//go:embed page.html.tmpl
var source string

// Write writes the page.
func (p *Page) Write(w io.Writer) error {
	t, err := template.New("page").Funcs(template.FuncMap{"bar": bar, "percent": percent, "chart": draw, "shown": shown, "more": more, "pods": podsOf}).Parse(source)
	if err != nil {
		return err
	}
	return t.Execute(w, p)
}

// mostNodes is how many nodes of a scene are drawn: what is beyond nobody looks through.
const mostNodes = 5000

func shown(nodes []Node) []Node { return nodes[:min(len(nodes), mostNodes)] }
func more(nodes []Node) int     { return max(len(nodes)-mostNodes, 0) }

// segment is a part of a bar.
type segment struct {
	// Left and Width are in hundredths of the bar.
	Left, Width float64
	Hue         int
	Name        string
	New         bool
}

// mostSegments is how many pods of a node are drawn one by one, the largest first.
const mostSegments = 24

// bar divides a node's cpu or memory between its pods.
func bar(n Node, resource string) []segment {
	of, whole := func(p Pod) int64 { return p.CPU }, n.CPU
	if resource == "memory" {
		of, whole = func(p Pod) int64 { return p.Memory }, n.Memory
	}
	if whole <= 0 {
		return nil
	}
	pods := slices.Clone(n.Pods)
	slices.SortStableFunc(pods, func(a, b Pod) int { return cmp.Or(cmp.Compare(of(b), of(a)), strings.Compare(a.Name, b.Name)) })
	var out []segment
	left := 0.0
	add := func(amount int64, s segment) {
		s.Left, s.Width = left, min(100*float64(amount)/float64(whole), 100-left)
		if s.Width > 0 {
			out = append(out, s)
			left += s.Width
		}
	}
	rest, others := int64(0), 0
	for i, p := range pods {
		if i >= mostSegments {
			rest += of(p)
			others++
			continue
		}
		add(of(p), segment{Hue: hueOf(p.Name), Name: p.Name, New: p.New})
	}
	if others > 0 {
		add(rest, segment{Hue: 0, Name: fmt.Sprintf("%d further pods", others)})
	}
	return out
}

// hueOf colours pods of one namespace and workload alike.
func hueOf(pod string) int {
	name := pod
	if i := strings.LastIndex(name, "-"); i > 0 {
		name = name[:i]
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	return int(h.Sum32() % 360)
}

// podsOf counts the node's pods in words.
func podsOf(n Node) string {
	if len(n.Pods) == 1 {
		return "1 pod"
	}
	return fmt.Sprintf("%d pods", len(n.Pods))
}

// percent is how much of the node its pods ask for.
func percent(n Node, resource string) int {
	var used, whole int64 = 0, n.CPU
	if resource == "memory" {
		whole = n.Memory
	}
	for _, p := range n.Pods {
		if resource == "memory" {
			used += p.Memory
		} else {
			used += p.CPU
		}
	}
	if whole <= 0 {
		return 0
	}
	return int(math.Round(100 * float64(used) / float64(whole)))
}

// MarkOf is the mark of a node in a state of the planner or a phase of a VPSieNode.
func MarkOf(state string) string {
	switch state {
	case "Ready":
		return "good"
	case "NotReady", "Failed":
		return "bad"
	case "Terminating", "Deleting":
		return "gone"
	}
	return "busy"
}
