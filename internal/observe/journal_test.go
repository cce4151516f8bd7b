package observe

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	testingclock "k8s.io/utils/clock/testing"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func refusals(group string, reasons ...plan.RefusalReason) []plan.Refusal {
	var list []plan.Refusal
	for i, r := range reasons {
		list = append(list, plan.Refusal{Group: group, InstanceType: fmt.Sprint("type", i), Reason: r, Message: "because"})
	}
	return list
}

// waits is a plan in which pods wait for the same reasons.
func waits(group string, reason plan.RefusalReason, pods ...string) *plan.Plan {
	p := &plan.Plan{}
	for _, pod := range pods {
		p.Unplaced = append(p.Unplaced, plan.Unplaced{Pod: pod, Refusals: refusals(group, reason)})
	}
	return p
}

func TestRoundsThatSayTheSameAreOneEntry(t *testing.T) {
	kept := func(reason plan.KeptReason, message string) *plan.Plan {
		return &plan.Plan{Kept: []plan.Kept{{Node: "n", Group: "web", Reason: reason, Message: message}}}
	}
	placed := func(pods ...string) *plan.Plan {
		p := &plan.Plan{}
		for _, pod := range pods {
			p.Placements = append(p.Placements, plan.Placement{Pod: pod, Node: "n"})
		}
		return p
	}
	launch := &plan.Plan{Launches: []plan.Launch{{Name: "web-new-1", Group: "web", InstanceType: "small"}}}
	for name, test := range map[string]struct {
		first, second *Round
		entries       int
	}{
		"nothing twice":            {NewRound(noon, &plan.Plan{}, nil), NewRound(noon, &plan.Plan{}, nil), 1},
		"the same reasons":         {NewRound(noon, waits("web", plan.Paused, "a/b"), nil), NewRound(noon, waits("web", plan.Paused, "a/b"), nil), 1},
		"another pod":              {NewRound(noon, waits("web", plan.Paused, "a/b"), nil), NewRound(noon, waits("web", plan.Paused, "a/b", "a/c"), nil), 2},
		"another reason":           {NewRound(noon, waits("web", plan.Paused, "a/b"), nil), NewRound(noon, waits("web", plan.Backoff, "a/b"), nil), 2},
		"another number":           {NewRound(noon, kept(plan.KeptNotUnderutilized, "60%"), nil), NewRound(noon, kept(plan.KeptNotUnderutilized, "70%"), nil), 1},
		"another reason to keep":   {NewRound(noon, kept(plan.KeptNotUnderutilized, ""), nil), NewRound(noon, kept(plan.KeptPaused, ""), nil), 2},
		"a pod has got there":      {NewRound(noon, placed("a/b", "a/c", "a/d"), nil), NewRound(noon, placed("a/c"), nil), 1},
		"a pod more is on its way": {NewRound(noon, placed("a/b"), nil), NewRound(noon, placed("a/b", "a/c"), nil), 2},
		"another machine":          {NewRound(noon, launch, map[string]string{"web-new-1": "vpsie-web-1"}), NewRound(noon, launch, map[string]string{"web-new-1": "vpsie-web-2"}), 2},
		"the same order fails":     {NewRound(noon, launch, nil), NewRound(noon, launch, nil), 1},
	} {
		j := NewJournal()
		j.Note(test.first)
		test.second.First, test.second.Last = noon.Add(time.Minute), noon.Add(time.Minute)
		j.Note(test.second)
		got := j.Rounds(Filter{})
		if len(got) != test.entries {
			t.Errorf("%s: %d entries, want %d", name, len(got), test.entries)
			continue
		}
		if test.entries == 1 && (got[0].Rounds != 2 || !got[0].First.Equal(noon) || !got[0].Last.Equal(noon.Add(time.Minute))) {
			t.Errorf("%s: %d rounds from %s to %s", name, got[0].Rounds, got[0].First, got[0].Last)
		}
	}
	j := NewJournal()
	j.Note(NewRound(noon, kept(plan.KeptNotUnderutilized, "60%"), nil))
	j.Note(NewRound(noon, kept(plan.KeptNotUnderutilized, "70%"), nil))
	if got := j.Rounds(Filter{})[0].Kept[0].Message; got != "70%" {
		t.Errorf("the entry says %q, which is not the last round's", got)
	}
}

func TestTheJournalIsBounded(t *testing.T) {
	j := NewJournal()
	for i := range mostRounds + 10 {
		j.Note(NewRound(noon.Add(time.Duration(i)*time.Second), waits("web", plan.Paused, fmt.Sprint("a/", i)), nil))
	}
	got := j.Rounds(Filter{})
	if len(got) != mostRounds || got[0].Waiting[0].Pods[0] != "a/10" {
		t.Errorf("%d entries from %v on", len(got), got[0].Waiting)
	}
	many := &plan.Plan{}
	for i := range mostWeight/4 - 10 {
		many.Placements = append(many.Placements, plan.Placement{Pod: fmt.Sprint("a/", i), Node: "n"})
	}
	for i := range 6 {
		one := *many
		one.Unplaced = waits("web", plan.Paused, fmt.Sprint("b/", i)).Unplaced
		j.Note(NewRound(noon, &one, nil))
	}
	if got := j.Rounds(Filter{}); len(got) != 4 || j.weight > mostWeight {
		t.Errorf("%d entries of weight %d, want 4 of at most %d", len(got), j.weight, mostWeight)
	}
	all := 0
	for _, r := range j.rounds {
		all += r.weight()
	}
	if all != j.weight {
		t.Errorf("weight %d, counted %d", all, j.weight)
	}
}

func ask(t *testing.T, server *httptest.Server, query string) (int, string) {
	t.Helper()
	answer, err := http.Get(server.URL + JournalPath + query)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// Each round of the journal is told by its hour and what of it the answer holds.
func TestTheJournalIsServedByFilter(t *testing.T) {
	j := NewJournal()
	shared := append(refusals("web", plan.MaxNodesReached), refusals("gpu", plan.TaintNotTolerated)...)
	j.Note(NewRound(noon, &plan.Plan{
		Launches:   []plan.Launch{{Name: "web-new-1", Group: "web", InstanceType: "small", Price: 12_000_000, Reason: plan.PendingPods, Pods: []string{"a/1", "a/2"}}},
		Placements: []plan.Placement{{Pod: "a/3", Node: "old"}},
	}, map[string]string{"web-new-1": "vpsie-web-1"}))
	second := NewRound(noon.Add(time.Hour), &plan.Plan{
		Unplaced: []plan.Unplaced{{Pod: "a/4", Refusals: shared}, {Pod: "a/5", Refusals: shared}},
		Kept:     []plan.Kept{{Node: "old", Group: "web", Reason: plan.KeptPaused}},
	}, nil)
	second.Faults = map[string]string{"gpu": "no such thing"}
	j.Note(second)
	j.Note(NewRound(noon.Add(2*time.Hour), &plan.Plan{
		Removals: []plan.Removal{{Node: "old", Group: "web", Reason: plan.Empty, Moves: []plan.Move{{Pod: "a/3", To: "vpsie-web-1"}}}},
	}, nil))
	server := httptest.NewServer(j.Handler(testingclock.NewFakePassiveClock(noon.Add(3*time.Hour)), plan.Options{SkipNodesWithLocalStorage: true}))
	defer server.Close()

	for query, want := range map[string]string{
		"":                            "12 launch vpsie-web-1 0.0167 a/1,a/2; 13 wait a/4,a/5 web gpu; 13 keep old; 13 fault gpu; 14 remove old",
		"?limit=1":                    "14 remove old",
		"?since=2026-01-01T13:00:00Z": "13 wait a/4,a/5 web gpu; 13 keep old; 13 fault gpu; 14 remove old",
		"?until=2026-01-01T12:30:00Z": "12 launch vpsie-web-1 0.0167 a/1,a/2",
		"?pod=a/1":                    "12 launch vpsie-web-1 0.0167 a/1,a/2",
		"?pod=a/3":                    "12 place a/3 old; 14 remove old",
		"?pod=a/4":                    "13 wait a/4 web gpu",
		"?node=old":                   "12 place a/3 old; 13 keep old; 14 remove old",
		"?node=vpsie-web-1":           "12 launch vpsie-web-1 0.0167 a/1,a/2",
		"?group=gpu":                  "13 wait a/4,a/5 gpu; 13 fault gpu",
		"?pod=a/9":                    "",
	} {
		status, text := ask(t, server, query)
		var got Journaled
		if err := json.Unmarshal([]byte(text), &got); err != nil || status != http.StatusOK {
			t.Fatalf("%s: %d %v: %s", query, status, err, text)
		}
		if diff := cmp.Diff(want, strings.Join(summary(got.Rounds), "; ")); diff != "" {
			t.Errorf("%s: -want +got:\n%s", query, diff)
		}
		if !got.Options.SkipNodesWithLocalStorage {
			t.Errorf("%s: the answer does not say with which flags rounds are decided: %+v", query, got.Options)
		}
		if got.LastRound == nil || !got.LastRound.Equal(noon.Add(2*time.Hour)) || !got.Now.Equal(noon.Add(3*time.Hour)) {
			t.Errorf("%s: last round %v at %s", query, got.LastRound, got.Now)
		}
	}
	if got := j.Rounds(Filter{})[1].Waiting[0]; len(got.Pods) != 2 || len(got.Refusals) != 2 {
		t.Errorf("a filter has changed what is kept: %+v", got)
	}
	for query, want := range map[string]string{
		"?since=14:00": `parameter since: "14:00" is not a time as RFC 3339`,
		"?pod=web":     `parameter pod: "web" is not namespace/name`,
		"?limit=0":     `parameter limit: "0" is not a whole number >= 1`,
		"?nod=x":       "parameter nod: want since",
	} {
		if status, text := ask(t, server, query); status != http.StatusBadRequest || !strings.Contains(text, want) {
			t.Errorf("%s: %d %s, want %q", query, status, text, want)
		}
	}
	answer, err := http.Post(server.URL, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %s", answer.Status)
	}
}

func summary(rounds []*Round) []string {
	var lines []string
	for _, r := range rounds {
		say := func(format string, args ...any) {
			lines = append(lines, fmt.Sprintf("%d ", r.First.Hour())+fmt.Sprintf(format, args...))
		}
		for _, l := range r.Launches {
			say("launch %s %s %s", l.Machine, l.Price, strings.Join(l.Pods, ","))
		}
		for _, p := range r.Placed {
			say("place %s %s", p.Pod, p.Node)
		}
		for _, w := range r.Waiting {
			groups := ""
			for _, refusal := range w.Refusals {
				groups += " " + refusal.Group
			}
			say("wait %s%s", strings.Join(w.Pods, ","), groups)
		}
		for _, k := range r.Kept {
			say("keep %s", k.Node)
		}
		for group := range r.Faults {
			say("fault %s", group)
		}
		for _, x := range r.Removals {
			say("remove %s", x.Node)
		}
	}
	return lines
}

func TestAFilterIsReadAsItIsWritten(t *testing.T) {
	f := Filter{Since: noon, Until: noon.Add(time.Hour), Pod: "a/b", Node: "n", Group: "g", Limit: 3}
	got, err := ParseFilter(f.Query())
	if err != nil || got != f {
		t.Errorf("%+v, %v, want %+v", got, err, f)
	}
}

func TestAnEmptyJournalSaysSo(t *testing.T) {
	server := httptest.NewServer(NewJournal().Handler(testingclock.NewFakePassiveClock(noon), plan.Options{}))
	defer server.Close()
	if _, text := ask(t, server, ""); strings.TrimSpace(text) != `{"now":"2026-01-01T12:00:00Z","options":{"expendablePriorityCutoff":0,"skipNodesWithLocalStorage":false},"rounds":[]}` {
		t.Error(text)
	}
}
