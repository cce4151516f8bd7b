package chaos

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/config"
	"github.com/vpsie/vpsie-autoscaler/localcluster/stack"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// Options say how long and by which chance a run goes on.
type Options struct {
	// BinDir holds the control plane, Binary is the controller.
	BinDir, Binary string
	// Dir gets the logs and the state.
	Dir string
	// Seed is the schedule's.
	Seed uint64
	// Length is how long there is trouble; the rest afterwards comes on top.
	Length time.Duration
	// Patience is how long everything may take to come to rest afterwards; 0 is five minutes.
	Patience time.Duration
	// Say hears of progress.
	Say func(format string, args ...any)
}

// mostRestarts is how many ends of the scheduler and the controller manager a run makes good. They end by themselves
// when restarts of the API server make them doubt what they know.
const mostRestarts = 50

// requestTimeout is how long the controllers wait for the cloud.
const requestTimeout = time.Second

// run is one run.
type run struct {
	Options
	stack    *stack.Stack
	client   client.Client
	tally    *tally
	watcher  *watcher
	schedule *schedule
	sight    *sight
	counter  *counter
	weather  *weather
	// crews and users are the estates', by their numbers.
	crews [estates]*crew
	users [estates]*users
}

// Run has a cluster, a cloud and controllers live through trouble, lets them come to rest, and reports.
func Run(ctx context.Context, o Options) (report *Report, err error) {
	r := &run{Options: o, tally: newTally(), schedule: newSchedule(o.Seed)}
	r.Patience = cmp.Or(o.Patience, 5*time.Minute)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	r.stack, err = stack.Start(ctx, stack.Options{BinDir: o.BinDir, Dir: o.Dir, Restarts: mostRestarts})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.stack.Stop()) }()
	if err := r.setUp(ctx); err != nil {
		return nil, err
	}
	defer func() {
		for _, c := range r.crews {
			c.dismiss()
		}
	}()
	unrest, err := r.live(ctx)
	if err != nil {
		return nil, err
	}
	return r.report(unrest)
}

// setUp makes everybody who takes part.
func (r *run) setUp(ctx context.Context) (err error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return fmt.Errorf("registering kinds: %w", err)
	}
	if r.client, err = client.New(r.stack.Cluster.Config(), client.Options{Scheme: scheme}); err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	if r.watcher, err = watch(ctx, r.stack.Cluster.Config(), r.client, r.tally); err != nil {
		return err
	}
	r.weather = &weather{
		admin: r.stack.Cloud.AdminURL(), tally: r.tally, excuse: r.watcher.excuse, ledger: r.stack.Cloud.Ledger,
	}
	r.counter = &counter{check: r.checkDeletion}
	r.sight = newSight(r.tally, r.Seed, r.checkWrite)
	for range 3 {
		if err := r.weather.plant(ctx); err != nil {
			return err
		}
	}
	direct, err := r.serviceAccount()
	if err != nil {
		return err
	}
	transport, err := rest.TransportFor(direct)
	if err != nil {
		return fmt.Errorf("making a way to the API server: %w", err)
	}
	for e := range estate(estates) {
		if err := r.setUpEstate(ctx, e, direct.Host, transport); err != nil {
			return err
		}
	}
	return nil
}

// setUpEstate makes a namespace with its controllers and its workload.
func (r *run) setUpEstate(ctx context.Context, e estate, host string, transport http.RoundTripper) error {
	if err := r.newNamespace(ctx, e.namespace()); err != nil {
		return err
	}
	c := &crew{binary: r.Binary, gate: &gate{}, tally: r.tally}
	c.gate.kill = func(replica int) { c.kill(replica, "at a step") }
	if err := r.setUpCrew(ctx, e, c, host, transport); err != nil {
		return err
	}
	r.crews[e] = c
	r.users[e] = &users{estate: e, client: r.client, tally: r.tally, excuse: r.watcher.excuse, budgets: map[string]editions{}}
	return r.users[e].begin(ctx)
}

// setUpCrew makes each replica's ways to the world, and its arguments.
func (r *run) setUpCrew(ctx context.Context, e estate, c *crew, host string, transport http.RoundTripper) error {
	var kubeconfigs [replicas]string
	writer := new(atomic.Int32)
	for i := range replicas {
		kube, err := r.sight.way(place{e, i, ""}, c.gate, writer, host, transport)
		if err != nil {
			return err
		}
		kubeURL, err := open(ctx, kube)
		if err != nil {
			return err
		}
		kubeconfigs[i] = filepath.Join(r.Dir, fmt.Sprintf("%s-%d.kubeconfig", e.namespace(), i))
		if err := writeKubeconfig(kubeconfigs[i], kubeURL); err != nil {
			return err
		}
	}
	// One way to the cloud serves both, for there is one Secret: it is the leader that asks.
	leader := func() int { return int(writer.Load()) }
	cloud, err := r.counter.way(leader, c.gate, r.stack.Cloud.URL(), &http.Transport{DisableKeepAlives: true})
	if err != nil {
		return err
	}
	cloudURL, err := open(ctx, cloud)
	if err != nil {
		return err
	}
	c.log = func(replica int) string {
		return filepath.Join(r.Dir, "logs", fmt.Sprintf("%s-%d.log", e.namespace(), replica))
	}
	c.args = func(replica int, elect bool) []string {
		return append(flags(e), "--kubeconfig="+kubeconfigs[replica], fmt.Sprintf("--leader-elect=%t", elect))
	}
	return r.setAccount(ctx, e, cloudURL)
}

// createSettle is after how long an order without an answer is made again while no list shows its VPS.
const createSettle = 3 * time.Second

// flags make the controllers quick.
func flags(e estate) []string {
	return []string{
		"run", "--namespace=" + e.namespace(), "--cluster-id=" + e.clusterID(), "--health-probe-bind-address=0", "--metrics-bind-address=0",
		"--leader-elect-lease-duration=1s", "--leader-elect-renew-deadline=800ms", "--leader-elect-retry-period=200ms",
		"--debounce=20ms", "--poll-interval=50ms", "--vpsie-requests-per-minute=60000", "--vpsie-request-timeout=" + requestTimeout.String(),
		"--create-settle=" + createSettle.String(), "--sweep-interval=100ms", "--vpsie-catalogue-ttl=1s", "--sweep-grace=4s", "--provision-timeout=20s", "--join-timeout=20s",
		"--drain-timeout=15s", "--drain-retry=2s", "--unready-timeout=10s", "--restart-timeout=10s", "--repair-limit=50", "--backoff=1s", "--backoff-limit=4s",
	}
}

func (r *run) serviceAccount() (*rest.Config, error) {
	file := filepath.Join(r.Dir, "service-account.kubeconfig")
	if err := r.stack.Cluster.WriteKubeconfig(file, config.User, "system:serviceaccounts", "system:serviceaccounts:"+config.Namespace); err != nil {
		return nil, err
	}
	direct, err := clientcmd.BuildConfigFromFlags("", file)
	if err != nil {
		return nil, fmt.Errorf("reading the controllers' kubeconfig: %w", err)
	}
	return direct, nil
}

func writeKubeconfig(file, server string) error {
	content := clientcmdapi.NewConfig()
	content.Clusters["way"] = &clientcmdapi.Cluster{Server: server}
	content.Contexts["way"] = &clientcmdapi.Context{Cluster: "way"}
	content.CurrentContext = "way"
	if err := clientcmd.WriteToFile(*content, file); err != nil {
		return fmt.Errorf("writing a controller's kubeconfig: %w", err)
	}
	return nil
}

// newNamespace makes a namespace that the autoscaler may serve as it serves the shipped one.
func (r *run) newNamespace(ctx context.Context, name string) error {
	var shipped rbacv1.Role
	if err := r.client.Get(ctx, client.ObjectKey{Namespace: config.Namespace, Name: config.Name}, &shipped); err != nil {
		return fmt.Errorf("reading the shipped Role: %w", err)
	}
	here := metav1.ObjectMeta{Name: config.Name, Namespace: name}
	for _, o := range []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}},
		&rbacv1.Role{ObjectMeta: here, Rules: shipped.Rules},
		&rbacv1.RoleBinding{
			ObjectMeta: here,
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: config.Name},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: config.Name, Namespace: config.Namespace}},
		},
	} {
		if err := r.client.Create(ctx, o); err != nil {
			return fmt.Errorf("making the namespace %s: %w", name, err)
		}
	}
	return nil
}

// setAccount has the controllers get their tokens by client id and secret, so that tokens can expire.
func (r *run) setAccount(ctx context.Context, e estate, cloudURL string) error {
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "vpsie-secret", Namespace: e.namespace()}, StringData: map[string]string{
		"clientId": vpsietest.DefaultClientID, "clientSecret": vpsietest.DefaultClientSecret, "url": cloudURL,
		"accountPassword": vpsietest.DefaultAccountPassword,
		"projectId":       vpsietest.Identifier("project", vpsietest.DefaultCatalogue().Projects[0].Name),
	}}
	if err := r.client.Create(ctx, secret); err != nil {
		return fmt.Errorf("making the account's Secret: %w", err)
	}
	return nil
}

// checkDeletion sees each VPS that a controller is about to delete.
func (r *run) checkDeletion(identifier string) {
	for _, b := range r.stack.Cloud.Ledger().VMs {
		if b.Identifier != identifier {
			continue
		}
		if m := markOf(b); !isEstate(m.cluster) {
			r.watcher.note(violation{at: time.Now(), what: fmt.Sprintf("the deletion of VPS %d (%s) was asked for, which is somebody else's", b.ID, b.Hostname), hostnames: []string{b.Hostname}})
		}
		if b.DeletedAt == nil {
			r.checkEmpty("VPS", strings.ToLower(b.Hostname), b.Identifier)
		}
		return
	}
}

// checkWrite sees each write to Kubernetes before it is made.
func (r *run) checkWrite(request *http.Request) {
	resource, name, sub := resourceOf(request)
	if request.Method != http.MethodDelete || resource != "nodes" || sub != "" {
		return
	}
	// What is bound to a node whose VPS is gone can only start anew, the sooner the better.
	for _, b := range r.stack.Cloud.Ledger().VMs {
		if b.DeletedAt == nil && strings.EqualFold(b.Hostname, name) {
			r.checkEmpty("Node", name, b.Identifier)
		}
	}
}

// checkEmpty judges the end of a VPS, or of its Node, that is about to be asked for.
func (r *run) checkEmpty(what, node, identifier string) {
	if r.watcher.isExcused(node) {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := mustBeEmpty(ctx, r.client, node, identifier); err != nil {
		r.watcher.note(violation{at: time.Now(), what: fmt.Sprintf("the deletion of %s %s was asked for: %v", what, node, err), hostnames: []string{node}})
	}
}

// together does several things at once until ctx ends or one of them fails.
func together(ctx context.Context, all ...func(context.Context) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wait sync.WaitGroup
	for _, one := range all {
		wait.Go(func() {
			if err := one(ctx); err != nil {
				stop(err)
			}
		})
	}
	wait.Wait()
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) && !errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	return nil
}
