package control

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Options are the operator's flags for the life of machines.
type Options struct {
	// Namespace holds the NodeGroups, the VPSieNodes and the Secret.
	Namespace  string
	SecretName string
	Plan       plan.Options
	// Debounce is how long a round waits for more changes after the first.
	Debounce time.Duration
	// CreateSettle is how long an order whose answer is unknown may stay unseen
	// in the cloud's lists before it is taken as not made.
	CreateSettle time.Duration
	// ProvisionTimeout and JoinTimeout bound the first two parts of a machine's life.
	ProvisionTimeout, JoinTimeout time.Duration
	// KeepFailed is how long a machine that did not join stays, so that its log can be read.
	KeepFailed time.Duration
	// DrainTimeout bounds a drain; DrainRetry is the pause after one that failed.
	DrainTimeout, DrainRetry time.Duration
	// DeletionDelay bounds how long annotations of an emptied node keep its VPS; 0 lets them keep none.
	DeletionDelay time.Duration
	// UnreadyTimeout is how long a node that was ready may be not ready before its
	// machine is replaced; RepairLimit is the share of a NodeGroup, in percent, that may
	// be under repair at once: one machine at least, none when it is 0.
	UnreadyTimeout time.Duration
	RepairLimit    int
	// RestartTimeout is how long a node may take to be ready again after its VPS was restarted, which is tried once before
	// the VPS is replaced; 0 replaces without.
	RestartTimeout time.Duration
	// Backoff is how long a NodeGroup pauses whose machines fail one after another.
	Backoff cloud.Growth
	// PollInterval is the shortest pause between two looks at the cloud.
	PollInterval time.Duration
	// SweepInterval is the pause between two sweeps, SweepGrace the age below
	// which nothing is swept.
	SweepInterval, SweepGrace time.Duration
	// UnprovenLimit is how many machines of a NodeGroup may be on their way while none has
	// become a ready node as the group is now; 0 is no limit.
	UnprovenLimit int
	// Bootstrap is how machines join whose NodeGroup has no userData: BootstrapKubeadm,
	// or empty for images that join by themselves.
	Bootstrap string
	// KubernetesVersion is the API server's, as major.minor.
	KubernetesVersion string
	// ProviderIDFormat is what a node gets as spec.providerID that has none.
	ProviderIDFormat ProviderIDFormat
	// MinBalanceHours is how long a prepaid account's balance must last for purchases beyond minNodes; 0 asks for nothing.
	MinBalanceHours float64
	// APIServer is host:port for joining machines; empty takes kube-public/cluster-info's.
	APIServer string
}

// BootstrapKubeadm is the value of Options.Bootstrap for kubeadm clusters.
const BootstrapKubeadm = "kubeadm"

// Deps are what the reconcilers are made of. Each keeps of them what its constructor takes.
type Deps struct {
	Client client.Client
	// Live reads from the API server itself, not from the cache.
	Live client.Reader
	// Load gives what a decision is made from. It is shared with the cache and read-only.
	Load func() (*cluster.Objects, error)
	// Pods has the pods, which Load leaves out, and is fed by the watch that starts rounds.
	// In tests without watches it is nil, and Load gives them.
	Pods *cluster.Pods
	// PodsOn are the pods of a node as the cache has them. In tests without a cache it is nil, and Client is asked.
	PodsOn  func(node string) ([]corev1.Pod, error)
	Cloud   *cloud.Cloud
	Voice   *observe.Voice
	Metrics *observe.Metrics
	Journal *observe.Journal
	// Spend adds up what machines cost; nil counts nothing.
	Spend   *observe.Spend
	Clock   clock.PassiveClock
	Options Options
	// Version is the API server's version now, as major.minor; nil takes Options.KubernetesVersion.
	Version func() string
	// Inspect looks for what is wrong with the account and the NodeGroups, and orders and deletes nothing. It reports false
	// when the account could not be asked. It is called at the start and after each change of the Secret or of a
	// NodeGroup's spec, before anything is decided; nil looks for nothing.
	Inspect func(ctx context.Context, groups []*v1alpha1.NodeGroup) (found []observe.CheckFinding, answered bool)

	arrivals *arrivals
	// shared reads from the API server itself, as Live does, for many machines at once; nil reads for each.
	shared *sharedReads
	funds  *funds
	// inspected is what Inspect found last.
	inspected *inspected
}

// Setup registers all reconcilers with the manager.
func Setup(ctx context.Context, mgr ctrl.Manager, d Deps) error {
	d.arrivals, d.shared = newArrivals(), newSharedReads(d.Live)
	d.arrivals.growth = d.Options.Backoff
	d.funds, d.inspected = new(funds), new(inspected)
	if err := indexMachines(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	for _, setup := range []func(ctrl.Manager, *Deps) error{setupRound, setupNodes, setupGroups, setupSweep, setupKeeper} {
		if err := setup(mgr, &d); err != nil {
			return err
		}
	}
	return nil
}

// kubernetesVersion says the API server's version, as major.minor.
func (d *Deps) kubernetesVersion() func() string {
	if d.Version != nil {
		return d.Version
	}
	version := d.Options.KubernetesVersion
	return func() string { return version }
}

// measured counts and times a reconciler under the reference's metric names.
func (d *Deps) measured(name string, r reconcile.Reconciler) reconcile.Reconciler {
	clock, metrics := d.Clock, d.Metrics
	return reconcile.Func(func(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
		start := clock.Now()
		result, err := r.Reconcile(ctx, req)
		metrics.Reconciled(name, clock.Since(start), err)
		return result, err
	})
}

// one is the only request of reconcilers that have no object of their own.
func one(name string) reconcile.Request {
	return reconcile.Request{NamespacedName: types.NamespacedName{Name: name}}
}
