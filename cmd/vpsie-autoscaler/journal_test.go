package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/testenv"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

const impossiblePod = `
apiVersion: v1
kind: Pod
metadata: {name: huge, namespace: default}
spec:
  containers:
  - {name: c, image: none, resources: {limits: {cpu: "100", memory: 1Gi}}}
`

// The controller tells on its metrics port what it ordered for whom, why a pod waits,
// and nothing of its account.
func TestTheControllerServesItsJournal(t *testing.T) {
	env, err := testenv.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := env.Stop(); err != nil {
			t.Error(err)
		}
	})
	fake, err := vpsietest.Start(vpsietest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	for _, text := range []string{liveSecret(fake.URL(), vpsietest.DefaultAccountPassword), liveGroup, impossiblePod} {
		env.Apply(t, fstest.MapFS{"objects.yaml": {Data: []byte(text)}}, "objects.yaml")
	}
	url := startController(t, env)

	journal := func(query string) (observe.Journaled, string) {
		answer, err := http.Get(url + query)
		if err != nil {
			return observe.Journaled{}, err.Error()
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		var journaled observe.Journaled
		if err != nil || json.Unmarshal(text, &journaled) != nil {
			return observe.Journaled{}, fmt.Sprint(answer.Status, err, string(text))
		}
		return journaled, string(text)
	}
	testenv.Eventually(t, func(ctx context.Context) error {
		got, text := journal("?pod=default/waits")
		if len(got.Rounds) == 0 || len(got.Rounds[0].Launches) != 1 {
			return fmt.Errorf("no launch for default/waits in %s", text)
		}
		r := got.Rounds[0]
		machine := &v1alpha1.VPSieNode{}
		if err := env.Client(t, nil).Get(ctx, client.ObjectKey{Namespace: "kube-system", Name: r.Launches[0].Machine}, machine); err != nil {
			return fmt.Errorf("the machine of %+v: %w", r.Launches[0], err)
		}
		if !strings.Contains(strings.Join(r.Triggers, ","), " is there") {
			return fmt.Errorf("triggers %q", r.Triggers)
		}
		return nil
	})
	got, text := journal("?pod=default/huge")
	if len(got.Rounds) == 0 || got.Rounds[0].Waiting[0].Refusals[0].Reason != "InsufficientResource" {
		t.Errorf("default/huge: %s", text)
	}
	_, all := journal("")
	for _, secret := range []string{vpsietest.DefaultToken, vpsietest.DefaultAccountPassword} {
		if strings.Contains(all, secret) {
			t.Errorf("the journal tells %q", secret)
		}
	}
}

// startController runs the controller until the test ends, and says where its journal is.
func startController(t *testing.T, env *testenv.Env) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	ctx, stop := context.WithCancel(t.Context())
	var stderr bytes.Buffer
	done := make(chan int)
	go func() {
		done <- run(ctx, []string{"run", "--kubeconfig", env.Kubeconfig, "--leader-elect=false", "--metrics-bind-address", address, "--health-probe-bind-address=0"},
			strings.NewReader(""), io.Discard, &stderr)
	}()
	t.Cleanup(func() {
		stop()
		if status := <-done; status != 0 || t.Failed() {
			t.Errorf("the controller ended with %d: %s", status, &stderr)
		}
	})
	return "http://" + address + observe.JournalPath
}
