package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	crlog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/config"
	"github.com/vpsie/vpsie-autoscaler/internal/testenv"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// asController makes this test binary the program itself: the controller then runs as
// a process, with flags, as it does in production.
const asController = "VPSIE_AUTOSCALER_TEST_RUNS_CONTROLLER"

func TestMain(m *testing.M) {
	if os.Getenv(asController) != "" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		status := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
		stop()
		os.Exit(status)
	}
	crlog.SetLogger(logr.Discard())
	status := m.Run()
	if err := shared.stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

// bed is a real API server, a fake VPSie whose machines join it, and the controller
// between them, with the shipped rights. Nothing schedules pods: tests bind them.
type bed struct {
	env    *testenv.Env
	cloud  *fakeCloud
	client client.WithWatch
	// metrics is the address of the controller's metrics.
	metrics string

	once       sync.Once
	err        error
	dir        string
	controller *exec.Cmd
}

var shared bed

// live returns the bed, started.
func live(t *testing.T) *bed {
	t.Helper()
	shared.once.Do(func() { shared.err = shared.start(t) })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the controller's log:\n%s", shared.log())
		}
	})
	return &shared
}

func (b *bed) start(t *testing.T) (err error) {
	if b.dir, err = os.MkdirTemp("", "vpsie-autoscaler-run-"); err != nil {
		return err
	}
	if b.env, err = testenv.Start(); err != nil {
		return err
	}
	b.client = b.env.Client(t, nil)
	b.env.Apply(t, config.FS, "rbac/*.yaml", "admission/*.yaml")
	b.cloud = &fakeCloud{kubelets: &kubelets{client: b.client}}
	b.cloud.Server, err = vpsietest.Start(vpsietest.Options{
		Booter: b.cloud.kubelets, Knobs: vpsietest.Knobs{CreateMillis: 30, BootMillis: 30, ReadyMillis: 30, DeleteMillis: 30},
	})
	if err != nil {
		return err
	}
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: config.Namespace, Name: "vpsie-secret"},
		StringData: map[string]string{"url": b.cloud.URL(), "token": vpsietest.DefaultToken, "accountPassword": vpsietest.DefaultAccountPassword},
	}
	if err := b.client.Create(t.Context(), secret); err != nil {
		return err
	}
	return b.startController(t)
}

func (b *bed) startController(t *testing.T) error {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		return err
	}
	b.metrics = "http://" + address + "/metrics"
	log, err := os.Create(filepath.Join(b.dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	kubeconfig, err := os.ReadFile(as(t, b.env, config.User))
	if err != nil {
		return err
	}
	own := filepath.Join(b.dir, "kubeconfig") // the one of as ends with the test
	if err := os.WriteFile(own, kubeconfig, 0o600); err != nil {
		return err
	}
	b.controller = exec.Command(os.Args[0], "run", "--kubeconfig="+own, "--metrics-bind-address="+address, "--health-probe-bind-address=0",
		"--leader-elect=false", "--debounce=20ms", "--poll-interval=50ms", "--create-settle=1s", "--sweep-interval=1s", "--sweep-grace=1s",
		"--drain-retry=2s", "--vpsie-requests-per-minute=6000")
	b.controller.Env = append(os.Environ(), asController+"=1")
	b.controller.Stdout, b.controller.Stderr = log, log
	return b.controller.Start()
}

func (b *bed) stop() error {
	var err error
	if b.controller != nil && b.controller.Process != nil {
		err = errors.Join(b.controller.Process.Signal(syscall.SIGTERM), b.controller.Wait())
	}
	if b.cloud != nil && b.cloud.Server != nil {
		b.cloud.Close()
	}
	if b.env != nil {
		err = errors.Join(err, b.env.Stop())
	}
	return errors.Join(err, os.RemoveAll(b.dir))
}

func (b *bed) log() string {
	text, err := os.ReadFile(filepath.Join(b.dir, "log"))
	if err != nil {
		return err.Error()
	}
	const most = 3 << 10
	return string(text[max(len(text)-most, 0):])
}

// fakeCloud is the fake VPSie and what becomes of its machines.
type fakeCloud struct {
	*vpsietest.Server
	kubelets *kubelets
}

// booted is a machine as it was when it came up.
func (c *fakeCloud) booted(hostname string) vpsietest.Machine {
	m, _ := c.kubelets.booted.Load(strings.ToLower(hostname))
	machine, _ := m.(vpsietest.Machine)
	return machine
}

// kubelets registers the cloud's machines as nodes, which become ready and stay so.
type kubelets struct {
	client client.Client
	booted sync.Map
}

func (k *kubelets) node(m vpsietest.Machine) *corev1.Node {
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: strings.ToLower(m.Hostname)}}
}

func (k *kubelets) Boot(ctx context.Context, m vpsietest.Machine) error {
	n := k.node(m)
	k.booted.Store(n.Name, m)
	n.Spec.ProviderID = "vpsie://" + m.Identifier
	n.Spec.Taints = []corev1.Taint{{Key: v1alpha1.TaintUninitialized, Effect: corev1.TaintEffectNoSchedule}}
	size := corev1.ResourceList{
		corev1.ResourceCPU: *quantity(int64(m.CPU) * 1000), corev1.ResourceMemory: *quantity(int64(m.MemoryMB) << 20 * 1000), corev1.ResourcePods: *quantity(110 * 1000),
	}
	n.Status.Capacity, n.Status.Allocatable = size, size
	return k.client.Create(ctx, n)
}

func (k *kubelets) Ready(ctx context.Context, m vpsietest.Machine) error {
	n := k.node(m)
	if err := k.client.Get(ctx, client.ObjectKeyFromObject(n), n); err != nil {
		return err
	}
	// Kubernetes taints a node that registers; its controllers, which do not run here, take that away.
	changed := n.DeepCopy()
	changed.Spec.Taints = nil
	for _, t := range n.Spec.Taints {
		if t.Key != corev1.TaintNodeNotReady {
			changed.Spec.Taints = append(changed.Spec.Taints, t)
		}
	}
	if err := k.client.Patch(ctx, changed, client.MergeFrom(n)); err != nil {
		return err
	}
	ready := changed.DeepCopy()
	ready.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
	return k.client.Status().Patch(ctx, ready, client.MergeFrom(changed))
}

// Gone ends the heartbeats: the node is not ready any more.
func (k *kubelets) Gone(ctx context.Context, m vpsietest.Machine) error {
	n := k.node(m)
	if err := k.client.Get(ctx, client.ObjectKeyFromObject(n), n); err != nil {
		return client.IgnoreNotFound(err)
	}
	n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionUnknown}}
	return client.IgnoreNotFound(k.client.Status().Update(ctx, n))
}

// scrape reads the controller's metrics.
func (b *bed) scrape(ctx context.Context) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.metrics, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(response.Status)
	}
	return response, err
}
