package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/vpsie/vpsie-autoscaler/config"
	"github.com/vpsie/vpsie-autoscaler/localcluster"
)

// controller is the autoscaler's process with a gate between it and the world.
type controller struct {
	gate      *gate
	namespace string
	// cloudURL is the cloud as this controller's Secret must name it.
	cloudURL string

	binary, log, health string
	args                []string

	mu      sync.Mutex
	process *localcluster.Process
}

// startController starts a controller with quick settings and the shipped ServiceAccount's rights. It ends with the
// test, which fails when the controller ended before without having been told.
func startController(t *testing.T, flags ...string) *controller {
	t.Helper()
	return startControllerIn(t, config.Namespace, flags...)
}

// startControllerIn starts one that serves another namespace than the shipped one.
func startControllerIn(t *testing.T, namespace string, flags ...string) *controller {
	t.Helper()
	name := strings.ReplaceAll(t.Name(), "/", "-")
	dir, err := os.MkdirTemp(shared.dir, name+"-")
	if err != nil {
		t.Fatal(err)
	}
	ports, err := localcluster.FreePorts(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	c := &controller{namespace: namespace, gate: newGate(), binary: shared.binary, log: filepath.Join(dir, "log"), health: fmt.Sprintf("127.0.0.1:%d", ports[0])}
	c.gate.kill = func() { c.running().Kill() }
	server, transport := serviceAccount(t, dir)
	kubeURL := c.gate.open(t, server, transport, kubeStep)
	c.cloudURL = c.gate.open(t, shared.Cloud.URL(), http.DefaultTransport, cloudStep)
	kubeconfig := filepath.Join(dir, "kubeconfig")
	writeKubeconfig(t, kubeconfig, kubeURL)
	c.args = slices.Concat([]string{
		"run", "--kubeconfig=" + kubeconfig, "--namespace=" + namespace, "--health-probe-bind-address=" + c.health, "--metrics-bind-address=0",
		"--leader-elect=false", "--debounce=20ms", "--poll-interval=100ms", "--vpsie-requests-per-minute=6000",
		"--create-settle=1s", "--sweep-interval=1s", "--sweep-grace=2s",
	}, flags)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of the controller's log:\n%s", localcluster.Tail(c.log, 60))
		}
		c.running().Kill()
	})
	setAccount(t, c.namespace, c.account())
	c.start(t)
	return c
}

// serviceAccount is where the API server is and how to be the autoscaler there.
func serviceAccount(t *testing.T, dir string) (server string, transport http.RoundTripper) {
	t.Helper()
	file := filepath.Join(dir, "service-account")
	if err := shared.Cluster.WriteKubeconfig(file, config.User, "system:serviceaccounts", "system:serviceaccounts:"+config.Namespace); err != nil {
		t.Fatal(err)
	}
	direct, err := clientcmd.BuildConfigFromFlags("", file)
	if err != nil {
		t.Fatal(err)
	}
	transport, err = rest.TransportFor(direct)
	if err != nil {
		t.Fatal(err)
	}
	return direct.Host, transport
}

func writeKubeconfig(t *testing.T, file, server string) {
	t.Helper()
	content := clientcmdapi.NewConfig()
	content.Clusters["gate"] = &clientcmdapi.Cluster{Server: server}
	content.Contexts["gate"] = &clientcmdapi.Context{Cluster: "gate"}
	content.CurrentContext = "gate"
	if err := clientcmd.WriteToFile(*content, file); err != nil {
		t.Fatal(err)
	}
}

func (c *controller) start(t *testing.T) {
	t.Helper()
	process, err := localcluster.StartProcess("vpsie-autoscaler", c.log, []string{localcluster.CacheGuard}, c.binary, c.args...)
	if err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.process = process
}

func (c *controller) running() *localcluster.Process {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.process
}

// await asks until the answer is nil. Meanwhile the controller is started again when the gate has killed it, and
// the test ends when it died by itself. The limit is there for a test that fails; a busy machine does not reach it.
func (c *controller) await(t *testing.T, what string, ask func() error) {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for {
		c.keepUp(t)
		err := ask()
		if err == nil {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("waiting for %s: %v", what, err)
		case <-t.Context().Done():
			t.Fatalf("waiting for %s: %v", what, t.Context().Err())
		case <-tick.C:
		}
	}
}

func (c *controller) keepUp(t *testing.T) {
	t.Helper()
	err := c.running().Err()
	if err == nil {
		return
	}
	if !c.gate.killing() {
		t.Fatal(err)
	}
	c.start(t)
}

// awaitReady waits until the controller has filled its caches.
func (c *controller) awaitReady(t *testing.T) {
	t.Helper()
	c.await(t, "the controller to be ready", func() error {
		response, err := http.Get("http://" + c.health + "/readyz")
		if err != nil {
			return err
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return errors.New(response.Status)
		}
		return nil
	})
}
