package control

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

const balanceMetrics = "vpsie_autoscaler_account_balance_hours"

// A balance that runs out is told before VPSie suspends every VPS, and stops growth where that is asked for.
func TestLowBalanceIsToldAndStopsGrowth(t *testing.T) {
	w := newWorld(t, vpsietest.Knobs{Balance: "100"})
	o := w.deps.Options
	o.MinBalanceHours = 100
	w.start(o)
	g := w.group("prepaid", 1, 4)
	w.ready(g, 1)
	balance := func(want metav1.ConditionStatus, words string) func() error {
		return func() error {
			w.reload(g)
			if c := condition(g.Status.Conditions, v1alpha1.NodeGroupLowBalance); c.Status != want || !strings.Contains(c.Message, words) {
				return fmt.Errorf("%+v", c)
			}
			return nil
		}
	}
	w.until(time.Minute, "the balance to be told", balance(metav1.ConditionFalse, "lasts 2")) // $100 at $12 a month: 249 days
	if n := testutil.CollectAndCount(w.registry, balanceMetrics); n != 1 {
		t.Errorf("%d series of the balance, want 1", n)
	}
	w.must(w.fake.PatchKnobs([]byte(`{"balance":"1"}`))) // 60 hours
	w.until(time.Minute, "the low balance to be told", balance(metav1.ConditionTrue, "add credit"))
	pods := w.round.market.balance.tooPoor()
	if !strings.Contains(pods, "--min-balance-hours") {
		t.Errorf("growth goes on: %q", pods)
	}
	for _, name := range []string{"first", "second", "third"} { // one for each node
		w.must(w.admin.Create(w.Context(), &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: name},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i", Resources: corev1.ResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1500m")},
			}}}},
		}))
	}
	w.after(10*time.Minute, time.Minute)
	if n := len(w.fake.Ledger().VMs); n != 1 {
		t.Errorf("%d VPSes were bought with a low balance, want 1", n)
	}
	w.patch(g, `{"spec":{"minNodes":2}}`)
	w.ready(g, 2)
	w.must(w.fake.PatchKnobs([]byte(`{"balance":"100"}`)))
	w.until(time.Minute, "growth after the account was filled up", func() error {
		if len(w.fake.Ledger().VMs) < 3 {
			return errNotYet
		}
		return nil
	})
}

// An account that says nothing of its balance, or is billed afterwards, has no condition and no series.
func TestNoWordOfTheBalanceWhereThereIsNone(t *testing.T) {
	for name, knobs := range map[string]vpsietest.Knobs{"nothing is said": {NoBilling: true}, "billed afterwards": {}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, knobs)
			g := w.group("postpaid", 1, 1)
			w.ready(g, 1)
			w.after(10*time.Minute, time.Minute)
			w.reload(g)
			for _, c := range g.Status.Conditions {
				if c.Type == v1alpha1.NodeGroupLowBalance {
					t.Errorf("%+v", c)
				}
			}
			if n := testutil.CollectAndCount(w.registry, balanceMetrics); n != 0 {
				t.Errorf("%d series of the balance", n)
			}
		})
	}
}
