package plan

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
)

// drawsOfAll are kinds of states that differ in what a decision changes.
func drawsOfAll() map[string]func(*rapid.T) (*story, string) {
	return map[string]func(*rapid.T) (*story, string){
		"sizes": drawStory, "constraints": drawSociable, "exchanges": drawExchange, "rollouts": drawRollout, "claims": drawClaims,
	}
}

// A what-if that is taken back leaves nothing behind: whatever was placed, bought, removed, set or
// counted in whatever order, the snapshot is the one that was worked out of the state, in every field.
func TestRevertLeavesTheSnapshotAsItWas(t *testing.T) {
	for name, draw := range drawsOfAll() {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				s, told := draw(t)
				state := &s.state
				w, untouched := prepared(state), prepared(state)
				fork := w.fork()
				did := changeAtRandom(t, w)
				w.revert(fork)
				if found := differ(w, untouched); found != "" {
					t.Fatalf("after %s and revert: %s\n%s", strings.Join(did, ", "), found, told)
				}
			})
		})
	}
}

// The same for a decision as a whole.
func TestADecisionCanBeTakenBack(t *testing.T) {
	for name, draw := range drawsOfAll() {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				s, told := draw(t)
				state := &s.state
				w, untouched := prepared(state), prepared(state)
				fork := w.fork()
				w.solve()
				w.balance()
				w.takeUp(func(l *lot) bool { return l.expendable })
				r := w.remove()
				w.rollOut(&r)
				w.fillLast()
				w.revert(fork)
				if found := differ(w, untouched); found != "" {
					t.Fatalf("%s\n%s", found, told)
				}
			})
		})
	}
}

// What removal has counted is taken back with the nodes that were to go.
func TestRevertLeavesTheRemoverAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, told := drawStory(t)
		state := &s.state
		start := func() *remover {
			w := prepared(state)
			r := &remover{w: w, budgets: NewBudgets(state.Budgets), leaving: map[*group]int{}, kept: map[*host]keep{}}
			r.found = r.candidates()
			r.findTargets(r.found)
			w.seatEvicted()
			r.loads = w.loads()
			return r
		}
		r, untouched := start(), start()
		fork := r.w.fork()
		r.together(r.found)
		r.w.revert(fork)
		if found := differ(r, untouched); found != "" {
			t.Fatalf("%s\n%s", found, told)
		}
	})
}

func prepared(s *State) *world {
	w := newWorld(s)
	w.proveUnsuitable()
	w.barUnasked()
	return w
}

// drawClaims draws pods that share claims which wait for a node, more than there are volumes.
func drawClaims(t *rapid.T) (*story, string) {
	s, say, told := drawn(t)
	say("offer s1 cpu=2 memory=4096 price=10 zone=z1")
	say("offer s2 cpu=4 memory=8192 price=15 zone=z2")
	say("group a max=%d offers=s1,s2 mixed", rapid.IntRange(1, 5).Draw(t, "max"))
	say("storageclass local wait provisioner=%s", rapid.SampledFrom([]string{"kubernetes.io/no-provisioner", "vpsie.csi"}).Draw(t, "provisioner"))
	for n := range rapid.IntRange(0, 3).Draw(t, "nodes") {
		say("node n%d group=a type=s1 state=Ready zone=z%d", n, rapid.IntRange(1, 2).Draw(t, "zone"))
	}
	for v := range rapid.IntRange(0, 4).Draw(t, "volumes") {
		say("volume v%d class=local size=%dGi free on=topology.kubernetes.io/zone=z%d", v, rapid.IntRange(1, 3).Draw(t, "size"), rapid.IntRange(1, 2).Draw(t, "zone"))
	}
	claims := rapid.IntRange(1, 4).Draw(t, "claims")
	for c := range claims {
		say("claim c%d class=local size=1Gi", c)
	}
	for p := range rapid.IntRange(1, 6).Draw(t, "pods") {
		say("pod p%d cpu=%dm memory=500Mi claim=c%d", p, rapid.IntRange(1, 10).Draw(t, "cpu")*100, rapid.IntRange(0, claims-1).Draw(t, "claim"))
	}
	return s, told.String()
}

// changeAtRandom makes changes, and takes back some of them, and says what it did.
func changeAtRandom(t *rapid.T, w *world) (did []string) {
	note := func(format string, args ...any) { did = append(did, fmt.Sprintf(format, args...)) }
	pick := func(n int, what string) int { return rapid.IntRange(0, n-1).Draw(t, what) }
	var forks []int
	for range rapid.IntRange(1, 30).Draw(t, "changes") {
		var h *host
		if len(w.hosts) > 0 {
			h = w.hosts[pick(len(w.hosts), "host")]
		}
		switch kind := pick(10, "change"); {
		case kind <= 2 && len(w.lots) > 0 && h != nil && h.takes:
			l := w.lots[pick(len(w.lots), "lot")]
			note("stack %d of %s on %s", w.stack(h, l, l.left), l.pods[0].name(), h.Name)
		case kind <= 4 && len(w.templates) > 0:
			note("open %s", w.open(w.templates[pick(len(w.templates), "template")], PendingPods).template.offer.InstanceType)
		case kind == 5 && h != nil && h.node != nil && h.takes:
			w.close(h)
			note("close %s", h.Name)
		case kind == 6 && h != nil:
			w.clear(h)
			note("clear %s", h.Name)
		case kind == 7 && h != nil && len(h.placed) > 0:
			w.take(h, h.placed[0].lot, 1)
			note("take from %s", h.Name)
		case kind == 8 && h != nil && h.node == nil:
			other := w.templates[pick(len(w.templates), "template")]
			if w.holdsAll(other, h) && w.sameToOthers(other, h) {
				w.retype(h, other)
				note("retype")
			}
		case kind == 9 && len(w.groups) > 0:
			g := w.groups[pick(len(w.groups), "group")]
			set(w, &g.onlyType, "small")
			note("set")
		}
		switch pick(6, "fork") {
		case 0:
			forks = append(forks, w.fork())
			note("fork")
		case 1:
			if n := len(forks); n > 0 {
				steps := w.changes(forks[n-1])
				w.revert(forks[n-1])
				note("revert")
				if rapid.Bool().Draw(t, "again") {
					w.commit(steps)
					note("commit")
				}
				forks = forks[:n-1]
			}
		}
		for _, l := range w.lots {
			for _, on := range w.hosts {
				if on.takes {
					w.most(l, on, 1) // a question, which changes nothing
				}
			}
		}
	}
	return did
}

// remembered are fields that say nothing but what can be worked out again, and what is told
// of a node that stays.
var remembered = []string{
	"world.log", "world.effort", "world.state", "world.movers", "world.admittedBy", "world.largest", "world.lessons", "world.surges", "host.own",
	"Class.verdicts", "Class.affinity", "Class.onlyKind", "NodeInfo.own", "topology.kinds", "topology.selectors", "nodeClasses.made", "nodeClasses.known",
	"lot.fingerprint", "lot.barred", "template.orderedClass", "mover.next", "lot.mover", "remover.kept", "remover.tried", "candidate.reason", "world.usedBy",
}

// unordered are lists whose order means nothing.
var unordered = []string{"host.bound", "NodeInfo.ports", "NodeInfo.disks"}

// differ says in which field two values differ that were made of the same; empty for none.
func differ(a, b any) string {
	d := differences{seen: map[[2]unsafe.Pointer]bool{}}
	return d.find(reflect.TypeOf(a).Elem().Name(), reflect.ValueOf(a), reflect.ValueOf(b))
}

type differences struct {
	seen map[[2]unsafe.Pointer]bool
}

func (d *differences) find(path string, a, b reflect.Value) string {
	switch a.Kind() {
	case reflect.Pointer:
		if a.Pointer() == b.Pointer() {
			return ""
		}
		if a.IsNil() || b.IsNil() {
			return fmt.Sprintf("%s: %v and %v", path, a, b)
		}
		key := [2]unsafe.Pointer{a.UnsafePointer(), b.UnsafePointer()}
		if d.seen[key] {
			return ""
		}
		d.seen[key] = true
		return d.find(path, a.Elem(), b.Elem())
	case reflect.Struct:
		for i := range a.NumField() {
			name := a.Type().Name() + "." + a.Type().Field(i).Name
			if slices.Contains(remembered, name) {
				continue
			}
			if slices.Contains(unordered, name) {
				if a.Field(i).Len() != b.Field(i).Len() {
					return fmt.Sprintf("%s.%s: %d and %d", path, name, a.Field(i).Len(), b.Field(i).Len())
				}
				continue
			}
			if found := d.find(path+"."+a.Type().Field(i).Name, a.Field(i), b.Field(i)); found != "" {
				return found
			}
		}
		return ""
	case reflect.Slice, reflect.Array:
		return d.list(path, a, b)
	case reflect.Map:
		return d.entries(path, a, b)
	case reflect.Interface, reflect.Func:
		return "" // selectors, and what was read of objects
	}
	if !a.Equal(b) {
		return fmt.Sprintf("%s: %v and %v", path, a, b)
	}
	return ""
}

// list takes counts at the end that are 0 for counts that are not there.
func (d *differences) list(path string, a, b reflect.Value) string {
	zero := func(v reflect.Value, i int) bool {
		return v.Type().Elem().Kind() == reflect.Int32 && v.Index(i).IsZero()
	}
	for i := range max(a.Len(), b.Len()) {
		switch {
		case i >= a.Len() && zero(b, i), i >= b.Len() && zero(a, i):
		case i >= a.Len() || i >= b.Len():
			return fmt.Sprintf("%s: %d and %d elements", path, a.Len(), b.Len())
		default:
			if found := d.find(fmt.Sprintf("%s[%d]", path, i), a.Index(i), b.Index(i)); found != "" {
				return found
			}
		}
	}
	return ""
}

// entries takes a count of 0 for none. Of keys that each snapshot has of its own only the
// number is compared.
func (d *differences) entries(path string, a, b reflect.Value) string {
	counts := [2]int{}
	for i, m := range []reflect.Value{a, b} {
		for it := m.MapRange(); it.Next(); {
			if !it.Value().IsZero() {
				counts[i]++
			}
		}
	}
	if counts[0] != counts[1] {
		return fmt.Sprintf("%s: %d and %d entries", path, counts[0], counts[1])
	}
	for it := a.MapRange(); it.Next(); {
		if other := b.MapIndex(it.Key()); other.IsValid() {
			if found := d.find(fmt.Sprintf("%s[%v]", path, it.Key()), it.Value(), other); found != "" {
				return found
			}
		}
	}
	return ""
}

// The comparison finds what it is for.
func TestDifferFindsWhatDiffers(t *testing.T) {
	a, b := &filter.Filters{}, &filter.Filters{}
	if found := differ(a, b); found != "" {
		t.Error(found)
	}
	for name, change := range map[string]func(w *world){
		"a pod": func(w *world) { w.lots[0].left-- },
		"room":  func(w *world) { w.hosts[0].free[0]-- },
		"type":  func(w *world) { w.groups[0].onlyType = "small" },
		"count": func(w *world) { w.filters.AddNode(&w.hosts[0].NodeInfo, 1) },
	} {
		s := newStory()
		for _, line := range []string{
			"offer small cpu=2 memory=4096 price=10", "group g max=3 offers=small mixed", "node n1 group=g type=small state=Ready",
			"pod p cpu=500m memory=500Mi labels=app=p spread=host/1/app=p",
		} {
			if err := s.line(line); err != nil {
				t.Fatal(err)
			}
		}
		w, untouched := prepared(&s.state), prepared(&s.state)
		if found := differ(w, untouched); found != "" {
			t.Fatalf("%s before: %s", name, found)
		}
		if change(w); differ(w, untouched) == "" {
			t.Errorf("%s is not found", name)
		}
	}
}
