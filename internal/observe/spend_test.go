package observe

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// hourly is a monthly price of so much an hour.
const hourly = 720_000_000

func sum(s *Spent, keep func(day string, e SpentPart) bool) float64 {
	total := 0.0
	for _, d := range s.Days {
		for _, e := range d.Entries {
			if keep == nil || keep(d.Day, e) {
				total += e.Cost
			}
		}
	}
	return math.Round(total*1e6) / 1e6
}

func TestSpendIsDividedByDayAndNamespace(t *testing.T) {
	m := NewMetrics(prometheus.NewRegistry(), "v", nil)
	s := NewSpend(m)
	begin := time.Date(2026, 1, 1, 22, 0, 0, 0, time.UTC)
	if s.Due(begin) {
		t.Error("it counts before it knows what was stored")
	}
	s.Restore(nil)
	charges := []Charge{
		{Group: "web", Offering: "small", Since: begin.Add(-time.Hour), Price: hourly, Shares: map[string]float64{"shop": 0.5, "search": 0.25}},
		{Group: "batch", Offering: "large", Since: begin.Add(3 * time.Hour), Price: 2 * hourly, Shares: map[string]float64{"shop": 1.5}},
	}
	s.Add(begin, charges) // nobody knows of the time before
	if s.Due(begin.Add(59*time.Second)) || !s.Due(begin.Add(time.Minute)) {
		t.Error("it is not due every minute")
	}
	s.Add(begin.Add(4*time.Hour), charges)
	spent := s.Spent()
	for name, test := range map[string]struct {
		got, want float64
	}{
		"all":           {sum(spent, nil), 6},
		"the first day": {sum(spent, func(day string, _ SpentPart) bool { return day == "2026-01-01" }), 2},
		"shop":          {sum(spent, func(_ string, e SpentPart) bool { return e.Namespace == "shop" }), 2 + 2},
		"idle":          {sum(spent, func(_ string, e SpentPart) bool { return e.Namespace == NobodysNamespace }), 1},
		"batch":         {sum(spent, func(_ string, e SpentPart) bool { return e.Group == "batch" }), 2},
		"the metric":    {testutil.ToFloat64(m.spend.WithLabelValues("web", "small")), 4},
	} {
		if math.Abs(test.got-test.want) > 1e-6 {
			t.Errorf("%s: %v, want %v", name, test.got, test.want)
		}
	}
}

func TestSpendKeepsNoGapOverARestart(t *testing.T) {
	begin := time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC)
	charges := []Charge{{Group: "web", Offering: "small", Since: begin.Add(-time.Hour), Price: hourly}}
	s := NewSpend(nil)
	s.Restore(nil)
	s.Add(begin, charges)
	s.Add(begin.Add(time.Hour), charges)
	text, err := json.Marshal(s.Spent())
	if err != nil {
		t.Fatal(err)
	}
	stored, err := DecodeSpent(string(text))
	if err != nil {
		t.Fatal(err)
	}
	again := NewSpend(nil)
	again.Restore(stored)
	again.Add(begin.Add(3*time.Hour), charges)
	if got := sum(again.Spent(), nil); got != 3 {
		t.Errorf("%v, want three hours", got)
	}
	for _, wrong := range []string{"", "{", `{"days":[{"day":"yesterday"}]}`} {
		if _, err := DecodeSpent(wrong); err == nil {
			t.Errorf("%q is read", wrong)
		}
	}
}

func TestSpendIsBounded(t *testing.T) {
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := NewSpend(nil)
	s.Restore(nil)
	shares := map[string]float64{}
	for i := range 1000 {
		shares[fmt.Sprintf("namespace-%04d", i)] = 0.001
	}
	charges := []Charge{{Group: "web", Offering: "small", Since: begin, Price: hourly, Shares: shares}}
	for day := range 60 {
		s.Add(begin.AddDate(0, 0, day), charges)
	}
	spent := s.Spent()
	text, _ := json.Marshal(spent)
	if len(spent.Days) > mostSpendDays || len(text) > 1<<20 {
		t.Errorf("%d days, %d bytes", len(spent.Days), len(text))
	}
	last := spent.Days[len(spent.Days)-1]
	if got := sum(&Spent{Days: []SpentDay{spent.Days[5]}}, nil); math.Abs(got-24) > 1e-6 {
		t.Errorf("%s: %v, want all of the day", spent.Days[5].Day, got)
	}
	if len(last.Entries) > mostSpendEntries+1 {
		t.Errorf("%d entries", len(last.Entries))
	}
}

func TestTheJournalIsStoredAndRestored(t *testing.T) {
	old := NewJournal()
	for i := range 20 {
		old.Note(NewRound(noon.Add(time.Duration(i)*time.Minute), waits("web", "Paused", fmt.Sprintf("a/pod-%d", i)), nil))
	}
	packed, err := old.Encode()
	if err != nil {
		t.Fatal(err)
	}
	rounds, err := DecodeRounds(packed)
	if err != nil || len(rounds) != 20 {
		t.Fatalf("%d rounds, %v", len(rounds), err)
	}
	fresh := NewJournal()
	fresh.Note(NewRound(noon.Add(time.Hour), waits("web", "Backoff", "a/new"), nil))
	fresh.Restore(rounds)
	got := fresh.Rounds(Filter{})
	if len(got) != 21 || !got[0].First.Equal(noon) || got[20].Waiting[0].Pods[0] != "a/new" || got[3].Waiting[0].Pods[0] != "a/pod-3" {
		t.Errorf("%d rounds", len(got))
	}
	for range 3 { // what is there already comes in front of nothing
		fresh.Restore(rounds)
	}
	if got := fresh.Rounds(Filter{}); len(got) != 21 {
		t.Errorf("%d rounds after it was restored again", len(got))
	}
	if _, err := DecodeRounds([]byte("none")); err == nil {
		t.Error("nonsense is read")
	}
	weight := 0
	for _, r := range fresh.Rounds(Filter{}) {
		weight += r.weight()
	}
	if fresh.weight != weight {
		t.Errorf("weight %d, want %d", fresh.weight, weight)
	}
}

func TestAStoredJournalFitsAConfigMap(t *testing.T) {
	j := NewJournal()
	seed := uint64(1)
	for i := range 200 {
		pods := make([]string, 500)
		for k := range pods {
			seed = seed*6364136223846793005 + 1442695040888963407
			pods[k] = fmt.Sprintf("ns/%016x%016x", seed, seed*31)
		}
		j.Note(NewRound(noon.Add(time.Duration(i)*time.Minute), waits("web", "Paused", pods...), nil))
	}
	packed, err := j.Encode()
	if err != nil {
		t.Fatal(err)
	}
	rounds, err := DecodeRounds(packed)
	if err != nil || len(packed) > mostStored || len(rounds) == 0 || len(rounds) == len(j.Rounds(Filter{})) {
		t.Fatalf("%d bytes, %d rounds, %v", len(packed), len(rounds), err)
	}
	if last := j.Rounds(Filter{}); !rounds[len(rounds)-1].First.Equal(last[len(last)-1].First) {
		t.Error("the newest round is not stored")
	}
}
