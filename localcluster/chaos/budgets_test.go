package chaos

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

// No more nodes leave at once than a budget for their reason allows, and none while a window is closed. dawn is in an even
// minute.
func TestBudgetsOfNodesAreJudged(t *testing.T) {
	drifted, replaced := []v1alpha1.DisruptionReason{"Drifted"}, []v1alpha1.DisruptionReason{"Replaced"}
	limit := func(nodes string, reasons ...v1alpha1.DisruptionReason) v1alpha1.DisruptionBudget {
		return v1alpha1.DisruptionBudget{Nodes: new(intstr.Parse(nodes)), Reasons: reasons}
	}
	atMostTwo, half := limit("2", drifted...), limit("50%", drifted...)
	tables := timetables()
	window := tables[0].put(v1alpha1.DisruptionBudget{Kind: v1alpha1.DisruptionWindow, Reasons: replaced})
	windowInNepal := tables[2].put(v1alpha1.DisruptionBudget{Kind: v1alpha1.DisruptionWindow})
	never := tables[5].put(v1alpha1.DisruptionBudget{Kind: v1alpha1.DisruptionWindow})
	always := tables[4].put(v1alpha1.DisruptionBudget{Kind: v1alpha1.DisruptionWindow})
	freeze, freezeThen := limit("0"), tables[0].put(limit("0"))
	three := []machineLife{goes("a", "Drifted", 0, 9), goes("b", "Drifted", 1, 9), goes("c", "Drifted", 2, 9)}
	for name, tc := range map[string]struct {
		// budgets are those of the editions by which whoever removes a machine may decide.
		budgets  []v1alpha1.DisruptionBudget
		machines []machineLife
		want     string
	}{
		"as many as allowed":             {[]v1alpha1.DisruptionBudget{atMostTwo}, three[:2], ""},
		"one more":                       {[]v1alpha1.DisruptionBudget{atMostTwo}, three, "3 nodes of NodeGroup a0 leave when c goes (Drifted)"},
		"one more than before an edit":   {[]v1alpha1.DisruptionBudget{atMostTwo, limit("3")}, three, ""},
		"one more by both editions":      {[]v1alpha1.DisruptionBudget{atMostTwo, limit("2")}, three, "3 nodes of NodeGroup a0 leave when c goes (Drifted)"},
		"one more that is never gone":    {[]v1alpha1.DisruptionBudget{atMostTwo}, []machineLife{three[0], {name: "b", group: "a0", removal: "Drifted", left: second(1)}, three[2]}, "3 nodes"},
		"one after the other":            {[]v1alpha1.DisruptionBudget{atMostTwo}, []machineLife{three[0], three[1], goes("c", "Drifted", 8, 20)}, ""},
		"for another reason":             {[]v1alpha1.DisruptionBudget{atMostTwo}, []machineLife{goes("a", "Empty", 0, 9), goes("b", "Empty", 1, 9), goes("c", "Empty", 2, 9)}, ""},
		"by nobody's decision":           {[]v1alpha1.DisruptionBudget{atMostTwo}, []machineLife{three[0], three[1], goes("c", "", 2, 9)}, ""},
		"harmed":                         {[]v1alpha1.DisruptionBudget{atMostTwo}, []machineLife{three[0], three[1], goes("harmed", "Drifted", 2, 9)}, ""},
		"by one who has heard nothing":   {[]v1alpha1.DisruptionBudget{atMostTwo}, []machineLife{three[0], three[1], goes("deaf", "Drifted", 2, 9)}, ""},
		"half of three":                  {[]v1alpha1.DisruptionBudget{half}, []machineLife{three[0], goes("b", "Drifted", 30, 40), goes("c", "Drifted", 50, 60)}, ""},
		"two thirds":                     {[]v1alpha1.DisruptionBudget{half}, []machineLife{three[0], three[1], goes("c", "Drifted", 50, 60)}, "2 nodes of NodeGroup a0 leave when b goes (Drifted); a disruption budget allows 50%"},
		"a part of one":                  {[]v1alpha1.DisruptionBudget{half}, three[:1], ""},
		"none of one":                    {[]v1alpha1.DisruptionBudget{limit("0%")}, three[:1], "1 nodes of NodeGroup a0 leave when a goes"},
		"in a freeze":                    {[]v1alpha1.DisruptionBudget{freeze}, three[:1], "a disruption budget allows 0"},
		"in a freeze of that minute":     {[]v1alpha1.DisruptionBudget{freezeThen}, []machineLife{goes("a", "Empty", 30, 40)}, "a disruption budget allows 0"},
		"just after the freeze":          {[]v1alpha1.DisruptionBudget{freezeThen}, []machineLife{goes("a", "Empty", 60, 70)}, ""},
		"decided just before the freeze": {[]v1alpha1.DisruptionBudget{freezeThen}, []machineLife{goes("a", "Empty", 125, 130)}, ""},
		"in the window":                  {[]v1alpha1.DisruptionBudget{window}, []machineLife{goes("a", "Replaced", 59, 70)}, ""},
		"decided just before its end":    {[]v1alpha1.DisruptionBudget{window}, []machineLife{goes("a", "Replaced", 65, 70)}, ""},
		"while it is closed":             {[]v1alpha1.DisruptionBudget{window}, []machineLife{goes("a", "Replaced", 75, 90)}, "a goes (Replaced) while the window of NodeGroup a0 is closed"},
		"for a reason without a window":  {[]v1alpha1.DisruptionBudget{window}, []machineLife{goes("a", "Empty", 75, 90)}, ""},
		"when the window has come again": {[]v1alpha1.DisruptionBudget{window}, []machineLife{goes("a", "Replaced", 120, 130)}, ""},
		"in a window of another zone":    {[]v1alpha1.DisruptionBudget{windowInNepal}, []machineLife{goes("a", "Empty", 75, 90)}, ""},
		"closed in another zone":         {[]v1alpha1.DisruptionBudget{windowInNepal}, []machineLife{goes("a", "Empty", 30, 40)}, "is closed"},
		"in no window":                   {[]v1alpha1.DisruptionBudget{never}, three[:1], "is closed"},
		"in a window without end":        {[]v1alpha1.DisruptionBudget{always}, []machineLife{goes("a", "Empty", 179, 190)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := &evidence{
				machines: map[types.UID]machineLife{}, excuses: map[string]bool{"harmed": true},
				budgets: map[string]editions{"b0": {{1, []v1alpha1.DisruptionBudget{never}}}}, minds: map[string][]int64{},
			}
			var mind []int64
			for i, b := range tc.budgets {
				generation := int64(2 * i)
				e.budgets["a0"] = append(e.budgets["a0"], edition{generation, []v1alpha1.DisruptionBudget{b}})
				mind = append(mind, generation+1) // of another edit
			}
			for _, m := range tc.machines {
				e.machines[types.UID(m.name)] = m
				if m.name != "deaf" {
					e.minds[m.name] = mind
				}
			}
			mustFind(t, e.judge(), tc.want)
		})
	}
}

// A replica decides by what it was given last, and for mindSlack after that by what it was given before.
func TestWhatReplicasHaveHeard(t *testing.T) {
	h := newHeard()
	first, second := place{estate: 0, replica: 0}, place{estate: 0, replica: 1}
	if err := h.list(first, []byte(`{"kind":"NodeGroupList","items":[{"metadata":{"name":"a0","generation":3}},{"metadata":{"name":"b0","generation":9}}]}`)); err != nil {
		t.Fatal(err)
	}
	h.follow(second, strings.NewReader(`{"type":"ADDED","object":{"metadata":{"name":"a0","generation":4}}}
		{"type":"MODIFIED","object":{"metadata":{"name":"a0","generation":5}}}{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7"}}}{"type`))
	now := time.Now()
	h.gives(first, "a0", 4, now.Add(time.Second))
	h.gives(first, "a0", 6, now.Add(2*time.Second))
	h.removes(first, "vpsie-a0-soon1", now.Add(3*time.Second))
	h.removes(first, "vpsie-a0-later", now.Add(3*time.Second+mindSlack))
	h.removes(second, "vpsie-a0-other", now.Add(mindSlack/2))
	h.removes(second, "vpsie-b0-deaf1", now)
	for machine, want := range map[string][]int64{
		"vpsie-a0-soon1": {3, 4, 6}, "vpsie-a0-later": {6}, "vpsie-a0-other": {4, 5}, "vpsie-b0-deaf1": nil,
	} {
		if got := h.allMinds()[machine]; !slices.Equal(got, want) {
			t.Errorf("%s may have been removed by generations %v, want %v", machine, got, want)
		}
	}
}

// All budgets that are drawn can be had, and the judge knows their timetables.
func TestSomeBudgets(t *testing.T) {
	drawn := map[string]bool{}
	for die := range uint64(5000) {
		for _, b := range someBudgets(die * 7919) {
			drawn[fmt.Sprintf("%s %s %v %s %s", b.Kind, b.Nodes, b.Reasons, b.Cron, b.TimeZone)] = true
			if table := timetableOf(&b); table.cron != b.Cron {
				t.Errorf("the judge does not know %+v", b)
			}
			if (b.Kind == v1alpha1.DisruptionWindow) != (b.Nodes == nil) || b.Kind == v1alpha1.DisruptionWindow && b.Cron == "" || (b.Cron == "") != (b.DurationSeconds == nil) {
				t.Errorf("the API server would refuse %+v", b)
			}
		}
	}
	if limits, tables := 7, len(timetables()); len(drawn) != limits+4*tables {
		t.Errorf("%d kinds of budgets are drawn, want %d and four for each of %d timetables: %v", len(drawn), limits, tables, drawn)
	}
}
