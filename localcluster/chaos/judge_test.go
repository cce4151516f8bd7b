package chaos

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

var dawn = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// vps is a VPS that lived from one second to another, listed from the first one on; 0 is now.
func vps(id int, hostname, mark string, from, to int) vpsietest.Bill {
	b := vpsietest.Bill{ID: id, Hostname: hostname, Plan: "small-2cpu-4gb", Notes: mark, PricePerMonth: "12.00", CreatedAt: dawn.Add(time.Duration(from) * time.Second), Cost: "0.000000001"}
	b.ListedAt = new(b.CreatedAt)
	if to > 0 {
		b.DeletedAt = new(dawn.Add(time.Duration(to) * time.Second))
	}
	return b
}

// listed has a list show the VPS from a second on.
func listed(b vpsietest.Bill, at int) vpsietest.Bill {
	b.ListedAt = new(dawn.Add(time.Duration(at) * time.Second))
	return b
}

func TestJudge(t *testing.T) {
	const own = "vpsie-autoscaler/chaos-0/a0/m/u1"
	life := machineLife{name: "m", group: "a0", instanceType: "small-2cpu-4gb", born: dawn, gone: dawn.Add(time.Minute)}
	for name, tc := range map[string]struct {
		bills []vpsietest.Bill
		life  machineLife
		want  []string
	}{
		"all is well":                       {[]vpsietest.Bill{vps(1, "m", own, 1, 59)}, life, nil},
		"one after the other":               {[]vpsietest.Bill{vps(1, "m", own, 1, 9), vps(2, "M", own, 10, 20)}, life, nil},
		"two at once":                       {[]vpsietest.Bill{vps(1, "m", own, 1, 9), vps(2, "M", own, 8, 20)}, life, []string{"both there under the hostname m"}},
		"ordered again while it was hidden": {[]vpsietest.Bill{listed(vps(1, "m", own, 1, 20), 9), vps(2, "m", own, 5, 20), vps(3, "n", own, 6, 20)}, life, nil},
		"ordered again while it was listed": {[]vpsietest.Bill{listed(vps(1, "m", own, 1, 20), 4), vps(2, "m", own, 5, 20)}, life, []string{"both there"}},
		"ordered again too soon":            {[]vpsietest.Bill{listed(vps(1, "m", own, 1, 20), 9), vps(2, "m", own, 2, 20)}, life, []string{"both there"}},
		"listed after its VPSieNode went":   {[]vpsietest.Bill{listed(vps(1, "m", own, 50, 70), 65)}, life, nil},
		"listed, and left behind":           {[]vpsietest.Bill{listed(vps(1, "m", own, 50, 70), 55)}, life, []string{"it outlived its VPSieNode"}},
		"two for ever":                      {[]vpsietest.Bill{vps(1, "m", own, 1, 0), vps(2, "m", own, 8, 20)}, machineLife{instanceType: "small-2cpu-4gb", born: dawn}, []string{"both there"}},
		"outlived":                          {[]vpsietest.Bill{vps(1, "m", own, 1, 99)}, life, []string{"it outlived its VPSieNode"}},
		"left behind":                       {[]vpsietest.Bill{vps(1, "m", own, 1, 0)}, life, []string{"it outlived its VPSieNode"}},
		"before its VPSieNode":              {[]vpsietest.Bill{vps(1, "m", own, -5, 9)}, life, []string{"it is older"}},
		"without a VPSieNode":               {[]vpsietest.Bill{vps(1, "m", "vpsie-autoscaler/chaos-0/a0/m/u2", 1, 9)}, life, []string{"never there"}},
		"another size":                      {[]vpsietest.Bill{vps(1, "m", own, 1, 9)}, machineLife{instanceType: "micro-1cpu-2gb", born: dawn, gone: life.gone}, []string{"asks for a micro"}},
		"a foreign one goes":                {[]vpsietest.Bill{vps(1, "m", "vpsie-autoscaler/other/a0/m/u1", 1, 9)}, life, []string{"somebody else's"}},
		"an unmarked one goes":              {[]vpsietest.Bill{vps(1, "m", "mine", 1, 9)}, life, []string{"somebody else's"}},
		"foreign ones stay":                 {[]vpsietest.Bill{vps(1, "m", "mine", 1, 0), vps(2, "m", "vpsie-autoscaler/other/a0/m/u1", 1, 0)}, life, nil},
		"more than the NodeGroup may":       {[]vpsietest.Bill{vps(1, "m", own, 1, 9), vps(2, "n", own, 2, 9), vps(3, "o", own, 3, 9)}, life, []string{"has 3 VPSes and may have 2"}},
		"dearer than its time":              {[]vpsietest.Bill{dear(vps(1, "m", own, 1, 9))}, life, []string{"its time costs"}},
	} {
		t.Run(name, func(t *testing.T) {
			e := &evidence{
				bills: tc.bills, machines: map[types.UID]machineLife{"u1": tc.life},
				most: map[string]int{"a0": 2},
			}
			got := e.judge()
			if len(got) != len(tc.want) {
				t.Fatalf("found %+v, want %q", got, tc.want)
			}
			for i, v := range got {
				if !strings.Contains(v.what, tc.want[i]) {
					t.Errorf("found %q, want %q", v.what, tc.want[i])
				}
			}
		})
	}
}

func dear(b vpsietest.Bill) vpsietest.Bill {
	b.Cost = "1.000000000"
	return b
}

// TestEvictionsAreJudged plays a Deployment of three pods whose budget lets one of them be away.
func TestEvictionsAreJudged(t *testing.T) {
	w := &watcher{tally: newTally(), pods: map[types.UID]*podLife{}, apps: map[string]*app{}, excuses: map[string]bool{"excused": true}}
	w.see(&appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "x"}, Spec: appsv1.DeploymentSpec{Replicas: new(int32(3))}})
	w.see(&policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Namespace: "x", UID: "b"}, Spec: policyv1.PodDisruptionBudgetSpec{
		MaxUnavailable: new(intstr.FromInt32(1)), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{appLabel: "web"}},
	}})
	var pods []*corev1.Pod
	for i := range 3 {
		pods = append(pods, readyPod(fmt.Sprint("web-", i), map[string]string{appLabel: "web"}))
		w.see(pods[i])
	}
	web := w.app("x", "web")
	web.disturbed = time.Time{}
	web.pdb.Status.CurrentHealthy = 3
	w.see(evict(pods[0]))
	if len(w.found) != 0 {
		t.Fatalf("the first eviction is within the budget, and found is %+v", w.found)
	}
	w.see(evict(pods[2]))
	if len(w.found) != 0 {
		t.Fatalf("the budget still counts three pods, and found is %+v", w.found)
	}
	web.pdb.Status.CurrentHealthy = 2
	web.pods[pods[2].UID].leaving = false
	w.see(evict(pods[1]))
	if len(w.found) != 1 || !strings.Contains(w.found[0].what, "left 1 of 3 pods available; its PodDisruptionBudget requires 2") {
		t.Fatalf("the second eviction breaks the budget, and found is %+v", w.found)
	}

	bare, safe, elsewhere := readyPod("bare", nil), readyPod("safe", nil), readyPod("elsewhere", nil)
	safe.Annotations = map[string]string{safeToEvict: "true"}
	elsewhere.Spec.NodeName = "excused"
	for _, p := range []*corev1.Pod{bare, safe, elsewhere} {
		w.see(p)
		w.see(evict(p))
	}
	if len(w.found) != 2 || !strings.Contains(w.found[1].what, "pod x/bare was evicted") {
		t.Fatalf("only the bare pod must not be evicted, and found is %+v", w.found)
	}
}

// What is bought in the place of others is of an exchange when its order says that it saves something.
func TestOrdersThatSave(t *testing.T) {
	w := &watcher{tally: newTally(), machines: map[types.UID]*machineLife{}}
	for name, want := range map[string]bool{"0.0326": true, "0.0000": false, "-0.0100": true} {
		w.see(&v1alpha1.VPSieNode{ObjectMeta: metav1.ObjectMeta{UID: types.UID(name), Annotations: map[string]string{
			v1alpha1.AnnotationReplaces: "a", v1alpha1.AnnotationOrder: fmt.Sprintf(`{"replaces":["a"],"savesPerHour":%q}`, name),
		}}})
		if got := w.lives()[types.UID(name)]; got.saves != want {
			t.Errorf("an order that saves %s is taken for one of an exchange: %t", name, got.saves)
		}
	}
}

func readyPod(name string, labels map[string]string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "x", UID: types.UID(name), Labels: labels},
		Spec:       corev1.PodSpec{NodeName: "node"},
		Status:     corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}},
	}
}

func evict(p *corev1.Pod) *corev1.Pod {
	p = p.DeepCopy()
	p.DeletionTimestamp = new(metav1.Now())
	p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: evictedByAPI})
	return p
}

// TestSeed deals the same acts for the same seed, and others for another.
func TestSeed(t *testing.T) {
	deal := func(seed uint64) []string {
		s := newSchedule(seed)
		var acts []string
		for i := range 50 {
			one := s.of(i % estates)
			acts = append(acts, fmt.Sprintf("%+v %+v %+v %+v", s.nextRegime(), s.nextView(), one.nextDeath(), one.nextChore()))
		}
		return acts
	}
	if !slices.Equal(deal(7), deal(7)) {
		t.Error("a seed deals different acts from one time to the next")
	}
	if slices.Equal(deal(7), deal(8)) {
		t.Error("different seeds deal the same acts")
	}
}

// In a lull the cloud answers and a plan is cheap; lulls come back, and what is left of one passes.
func TestLulls(t *testing.T) {
	quiet := time.Duration(0)
	for into := time.Duration(0); into < 3*lullEvery; into += time.Second {
		if left := lull(into); left > 0 {
			quiet += time.Second
			if next := lull(into + left); next != 0 {
				t.Errorf("%s into the run the lull lasts %s, and then %s more", into, left, next)
			}
		}
	}
	if quiet != 3*lullLasts {
		t.Errorf("lulls lasted %s in %s", quiet, 3*lullEvery)
	}
	if g := newSchedule(7).nextLull(time.Second); g.lasts != time.Second || g.trouble != calm || g.bargain == "" || len(g.rules()) != 0 {
		t.Errorf("a lull is %+v", g)
	}
}
