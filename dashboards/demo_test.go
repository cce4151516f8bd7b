package dashboards_test

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/teststorage"
)

const (
	scrapeInterval = 500 * time.Millisecond
	// rateInterval stands for Grafana's $__rate_interval, which is at least four scrapes.
	rateInterval = "5s"
)

// Every query of the dashboard returns data, and no alert fires, when Prometheus watches the demo.
func TestDashboardShowsTheDemo(t *testing.T) {
	db := teststorage.New(t)
	start := time.Now()
	watchDemo(t, db)
	end := time.Now()
	engine := newEngine(t)
	for _, p := range panels(t) {
		for _, target := range p.Targets {
			query := withVariables(target.Expr)
			got := evaluate(t, engine, db, query, start, end)
			if len(got) == 0 {
				t.Errorf("panel %q: no data in the demo for\n\t%s", p.Title, query)
			}
			for _, label := range legendLabels(target.LegendFormat) {
				if !hasLabel(got, label) && !keepsLabel(t, engine, db, query, label, start, end) {
					t.Errorf("panel %q: the legend names the label %s, which no series has", p.Title, label)
				}
			}
		}
	}
	for _, a := range annotations(t) {
		if len(evaluate(t, engine, db, strings.ReplaceAll(withVariables(a.Expr), "[1m]", "["+rateInterval+"]"), start, end)) == 0 {
			t.Errorf("annotation %q: nothing in the demo for\n\t%s", a.Name, a.Expr)
		}
	}
	for _, a := range alerts(t) {
		for selector, used := range selectors(parse(t, a.Expr)) {
			got := evaluate(t, engine, db, selector, start, end)
			if len(got) == 0 && onlyInTrouble(selector) {
				checkReference(t, a.Alert, selector, used)
				continue
			}
			if len(got) == 0 {
				t.Errorf("%s: the controller has no %s", a.Alert, selector)
			}
			for _, label := range used {
				if !hasLabel(got, label) {
					t.Errorf("%s: %s has no label %s", a.Alert, selector, label)
				}
			}
		}
	}
	if fired := firing(t, db, start, end, time.Second); len(fired) > 0 {
		t.Errorf("alerts that fired in the demo: %v", fired)
	}
}

// withVariables puts in what Grafana does when all clusters and NodeGroups are chosen.
func withVariables(query string) string {
	return strings.NewReplacer("$__rate_interval", rateInterval, "$cluster", ".*", "$nodegroup", ".*").Replace(query)
}

// onlyInTrouble says that the metric has no series in a demo: nothing is wrong there, and the account is not prepaid.
func onlyInTrouble(metric string) bool {
	return metric == "vpsie_autoscaler_nodegroup_fault" || metric == "vpsie_autoscaler_account_balance_hours"
}

// checkReference holds an alert's metric and labels against the reference, which is made from the controller's code.
func checkReference(t *testing.T, alert, metric string, used []string) {
	t.Helper()
	pages, err := os.ReadFile("../docs/reference/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(pages)) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || strings.Trim(cells[1], " `") != metric {
			continue
		}
		for _, label := range used {
			if !strings.Contains(line, "`"+label+"`") {
				t.Errorf("%s: %s has no label %s", alert, metric, label)
			}
		}
		return
	}
	t.Errorf("%s: the reference has no %s", alert, metric)
}

// watchDemo runs `make demo`'s program and stores what its controller serves as Prometheus would.
func watchDemo(t *testing.T, db *teststorage.TestStorage) {
	t.Helper()
	bin, err := filepath.Abs(cmp.Or(os.Getenv("KUBEBUILDER_ASSETS"), "../.local/bin"))
	if err != nil {
		t.Fatal(err)
	}
	demo := exec.CommandContext(t.Context(), filepath.Join(bin, "localcluster"), "demo")
	demo.Cancel = func() error { return demo.Process.Signal(os.Interrupt) } // so that it cleans up
	output, err := demo.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	demo.Stderr = os.Stderr
	if err := demo.Start(); err != nil {
		t.Fatalf("starting the demo (`make build` makes it): %v", err)
	}
	up, told := make(chan string, 1), make(chan string, 1)
	go listen(output, up, told)
	tick := time.NewTicker(scrapeInterval)
	defer tick.Stop()
	address, scrapes, story := "", 0, ""
	for story == "" {
		select {
		case address = <-up:
		case story = <-told:
		case <-tick.C:
			if address != "" && scrape(t, db, address) == nil {
				scrapes++
			}
		}
	}
	if err := demo.Wait(); err != nil {
		t.Fatalf("the demo: %v\n%s", err, story)
	}
	if scrapes < 10 {
		t.Fatalf("the demo was scraped %d times; it said\n%s", scrapes, story)
	}
}

// listen reports where the demo's controller serves metrics, and at the end all that the demo said.
func listen(output io.Reader, up, told chan<- string) {
	where := regexp.MustCompile(`The controller is up: .*(http://\S+/metrics)`)
	var all strings.Builder
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		all.WriteString(lines.Text() + "\n")
		if found := where.FindStringSubmatch(lines.Text()); found != nil {
			up <- found[1]
		}
	}
	told <- "The demo said:\n" + all.String()
}

func scrape(t *testing.T, db *teststorage.TestStorage, address string) error {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		return err // the controller ends with the demo
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	p, err := textparse.New(body, response.Header.Get("Content-Type"), labels.NewSymbolTable(), textparse.ParserOptions{FallbackContentType: "text/plain"})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UnixMilli()
	appender := db.Appender(t.Context())
	for {
		entry, err := p.Next()
		if errors.Is(err, io.EOF) {
			return appender.Commit()
		}
		if err != nil {
			t.Fatalf("reading %s: %v", address, err)
		}
		if entry != textparse.EntrySeries {
			continue
		}
		var l labels.Labels
		p.Labels(&l)
		_, _, value := p.Series()
		if _, err := appender.Append(0, l, now, value); err != nil {
			t.Fatal(err)
		}
	}
}

type panel struct {
	Title   string
	Type    string
	Targets []struct{ Expr, LegendFormat string }
}

func panels(t *testing.T) []panel {
	t.Helper()
	var d struct {
		UID    string
		Panels []panel
	}
	if err := json.Unmarshal([]byte(readFile(t, "vpsie-autoscaler.json")), &d); err != nil {
		t.Fatal(err)
	}
	if d.UID != "vpsie-autoscaler" {
		t.Errorf("the dashboard's uid is %q: links to it would break", d.UID)
	}
	var all []panel
	for _, p := range d.Panels {
		if p.Type == "row" {
			continue
		}
		if len(p.Targets) == 0 {
			t.Errorf("panel %q has no query", p.Title)
		}
		all = append(all, p)
	}
	if len(all) == 0 {
		t.Fatal("the dashboard has no panel")
	}
	return all
}

type annotation struct{ Name, Expr string }

// annotations mark when the autoscaler scaled. Every query of the dashboard and of its variables
// is for the clusters that are chosen.
func annotations(t *testing.T) []annotation {
	t.Helper()
	var d struct {
		Annotations struct{ List []annotation }
		Templating  struct{ List []struct{ Name string } }
	}
	text := readFile(t, "vpsie-autoscaler.json")
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, v := range d.Templating.List {
		names = append(names, v.Name)
	}
	if !slices.Equal(names, []string{"datasource", "cluster", "nodegroup"}) || len(d.Annotations.List) != 2 {
		t.Errorf("variables %v and annotations %+v", names, d.Annotations.List)
	}
	for _, p := range panels(t) {
		for _, target := range p.Targets {
			if strings.Count(target.Expr, `cluster=~"$cluster"`) == 0 {
				t.Errorf("panel %q is for all clusters: %s", p.Title, target.Expr)
			}
		}
	}
	return d.Annotations.List
}

// evaluate returns the series of a query that have a number at any time.
func evaluate(t *testing.T, engine *promql.Engine, q storage.Queryable, query string, start, end time.Time) []promql.Series {
	t.Helper()
	ranged, err := engine.NewRangeQuery(t.Context(), q, nil, query, start, end, time.Second)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer ranged.Close()
	matrix, err := ranged.Exec(t.Context()).Matrix()
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	var got []promql.Series
	for _, s := range matrix {
		for _, f := range s.Floats {
			if !math.IsNaN(f.F) {
				got = append(got, promql.Series{Metric: s.Metric.Copy()})
				break
			}
		}
	}
	return got
}

func hasLabel(series []promql.Series, name string) bool {
	for _, s := range series {
		if s.Metric.Has(name) {
			return true
		}
	}
	return false
}

// keepsLabel says whether a query groups by a label that its metrics have: the growth of
// a counter that went up before it was first scraped is nothing, and shows no series.
func keepsLabel(t *testing.T, engine *promql.Engine, q storage.Queryable, query, name string, start, end time.Time) bool {
	t.Helper()
	for selector, used := range selectors(parse(t, query)) {
		if slices.Contains(used, name) && hasLabel(evaluate(t, engine, q, selector, start, end), name) {
			return true
		}
	}
	return false
}

func legendLabels(legend string) []string {
	var names []string
	for _, found := range regexp.MustCompile(`\{\{(\w+)\}\}`).FindAllStringSubmatch(legend, -1) {
		names = append(names, found[1])
	}
	return names
}

// selectors are the metrics of an expression with the labels that it uses of each, in matchers and groupings.
func selectors(expr parser.Expr) map[string][]string {
	all := map[string][]string{}
	parser.Inspect(expr, func(node parser.Node, path []parser.Node) error {
		selector, ok := node.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		var used []string
		for _, m := range selector.LabelMatchers {
			if m.Name != model.MetricNameLabel {
				used = append(used, m.Name)
			}
		}
		for _, above := range path {
			if aggregate, ok := above.(*parser.AggregateExpr); ok {
				used = append(used, aggregate.Grouping...)
			}
		}
		all[selector.Name] = append(all[selector.Name], used...)
		return nil
	})
	return all
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
