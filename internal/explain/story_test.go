package explain

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/dryrun"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// story is what a story has come to: files with objects, and the journal of the
// rounds that were decided on them.
type story struct {
	dir     string
	journal *observe.Journal
	rounds  Rounds
	now     time.Time
}

// TestStories runs the stories of testdata. `file NAME` writes a file with objects,
// `round HH:MM:SS` decides on them as the autoscaler does and notes it in the journal
// (a machine that it orders is called vpsie- and its launch's name), `kept NODE` notes
// a round that kept the node for the given reason, `now HH:MM:SS` sets the clock,
// `forget` empties the journal; `pod`, `node`, `drain`, `status`, `cost` and `journal`
// print answers. Run with -rewrite to write the answers anew.
func TestStories(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		s := &story{dir: t.TempDir()}
		s.forget()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string { return s.run(t, d) })
	})
}

func (s *story) forget() { s.journal, s.rounds = observe.NewJournal(), Rounds{} }

func (s *story) run(t *testing.T, d *datadriven.TestData) string {
	var arg string
	if len(d.CmdArgs) > 0 {
		arg = d.CmdArgs[0].String()
	}
	switch d.Cmd {
	case "file":
		if err := os.WriteFile(filepath.Join(s.dir, arg), []byte(d.Input+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return ""
	case "now":
		s.now = at(t, arg)
		return ""
	case "forget":
		s.forget()
		return ""
	case "kept":
		reason, message, _ := strings.Cut(d.Input, ": ")
		s.journal.Note(observe.NewRound(s.now, &plan.Plan{Kept: []plan.Kept{{Node: arg, Reason: plan.KeptReason(reason), Message: message}}}, nil))
		return ""
	case "round":
		s.now = at(t, arg)
		s.decide(t)
		return ""
	}
	page := NewPage(s.now, false, 0)
	if err := s.ask(t, d.Cmd, arg, page); err != nil {
		return "error: " + err.Error()
	}
	var text strings.Builder
	if _, err := page.WriteTo(&text); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func (s *story) ask(t *testing.T, command, name string, page *Page) error {
	scene := s.scene(t)
	switch command {
	case "pod":
		scene.Rounds.List = s.journal.Rounds(observe.Filter{Pod: name})
		i := slices.IndexFunc(scene.Pods, func(p *corev1.Pod) bool { return p.Namespace+"/"+p.Name == name })
		Pod(scene, scene.Pods[i]).Print(page)
	case "node", "drain":
		scene.Rounds.List = s.journal.Rounds(observe.Filter{Node: name})
		a, err := Node(scene, name)
		if err != nil {
			return err
		}
		if command == "drain" {
			a.PrintDrain(page)
		} else {
			a.Print(page)
		}
	case "status":
		Status(scene).Print(page)
	case "blockers":
		Blockers(scene).Print(page)
	case "group":
		scene.Rounds.List = s.journal.Rounds(observe.Filter{Group: name})
		a, err := Group(scene, name)
		if err != nil {
			return err
		}
		a.Print(page)
	case "cost":
		Cost(scene).Print(page)
	case "journal":
		Journal(scene.Rounds, page)
	default:
		t.Fatalf("unknown command %s", command)
	}
	return nil
}

func at(t *testing.T, hour string) time.Time {
	t.Helper()
	now, err := time.Parse(time.RFC3339, "2025-10-12T"+hour+"Z")
	if err != nil {
		t.Fatal(err)
	}
	return now
}

func (s *story) files(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(s.dir, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(files, func(f string) bool { return filepath.Base(f) == "offerings.yaml" })
}

// decide is a round.
func (s *story) decide(t *testing.T) {
	t.Helper()
	o := dryrun.Options{
		Files: s.files(t), Offerings: filepath.Join(s.dir, "offerings.yaml"), AnyNamespace: true,
		Now: s.now.Format(time.RFC3339), Output: "table", Cloud: cloud.Options{RequestsPerMinute: 1, Timeout: time.Second},
	}
	o.Plan.ExpendablePriorityCutoff = -10
	result, err := o.Decide(t.Context(), strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	machines := map[string]string{}
	for _, l := range result.Plan.Launches {
		machines[l.Name] = "vpsie-" + l.Name
	}
	s.journal.Note(observe.NewRound(s.now, result.Plan, machines))
	s.rounds = Rounds{Source: "the autoscaler's journal", Last: s.now, Options: o.Plan,
		FromScratch: observe.NewCompared(s.now, result.Plan.Cost.After, result.Plan.Cost.FromScratch)}
}

func (s *story) scene(t *testing.T) *Scene {
	t.Helper()
	read, err := cluster.ReadFiles(s.files(t), strings.NewReader(""), "")
	if err != nil {
		t.Fatal(err)
	}
	o := read.Objects
	scene := &Scene{Now: s.now, Groups: o.NodeGroups, Machines: o.VPSieNodes, Nodes: o.Nodes, Pods: o.Pods, Budgets: o.Budgets, Rounds: s.rounds}
	scene.Surge = plan.NewSurge(o.Deployments, plan.Parts(o.Pods), o.Claims)
	scene.Rounds.List = s.journal.Rounds(observe.Filter{})
	return scene
}

// Text of others must not steer the reader's terminal.
func TestPlain(t *testing.T) {
	if got := plain("a\x1b[31mb\nc\u009bd\te"); got != "a?[31mb c?d e" {
		t.Errorf("%q", got)
	}
}

// Colour goes to the last column, so that columns stay aligned.
func TestColour(t *testing.T) {
	p := NewPage(time.Now(), true, 0)
	p.grid([]string{"A", "B"}, []row{{[]string{"long cell", "x"}, Bad}, {[]string{"s", "y"}, Good}})
	want := "  A          B\n  long cell  \x1b[31mx\x1b[0m\n  s          \x1b[32my\x1b[0m\n"
	if got := p.out.String(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if p.heading("H"); !strings.Contains(p.out.String(), "\x1b[1mH\x1b[0m") {
		t.Error("a heading has no weight")
	}
	if got := fmt.Sprint(NewPage(time.Now(), false, 0).inMood(Bad, "x")); got != "x" {
		t.Errorf("colour where none is wanted: %q", got)
	}
}
