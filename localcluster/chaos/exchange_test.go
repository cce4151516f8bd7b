package chaos

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

func second(seconds int) time.Time { return dawn.Add(time.Duration(seconds) * time.Second) }

// goes is a machine of the group that a controller lets go from one second to another.
func goes(name, why string, from, to int) machineLife {
	return machineLife{name: name, group: "a0", instanceType: "small-2cpu-4gb", born: second(-600), removal: why, left: second(from), gone: second(to)}
}

// No more nodes leave at once than a budget for their reason allows, and none while a window is closed. dawn is in an open
// window of a minute; the next minute is closed.
func TestBudgetsOfNodesAreJudged(t *testing.T) {
	two := intstr.FromInt32(2)
	drifted, replaced := []v1alpha1.DisruptionReason{"Drifted"}, []v1alpha1.DisruptionReason{"Replaced"}
	atMostTwo := v1alpha1.DisruptionBudget{Nodes: &two, Reasons: drifted}
	window := v1alpha1.DisruptionBudget{Kind: v1alpha1.DisruptionWindow, Cron: windowCron, Reasons: replaced}
	for name, tc := range map[string]struct {
		budget   v1alpha1.DisruptionBudget
		machines []machineLife
		want     string
	}{
		"as many as allowed":             {atMostTwo, []machineLife{goes("a", "Drifted", 0, 9), goes("b", "Drifted", 1, 9)}, ""},
		"one more":                       {atMostTwo, []machineLife{goes("a", "Drifted", 0, 9), goes("b", "Drifted", 1, 9), goes("c", "Drifted", 2, 9)}, "3 nodes of NodeGroup a0 leave when c goes (Drifted)"},
		"one more that is never gone":    {atMostTwo, []machineLife{goes("a", "Drifted", 0, 9), {name: "b", group: "a0", removal: "Drifted", left: second(1)}, goes("c", "Drifted", 2, 9)}, "3 nodes"},
		"one after the other":            {atMostTwo, []machineLife{goes("a", "Drifted", 0, 9), goes("b", "Drifted", 1, 9), goes("c", "Drifted", 8, 20)}, ""},
		"for another reason":             {atMostTwo, []machineLife{goes("a", "Empty", 0, 9), goes("b", "Empty", 1, 9), goes("c", "Empty", 2, 9)}, ""},
		"by nobody's decision":           {atMostTwo, []machineLife{goes("a", "Drifted", 0, 9), goes("b", "Drifted", 1, 9), goes("c", "", 2, 9)}, ""},
		"harmed":                         {atMostTwo, []machineLife{goes("a", "Drifted", 0, 9), goes("b", "Drifted", 1, 9), goes("harmed", "Drifted", 2, 9)}, ""},
		"in the window":                  {window, []machineLife{goes("a", "Replaced", 59, 70)}, ""},
		"decided just before its end":    {window, []machineLife{goes("a", "Replaced", 65, 70)}, ""},
		"while it is closed":             {window, []machineLife{goes("a", "Replaced", 75, 90)}, "a goes (Replaced) while the window of NodeGroup a0 is closed"},
		"for a reason without a window":  {window, []machineLife{goes("a", "Empty", 75, 90)}, ""},
		"when the window has come again": {window, []machineLife{goes("a", "Replaced", 120, 130)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := &evidence{
				machines: map[types.UID]machineLife{}, excuses: map[string]bool{"harmed": true},
				budgets: map[string][]v1alpha1.DisruptionBudget{"a0": {tc.budget}, "b0": {{Kind: v1alpha1.DisruptionWindow}}},
			}
			for _, m := range tc.machines {
				e.machines[types.UID(m.name)] = m
			}
			mustFind(t, e.judge(), tc.want)
		})
	}
}

// An exchange saves more over its payback than it costs, by some price that could be known; a roll-out need not.
func TestExchangesAreJudged(t *testing.T) {
	old := func(name, plan string) machineLife {
		return machineLife{name: name, group: "a0", instanceType: plan, born: second(-600)}
	}
	bought := func(name, plan, replaces string, at int) machineLife {
		return machineLife{name: name, group: "a0", instanceType: plan, born: second(at), replaces: replaces}
	}
	outdated := old("a", "small")
	outdated.drifted = second(1)
	outdatedLater := old("a", "small")
	outdatedLater.drifted = second(60)
	for name, tc := range map[string]struct {
		machines []machineLife
		want     string
	}{
		"one for two":                    {[]machineLife{old("a", "medium"), old("b", "small"), bought("m", "medium", "a,b", 0)}, ""},
		"two for one that is dearer":     {[]machineLife{old("a", "large"), bought("m", "small", "a", 0), bought("n", "small", "a", 1)}, ""},
		"one for another as dear":        {[]machineLife{old("a", "small"), bought("m", "small", "a", 0)}, "1 machines at 12.00 a month were bought in the place of a at 12.00"},
		"saves less than both cost":      {[]machineLife{old("a", "small"), bought("m", "penny", "a", 0)}, "1 machines at 11.90"},
		"the second makes it dearer":     {[]machineLife{old("a", "medium"), bought("m", "small", "a", 0), bought("n", "small", "a", 1)}, "2 machines at 24.00"},
		"cheaper a minute ago":           {[]machineLife{old("a", "small"), bought("m", "small", "a", 3660)}, ""},
		"cheaper long ago":               {[]machineLife{old("a", "small"), bought("m", "small", "a", 4000)}, "1 machines at 12.00"},
		"in the place of an outdated":    {[]machineLife{outdated, bought("m", "small", "a", 0)}, ""},
		"outdated only long after":       {[]machineLife{outdatedLater, bought("m", "small", "a", 0)}, "1 machines at 12.00"},
		"in the place of one not known":  {[]machineLife{old("a", "small"), bought("m", "small", "a,x", 0)}, ""},
		"bought in the place of nothing": {[]machineLife{old("a", "small"), bought("m", "small", "", 0)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			usual := map[string]float64{"small": 12, "penny": 11.9, "medium": 22, "large": 44}
			bargain := map[string]float64{"small": 6, "penny": 11.9, "medium": 22, "large": 44}
			e := &evidence{
				machines: map[types.UID]machineLife{},
				prices:   prices{{second(-3600), usual}, {second(3500), bargain}, {second(3600), usual}},
			}
			for _, m := range tc.machines {
				e.machines[types.UID(m.name)] = m
			}
			mustFind(t, e.judge(), tc.want)
		})
	}
}

func mustFind(t *testing.T, got []violation, want string) {
	t.Helper()
	switch {
	case want == "" && len(got) > 0:
		t.Errorf("found %+v, want nothing", got)
	case want != "" && (len(got) != 1 || !strings.Contains(got[0].what, want)):
		t.Errorf("found %+v, want %q", got, want)
	}
}
