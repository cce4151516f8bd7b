package demo

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vpsie/vpsie-autoscaler/localcluster/demo/view"
	"github.com/vpsie/vpsie-autoscaler/localcluster/demo/view/viewtest"
	"github.com/vpsie/vpsie-autoscaler/localcluster/stack"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

func TestStory(t *testing.T) {
	running := start(t, vpsietest.Knobs{CreateMillis: 300, BootMillis: 300, ReadyMillis: 300, DeleteMillis: 300})
	var out bytes.Buffer
	summary, screen := tellOnScreen(t, running, &out)
	t.Logf("the story:\n%s", out.String())
	pods := 0
	for _, d := range workload() {
		pods += int(d.replicas)
	}
	if summary.Pods != pods || summary.Running != pods {
		t.Errorf("%d pods, of which %d run; want %d", summary.Pods, summary.Running, pods)
	}
	if summary.Created < 5 || summary.Deleted != summary.Created || summary.Left != 0 || summary.Leaked != 0 {
		t.Errorf("the ledger's balance is %s", summary)
	}
	types := map[string]bool{}
	for _, bill := range running.Cloud.Ledger().VMs {
		types[bill.Plan] = true
	}
	if len(types) < 2 {
		t.Errorf("the VPSes are all of the type %v, want several types", types)
	}
	for _, said := range []string{"| BUY ", "18 of Deployment demo/web", "after / bound = ", "ScalingUp", "ScalingDown", "is ready", "is gone", "30 running", "$0.0000 per hour",
		"in the place of ", "The same pods run on 3 small-2cpu-4gb for $0.0500 per hour", "Drifted: osImageID: ubuntu-22.04-lts -> debian-12",
		"All 3 nodes are made from debian-12",
	} {
		if !strings.Contains(out.String(), said) {
			t.Errorf("the story does not say %q", said)
		}
	}
	for line := range strings.Lines(out.String()) {
		if !strings.Contains(words(screen), words(line)) {
			t.Errorf("the terminal has lost the line %q", line)
		}
	}
	if lines := strings.Split(screen, "\n"); lines[len(lines)-1] != summary.String() || strings.Contains(screen, "██") {
		t.Errorf("in the end, the terminal holds\n%s\nwant lines alone, the last of them %s", screen, summary)
	}
}

// tellOnScreen tells the story to a writer and on a terminal, whose lines it returns. The panel must show every part.
func tellOnScreen(t *testing.T, running *stack.Stack, out io.Writer) (Summary, string) {
	t.Helper()
	screen := viewtest.New(t, 120, 40)
	t.Setenv("TERM", "xterm-256color")
	terminal := view.Open(screen.TTY, screen.TTY, time.Now(), func(err error) { t.Error(err) })
	t.Cleanup(func() { _ = terminal.Close() })
	story, err := New(running, io.MultiWriter(out, terminal), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	story.Show = terminal.Show
	var summary Summary
	told := make(chan error, 1)
	go func() {
		var err error
		summary, err = story.Tell(t.Context())
		told <- errors.Join(err, terminal.Close())
	}()
	unseen := []string{
		`^── \d+\.\ds ── waiting for every pod to run: \d+ of 30 pods run ─`,
		`(?m)^group    production-workers  3 to 20 nodes  \d+ wanted, \d+ there, \d+ ready  ScalingUp: `,
		`(?m)^price    \$0\.[1-9]\d+ an hour now  decided \$0\.\d+  lower bound \$0\.\d+  ratio 1\.\d+  .*█`,
		`(?m)^vpsie-production-workers-\w+  \S+  (Pending|Provisioning|Joining) .*[a-z]$`,
		`(?m)^vpsie-production-workers-\w+  medium-4cpu-8gb  Ready +0\.0306  █+░* [ \d]{2}\d%  █+░* [ \d]{2}\d% {5}\d$`,
		`(?m)^(waiting |        )  .\d of (web|api) +\d machines? on the way for them$`,
		`(?m)^ .* orders \d medium-4cpu-8gb at 0\.0306 an hour \(PendingPods\) for .*\d of (web|api)`,
		`(?m)^ .* removes \d nodes? \(\w+\), which saves 0\.\d+ an hour`,
		`(?m)^decided  .* keeps \d nodes?: \d \w+`,
	}
	for looking := true; looking; {
		changed := screen.Changed()
		_, panel, _ := strings.Cut("\n"+screen.Visible(), "\n── ")
		unseen = slices.DeleteFunc(unseen, func(sight string) bool { return regexp.MustCompile(sight).MatchString("── " + panel) })
		select {
		case <-changed:
		case err := <-told:
			if looking = false; err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(unseen) > 0 {
		t.Errorf("the panel did not show\n%s", strings.Join(unseen, "\n"))
	}
	if _, err := fmt.Fprintln(screen.TTY, summary); err != nil {
		t.Fatal(err)
	}
	screen.Await(t, "the summary", func(visible string) bool { return strings.HasSuffix(visible, summary.String()) })
	screen.CheckRestored(t)
	return summary, screen.All()
}

// words are the text without the breaks between its lines.
func words(text string) string { return strings.Join(strings.Fields(text), "") }

func TestStoryThatFailsSaysWhy(t *testing.T) {
	running := start(t, vpsietest.Knobs{Quota: 1})
	story, err := New(running, new(bytes.Buffer), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	story.Patience = 10 * time.Second // in which no machine beyond the quota can come
	_, err = story.Tell(t.Context())
	if err == nil {
		t.Fatal("the story succeeds with one VPS")
	}
	for _, said := range []string{"waiting for every pod to run", "of 30 pods run", "pod search-", "NodeGroup production-workers is", "VPS 1001", "the controller's last words"} {
		if !strings.Contains(err.Error(), said) {
			t.Errorf("the failure does not say %q:\n%v", said, err)
		}
	}
}

func TestStoryEndsWithTheController(t *testing.T) {
	running, err := stack.Start(t.Context(), stack.Options{BinDir: binaryDir, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer stop(t, running)
	story, err := New(running, new(bytes.Buffer), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := story.Tell(t.Context()); err == nil || !strings.Contains(err.Error(), "controller was not started") {
		t.Errorf("the story without a controller ends with %v", err)
	}
}

const binaryDir = "../../.local/bin"

func start(t *testing.T, knobs vpsietest.Knobs) *stack.Stack {
	t.Helper()
	running, err := stack.Start(t.Context(), stack.Options{BinDir: binaryDir, Dir: t.TempDir(), Knobs: knobs})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, running) })
	if err := running.StartController(t.Context()); err != nil {
		t.Fatal(err)
	}
	return running
}

func stop(t *testing.T, running *stack.Stack) {
	t.Helper()
	if err := running.Stop(); err != nil {
		t.Error(err)
	}
}
