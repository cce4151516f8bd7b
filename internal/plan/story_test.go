package plan

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
)

// TestStories runs the stories of testdata: `given` describes a world line by line
// (story_world_test.go says how), `plan` prints what is decided about it. Run with
// -rewrite to write the outcomes anew.
func TestStories(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("finding stories: %v, %d found", err, len(paths))
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) { runStory(t, path) })
	}
}

func runStory(t *testing.T, path string) {
	s := newStory()
	datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
		switch d.Cmd {
		case "given":
			for line := range strings.Lines(d.Input) {
				if err := s.line(strings.TrimSpace(line)); err != nil {
					d.Fatalf(t, "%s: %v", strings.TrimSpace(line), err)
				}
			}
			return ""
		case "new":
			s = newStory()
			return ""
		case "plan":
			return s.plan(t, d)
		}
		d.Fatalf(t, "unknown command %s", d.Cmd)
		return ""
	})
}

func (s *story) plan(t *testing.T, d *datadriven.TestData) string {
	state := s.state
	state.Options.IgnoreTimers = d.HasArg("ignore-timers")
	if d.HasArg("after") {
		var after string
		d.ScanArgs(t, "after", &after)
		passed, err := time.ParseDuration(after)
		if err != nil {
			d.Fatalf(t, "%v", err)
		}
		state.Now = state.Now.Add(passed)
	}
	p := Decide(&state)
	comparePlans(t, &state)
	if d.HasArg("remember") {
		for _, g := range s.state.Groups {
			g.Unsuitable = slices.DeleteFunc(slices.Clone(p.Unsuitable), func(u Unsuitable) bool { return u.Group != g.Name })
		}
	}
	told := tell(p, state.Now)
	if d.HasArg("from-scratch") {
		told += tellFromScratch(CompareFromScratch(&state, p))
	}
	return told
}

func tellFromScratch(f *FromScratch) string {
	text := fmt.Sprintf("from scratch at least %s, known %s", f.LowerBound, f.Known)
	if f.NotCounted > 0 {
		text += fmt.Sprintf(", %d not counted", f.NotCounted)
	}
	text += "\n"
	for _, d := range f.Difference {
		text += fmt.Sprintf("  %s for %s\n", d.Cost, d.Reason)
	}
	return text
}

// tell prints a plan for people; pods with the same fate share a line.
func tell(p *Plan, now time.Time) string {
	var b strings.Builder
	for _, l := range p.Launches {
		fmt.Fprintf(&b, "buy %s: %s at %s/h for %s%s\n", l.Name, l.Type(), l.Price, l.Reason, list(append(slices.Clone(l.Replaces), l.Pods...)))
		if l.Saves > 0 {
			fmt.Fprintf(&b, "  saves %s/h once they are gone\n", l.Saves)
		}
		for _, r := range l.PassedOver {
			fmt.Fprintf(&b, "  not %s%s\n", scope(r), r.Message)
		}
	}
	byNode := map[string][]string{}
	for _, pl := range p.Placements {
		byNode[pl.Node] = append(byNode[pl.Node], pl.Pod)
	}
	for _, node := range sortedKeys(byNode) {
		fmt.Fprintf(&b, "place on %s%s\n", node, list(byNode[node]))
	}
	for _, r := range p.Removals {
		fmt.Fprintf(&b, "remove %s: %s, saves %s/h\n", r.Node, r.Reason, r.Saves)
		for _, m := range r.Moves {
			fmt.Fprintf(&b, "  move %s to %s\n", m.Pod, m.To)
		}
	}
	for _, u := range p.Unplaced {
		fmt.Fprintf(&b, "unplaced %s\n", u.Pod)
		for _, r := range u.Refusals {
			fmt.Fprintf(&b, "  %s%s\n", scope(r), r.Message)
		}
	}
	for _, k := range p.Kept {
		fmt.Fprintf(&b, "keep %s: %s: %s\n", k.Node, k.Reason, k.Message)
	}
	for _, g := range p.GivenUp {
		fmt.Fprintf(&b, "given up %s for %s: %s\n", strings.Join(g.Machines, " "), strings.Join(g.Nodes, " "), g.Why)
	}
	for _, u := range p.Unsuitable {
		fmt.Fprintf(&b, "unsuitable %s/%s for the like of %s since %s\n", u.Group, u.InstanceType, u.Example, u.Since.Format(time.TimeOnly))
	}
	fmt.Fprintf(&b, "cost %s -> %s, at least %s\n", p.Cost.Before, p.Cost.After, p.Cost.LowerBound)
	if len(p.Unneeded) > 0 {
		fmt.Fprintf(&b, "unneeded%s\n", list(p.Unneeded))
	}
	if !p.RecheckAt.IsZero() {
		fmt.Fprintf(&b, "look again in %s\n", p.RecheckAt.Sub(now))
	}
	return b.String()
}

func scope(r Refusal) string {
	if r.Group == "" {
		return string(r.Reason) + ": "
	}
	return fmt.Sprintf("%s/%s %s: ", r.Group, r.Type(), r.Reason)
}

func list(names []string) string {
	if len(names) == 0 {
		return ""
	}
	short := make([]string, len(names))
	for i, n := range names {
		short[i] = strings.TrimPrefix(n, "default/")
	}
	if len(short) > 12 {
		return fmt.Sprintf(": %s … %s (%d)", short[0], short[len(short)-1], len(short))
	}
	return ": " + strings.Join(short, " ")
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
