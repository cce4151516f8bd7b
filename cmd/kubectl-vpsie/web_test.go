package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/clock"

	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// The page shows what the journal decided, and is given to this machine alone.
func TestTheClusterIsAPage(t *testing.T) {
	apply(t, objects)
	secret(t)
	at := time.Now().Add(-time.Minute)
	round := observe.NewRound(at, &plan.Plan{
		Launches: []plan.Launch{{Name: "web-new-1", Group: "web", InstanceType: "small-2cpu-4gb", Reason: plan.PendingPods, Pods: []string{"shop/<b>1"}, Price: 12_000_000}},
		Cost:     plan.Cost{After: 12_000_000, LowerBound: 9_000_000},
	}, map[string]string{"web-new-1": "vpsie-web-<i>x"})
	url := journalOf(t, round).URL
	file := filepath.Join(t.TempDir(), "page.html")
	kubectl(t, "web", "--file", file, "--journal-url", url).want(t, 0)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<title>VPSie autoscaler</title>", "vpsie-web-&lt;i&gt;x", "PendingPods, for 1 pod", "lower bound of the decisions", "mean 0.0167", "<svg"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in the page", want)
		}
	}
	if strings.Contains(string(text), "<script") || strings.Contains(string(text), `http-equiv="refresh"`) {
		t.Error("the written page has a script, or loads itself again")
	}

	c := testCLI(t)
	c.journalURL = url
	server := httptest.NewServer(c.webHandler())
	defer server.Close()
	ask := func(method, path, host string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if host != "" {
			req.Host = host
		}
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		var body bytes.Buffer
		_, _ = body.ReadFrom(answer.Body)
		return answer.StatusCode, body.String()
	}
	if code, body := ask("GET", "/", ""); code != 200 || !strings.Contains(body, `http-equiv="refresh" content="10"`) {
		t.Errorf("%d: %.200s", code, body)
	}
	if code, _ := ask("GET", "/", "evil.example:8091"); code != http.StatusForbidden {
		t.Errorf("another name gets %d", code)
	}
	if code, _ := ask("POST", "/", ""); code != http.StatusNotFound {
		t.Errorf("a POST gets %d", code)
	}
}

// status --watch shows the status again and again until it is stopped.
func TestStatusIsWatched(t *testing.T) {
	apply(t, objects)
	c := testCLI(t)
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	out := &shots{enough: 2, stop: stop}
	c.Out = out
	c.from = fromStatus
	if err := c.watchStatus(ctx, 10*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "NODE GROUP"); n < 2 {
		t.Errorf("the status was shown %d times:\n%s", n, out.String())
	}
	kubectl(t, "status", "--watch", "-o", "json").want(t, 1, "--watch: shows text alone")
}

// shots ends the watch once it has shown enough.
type shots struct {
	bytes.Buffer
	enough int
	stop   func()
}

func (s *shots) Write(text []byte) (int, error) {
	if s.enough--; s.enough <= 0 {
		s.stop()
	}
	return s.Buffer.Write(text)
}

// testCLI is a run of the program for the test's cluster.
func testCLI(t *testing.T) *cli {
	t.Helper()
	c := &cli{IOStreams: genericiooptions.NewTestIOStreamsDiscard(), clock: clock.RealClock{}, secret: "vpsie-secret", from: fromAny}
	c.config = genericclioptions.NewConfigFlags(true)
	c.config.KubeConfig = &env.Kubeconfig
	return c
}
