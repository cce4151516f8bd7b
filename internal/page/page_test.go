package page

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// hostile is a name that a page must not believe.
const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>';}</style>{{.}}`

func full() *Page {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	return &Page{
		Title: hostile, Subtitle: hostile, Facts: []Fact{{hostile, hostile, hostile}}, Notes: []string{hostile},
		Tables: []Table{{Title: hostile, Head: []string{hostile}, Rows: [][]string{{hostile, hostile}}}},
		Chart: &Chart{Title: hostile, Unit: hostile, Lines: []Line{
			{Name: hostile, Points: []Point{{at, 1}, {at.Add(time.Hour), 3}}}, {Name: "bound", Dashed: true, Points: []Point{{at, 0.5}}},
		}},
		Scenes: []Scene{{Title: hostile, Nodes: []Node{{
			Name: hostile, Group: hostile, Type: hostile, Price: hostile, State: hostile, Mark: "good", Why: hostile, CPU: 1000, Memory: 1000,
			Pods: []Pod{{Name: hostile, CPU: 250, Memory: 500}, {Name: "shop/web-1", CPU: 500, Memory: 100, New: true}},
		}}}},
		Waiting:   []Waiting{{hostile, hostile, hostile}},
		Decisions: []Decision{{hostile, hostile, hostile, hostile, "new"}}, LeftOut: 3,
	}
}

// written is the page as text and as a tree.
func written(t *testing.T, p *Page) (string, *html.Node) {
	t.Helper()
	var out bytes.Buffer
	if err := p.Write(&out); err != nil {
		t.Fatal(err)
	}
	tree, err := html.Parse(strings.NewReader(out.String()))
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), tree
}

func TestNamesOfOthersAreText(t *testing.T) {
	text, tree := written(t, full())
	for n := range tree.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "script", "img", "iframe", "object", "link":
			t.Errorf("the page has a <%s>", n.Data)
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || strings.Contains(a.Val, "http") && a.Key != "http-equiv" {
				t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
			}
		}
	}
	if n := strings.Count(text, "&lt;script&gt;"); n < 20 {
		t.Errorf("the name is told %d times only", n)
	}
	if strings.Contains(text, "ZgotmplZ") {
		t.Error("a value was not let through")
	}
}

// What a screen reader and a keyboard need: names for what is drawn, focus for what scrolls,
// heads for tables, a language and a title.
func TestThePageCanBeUsedWithoutAMouse(t *testing.T) {
	_, tree := written(t, full())
	attr := func(n *html.Node, key string) (string, bool) {
		for _, a := range n.Attr {
			if a.Key == key {
				return a.Val, true
			}
		}
		return "", false
	}
	ids := map[string]bool{}
	var links []string
	tables, drawn := 0, 0
	for n := range tree.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if id, ok := attr(n, "id"); ok {
			if ids[id] {
				t.Errorf("two elements have the id %s", id)
			}
			ids[id] = true
		}
		if href, ok := attr(n, "href"); ok {
			links = append(links, strings.TrimPrefix(href, "#"))
		}
		if role, _ := attr(n, "role"); role == "img" || role == "region" {
			drawn++
			if label, _ := attr(n, "aria-label"); label == "" {
				t.Errorf("<%s role=%s> has no name", n.Data, role)
			}
		}
		if class, _ := attr(n, "class"); class == "scroll" {
			if _, ok := attr(n, "tabindex"); !ok {
				t.Error("what scrolls cannot be reached by the keyboard")
			}
		}
		switch n.Data {
		case "html":
			if lang, _ := attr(n, "lang"); lang == "" {
				t.Error("the page has no language")
			}
		case "th":
			tables++
			if scope, _ := attr(n, "scope"); scope == "" {
				t.Error("a head of a table does not say of what")
			}
		}
	}
	for _, l := range links {
		if !ids[l] {
			t.Errorf("a link leads to %s, which is not there", l)
		}
	}
	if tables == 0 || drawn < 4 || len(links) != 4 {
		t.Errorf("%d heads, %d drawings, links to %v", tables, drawn, links)
	}
}

func TestBarsAreFilledWithPods(t *testing.T) {
	n := Node{CPU: 1000, Memory: 0, Pods: []Pod{{Name: "a/b-1", CPU: 250}, {Name: "a/b-2", CPU: 500}, {Name: "a/none"}, {Name: "a/huge-1", CPU: 900}}}
	got := bar(n, "cpu")
	if len(got) != 2 || got[0].Name != "a/huge-1" || got[0].Width != 90 || got[1].Left != 90 || got[1].Width != 10 {
		t.Errorf("%+v", got)
	}
	if bar(n, "memory") != nil || percent(n, "cpu") != 165 || percent(n, "memory") != 0 {
		t.Error("a node of no memory is divided")
	}
	var many Node
	many.CPU = 1000
	for i := range 110 {
		many.Pods = append(many.Pods, Pod{Name: fmt.Sprintf("a/b-%d", i), CPU: 9})
	}
	got = bar(many, "cpu")
	if last := got[len(got)-1]; len(got) != mostSegments+1 || last.Name != "86 further pods" || last.Left+last.Width > 100 {
		t.Errorf("%d parts, last %+v", len(got), got[len(got)-1])
	}
	if hueOf("shop/web-5d8f-x") == hueOf("shop/api-5d8f-x") || hueOf("shop/web-1") != hueOf("shop/web-2") {
		t.Error("workloads cannot be told apart by their colour")
	}
}

func TestAChartOfNothingIsNotDrawn(t *testing.T) {
	at := time.Now()
	for name, c := range map[string]*Chart{
		"none": nil, "no lines": {}, "one moment": {Lines: []Line{{Points: []Point{{at, 1}}}}}, "all zero": {Lines: []Line{{Points: []Point{{at, 0}, {at.Add(1), 0}}}}},
	} {
		if draw(c) != nil {
			t.Errorf("%s is drawn", name)
		}
	}
	d := draw(&Chart{Lines: []Line{{Points: []Point{{at, 2}, {at.Add(time.Hour), 4}, {at.Add(2 * time.Hour), 4}}}}})
	if d.Lines[0].Mean != "3.0000" || len(d.Rows) != 5 || !strings.HasPrefix(d.Lines[0].Path, "M60.0 ") {
		t.Errorf("%+v", d)
	}
}

// Five thousand nodes of thirty pods are a page that a browser takes.
func TestALargeClusterIsAPage(t *testing.T) {
	scene := Scene{Title: "all"}
	for i := range 6000 {
		n := Node{Name: fmt.Sprintf("node-%d", i), CPU: 4000, Memory: 1 << 33, Mark: "good"}
		for k := range 30 {
			n.Pods = append(n.Pods, Pod{Name: fmt.Sprintf("ns/app-%d-%d", i%50, k), CPU: 100, Memory: 1 << 27})
		}
		scene.Nodes = append(scene.Nodes, n)
	}
	text, _ := written(t, &Page{Title: "large", Scenes: []Scene{scene}})
	if !strings.Contains(text, "and 1000 more nodes") || len(text) > 48<<20 {
		t.Errorf("%d bytes", len(text))
	}
}
