package demo

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/vpsie/vpsie-autoscaler/localcluster/stack"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

func TestStory(t *testing.T) {
	running := start(t, vpsietest.Knobs{CreateMillis: 300, BootMillis: 300, ReadyMillis: 300, DeleteMillis: 300})
	var out bytes.Buffer
	story, err := New(running, &out, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	summary, err := story.Tell(t.Context())
	t.Logf("the story:\n%s", out.String())
	if err != nil {
		t.Fatal(err)
	}
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
	for _, said := range []string{"| BUY ", "20 of Deployment demo/web", "after / bound = ", "ScalingUp", "ScalingDown", "is ready", "is gone", "30 running", "$0.0000 per hour"} {
		if !strings.Contains(out.String(), said) {
			t.Errorf("the story does not say %q", said)
		}
	}
}

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
