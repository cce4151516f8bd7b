package dashboards_test

import (
	"log/slog"
	"net/url"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/storage"
)

const maxSamples = 50_000_000

func newEngine(t *testing.T) *promql.Engine {
	t.Helper()
	return promqltest.NewTestEngine(t, false, 5*time.Minute, maxSamples)
}

// alerts reads alerts.yaml as Prometheus does.
func alerts(t *testing.T) []rulefmt.Rule {
	t.Helper()
	groups, errs := rulefmt.ParseFile("alerts.yaml", false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	var all []rulefmt.Rule
	for _, g := range groups.Groups {
		all = append(all, g.Rules...)
	}
	if len(all) == 0 {
		t.Fatal("alerts.yaml has no rule")
	}
	return all
}

func parse(t *testing.T, query string) parser.Expr {
	t.Helper()
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return expr
}

// firing evaluates all alerts from start to end as Prometheus does, and says which fired at any time.
func firing(t *testing.T, q storage.Queryable, start, end time.Time, interval time.Duration) []string {
	t.Helper()
	query := rules.EngineQueryFunc(newEngine(t), q)
	none := labels.EmptyLabels()
	var fired []string
	for _, a := range alerts(t) {
		rule := rules.NewAlertingRule(a.Alert, parse(t, a.Expr), time.Duration(a.For), 0,
			labels.FromMap(a.Labels), labels.FromMap(a.Annotations), none, "", true, nil)
		for at := start; !at.After(end); at = at.Add(interval) {
			if _, err := rule.Eval(t.Context(), 0, at, query, &url.URL{}, 0); err != nil {
				t.Fatalf("%s: %v", a.Alert, err)
			}
			for _, active := range rule.ActiveAlerts() {
				if active.State == rules.StateFiring && !slices.Contains(fired, a.Alert) {
					fired = append(fired, a.Alert)
				}
			}
		}
	}
	slices.Sort(fired)
	return fired
}

func TestEveryAlertHasItsRunbook(t *testing.T) {
	const at = "https://github.com/vpsie/vpsie-autoscaler/blob/main/docs/runbooks/"
	for _, a := range alerts(t) {
		if want := at + a.Alert + ".md"; a.Annotations["runbook_url"] != want {
			t.Errorf("%s: its runbook_url is %q, want %q", a.Alert, a.Annotations["runbook_url"], want)
		}
		if _, err := os.Stat("../docs/runbooks/" + a.Alert + ".md"); err != nil {
			t.Errorf("%s: %v", a.Alert, err)
		}
		if !slices.Contains([]string{"critical", "warning", "info"}, a.Labels["severity"]) {
			t.Errorf("%s: its severity is %q", a.Alert, a.Labels["severity"])
		}
	}
	files, err := os.ReadDir("../docs/runbooks")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !slices.ContainsFunc(alerts(t), func(a rulefmt.Rule) bool { return a.Alert+".md" == f.Name() }) {
			t.Errorf("docs/runbooks/%s belongs to no alert", f.Name())
		}
	}
}
