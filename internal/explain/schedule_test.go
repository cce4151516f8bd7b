package explain

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// nightly is a NodeGroup that is empty in the nights from Monday to Friday.
func nightly() *v1alpha1.NodeGroup {
	g := &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "kube-system"}}
	g.Spec.MinNodes, g.Spec.MaxNodes = 1, 5
	g.Spec.Schedules = []v1alpha1.Schedule{{Name: "night", Cron: "0 20 * * 1-5", TimeZone: "Europe/Berlin", DurationSeconds: 36000, MaxNodes: new(int32(0))}}
	return g
}

// A week with a change of the clock has its bounds and its price, which limits cap.
func TestScheduleOfAWeek(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	other := &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Name: "always"}}
	other.Spec.MinNodes, other.Spec.MaxNodes = 1, 1
	s := &Scene{Now: time.Date(2026, 3, 27, 12, 0, 0, 0, berlin), Groups: []*v1alpha1.NodeGroup{nightly(), other}}
	limit := plan.Money(108e6) // three of the dearest
	offer := func(name string, price plan.Money) *plan.Offer {
		return &plan.Offer{InstanceType: name, DatacenterID: "dc", Price: price}
	}
	state := &plan.State{
		Offers: []*plan.Offer{offer("small", 7_200_000), offer("large", 36_000_000), offer("other", 1)},
		Groups: []*plan.Group{
			{Name: "web", DatacenterID: "dc", Offers: []string{"small", "large"}, Limits: plan.Limits{Cost: &limit}},
			{Name: "always", DatacenterID: "dc", Offers: []string{"small"}},
		},
	}
	a, err := Schedule(s, "", 7*24*time.Hour, state)
	if err != nil {
		t.Fatal(err)
	}
	// Each night takes 10 hours: from Friday over the Sunday on which the clock is put forward there are 5.
	week := 168.0
	off := 10.0 * 5
	if len(a.Groups) != 1 || a.Unscheduled != 1 || a.Groups[0].Least != inMoney(micro((week-off)*0.01*1e6)) || a.Groups[0].Most != inMoney(micro((week-off)*0.15*1e6)) {
		t.Errorf("%+v", a)
	}
	if a.Least != inMoney(micro((week-off)*0.01*1e6+week*0.01*1e6)) {
		t.Errorf("all groups: at least %s", a.Least)
	}
	page := NewPage(s.Now, false, 0)
	a.Print(page)
	text := page.out.String()
	for _, want := range []string{
		"NodeGroup web, from Fri 27 Mar 12:00 to Fri 3 Apr 13:00: between 1.18 and 17.70",
		"Fri 27 Mar 12:00  Fri 27 Mar 20:00  -          1    5    0.0100   0.1500",
		"Fri 27 Mar 20:00  Sat 28 Mar 06:00  night      0    0    0.0000   0.0000",
		"Sat 28 Mar 06:00  Mon 30 Mar 20:00  -",
		"All 2 NodeGroups: between 2.86",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if none, err := Schedule(s, "", time.Hour, nil); err != nil || none.Least != "" || none.Groups[0].Spans[0].Least != "" {
		t.Errorf("without prices: %+v, %v", none, err)
	}
	if _, err := Schedule(s, "nobody", time.Hour, nil); err == nil || !strings.Contains(err.Error(), "there are always, web") {
		t.Error(err)
	}
	if one, err := Schedule(s, "always", time.Hour, nil); err != nil || len(one.Groups) != 1 {
		t.Errorf("%+v, %v", one, err)
	}
}

// What waits for a schedule is told its end and the annotation that counts before it.
func TestSchedulesAreNamedAsTheWayOut(t *testing.T) {
	g := nightly()
	g.Spec.Schedules = append(g.Spec.Schedules, v1alpha1.Schedule{Name: "still", Cron: "0 20 * * 1-5", DurationSeconds: 3600, Paused: new(true)})
	s := &Scene{Now: time.Date(2026, 11, 23, 20, 30, 0, 0, time.UTC), Groups: []*v1alpha1.NodeGroup{g}}
	for reason, want := range map[plan.RefusalReason]string{
		plan.MaxNodesReached: "wait for the end of NodeGroup web's schedule night until 2026-11-23T21:00:00Z; or have more than its 0 nodes at once: kubectl -n kube-system annotate ng web autoscaler.vpsie.com/max-nodes-override=1",
		plan.Paused:          "NodeGroup web is paused by schedule still until 2026-11-23T21:00:00Z; to end that pause at once: kubectl -n kube-system annotate ng web autoscaler.vpsie.com/pause=false",
	} {
		if got := s.change(RefusedBy{Group: "web", Reason: reason}); got != want {
			t.Errorf("%s: %q", reason, got)
		}
	}
	status := s.groupStatus(g)
	if news := strings.Join(status.News, "; "); !strings.Contains(news, "paused by schedule still until") || !strings.Contains(news, "bounds by schedule night until") || status.Max != 0 {
		t.Errorf("%+v", status)
	}
	a, err := Group(s, "web")
	if err != nil || len(a.Schedules) != 2 {
		t.Fatalf("%+v, %v", a, err)
	}
	page := NewPage(s.Now, false, 0)
	a.Print(page)
	if text := page.out.String(); !strings.Contains(text, "schedule night is active; the next start or end is at 2026-11-23 21:00:00 UTC") {
		t.Error(text)
	}
}
