package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/build"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/testenv"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

const pause = 50 * time.Millisecond

func (b *bed) families(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	var families map[string]*dto.MetricFamily
	testenv.Eventually(t, func(ctx context.Context) error {
		response, err := b.scrape(ctx)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		parser := expfmt.NewTextParser(model.LegacyValidation)
		families, err = parser.TextToMetricFamilies(response.Body)
		return err
	})
	return families
}

// value is a sample of the running controller, which must be there.
func (b *bed) value(t *testing.T, name string, labels ...string) float64 {
	t.Helper()
	v, ok := b.sample(t, name, labels...)
	if !ok {
		t.Fatalf("no sample of %s with %v", name, labels)
	}
	return v
}

// sample is one of the running controller, a histogram's count; labels are name=value.
func (b *bed) sample(t *testing.T, name string, labels ...string) (value float64, ok bool) {
	t.Helper()
	for _, m := range b.families(t)[name].GetMetric() {
		var have []string
		for _, l := range m.GetLabel() {
			have = append(have, l.GetName()+"="+l.GetValue())
		}
		slices.Sort(have)
		if !slices.Equal(have, slices.Sorted(slices.Values(labels))) {
			continue
		}
		switch {
		case m.Histogram != nil:
			return float64(m.Histogram.GetSampleCount()), true
		case m.Counter != nil:
			return m.Counter.GetValue(), true
		}
		return m.Gauge.GetValue(), true
	}
	return 0, false
}

// shows waits until a sample is as wanted.
func (b *bed) shows(t *testing.T, want func(float64) bool, name string, labels ...string) {
	t.Helper()
	testenv.Eventually(t, func(context.Context) error {
		if v, ok := b.sample(t, name, labels...); !ok || !want(v) {
			return fmt.Errorf("%s%v is %v, there %t", name, labels, v, ok)
		}
		return nil
	})
}

func equal(want float64) func(float64) bool  { return func(v float64) bool { return v == want } }
func above(least float64) func(float64) bool { return func(v float64) bool { return v > least } }

// documented are the metrics as the code describes them.
func documented() []observe.Metric {
	return observe.NewMetrics(prometheus.NewRegistry(), "", vpsie.Operations()).Reference()
}

// Every metric has a sample before anything has happened, save for those of
// NodeGroups and offerings that are not there yet, and of the balance that only a prepaid account has.
func TestMetricsAreThereBeforeTheFirstNodeGroup(t *testing.T) {
	families := live(t).families(t)
	for _, m := range documented() {
		if slices.Contains(m.Labels, "nodegroup") || slices.Contains(m.Labels, "offering") || strings.HasPrefix(m.Name, "vpsie_autoscaler_account_") {
			continue
		}
		if len(families[m.Name].GetMetric()) == 0 {
			t.Errorf("no sample of %s", m.Name)
		}
	}
}

func TestMetricsTellAStory(t *testing.T) {
	b := live(t)
	launched, requests := b.value(t, "vpsie_autoscaler_node_startup_seconds", "step=total"), b.value(t, "vpsie_api_requests_total", "method=CreateVM", "status=200")
	waited, evicted := b.value(t, "vpsie_autoscaler_pod_wait_seconds"), b.value(t, "vpsie_autoscaler_evictions_total", "result=evicted")
	refused, drained := b.value(t, "vpsie_autoscaler_evictions_total", "result=refused"), b.value(t, "vpsie_autoscaler_drains_total", "result=done")
	stuck := b.value(t, "vpsie_autoscaler_drains_total", "result=failed")

	g := b.group(t, "metrics", 3)
	of := "nodegroup=" + g.Name
	pods := []*corev1.Pod{b.pod(t, "metrics-a", g), b.pod(t, "metrics-b", g)}
	for i, m := range b.machines(t, g, 2) {
		b.bind(t, pods[i], m.Status.NodeName)
	}
	for _, name := range []string{"nodegroup_desired_nodes", "nodegroup_current_nodes", "nodegroup_ready_nodes"} {
		b.shows(t, equal(2), name, of)
	}
	b.shows(t, equal(2), "vpsienode_phase", "phase=Ready")
	b.shows(t, equal(launched+2), "vpsie_autoscaler_node_startup_seconds", "step=total")
	for _, step := range []string{"provision", "join", "ready"} {
		b.shows(t, equal(launched+2), "vpsie_autoscaler_node_startup_seconds", "step="+step)
	}
	b.shows(t, equal(requests+2), "vpsie_api_requests_total", "method=CreateVM", "status=200")
	b.shows(t, above(requests), "vpsie_api_request_duration_seconds", "method=CreateVM")
	b.shows(t, equal(waited+2), "vpsie_autoscaler_pod_wait_seconds")
	b.shows(t, equal(2), "vpsie_autoscaler_launches_total", of, "reason=PendingPods")
	cost := b.value(t, "vpsie_autoscaler_nodegroup_cost_per_hour", of)
	if cost <= 0 || b.value(t, "vpsie_autoscaler_cost_per_hour") != cost || b.value(t, "vpsie_autoscaler_cost_lower_bound_per_hour") > cost {
		t.Errorf("the group costs %v, all %v, at least %v", cost, b.value(t, "vpsie_autoscaler_cost_per_hour"), b.value(t, "vpsie_autoscaler_cost_lower_bound_per_hour"))
	}

	b.remove(t, pods[0])
	b.shows(t, equal(1), "vpsie_autoscaler_removals_total", of, "reason=Empty")
	b.shows(t, equal(drained+1), "vpsie_autoscaler_drains_total", "result=done")
	last := b.machines(t, g, 1)[0]
	b.budget(t, pods[1], 0)
	b.annotate(t, &last, v1alpha1.AnnotationDrainTimeout, "1")
	b.remove(t, &last)
	b.shows(t, above(refused), "vpsie_autoscaler_evictions_total", "result=refused")
	b.shows(t, above(stuck), "vpsie_autoscaler_drains_total", "result=failed")
	b.heard(t, &last, corev1.EventTypeWarning, "DrainFailed", "default/metrics-b", "1s")
	b.budget(t, pods[1], 1)
	b.shows(t, equal(evicted+1), "vpsie_autoscaler_evictions_total", "result=evicted")
	b.shows(t, equal(drained+2), "vpsie_autoscaler_drains_total", "result=done")
	for _, result := range []string{"changed", "unchanged"} {
		b.shows(t, above(0), "vpsie_autoscaler_decisions_total", "result="+result)
	}
	for _, name := range []string{"vpsie_autoscaler_decision_duration_seconds", "vpsie_autoscaler_round_duration_seconds"} {
		b.shows(t, above(2), name)
	}
	b.shows(t, func(v float64) bool { return time.Since(time.UnixMilli(int64(v*1000))) < time.Hour }, "vpsie_autoscaler_last_round_timestamp_seconds")
	b.shows(t, equal(1), "vpsie_autoscaler_build_info", "version="+build.Version())
}

// budget makes a PodDisruptionBudget that allows so many evictions; its status is
// what no controller writes here.
func (b *bed) budget(t *testing.T, p *corev1.Pod, allowed int32) {
	t.Helper()
	budget := &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Name: p.Name, Namespace: p.Namespace}}
	b.remove(t, budget)
	budget.Spec = policyv1.PodDisruptionBudgetSpec{MinAvailable: new(intstr.FromInt32(1 - allowed)), Selector: &metav1.LabelSelector{MatchLabels: p.Labels}}
	b.create(t, budget)
	t.Cleanup(func() { b.remove(t, budget) })
	budget.Status = policyv1.PodDisruptionBudgetStatus{ObservedGeneration: budget.Generation, DisruptionsAllowed: allowed, CurrentHealthy: 1, DesiredHealthy: 1 - allowed, ExpectedPods: 1}
	if err := b.client.Status().Update(t.Context(), budget); err != nil {
		t.Fatal(err)
	}
}

func TestMetricsTellOfWaitingPodsAndRefusals(t *testing.T) {
	b := live(t)
	failed := b.value(t, "vpsie_autoscaler_machine_failures_total", "reason=provision")
	off := b.group(t, "switched-off", 3, func(g *v1alpha1.NodeGroup) { g.Spec.ScaleUpPolicy.Enabled = new(false) })
	b.pod(t, "unplaced", off)
	b.shows(t, above(0), "vpsie_autoscaler_pods_unplaced", "reason=ScaleUpDisabled")
	b.shows(t, above(0), "vpsie_autoscaler_pods_pending", "reason=ScaleUpDisabled")

	b.knobs(t, `{"stock":{"medium-4cpu-8gb":0}}`, `{"stock":{"medium-4cpu-8gb":null}}`)
	g := b.group(t, "out-of-stock", 3, func(g *v1alpha1.NodeGroup) { g.Spec.OfferingIDs = []string{"medium-4cpu-8gb"} })
	p := b.pod(t, "stock", g)
	b.shows(t, above(failed), "vpsie_autoscaler_machine_failures_total", "reason=provision")
	b.shows(t, equal(1), "vpsie_autoscaler_offering_backoff", "offering=medium-4cpu-8gb", "datacenter=dc-us-east-1")
	b.heard(t, p, corev1.EventTypeNormal, "Waiting", "out-of-stock", "Backoff")
}

func (b *bed) knobs(t *testing.T, change, back string) {
	t.Helper()
	if err := b.cloud.PatchKnobs([]byte(change)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.cloud.PatchKnobs([]byte(back)); err != nil {
			t.Error(err)
		}
	})
}

// The series of a NodeGroup end with it.
func TestMetricsForgetANodeGroupThatIsGone(t *testing.T) {
	b := live(t)
	t.Run("life", func(t *testing.T) {
		g := b.group(t, "short-lived", 1)
		b.shows(t, equal(0), "nodegroup_desired_nodes", "nodegroup="+g.Name)
		b.shows(t, equal(0), "vpsie_autoscaler_launches_total", "nodegroup="+g.Name, "reason=Headroom")
	})
	testenv.Eventually(t, func(context.Context) error {
		for name, family := range b.families(t) {
			for _, m := range family.GetMetric() {
				for _, l := range m.GetLabel() {
					if l.GetName() == "nodegroup" && l.GetValue() == "short-lived" {
						return fmt.Errorf("%s still tells of it", name)
					}
				}
			}
		}
		return nil
	})
}

// Labels are those that are documented, none names a pod or node, and Prometheus'
// own linter finds nothing.
func TestMetricsLint(t *testing.T) {
	b := live(t)
	families := b.families(t)
	own := map[string]observe.Metric{}
	for _, m := range documented() {
		own[m.Name] = m
		for _, metric := range families[m.Name].GetMetric() {
			var labels []string
			for _, l := range metric.GetLabel() {
				labels = append(labels, l.GetName())
			}
			if want := slices.Sorted(slices.Values(m.Labels)); !slices.Equal(slices.Sorted(slices.Values(labels)), want) {
				t.Errorf("%s has labels %v, documented are %v", m.Name, labels, want)
			}
		}
		if got := strings.ToLower(families[m.Name].GetType().String()); families[m.Name] != nil && got != m.Type {
			t.Errorf("%s is a %s, documented is %s", m.Name, got, m.Type)
		}
	}
	response, err := b.scrape(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	problems, err := promlint.New(response.Body).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if _, ours := own[p.Metric]; ours {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

// What is applied in a deprecated version of the API is counted until it is applied in another.
func TestMetricOfDeprecatedVersions(t *testing.T) {
	b := live(t)
	const name, field = "vpsie_autoscaler_deprecated_field_used", "field=apiVersion=autoscaler.vpsie.com/v1alpha1"
	before := b.value(t, name, field)
	g := b.group(t, "deprecated", 1, func(g *v1alpha1.NodeGroup) {
		metav1.SetMetaDataAnnotation(&g.ObjectMeta, corev1.LastAppliedConfigAnnotation, `{"apiVersion":"autoscaler.vpsie.com/v1alpha1"}`)
	})
	b.shows(t, equal(before+1), name, field)
	b.patch(t, g, fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, corev1.LastAppliedConfigAnnotation, `{"apiVersion":"autoscaler.vpsie.com/v1beta1"}`))
	b.shows(t, equal(before), name, field)
}
