package observe

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Metrics are all metrics of the controller: those of the reference (Metrics), and
// ours beside them under vpsie_autoscaler_. No label names a pod or a node: their
// number has no bound.
type Metrics struct {
	catalog catalog

	desired, current, ready *prometheus.GaugeVec
	phase                   *prometheus.GaugeVec
	reconcileSeconds        *prometheus.HistogramVec
	reconcileErrors         *prometheus.CounterVec
	apiRequests             *prometheus.CounterVec
	apiSeconds              *prometheus.HistogramVec

	decisions         *prometheus.CounterVec
	decisionSeconds   prometheus.Histogram
	roundSeconds      prometheus.Histogram
	lastRound         prometheus.Gauge
	pending, unplaced *prometheus.GaugeVec
	podWait           prometheus.Histogram
	cost, bound       prometheus.Gauge
	scratchBound      prometheus.Gauge
	aboveBound        *prometheus.GaugeVec
	groupCost         *prometheus.GaugeVec
	// They have no labels, and no series where the account is not prepaid.
	balance, balanceHours *prometheus.GaugeVec
	backoff               *prometheus.GaugeVec
	stopped, resting      prometheus.Gauge
	fault, unproven       *prometheus.GaugeVec
	outdated, paused      *prometheus.GaugeVec
	warnings              *prometheus.GaugeVec
	deprecated            *prometheus.GaugeVec
	offered               map[plan.OfferKey]bool // the series of backoff
	launches              *prometheus.CounterVec
	removals              *prometheus.CounterVec
	spend                 *prometheus.CounterVec

	startup   *prometheus.HistogramVec
	drains    *prometheus.CounterVec
	evictions *prometheus.CounterVec
	failures  *prometheus.CounterVec
	leaks     *prometheus.CounterVec
}

// NewMetrics registers the metrics with r. Every series whose labels are known
// beforehand is there from now on, at zero; operations are those of the VPSie API.
func NewMetrics(r prometheus.Registerer, version string, operations []string) *Metrics {
	m := &Metrics{catalog: catalog{registerer: r}}
	c := &m.catalog
	m.desired = c.gauges("nodegroup_desired_nodes", "Nodes that the last decision aims at.", "nodegroup")
	m.current = c.gauges("nodegroup_current_nodes", "Machines of the group, those on their way included.", "nodegroup")
	m.ready = c.gauges("nodegroup_ready_nodes", "Nodes that take workloads.", "nodegroup")
	m.phase = c.gauges("vpsienode_phase", "VPSieNodes by phase.", "phase")
	m.reconcileSeconds = c.histograms("controller_reconcile_duration_seconds", "Time of one reconciliation.", quick(), "controller")
	m.reconcileErrors = c.counters("controller_reconcile_errors_total", "Reconciliations that ended in an error.", "controller")
	m.apiRequests = c.counters("vpsie_api_requests_total", "Requests to the VPSie API by operation and outcome.", "method", "status")
	m.apiSeconds = c.histograms("vpsie_api_request_duration_seconds", "Time of one request to the VPSie API.", quick(), "method")
	m.addRounds()
	m.addMachines()
	info := c.gauges("vpsie_autoscaler_build_info", "1 for the version that runs.", "version")
	info.WithLabelValues(version).Set(1)
	m.zero(operations)
	return m
}

func (m *Metrics) addRounds() {
	c := &m.catalog
	m.decisions = c.counters("vpsie_autoscaler_decisions_total", "Rounds by what came of them: something to buy or remove, nothing to do, or an error.", "result")
	m.decisionSeconds = c.histogram("vpsie_autoscaler_decision_duration_seconds", "Time of one decision, without reading and acting.", prometheus.ExponentialBuckets(0.0005, 2, 16))
	m.roundSeconds = c.histogram("vpsie_autoscaler_round_duration_seconds", "Time of one round: reading, deciding and writing.", quick())
	m.lastRound = c.gauge("vpsie_autoscaler_last_round_timestamp_seconds", "When the last round ended well, in seconds since 1970; 0 before the first.")
	m.pending = c.gauges("vpsie_autoscaler_pods_pending", "Pods without a node by what they wait for: Ordered (a machine on its way), Placed (room on a node), or the first reason of their refusal.", "reason")
	m.unplaced = c.gauges("vpsie_autoscaler_pods_unplaced", "Pending pods that nothing can be done for, by the first reason.", "reason")
	m.podWait = c.histogram("vpsie_autoscaler_pod_wait_seconds", "Time from a pod's creation until it was bound to a node, for pods that a round found pending.", prometheus.ExponentialBuckets(0.5, 2, 14))
	m.cost = c.gauge("vpsie_autoscaler_cost_per_hour", "What the machines cost per hour after the last decision.")
	m.bound = c.gauge("vpsie_autoscaler_cost_lower_bound_per_hour", "Proved lower bound of the last decision: what it buys could not cost less, beside the machines that stay.")
	m.scratchBound = c.gauge("vpsie_autoscaler_cost_from_scratch_bound_per_hour", "Proved lower bound of what machines for the present pods cost per hour if all were bought anew.")
	m.aboveBound = c.gauges("vpsie_autoscaler_cost_above_bound_per_hour", "What the machines cost per hour above the bound from scratch, by why. The reasons add up.", "reason")
	m.balance = c.gauges("vpsie_autoscaler_account_balance_dollars", "What a prepaid VPSie account has left; absent for other accounts.")
	m.balanceHours = c.gauges("vpsie_autoscaler_account_balance_hours", "How long that lasts at what the account costs now; infinite when it costs nothing.")
	m.groupCost = c.gauges("vpsie_autoscaler_nodegroup_cost_per_hour", "What the group's machines cost per hour.", "nodegroup")
	m.spend = c.counters("vpsie_autoscaler_spend_total", "What machines have cost since the start of the controller and while none ran, in the currency of the account, by NodeGroup and offering; counted every minute.", "nodegroup", "offering")
	m.backoff = c.gauges("vpsie_autoscaler_offering_backoff", "1 while an offering is not ordered because VPSie refused it lately, else 0.", "offering", "datacenter")
	m.stopped = c.gauge("vpsie_autoscaler_buying_stopped", "1 while nothing is bought for the account because VPSie took orders and never listed their VPSes, until a person allows another order; else 0.")
	m.resting = c.gauge("vpsie_autoscaler_account_backoff", "1 while nothing is ordered for the account because VPSie refused it lately (quota, balance, permission, a suspension) or gave no clear answer to orders; else 0.")
	m.fault = c.gauges("vpsie_autoscaler_nodegroup_fault", "1 for the reason for which the NodeGroup cannot do all of its work, as its condition Error has it; no series while there is none.", "nodegroup", "reason")
	m.outdated = c.gauges("vpsie_autoscaler_nodegroup_outdated_nodes", "Nodes of the NodeGroup that were made from something else than a new one would be (Drifted), or are older than disruption.nodeMaxAgeSeconds (Expired).", "nodegroup", "reason")
	m.paused = c.gauges("vpsie_autoscaler_nodegroup_rollout_paused", "1 while no outdated node of the NodeGroup is replaced, because a machine that was bought in the place of one did not join; else 0.", "nodegroup")
	m.unproven = c.gauges("vpsie_autoscaler_nodegroup_unproven", "1 while one machine of the NodeGroup is bought at a time, because the last ones did not become ready nodes; else 0.", "nodegroup")
	m.warnings = c.gauges("vpsie_autoscaler_account_warnings", "What the look at the account and the NodeGroups found, at the start and after each change of the Secret, by check.", "check")
	m.deprecated = c.gauges("vpsie_autoscaler_deprecated_field_used", "NodeGroups, and VPSieNodes that people made, that are applied with something deprecated, by what; `kubectl vpsie migrate --check` names them.", "field")
	m.launches = c.counters("vpsie_autoscaler_launches_total", "Machines that were ordered, by why.", "nodegroup", "reason")
	m.removals = c.counters("vpsie_autoscaler_removals_total", "Nodes that a decision removed, by why.", "nodegroup", "reason")
}

func (m *Metrics) addMachines() {
	c := &m.catalog
	m.startup = c.histograms("vpsie_autoscaler_node_startup_seconds", "Time of each step until an ordered machine's node was ready, in whole seconds: from order to running VPS, from there to the registered node, from there to Ready, and all together.",
		prometheus.ExponentialBuckets(1, 2, 12), "step")
	m.drains = c.counters("vpsie_autoscaler_drains_total", "Drains by how they ended.", "result")
	m.evictions = c.counters("vpsie_autoscaler_evictions_total", "Evictions that were asked for: granted, refused by a disruption budget, or failed.", "result")
	m.failures = c.counters("vpsie_autoscaler_machine_failures_total", "Machines that were given up: not provisioned, not joined, or their VPS gone.", "reason")
	m.leaks = c.counters("vpsie_autoscaler_leaks_found_total", "What a sweep found without its counterpart: a VPS without VPSieNode, a Node or a VPSieNode without VPS.", "kind")
}

// zero makes the series whose labels are known.
func (m *Metrics) zero(operations []string) {
	for _, p := range v1alpha1.Phases() {
		m.phase.WithLabelValues(string(p))
	}
	for _, controller := range []string{"nodegroup", "vpsienode"} {
		m.reconcileSeconds.WithLabelValues(controller)
		m.reconcileErrors.WithLabelValues(controller)
	}
	for _, op := range operations {
		m.apiRequests.WithLabelValues(op, "200")
		m.apiSeconds.WithLabelValues(op)
	}
	for _, reason := range PendingReasons() {
		m.pending.WithLabelValues(reason)
	}
	for _, reason := range plan.RefusalReasons() {
		m.unplaced.WithLabelValues(string(reason))
	}
	for _, check := range AccountChecks() {
		m.warnings.WithLabelValues(check)
	}
	for _, version := range v1alpha1.DeprecatedVersions() {
		m.deprecated.WithLabelValues(v1alpha1.VersionField(version))
	}
	for _, step := range startupSteps() {
		m.startup.WithLabelValues(step)
	}
	for _, reason := range plan.DifferenceReasons() {
		m.aboveBound.WithLabelValues(string(reason))
	}
	for vec, values := range map[*prometheus.CounterVec][]string{
		m.decisions: {decisionChanged, decisionUnchanged, decisionFailed},
		m.drains:    {DrainDone, drainFailed},
		m.evictions: {EvictionGranted, EvictionRefused, EvictionFailed},
		m.failures:  {failedProvision, failedJoin, failedGone},
		m.leaks:     {LeakVPS, LeakNode, LeakObject},
	} {
		for _, v := range values {
			vec.WithLabelValues(v)
		}
	}
}

// Reconciled counts one reconciliation.
func (m *Metrics) Reconciled(controller string, took time.Duration, err error) {
	m.reconcileSeconds.WithLabelValues(controller).Observe(took.Seconds())
	if err != nil {
		m.reconcileErrors.WithLabelValues(controller).Inc()
	}
}

// Request counts one request to the VPSie API.
func (m *Metrics) Request(op, status string, took time.Duration) {
	m.apiRequests.WithLabelValues(op, status).Inc()
	m.apiSeconds.WithLabelValues(op).Observe(took.Seconds())
}

// units is an hourly price in the currency's unit; a month has 720 hours.
func units(h plan.Hourly) float64 { return float64(h) / 1e6 / 720 }

// quick are buckets for what takes milliseconds to a minute.
func quick() []float64 { return prometheus.ExponentialBuckets(0.002, 2, 15) }
