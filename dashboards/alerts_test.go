package dashboards_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/promql/promqltest"
)

// healthy is three hours of an autoscaler that works, beside one that stands by, a sample a minute, in the notation of
// Prometheus' own tests. Counters move, but none that counts trouble.
var healthy = map[string]string{
	`vpsie_autoscaler_build_info{version="v1",pod="a"}`:                      "1x180",
	`vpsie_autoscaler_build_info{version="v1",pod="b"}`:                      "1x180",
	`vpsie_autoscaler_last_round_timestamp_seconds{pod="a"}`:                 "0+60x180",
	`vpsie_autoscaler_last_round_timestamp_seconds{pod="b"}`:                 "0x180",
	`vpsie_autoscaler_decisions_total{result="changed",pod="a"}`:             "0+1x180",
	`vpsie_autoscaler_decisions_total{result="failed",pod="a"}`:              "0x180",
	`vpsie_autoscaler_pods_unplaced{reason="InsufficientResource",pod="a"}`:  "0x180",
	`vpsie_autoscaler_pods_unplaced{reason="SchedulingGated",pod="a"}`:       "5x180",
	`nodegroup_current_nodes{nodegroup="web",pod="a"}`:                       "3x180",
	`nodegroup_ready_nodes{nodegroup="web",pod="a"}`:                         "3x180",
	`vpsie_autoscaler_machine_failures_total{reason="join",pod="a"}`:         "0x180",
	`vpsie_api_requests_total{method="ListVMs",status="200",pod="a"}`:        "0+60x180",
	`vpsie_api_requests_total{method="ListVMs",status="error",pod="a"}`:      "0+3x180",
	`vpsie_autoscaler_offering_backoff{offering="s",datacenter="d",pod="a"}`: "1x180",
	`vpsie_autoscaler_offering_backoff{offering="m",datacenter="d",pod="a"}`: "0x180",
	`vpsie_autoscaler_buying_stopped{pod="a"}`:                               "0x180",
	`vpsie_autoscaler_account_backoff{pod="a"}`:                              "0x180",
	// A series of a fault is there while it lasts; this one is of no alert.
	`vpsie_autoscaler_nodegroup_fault{nodegroup="web",reason="OutOfStock",pod="a"}`:           "_x30 1x10",
	`vpsie_autoscaler_nodegroup_fault{nodegroup="web",reason="AuthenticationFailed",pod="a"}`: "_x30 1x3",
	`vpsie_autoscaler_nodegroup_fault{nodegroup="web",reason="VPSieRefused",pod="a"}`:         "_x30 1x3",
	`vpsie_autoscaler_nodegroup_unproven{nodegroup="web",pod="a"}`:                            "0x180",
	`vpsie_autoscaler_account_warnings{check="lists",pod="a"}`:                                "0x180",
	`vpsie_autoscaler_account_warnings{check="offerings",pod="a"}`:                            "2x180",
	`vpsie_autoscaler_leaks_found_total{kind="vps",pod="a"}`:                                  "2x180",
	`vpsie_autoscaler_drains_total{result="failed",pod="a"}`:                                  "1x180",
	`vpsie_autoscaler_drains_total{result="done",pod="a"}`:                                    "0+1x180",
	`vpsie_autoscaler_account_balance_hours{pod="a"}`:                                         "500-1x180",
	`vpsie_autoscaler_cost_per_hour{pod="a"}`:                                                 "1.2x180",
	`vpsie_autoscaler_cost_per_hour{pod="b"}`:                                                 "0x180",
	`vpsie_autoscaler_cost_from_scratch_bound_per_hour{pod="a"}`:                              "1x180",
	`vpsie_autoscaler_cost_from_scratch_bound_per_hour{pod="b"}`:                              "0x180",
	// Much is bought as the load grows, little of it goes again, and exchanges are no alternation.
	`vpsie_autoscaler_launches_total{nodegroup="web",reason="PendingPods",pod="a"}`:     "0+1x180",
	`vpsie_autoscaler_removals_total{nodegroup="web",reason="Empty",pod="a"}`:           "0x60 3x120",
	`vpsie_autoscaler_launches_total{nodegroup="batch",reason="Replacement",pod="a"}`:   "0+1x180",
	`vpsie_autoscaler_removals_total{nodegroup="batch",reason="Underutilized",pod="a"}`: "0+1x180",
	`controller_reconcile_errors_total{controller="vpsienode",pod="a"}`:                 "0+1x180",
}

func TestAlertsFireWhenTheyShould(t *testing.T) {
	for name, c := range map[string]struct {
		change map[string]string // what differs from healthy; an empty value takes a series away
		want   []string
	}{
		"all is well": {},
		"it is gone": {map[string]string{
			`vpsie_autoscaler_build_info{version="v1",pod="a"}`: "", `vpsie_autoscaler_build_info{version="v1",pod="b"}`: "",
		}, []string{"VPSieAutoscalerAbsent"}},
		"it is away while it is replaced": {map[string]string{
			`vpsie_autoscaler_build_info{version="v1",pod="a"}`: "1x30 _x3 1x140", `vpsie_autoscaler_build_info{version="v1",pod="b"}`: "1x30 _x3 1x140",
		}, nil},
		"it has stopped deciding": {map[string]string{
			`vpsie_autoscaler_last_round_timestamp_seconds{pod="a"}`: "0+60x30 1800x150",
		}, []string{"VPSieAutoscalerNotDeciding"}},
		"its rounds fail": {map[string]string{
			`vpsie_autoscaler_decisions_total{result="failed",pod="a"}`: "0+1x180",
		}, []string{"VPSieAutoscalerRoundsFail"}},
		"the balance runs out": {map[string]string{
			`vpsie_autoscaler_account_balance_hours{pod="a"}`: "100-1x180",
		}, []string{"VPSieAutoscalerBalanceLow"}},
		"orders are never listed": {map[string]string{
			`vpsie_autoscaler_buying_stopped{pod="a"}`: "0x30 1x150",
		}, []string{"VPSieAutoscalerBuyingStopped"}},
		"the account refuses orders": {map[string]string{
			`vpsie_autoscaler_account_backoff{pod="a"}`: "0x30 1x150",
		}, []string{"VPSieAutoscalerAccountRefuses"}},
		"the account refuses one order": {map[string]string{
			`vpsie_autoscaler_account_backoff{pod="a"}`: "0x30 1x5 0x145",
		}, nil},
		"the account password is wrong": {map[string]string{
			`vpsie_autoscaler_nodegroup_fault{nodegroup="web",reason="AuthenticationFailed",pod="a"}`: "_x30 1x150",
		}, []string{"VPSieAutoscalerAccountUnusable"}},
		"VPSie takes orders in no dialect": {map[string]string{
			`vpsie_autoscaler_nodegroup_fault{nodegroup="web",reason="VPSieRefused",pod="a"}`: "_x30 1x150",
		}, []string{"VPSieAutoscalerOrdersRefused"}},
		"no machine joins": {map[string]string{
			`vpsie_autoscaler_nodegroup_unproven{nodegroup="web",pod="a"}`: "0x30 1x150",
		}, []string{"VPSieAutoscalerNodesUnproven"}},
		"the list of VPSes lacks some": {map[string]string{
			`vpsie_autoscaler_account_warnings{check="lists",pod="a"}`: "0x30 1x150",
		}, []string{"VPSieAutoscalerAccountWarnings"}},
		"now and then a round fails": {map[string]string{
			`vpsie_autoscaler_decisions_total{result="failed",pod="a"}`: "0x30 1x30 2x30 3x90",
		}, nil},
		"pods do not fit": {map[string]string{
			`vpsie_autoscaler_pods_unplaced{reason="InsufficientResource",pod="a"}`: "0x30 2x150",
		}, []string{"VPSieAutoscalerPodsUnplaced"}},
		"pods do not fit for a while": {map[string]string{
			`vpsie_autoscaler_pods_unplaced{reason="InsufficientResource",pod="a"}`: "0x30 2x10 0x140",
		}, nil},
		"a machine does not become ready": {map[string]string{
			`nodegroup_ready_nodes{nodegroup="web",pod="a"}`: "3x30 2x150",
		}, []string{"VPSieAutoscalerNodesNotReady"}},
		"machines fail to join": {map[string]string{
			`vpsie_autoscaler_machine_failures_total{reason="join",pod="a"}`: "0x30 1x10 2x10 3x10 4x120",
		}, []string{"VPSieAutoscalerMachinesFail"}},
		"one machine fails to join": {map[string]string{
			`vpsie_autoscaler_machine_failures_total{reason="join",pod="a"}`: "0x30 1x150",
		}, nil},
		"the cloud is down": {map[string]string{
			`vpsie_api_requests_total{method="ListVMs",status="error",pod="a"}`: "0+60x180",
		}, []string{"VPSieAutoscalerCloudFails"}},
		"every offering is refused": {map[string]string{
			`vpsie_autoscaler_offering_backoff{offering="m",datacenter="d",pod="a"}`: "0x30 1x150",
		}, []string{"VPSieAutoscalerNothingToBuy"}},
		"a VPS without its object": {map[string]string{
			`vpsie_autoscaler_leaks_found_total{kind="vps",pod="a"}`: "2x30 3x150",
		}, []string{"VPSieAutoscalerLeaksFound"}},
		"a drain fails": {map[string]string{
			`vpsie_autoscaler_drains_total{result="failed",pod="a"}`: "1x30 2x150",
		}, []string{"VPSieAutoscalerDrainsFail"}},
		"nodes stand idle": {map[string]string{
			`vpsie_autoscaler_cost_per_hour{pod="a"}`: "1.2x30 2x150",
		}, []string{"VPSieAutoscalerCostsTooMuch"}},
		"nodes come and go": {map[string]string{
			`vpsie_autoscaler_removals_total{nodegroup="web",reason="Empty",pod="a"}`: "0+0.05x180",
		}, []string{"VPSieAutoscalerNodesAlternate"}},
		"nothing is needed and nothing is there": {map[string]string{
			`vpsie_autoscaler_cost_per_hour{pod="a"}`: "0x180", `vpsie_autoscaler_cost_from_scratch_bound_per_hour{pod="a"}`: "0x180",
		}, nil},
		"reconciliations fail": {map[string]string{
			`controller_reconcile_errors_total{controller="vpsienode",pod="a"}`: "0+10x180",
		}, []string{"VPSieAutoscalerReconcileErrors"}},
	} {
		t.Run(name, func(t *testing.T) {
			series := maps.Clone(healthy)
			for s, values := range c.change {
				if _, there := series[s]; !there {
					t.Fatalf("%s changes nothing", s)
				}
				series[s] = values
			}
			var load strings.Builder
			load.WriteString("load 1m\n")
			for _, s := range slices.Sorted(maps.Keys(series)) {
				if series[s] != "" {
					load.WriteString("  " + s + " " + series[s] + "\n")
				}
			}
			db := promqltest.LoadedStorage(t, load.String())
			start := time.Unix(0, 0)
			if diff := cmp.Diff(c.want, firing(t, db, start, start.Add(3*time.Hour), time.Minute)); diff != "" {
				t.Errorf("alerts that fired (-want +got):\n%s", diff)
			}
		})
	}
}

// A rule that no story above makes fire could be one that never does.
func TestEveryAlertIsTried(t *testing.T) {
	text := readFile(t, "alerts_test.go")
	for _, a := range alerts(t) {
		if !strings.Contains(text, `[]string{"`+a.Alert+`"}`) {
			t.Errorf("no story makes %s fire", a.Alert)
		}
	}
}
