package page

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// browser runs a page in Chromium. Without one the test is skipped, which it says.
type browser struct {
	testing.TB
	binary string
}

func startBrowser(t testing.TB) *browser {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if binary, err := exec.LookPath(name); err == nil {
			return &browser{t, binary}
		}
	}
	t.Skip("THE PAGE IS NOT TRIED IN A BROWSER: there is no chromium (apt-get install chromium)")
	return nil
}

func (b *browser) run(args ...string) []byte {
	b.Helper()
	base := []string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--user-data-dir=" + b.TempDir()}
	cmd := exec.CommandContext(b.Context(), b.binary, append(base, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("running %s: %v\n%s", b.binary, err, &stderr)
	}
	return out
}

// asked loads the page with a script at its end, which calls answered with what is decoded into
// the answer. The page's own policy, which forbids scripts, is taken away for it.
func (b *browser) asked(p *Page, script string, answer any, args ...string) {
	b.Helper()
	var text bytes.Buffer
	if err := p.Write(&text); err != nil {
		b.Fatal(err)
	}
	const policy = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`
	if !strings.Contains(text.String(), policy) {
		b.Fatal("the page has no policy that forbids scripts")
	}
	page := strings.Replace(text.String(), policy, "", 1)
	page = strings.Replace(page, "</body>", `<script>const answered = a => {
const pre = document.createElement('pre'); pre.id = 'answer'; pre.textContent = JSON.stringify(a); document.body.replaceChildren(pre)}</script>
<script>`+script+`</script></body>`, 1)
	file := filepath.Join(b.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		b.Fatal(err)
	}
	tree, err := html.Parse(bytes.NewReader(b.run(append(args, "--dump-dom", "file://"+file)...)))
	if err != nil {
		b.Fatal(err)
	}
	for n := range tree.Descendants() {
		if n.Data != "pre" || n.FirstChild == nil {
			continue
		}
		if err := json.Unmarshal([]byte(n.FirstChild.Data), answer); err != nil {
			b.Fatalf("%v: %s", err, n.FirstChild.Data)
		}
		return
	}
	b.Fatal("the browser gave no answer")
}

// shownPage is a page as an operator sees it: nodes in every state, pods that wait, decisions.
func shownPage(nodes int) *Page {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	p := &Page{
		Title: "VPSie autoscaler", Subtitle: "At 2026-01-01 12:00:00",
		Facts:     []Fact{{"cost an hour now", "1.2345", "888.84 a month"}, {"after this plan", "1.1000", "792.00 a month"}, {"the present pods need at least", "1.0000", "proved"}},
		Tables:    []Table{{Title: "Why not less", Head: []string{"Reason", "Above, an hour", "What it pays for"}, Rows: [][]string{{"Timers", "0.1000", "nodes that go when their timers have run out"}}}},
		Waiting:   []Waiting{{"3 pods: Deployment shop/web", "InsufficientResource", "asks for more than a node of it has: cpu 100 of 1900m"}},
		Decisions: []Decision{{"12:00:00", "Bought", "vpsie-web-x2x4z (web, small-2cpu-4gb, 0.0167 an hour)", "PendingPods, for 2 pods", "new"}, {"11:00:00", "Removed", "vpsie-web-b (web, saves 0.0167 an hour)", "Empty", "gone"}},
		Notes:     []string{"the VPSie API answered slowly"},
		Chart:     &Chart{Title: "Cost an hour over time", Unit: "an hour", Lines: []Line{{Name: "cost"}, {Name: "lower bound", Dashed: true}}},
	}
	for i := range 48 {
		p.Chart.Lines[0].Points = append(p.Chart.Lines[0].Points, Point{at.Add(time.Duration(i) * time.Hour), 1.2 + float64(i%7)/10})
		p.Chart.Lines[1].Points = append(p.Chart.Lines[1].Points, Point{at.Add(time.Duration(i) * time.Hour), 1 + float64(i%5)/20})
	}
	scene := Scene{Title: fmt.Sprintf("%d nodes", nodes)}
	states := []struct{ state, mark, why string }{
		{"Ready", "good", "stays: NotUnderutilized: cpu 71%"}, {"Ordered", "busy", ""}, {"NotReady", "bad", "stays: NotReady"}, {"to be bought", "new", "PendingPods"}, {"goes", "gone", "Empty, saves 0.0167 an hour"},
	}
	for i := range nodes {
		s := states[i%len(states)]
		n := Node{Name: fmt.Sprintf("vpsie-web-%05d", i), Group: "web", Type: "medium-4cpu-8gb", Price: "0.0306", State: s.state, Mark: s.mark, Why: s.why, CPU: 3900, Memory: 7 << 30}
		for j := range i % 9 {
			n.Pods = append(n.Pods, Pod{Name: fmt.Sprintf("shop/web-%d-%d", i%13, j), CPU: 400, Memory: 600 << 20, New: j == 3})
		}
		scene.Nodes = append(scene.Nodes, n)
	}
	p.Scenes = []Scene{scene}
	return p
}

// axe-core finds nothing to complain of, on a screen, on a phone and in the dark.
func TestThePageIsAccessible(t *testing.T) {
	b := startBrowser(t)
	axe, err := os.ReadFile("testdata/axe-core/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	script := string(axe) + `;axe.run(document, {resultTypes: ['violations']}).then(r => answered({
violations: r.violations.map(v => v.id + ': ' + v.help + ': ' + v.nodes.slice(0, 3).map(n => n.html).join(' | ')), passes: r.passes.length}), e => answered({violations: [String(e)]}))`
	for name, args := range map[string][]string{
		"a screen": {"--window-size=1280,900"}, "a phone": {"--window-size=500,800"},
		"the dark": {"--window-size=1280,900", "--blink-settings=preferredColorScheme=0"},
	} {
		t.Run(name, func(t *testing.T) {
			var answer struct {
				Violations []string
				Passes     int
			}
			(&browser{t, b.binary}).asked(shownPage(12), script, &answer, append(args, "--virtual-time-budget=60000")...)
			for _, v := range answer.Violations {
				t.Error(v)
			}
			if answer.Passes < 20 {
				t.Errorf("%d rules were tried and passed, want 20 at least", answer.Passes)
			}
		})
	}
}

// Nothing sticks out of the page sideways, and the keyboard goes through it from the top down.
func TestThePageFitsAndFollowsTheKeyboard(t *testing.T) {
	b := startBrowser(t)
	const script = `
const stops = [...document.querySelectorAll('a[href],[tabindex]')];
const tops = stops.map(e => Math.round(e.getBoundingClientRect().top + scrollY));
answered({width: document.documentElement.scrollWidth, window: innerWidth, stops: stops.length, jumps: tops.filter((t, i) => i && t < tops[i-1] - 1).length,
positive: stops.filter(e => e.tabIndex > 0).length,
invisible: stops.filter(e => { e.focus(); return document.activeElement !== e || getComputedStyle(e).outlineStyle === 'none' && e.matches(':focus-visible') }).length})`
	for _, size := range []string{"500,800", "900,700", "1600,1000"} {
		var a struct{ Width, Window, Stops, Jumps, Positive, Invisible int }
		b.asked(shownPage(30), script, &a, "--window-size="+size)
		if a.Width > a.Window || a.Stops < 30 || a.Jumps != 0 || a.Positive != 0 || a.Invisible != 0 {
			t.Errorf("at %s: %+v", size, a)
		}
	}
}

// BenchmarkScrollFiveThousandNodes measures how long the browser works for a page of 5,000
// nodes until it is laid out, and for each of 200 steps of a scroll through it.
func BenchmarkScrollFiveThousandNodes(b *testing.B) {
	page := shownPage(5000)
	const script = `
const began = performance.now(); document.body.offsetHeight; const first = performance.now() - began;
let worst = 0, sum = 0; const steps = 200, height = document.documentElement.scrollHeight;
for (let i = 0; i < steps; i++) { const t = performance.now(); scrollTo(0, height * i / steps); document.elementFromPoint(100, 300)?.getBoundingClientRect(); const d = performance.now() - t; worst = Math.max(worst, d); sum += d }
answered({load: began, first, worst, mean: sum / steps})`
	for b.Loop() {
		var a struct{ Load, First, Worst, Mean float64 }
		(startBrowser(b)).asked(page, script, &a, "--window-size=1280,900")
		b.ReportMetric(a.Load, "parse-ms")
		b.ReportMetric(a.First, "layout-ms")
		b.ReportMetric(a.Mean, "step-ms")
		b.ReportMetric(a.Worst, "worst-step-ms")
	}
}
