package chaos

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

func second(seconds int) time.Time { return dawn.Add(time.Duration(seconds) * time.Second) }

// goes is a machine of the group that a controller lets go from one second to another.
func goes(name, why string, from, to int) machineLife {
	return machineLife{name: name, group: "a0", instanceType: "small-2cpu-4gb", born: second(-600), removal: why, left: second(from), gone: second(to)}
}

// An exchange saves more over its payback than it costs, by some price that could be known; a roll-out need not.
func TestExchangesAreJudged(t *testing.T) {
	old := func(name, plan string) machineLife {
		return machineLife{name: name, group: "a0", instanceType: plan, born: second(-600)}
	}
	bought := func(name, plan, replaces string, at int) machineLife {
		return machineLife{name: name, group: "a0", instanceType: plan, born: second(at), replaces: replaces, saves: true}
	}
	rolled := bought("m", "small", "a", 0)
	rolled.saves = false
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
		"in a roll-out":                  {[]machineLife{old("a", "small"), rolled}, ""},
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
