package plan

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// byNode is the state with all bound pods as NodePods.
func byNode(s *State) *State {
	out, bound := *s, map[string][]*Pod{}
	out.Pods = nil
	for p := range s.AllPods() {
		if p.Bound() {
			bound[p.Node()] = append(bound[p.Node()], p)
			continue
		}
		out.Pods = append(out.Pods, p)
	}
	out.NodePods = nil
	for node, pods := range bound {
		out.NodePods = append(out.NodePods, NewNodePods(node, pods))
	}
	return &out
}

// comparePlans fails when pods that are handed over by their nodes make another plan.
func comparePlans(t interface{ Errorf(string, ...any) }, s *State) {
	text := func(s *State) string {
		p := Decide(s)
		text, err := json.MarshalIndent([]any{p, CompareFromScratch(s, p)}, "", " ")
		if err != nil {
			t.Errorf("%v", err)
		}
		return string(text)
	}
	if diff := cmp.Diff(text(s), text(byNode(s))); diff != "" {
		t.Errorf("with the pods by node the plan is another (-one by one +by node):\n%s", diff)
	}
}

// Whether pods come one by one or by their nodes is nothing to the plan.
func TestPodsByNodeAreThePods(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, _ := drawSociable(t)
		if n := rapid.IntRange(-1, 20).Draw(t, "cutoff"); n >= 0 {
			s.state.Options.ExpendablePriorityCutoff = int32(n)
		}
		comparePlans(t, &s.state)
	})
}

// A node takes as many pods as it says, those that are there counted, and each of them keeps its own constraints.
func TestNodePodsCountEachPod(t *testing.T) {
	s := newStory()
	for _, line := range []string{
		"offer s1 cpu=4 memory=8192 price=10 zone=z1",
		"group a max=1 offers=s1",
		"node n0 group=a type=s1 state=Ready zone=z1",
		"pod plain x60 cpu=1m node=n0 labels=app=p",
		"pod apart x49 cpu=1m node=n0 labels=app=q anti=zone/app=r",
		"pod late x2 cpu=1m",
	} {
		if err := s.line(line); err != nil {
			t.Fatal(err)
		}
	}
	comparePlans(t, &s.state)
	state := byNode(&s.state)
	if p := Decide(state); len(p.Placements) != 1 || len(p.Unplaced) != 1 {
		t.Errorf("beside 109 pods of 110 two find %d places, and %d do not", len(p.Placements), len(p.Unplaced))
	}
	b := state.NodePods[0]
	for i, seat := range b.seats {
		if b.rules[seat.rules].key != b.pods[i].rules {
			t.Errorf("%s has the constraints of another pod", b.pods[i].name())
		}
	}
}
