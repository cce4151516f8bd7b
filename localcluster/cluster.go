package localcluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// Options say how a cluster is started. The zero value needs only BinDir or KUBEBUILDER_ASSETS in the environment.
type Options struct {
	// BinDir holds the binaries that build.sh makes. Empty means the environment's KUBEBUILDER_ASSETS.
	BinDir string
	// Dir keeps certificates, data, logs and the kubeconfig. Empty means a temporary directory that Stop removes;
	// otherwise Stop leaves the logs in it and removes the rest.
	Dir string
	// NodeGrace is how long after its last heartbeat a node counts as unreachable, in whole seconds. Zero means 20 s.
	NodeGrace time.Duration
	// Restarts is how many times kube-scheduler and kube-controller-manager together are started again when they end by
	// themselves, as their kubelet would. Both do that on purpose when they no longer trust what they know, which restarts
	// of the API server can bring about. Zero makes the first such end a failure.
	Restarts int
	// Bare leaves it at etcd and the API server: nothing schedules, runs or tidies up.
	Bare bool
	// Large is for a state of gigabytes: the components then spend more processor time on keeping their memory small.
	Large bool
	// StartTimeout bounds the start of the whole cluster. Zero means two minutes, for machines that are busy.
	StartTimeout time.Duration
	// Guests, when set, lets machines with a network of their own join.
	Guests *Guests
}

// Guests are machines with a network of their own: they know this host by a name that only they can resolve, and have
// addresses that it cannot reach.
type Guests struct {
	// Host is the name by which guests know this host: the API server's certificate is good for it.
	Host string
	// Proxy is the Unix socket of an HTTP proxy that understands CONNECT, through which the API server reaches kubelets.
	Proxy string
}

// Cluster is a running control plane. Its methods may be called from several goroutines.
type Cluster struct {
	dir        string
	temporary  bool
	guests     *Guests
	layout     *layout
	ca         *authority
	config     *rest.Config
	kubeconfig string

	mu        sync.Mutex
	processes []*Process
	ended     map[*Process]bool // on purpose
	restarts  int               // that are left
	stopping  chan struct{}
	failed    chan error
	stopOnce  sync.Once
	stopErr   error
}

// Start boots a control plane and returns when its API answers, its controllers have made the default service account
// and its scheduler and kwok run. The cluster lives until Stop, the end of ctx, or the death of this process.
func Start(ctx context.Context, options Options) (*Cluster, error) {
	c, err := prepare(ctx, options)
	if err != nil {
		return nil, err
	}
	startCtx, cancel := context.WithTimeout(ctx, cmp.Or(options.StartTimeout, 2*time.Minute))
	defer cancel()
	if err := c.boot(startCtx, cmp.Or(options.NodeGrace, 20*time.Second), options.Bare); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the local control plane: %w", err), c.Stop())
	}
	context.AfterFunc(ctx, func() { _ = c.Stop() })
	return c, nil
}

// prepare makes everything on disk that the components read.
func prepare(ctx context.Context, options Options) (*Cluster, error) {
	bin, err := binaries(options.BinDir)
	if err != nil {
		return nil, err
	}
	c := &Cluster{
		dir: options.Dir, guests: options.Guests, ended: map[*Process]bool{}, restarts: options.Restarts,
		stopping: make(chan struct{}), failed: make(chan error, 1),
	}
	if c.dir == "" {
		c.temporary = true
		if c.dir, err = os.MkdirTemp("", "localcluster-"); err != nil {
			return nil, fmt.Errorf("making the cluster's directory: %w", err)
		}
	}
	if err := c.provision(ctx, bin, options.Large); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

func (c *Cluster) provision(ctx context.Context, bin string, large bool) (err error) {
	if c.dir, err = filepath.Abs(c.dir); err != nil {
		return fmt.Errorf("finding the cluster's directory: %w", err)
	}
	if c.layout, err = newLayout(ctx, bin, c.dir, large); err != nil {
		return err
	}
	var names []string
	if c.guests != nil {
		names = append(names, c.guests.Host)
	}
	if c.ca, err = newAuthority(c.layout.pki, firstServiceIP(), names...); err != nil {
		return err
	}
	if err := c.provisionGuests(); err != nil {
		return err
	}
	admin, err := c.ca.client("admin", "system:masters")
	if err != nil {
		return err
	}
	c.config = restConfig(c.layout.apiURL(), c.ca, admin)
	c.kubeconfig = filepath.Join(c.dir, "kubeconfig")
	if err := writeKubeconfig(c.kubeconfig, c.layout.apiURL(), c.ca, admin); err != nil {
		return err
	}
	for component, groups := range map[string][]string{
		controllerManager: nil, scheduler: nil, "kwok": {"system:masters"},
	} {
		who, err := c.ca.client("system:"+component, groups...)
		if err != nil {
			return err
		}
		if err := writeKubeconfig(c.layout.kubeconfig(component), c.layout.apiURL(), c.ca, who); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) boot(ctx context.Context, nodeGrace time.Duration, bare bool) error {
	l := c.layout
	kwokArgs, err := l.kwokArgs(nodeGrace)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(c.config)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	// The API server waits for etcd by itself; the others give up when it is not there.
	if err := errors.Join(c.spawn("etcd", l.etcdArgs()...), c.spawn(apiServer, append(l.apiServerArgs(), l.guestArgs(c.guests)...)...)); err != nil {
		return err
	}
	if err := c.wait(ctx, "the API server to be ready", apiReady(client)); err != nil || bare {
		return err
	}
	if err := errors.Join(
		c.spawn(controllerManager, l.controllerManagerArgs(nodeGrace)...),
		c.spawn(scheduler, l.schedulerArgs()...),
		c.spawn("kwok", kwokArgs...),
	); err != nil {
		return err
	}
	return errors.Join(
		c.wait(ctx, "the controller manager to make the default service account", defaultServiceAccount(client)),
		c.wait(ctx, "the scheduler to be healthy", healthy("https://"+loopback(l.scheduler)+"/readyz")),
		c.wait(ctx, "kwok to be healthy", healthy("http://"+loopback(l.kubelets)+"/healthz")),
	)
}

// spawn starts a component and reports its death unless the cluster is being stopped.
func (c *Cluster) spawn(name string, args ...string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.stopping:
		return fmt.Errorf("starting %s: the cluster is stopped", name)
	default:
	}
	p, err := c.layout.spawn(name, args...)
	if err != nil {
		return err
	}
	c.processes = append(c.processes, p)
	go func() {
		select {
		case <-p.Done():
			if c.endedOnPurpose(p) {
				return
			}
			err := p.Err()
			if c.mayRestart(name) {
				if err = c.spawn(name, args...); err == nil {
					return
				}
			}
			select {
			case <-c.stopping:
			case c.failed <- err:
			default: // the first death is the cause of the others
			}
		case <-c.stopping:
		}
	}()
	return nil
}

// Failed receives the error, with the end of its log, of the first component that ends before Stop.
func (c *Cluster) Failed() <-chan error { return c.failed }

// Kubeconfig is the path of an administrator's kubeconfig.
func (c *Cluster) Kubeconfig() string { return c.kubeconfig }

// EtcdURL is where etcd answers, without TLS.
func (c *Cluster) EtcdURL() string { return "http://" + loopback(c.layout.etcd) }

// Config reaches the API server as an administrator, without client-side rate limits. It is the caller's own copy.
func (c *Cluster) Config() *rest.Config { return rest.CopyConfig(c.config) }

// LogDir holds one log file per component.
func (c *Cluster) LogDir() string { return c.layout.logs }

// Stop ends every component and removes the cluster's files. It may be called again and returns the same.
func (c *Cluster) Stop() error {
	c.stopOnce.Do(func() {
		close(c.stopping)
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, p := range slices.Backward(c.processes) {
			p.Kill() // nothing of theirs is kept, so there is nothing to end in good order
		}
		c.stopErr = c.removeFiles()
	})
	return c.stopErr
}

func (c *Cluster) removeFiles() error {
	remove := []string{c.dir}
	if !c.temporary {
		remove = []string{filepath.Join(c.dir, "pki"), filepath.Join(c.dir, "data"), filepath.Join(c.dir, "kubeconfig")}
	}
	var errs []error
	for _, path := range remove {
		if err := os.RemoveAll(path); err != nil {
			errs = append(errs, fmt.Errorf("removing the cluster's files: %w", err))
		}
	}
	return errors.Join(errs...)
}

// binaries finds the directory of the components and says how to fill it.
func binaries(dir string) (string, error) {
	dir = cmp.Or(dir, os.Getenv("KUBEBUILDER_ASSETS"))
	if dir == "" {
		return "", errors.New("finding the control plane: neither Options.BinDir nor KUBEBUILDER_ASSETS says where it is; run localcluster/build.sh and name <root>/.local/bin")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("finding the control plane: %w", err)
	}
	for _, name := range []string{"etcd", apiServer, controllerManager, scheduler, "kwok"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return "", fmt.Errorf("finding the control plane (localcluster/build.sh makes it): %w", err)
		}
	}
	return dir, nil
}
