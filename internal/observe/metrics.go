package observe

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Metrics are all metrics of the controller (reference: Metrics), and ours
// beside them under vpsie_autoscaler_.
type Metrics struct {
	desired, current, ready *prometheus.GaugeVec
	phase                   *prometheus.GaugeVec
	reconcileSeconds        *prometheus.HistogramVec
	reconcileErrors         *prometheus.CounterVec
	apiRequests             *prometheus.CounterVec
	apiSeconds              *prometheus.HistogramVec
	roundSeconds            prometheus.Histogram
	unplaced                *prometheus.GaugeVec
	cost, bound             prometheus.Gauge
}

// NewMetrics registers the metrics with r.
func NewMetrics(r prometheus.Registerer) *Metrics {
	group := []string{"nodegroup"}
	m := &Metrics{
		desired:          gauges("nodegroup_desired_nodes", "Nodes that the last decision aims at.", group...),
		current:          gauges("nodegroup_current_nodes", "Machines of the group, those on their way included.", group...),
		ready:            gauges("nodegroup_ready_nodes", "Nodes that take workloads.", group...),
		phase:            gauges("vpsienode_phase", "VPSieNodes by phase.", "phase"),
		reconcileSeconds: histograms("controller_reconcile_duration_seconds", "Time of one reconciliation.", "controller"),
		reconcileErrors:  counters("controller_reconcile_errors_total", "Reconciliations that ended in an error.", "controller"),
		apiRequests:      counters("vpsie_api_requests_total", "Requests to the VPSie API by operation and outcome.", "method", "status"),
		apiSeconds:       histograms("vpsie_api_request_duration_seconds", "Time of one request to the VPSie API.", "method"),
		roundSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "vpsie_autoscaler_decision_duration_seconds", Help: "Time of one decision, without reading and acting.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 16),
		}),
		unplaced: gauges("vpsie_autoscaler_pods_unplaced", "Pending pods that nothing can be done for, by the first reason.", "reason"),
		cost:     gauge("vpsie_autoscaler_cost_per_hour", "What the machines cost per hour after the last decision."),
		bound:    gauge("vpsie_autoscaler_cost_lower_bound_per_hour", "Proved lower bound of the cost per hour."),
	}
	r.MustRegister(m.desired, m.current, m.ready, m.phase, m.reconcileSeconds, m.reconcileErrors,
		m.apiRequests, m.apiSeconds, m.roundSeconds, m.unplaced, m.cost, m.bound)
	for _, p := range v1alpha1.Phases() {
		m.phase.WithLabelValues(string(p)).Set(0)
	}
	return m
}

// Group shows a NodeGroup's counts.
func (m *Metrics) Group(name string, s *v1alpha1.NodeGroupStatus) {
	m.desired.WithLabelValues(name).Set(float64(s.DesiredNodes))
	m.current.WithLabelValues(name).Set(float64(s.CurrentNodes))
	m.ready.WithLabelValues(name).Set(float64(s.ReadyNodes))
}

// ForgetGroup drops the series of a NodeGroup that is gone.
func (m *Metrics) ForgetGroup(name string) {
	for _, v := range []*prometheus.GaugeVec{m.desired, m.current, m.ready} {
		v.DeleteLabelValues(name)
	}
}

// Phases shows how many VPSieNodes stand in each phase.
func (m *Metrics) Phases(machines []*v1alpha1.VPSieNode) {
	count := map[v1alpha1.VPSieNodePhase]int{}
	for _, n := range machines {
		count[n.Status.Phase]++
	}
	for _, p := range v1alpha1.Phases() {
		m.phase.WithLabelValues(string(p)).Set(float64(count[p]))
	}
}

// Decision shows what a decision took and found.
func (m *Metrics) Decision(p *plan.Plan, took time.Duration) {
	m.roundSeconds.Observe(took.Seconds())
	m.cost.Set(units(p.Cost.After))
	m.bound.Set(units(p.Cost.LowerBound))
	m.unplaced.Reset()
	for _, u := range p.Unplaced {
		if len(u.Refusals) > 0 {
			m.unplaced.WithLabelValues(string(u.Refusals[0].Reason)).Inc()
		}
	}
}

// Reconciled counts one reconciliation.
func (m *Metrics) Reconciled(controller string, took time.Duration, err error) {
	m.reconcileSeconds.WithLabelValues(controller).Observe(took.Seconds())
	counter := m.reconcileErrors.WithLabelValues(controller)
	if err != nil {
		counter.Inc()
	}
}

// Request counts one request to the VPSie API.
func (m *Metrics) Request(op, status string, took time.Duration) {
	m.apiRequests.WithLabelValues(op, status).Inc()
	m.apiSeconds.WithLabelValues(op).Observe(took.Seconds())
}

// units is an hourly price in the currency's unit; a month has 720 hours.
func units(h plan.Hourly) float64 { return float64(h) / 1e6 / 720 }

func gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
}

func gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func histograms(name, help string, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: prometheus.ExponentialBuckets(0.002, 2, 15),
	}, labels)
}
