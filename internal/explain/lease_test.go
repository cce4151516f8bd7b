package explain

import (
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestADeadAutoscalerIsSaidFirst(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	lease := func(holder string, ago time.Duration) *coordinationv1.Lease {
		return &coordinationv1.Lease{Spec: coordinationv1.LeaseSpec{
			HolderIdentity: &holder, LeaseDurationSeconds: new(int32(15)), RenewTime: &metav1.MicroTime{Time: now.Add(-ago)},
		}}
	}
	for name, c := range map[string]struct {
		lease *coordinationv1.Lease
		want  string
	}{
		"none":         {nil, "No autoscaler runs: there is no Lease"},
		"nobody":       {lease("", 0), "nobody holds the Lease"},
		"alive":        {lease("pod-a", 10*time.Second), ""},
		"a little old": {lease("pod-a", 29*time.Second), ""},
		"dead":         {lease("pod-a", 2*time.Minute), "pod-a, the last leader, gave its last sign of life 2m ago"},
	} {
		got := Leaderless(c.lease, "kube-system", now)
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	page := NewPage(now, false, 0)
	Status(&Scene{Now: now, Dead: "No autoscaler runs"}).Print(page)
	var text strings.Builder
	if _, err := page.WriteTo(&text); err != nil || !strings.HasPrefix(text.String(), "No autoscaler runs\n") {
		t.Errorf("%v: %s", err, text.String())
	}
}
