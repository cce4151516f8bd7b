package main

import (
	"encoding/json"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/explain"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

func store(t *testing.T, cm *corev1.ConfigMap) {
	t.Helper()
	if err := env.Client(t, nil).Create(t.Context(), cm); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { remove(t, cm) })
}

// What this week cost is answered by the ConfigMap alone, whether or not anything runs.
func TestSpend(t *testing.T) {
	kubectl(t, "spend").want(t, 1, "there is no ConfigMap vpsie-autoscaler-spend in namespace kube-system yet")
	now := time.Now().UTC()
	day := func(ago int) string { return now.AddDate(0, 0, -ago).Format(time.DateOnly) }
	part := func(group, offering, namespace string, cost float64) observe.SpentPart {
		return observe.SpentPart{SpendOf: observe.SpendOf{Group: group, Offering: offering, Namespace: namespace}, Cost: cost}
	}
	text, err := json.Marshal(observe.Spent{Until: now, Days: []observe.SpentDay{
		{Day: day(9), Entries: []observe.SpentPart{part("web", "small", "shop", 100)}},
		{Day: day(2), Entries: []observe.SpentPart{part("web", "small", "shop", 3), part("web", "large", "(idle)", 1)}},
		{Day: day(0), Entries: []observe.SpentPart{part("batch", "large", "reports", 4)}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	store(t, &corev1.ConfigMap{ObjectMeta: metaOf("kube-system", observe.SpendConfigMap), Data: map[string]string{observe.SpendKey: string(text)}})
	kubectl(t, "spend", "--since", "7d", "--by", "namespace").want(t, 0, "have cost 8.0000", "reports  4.0000  50.0%", "shop     3.0000  37.5%", "(idle)   1.0000  12.5%")
	kubectl(t, "spend", "--by", "offering").want(t, 0, "large  5.0000", "small  3.0000")
	kubectl(t, "spend", "--since", "4w").want(t, 0, "have cost 108.0000", "Nothing is known of the time before "+day(9))
	var a explain.SpendAnswer
	if r := kubectl(t, "spend", "--by", "group", "-o", "json"); json.Unmarshal([]byte(r.out), &a) != nil || a.Total != "8.0000" || len(a.Parts) != 2 || a.Parts[0].Share != 0.5 {
		t.Errorf("%+v", r)
	}
	kubectl(t, "spend", "--by", "pod").want(t, 1, `--by: "pod" is not group, namespace, offering, day`)
	kubectl(t, "spend", "--since", "soon").want(t, 1, `--since: "soon" is neither how long ago`)
}

// Where no controller answers, the stored journal does.
func TestTheStoredJournalIsRead(t *testing.T) {
	at := time.Now().Add(-time.Hour)
	j := observe.NewJournal()
	j.Note(observe.NewRound(at, &plan.Plan{Launches: []plan.Launch{{Name: "web-new-1", Group: "web", InstanceType: "small", Reason: plan.PendingPods, Pods: []string{"shop/web-1"}}}},
		map[string]string{"web-new-1": "vpsie-web-abcde"}))
	packed, err := j.Encode()
	if err != nil {
		t.Fatal(err)
	}
	store(t, &corev1.ConfigMap{ObjectMeta: metaOf("kube-system", observe.JournalConfigMap), BinaryData: map[string][]byte{observe.JournalKey: packed}})
	kubectl(t, "journal", "--node", "vpsie-web-abcde").want(t, 0, "vpsie-web-abcde", "shop/web-1", "ConfigMap vpsie-autoscaler-journal")
	kubectl(t, "journal", "--node", "another").want(t, 0)
}
