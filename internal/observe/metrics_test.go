package observe

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

func check(t *testing.T, r prometheus.Gatherer, text string, names ...string) {
	t.Helper()
	if err := testutil.GatherAndCompare(r, strings.NewReader(text), names...); err != nil {
		t.Error(err)
	}
}

func metrics() (*Metrics, *prometheus.Registry) {
	r := prometheus.NewRegistry()
	return NewMetrics(r, "v1", nil), r
}

func TestMachinesAreCountedByTheChangesOfTheirStatus(t *testing.T) {
	m, r := metrics()
	start := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	at := func(seconds int) *metav1.Time {
		return &metav1.Time{Time: start.Add(time.Duration(seconds) * time.Second)}
	}
	failing := func(reason string) *v1alpha1.VPSieNode {
		n := &v1alpha1.VPSieNode{Status: v1alpha1.VPSieNodeStatus{Phase: v1alpha1.PhaseFailed}}
		Set(&n.Status.Conditions, 1, start, v1alpha1.VPSieNodeError, metav1.ConditionTrue, reason, "")
		return n
	}
	none := &v1alpha1.VPSieNode{}
	ready := &v1alpha1.VPSieNode{
		ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{v1alpha1.AnnotationLaunchReason: "PendingPods"}},
		Status:     v1alpha1.VPSieNodeStatus{Phase: v1alpha1.PhaseReady, NodeName: "n", CreatedAt: at(0), ProvisionedAt: at(10), JoinedAt: at(30), ReadyAt: at(35)},
	}
	adopted := ready.DeepCopy()
	adopted.Annotations = nil
	drained := ready.DeepCopy()
	drained.Status.Phase = v1alpha1.PhaseDeleting
	stuck := failing("DrainFailed")
	stuck.Status.Phase = v1alpha1.PhaseTerminating
	for _, change := range [][2]*v1alpha1.VPSieNode{
		{none, ready}, {ready, ready}, {none, adopted}, {ready, drained}, {drained, drained}, {none, drained.DeepCopy()},
		{ready, stuck}, {stuck, stuck}, {none, failing("ProvisioningFailed")}, {none, failing("JoinFailed")}, {failing("JoinFailed"), failing("JoinFailed")},
	} {
		m.Machine(change[0], change[1])
	}
	for step, want := range map[string]string{"provision": "10", "join": "20", "ready": "5", "total": "35"} {
		// drained, seen from nothing, has become ready as well
		n, sum := histogram(t, r, "vpsie_autoscaler_node_startup_seconds", step)
		if got := time.Duration(sum/2) * time.Second; n != 2 || got.String() != want+"s" {
			t.Errorf("step %s: %d machines, %s each; want 2, %ss", step, n, got, want)
		}
	}
	check(t, r, `
# HELP vpsie_autoscaler_drains_total Drains by how they ended.
# TYPE vpsie_autoscaler_drains_total counter
vpsie_autoscaler_drains_total{result="done"} 2
vpsie_autoscaler_drains_total{result="failed"} 1
`, "vpsie_autoscaler_drains_total")
	check(t, r, `
# HELP vpsie_autoscaler_machine_failures_total Machines that were given up: not provisioned, not joined, or their VPS gone.
# TYPE vpsie_autoscaler_machine_failures_total counter
vpsie_autoscaler_machine_failures_total{reason="gone"} 0
vpsie_autoscaler_machine_failures_total{reason="join"} 1
vpsie_autoscaler_machine_failures_total{reason="provision"} 1
`, "vpsie_autoscaler_machine_failures_total")
}

func histogram(t *testing.T, r *prometheus.Registry, name, label string) (count uint64, sum float64) {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && m.GetLabel()[0].GetValue() == label {
				return m.GetHistogram().GetSampleCount(), m.GetHistogram().GetSampleSum()
			}
		}
	}
	return 0, 0
}

func TestRoundsAreCountedByTheirResult(t *testing.T) {
	m, r := metrics()
	began := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	m.Round(began, began.Add(time.Second), true, nil)
	m.Round(began, began.Add(2*time.Second), false, nil)
	m.Round(began, began.Add(time.Hour), true, errors.New("no"))
	check(t, r, `
# HELP vpsie_autoscaler_decisions_total Rounds by what came of them: something to buy or remove, nothing to do, or an error.
# TYPE vpsie_autoscaler_decisions_total counter
vpsie_autoscaler_decisions_total{result="changed"} 1
vpsie_autoscaler_decisions_total{result="failed"} 1
vpsie_autoscaler_decisions_total{result="unchanged"} 1
# HELP vpsie_autoscaler_last_round_timestamp_seconds When the last round ended well, in seconds since 1970; 0 before the first.
# TYPE vpsie_autoscaler_last_round_timestamp_seconds gauge
vpsie_autoscaler_last_round_timestamp_seconds 1.767268802e+09
`, "vpsie_autoscaler_decisions_total", "vpsie_autoscaler_last_round_timestamp_seconds")
}

// An offering that no NodeGroup names any more has no series; one whose time is over
// shows 0.
func TestOfferingsShowTheirBackoff(t *testing.T) {
	m, r := metrics()
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	offer := func(name string, until time.Time) *plan.Offer {
		return &plan.Offer{InstanceType: name, DatacenterID: "dc", BackoffUntil: until}
	}
	m.Offers([]*plan.Offer{offer("gone", now.Add(time.Minute)), offer("small", time.Time{}), offer("large", now.Add(time.Minute))}, now)
	m.Offers([]*plan.Offer{offer("small", time.Time{}), offer("large", now.Add(time.Minute)), offer("over", now)}, now)
	check(t, r, `
# HELP vpsie_autoscaler_offering_backoff 1 while an offering is not ordered because VPSie refused it lately, else 0.
# TYPE vpsie_autoscaler_offering_backoff gauge
vpsie_autoscaler_offering_backoff{datacenter="dc",offering="large"} 1
vpsie_autoscaler_offering_backoff{datacenter="dc",offering="over"} 0
vpsie_autoscaler_offering_backoff{datacenter="dc",offering="small"} 0
`, "vpsie_autoscaler_offering_backoff")
}
