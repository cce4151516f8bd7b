package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	crlog "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/config"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/testenv"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// logged is all that the tests had the autoscaler log.
var logged transcript

type transcript struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *transcript) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *transcript) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestMain(m *testing.M) {
	crlog.SetLogger(logr.FromSlogHandler(slog.NewJSONHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug - 10})))
	os.Exit(testenv.MainOnSeveral(m, apiServers, func(p *testenv.Pool) { envs = p }))
}

// apiServers is how many worlds there can be at once: a world and its API server mostly wait for each other.
const apiServers = 2

// envs are the API servers of the worlds.
var envs *testenv.Pool

// world is a cluster with all of the autoscaler's reconcilers, called turn by turn
// by the test, on a clock that the test moves. They have the rights of the shipped
// roles; the test itself is the administrator.
type world struct {
	*testing.T
	env      *testenv.Env // nil in a simulation
	admin    client.Client
	fake     *vpsietest.Server
	clock    movable
	ctx      context.Context //nolint:containedctx // of the whole test, quiet in a simulation
	deps     Deps
	round    *round
	machines *machines
	groups   *groups
	sweep    *sweep

	registry *prometheus.Registry
	// connect makes the reconcilers' client, http is how they reach the cloud; nil is by the network.
	connect func() client.WithWatch
	http    *http.Client
	// during, when it is not nil, is called once, by its operation, while a request to the cloud is under way.
	during map[string]func()

	// noProviderID has machines register without one, as the vendor's images do.
	noProviderID bool

	mu       sync.Mutex
	events   []string
	userData map[string]string // of the machines that have booted
	silent   bool              // machines boot and never register
	silentIn string            // so in this datacenter
}

// movable is a clock that the test moves.
type movable interface {
	clock.PassiveClock
	Step(d time.Duration)
	SetTime(t time.Time)
}

// Context is what the reconcilers are called with.
func (w *world) Context() context.Context {
	if w.ctx != nil {
		return w.ctx
	}
	return w.T.Context()
}

const small, medium = "small-2cpu-4gb", "medium-4cpu-8gb"

// newWorld makes the one world of a test, which goes on beside others from there on.
func newWorld(t *testing.T, knobs vpsietest.Knobs) *world {
	t.Helper()
	t.Parallel()
	env := envs.Take(t)
	fakeClock := clocktesting.NewFakeClock(time.Now())
	w := &world{T: t, env: env, admin: env.Client(t, nil), clock: fakeClock, userData: map[string]string{}}
	w.connect = w.withRights
	env.Apply(t, config.FS, "rbac/*.yaml", "admission/*.yaml")
	fake, err := vpsietest.Start(vpsietest.Options{Knobs: knobs, Booter: kubelets{w}, Now: w.clock.Now, After: fakeClock.After})
	if err != nil {
		t.Fatal(err)
	}
	w.fake = fake
	t.Cleanup(fake.Close)
	w.setAccount(map[string]string{})
	t.Cleanup(w.clear)
	w.start(shippedOptions())
	testenv.Eventually(t, func(ctx context.Context) error { // the roles take a moment to be in force
		return w.deps.Client.List(ctx, &v1alpha1.VPSieNodeList{}, client.InNamespace(config.Namespace))
	})
	return w
}

// shippedOptions are the defaults of the flags, without a limit on unproven machines.
func shippedOptions() Options {
	return Options{
		Namespace: config.Namespace, SecretName: "vpsie-secret", CreateSettle: 30 * time.Second,
		ProvisionTimeout: 20 * time.Minute, JoinTimeout: 15 * time.Minute, DrainTimeout: 10 * time.Minute, DrainRetry: 5 * time.Minute, DeletionDelay: 2 * time.Minute,
		UnreadyTimeout: 10 * time.Minute, RepairLimit: 20,
		PollInterval: 2 * time.Second, SweepInterval: time.Minute, SweepGrace: 5 * time.Minute,
	}
}

// start makes the reconcilers anew, as a restart does: with what the API server and
// the cloud know, and nothing else.
func (w *world) start(o Options) {
	w.Helper()
	c := w.connect()
	w.registry = prometheus.NewRegistry()
	w.deps = Deps{
		Client: c, Live: c, Clock: w.clock, Options: o,
		Load:    func() (*cluster.Objects, error) { return cluster.Load(w.Context(), c, o.Namespace) },
		Voice:   observe.NewVoice(w),
		Metrics: observe.NewMetrics(w.registry, "test", vpsie.Operations()),
		Journal: observe.NewJournal(),
		Cloud: cloud.New(cloud.Options{
			ClusterID: "test", Namespace: o.Namespace, SecretName: o.SecretName, Clock: w.clock, HTTPClient: w.http,
			RequestsPerMinute: 60_000, CatalogueTTL: 10 * time.Minute, Timeout: 10 * time.Second,
			Observe: func(op, _ string, _ time.Duration) {
				if f := w.during[op]; f != nil {
					delete(w.during, op)
					f()
				}
			},
		}),
		arrivals: newArrivals(), shared: newSharedReads(c), funds: new(funds),
	}
	w.deps.Spend = observe.NewSpend(w.deps.Metrics)
	w.round = newRound(&w.deps, cluster.NewBuilder())
	w.machines = newMachines(&w.deps)
	w.groups = newGroups(&w.deps)
	w.sweep = newSweep(&w.deps)
}

// machinesThrough has the VPSieNodes' reconciler go on with another client.
func (w *world) machinesThrough(c client.Client) {
	d := w.deps
	d.Client = c
	m := newMachines(&d)
	m.absences.first, m.doubts.first, m.pauses.of = w.machines.absences.first, w.machines.doubts.first, w.machines.pauses.of
	w.machines = m
}

// roundThrough has the rounds go on with another client.
func (w *world) roundThrough(c client.Client) {
	d := w.deps
	d.Client = c
	r := newRound(&d, w.round.builder)
	w.round.account, w.round.backoffs, w.round.precheck, w.round.retries, w.round.intents = r.account, r.backoffs, r.precheck, r.retries, r.intents
	w.round.notes.Client, w.round.teller.Client, w.round.teller.backoffs = c, c, r.backoffs
}

// withRights is a client with the rights of the shipped roles, and no more.
func (w *world) withRights() client.WithWatch {
	w.Helper()
	return w.env.Client(w, w.env.As(config.User))
}

func (w *world) setAccount(changes map[string]string) {
	w.Helper()
	data := map[string][]byte{
		cloud.KeyURL: []byte(w.fake.URL()), cloud.KeyToken: []byte(vpsietest.DefaultToken),
		cloud.KeyAccountPassword: []byte(vpsietest.DefaultAccountPassword),
	}
	for k, v := range changes {
		data[k] = []byte(v)
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: config.Namespace, Name: "vpsie-secret"}, Data: data}
	err := w.admin.Update(w.Context(), secret.DeepCopy())
	if apierrors.IsNotFound(err) {
		err = w.admin.Create(w.Context(), secret)
	}
	w.must(err)
}

// correctAccount ends what was wrong with the Secret, and wakes whom that held up.
func (w *world) correctAccount() {
	w.Helper()
	w.setAccount(nil)
	w.machines.ofSecret(w.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "vpsie-secret"}})
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// Eventf makes the world its own recorder of events.
func (w *world) Eventf(about, _ runtime.Object, _, reason, _, note string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	name := "?"
	if o, err := meta.Accessor(about); err == nil {
		name = o.GetName()
	}
	w.events = append(w.events, reason+" "+name+": "+fmt.Sprintf(note, args...))
}

// heard counts the events in which all the words stand.
func (w *world) heard(words ...string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, e := range w.events {
		all := true
		for _, word := range words {
			all = all && strings.Contains(e, word)
		}
		if all {
			n++
		}
	}
	return n
}

// turn moves the clock and calls every reconciler once.
func (w *world) turn(step time.Duration) {
	w.Helper()
	w.clock.Step(step)
	ctx := w.Context()
	calls := func(r reconcile.Reconciler, objects ...client.Object) {
		for _, o := range objects {
			if _, err := r.Reconcile(ctx, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(o)}); err != nil && !apierrors.IsConflict(err) {
				w.Logf("reconciling %s: %v", o.GetName(), err)
			}
		}
	}
	calls(w.groups, w.nodeGroups()...)
	for _, m := range w.vpsieNodes() {
		calls(w.machines, m)
	}
	calls(w.round, &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Name: roundName}})
	if err := w.sweep.once(ctx); err != nil {
		w.Logf("sweeping: %v", err)
	}
}

// until takes turns, a step of the clock apart, until check is content.
func (w *world) until(step time.Duration, what string, check func() error) {
	w.Helper()
	testenv.Eventually(w, func(context.Context) error {
		w.turn(step)
		if err := check(); err != nil {
			return fmt.Errorf("waiting for %s: %w", what, err)
		}
		return nil
	})
}

// after takes turns until the clock has moved that far.
func (w *world) after(long, step time.Duration) {
	w.Helper()
	for end := w.clock.Now().Add(long); w.clock.Now().Before(end); {
		w.turn(step)
	}
}

func (w *world) nodeGroups() []client.Object {
	w.Helper()
	var list v1alpha1.NodeGroupList
	w.must(w.admin.List(w.Context(), &list))
	all := make([]client.Object, len(list.Items))
	for i := range list.Items {
		all[i] = &list.Items[i]
	}
	return all
}

func (w *world) vpsieNodes() []*v1alpha1.VPSieNode {
	w.Helper()
	var list v1alpha1.VPSieNodeList
	w.must(w.admin.List(w.Context(), &list))
	all := make([]*v1alpha1.VPSieNode, len(list.Items))
	for i := range list.Items {
		all[i] = &list.Items[i]
	}
	return all
}

// group creates a NodeGroup that scales at once in both directions.
func (w *world) group(name string, minNodes, maxNodes int32, changes ...func(*v1alpha1.NodeGroup)) *v1alpha1.NodeGroup {
	w.Helper()
	g := &v1alpha1.NodeGroup{
		ObjectMeta: metav1.ObjectMeta{Namespace: config.Namespace, Name: name},
		Spec: v1alpha1.NodeGroupSpec{
			MinNodes: minNodes, MaxNodes: maxNodes,
			DatacenterID: "dc-us-east-1", OfferingIDs: []string{small}, OSImageID: "ubuntu-22.04-lts",
			ScaleUpPolicy: v1alpha1.ScaleUpPolicy{
				StabilizationWindowSeconds: new(int32(1)), CPUThreshold: new(int32(100)), MemoryThreshold: new(int32(100)),
			},
			ScaleDownPolicy: v1alpha1.ScaleDownPolicy{Enabled: new(false)},
		},
	}
	for _, change := range changes {
		change(g)
	}
	w.must(w.admin.Create(w.Context(), g))
	return g
}

func (w *world) reload(o client.Object) {
	w.Helper()
	w.must(w.admin.Get(w.Context(), client.ObjectKeyFromObject(o), o))
}

func (w *world) patch(o client.Object, merge string) {
	w.Helper()
	w.must(w.admin.Patch(w.Context(), o, client.RawPatch(types.MergePatchType, []byte(merge))))
}

// ready takes turns until the group has so many ready nodes and nothing else, and returns them.
func (w *world) ready(g *v1alpha1.NodeGroup, nodes int) []*v1alpha1.VPSieNode {
	w.Helper()
	var all []*v1alpha1.VPSieNode
	w.until(time.Second, fmt.Sprintf("%d ready nodes of %s", nodes, g.Name), func() error {
		all = machinesOf(w.vpsieNodes(), g.Name)
		for _, m := range all {
			if m.Status.Phase != v1alpha1.PhaseReady || !m.DeletionTimestamp.IsZero() {
				return fmt.Errorf("%s is %s: %s", m.Name, m.Status.Phase, m.Status.LastError)
			}
		}
		if len(all) != nodes {
			w.reload(g)
			return fmt.Errorf("there are %d: %+v", len(all), g.Status.Conditions)
		}
		return nil
	})
	return all
}

// bills are the VPSes that cost money now.
func (w *world) bills() []vpsietest.Bill {
	var running []vpsietest.Bill
	for _, b := range w.fake.Ledger().VMs {
		if b.DeletedAt == nil {
			running = append(running, b)
		}
	}
	return running
}

// billOf is the running VPS of a machine.
func (w *world) billOf(m *v1alpha1.VPSieNode) vpsietest.Bill {
	w.Helper()
	for _, b := range w.bills() {
		if b.Hostname == m.Name {
			return b
		}
	}
	w.Fatalf("no VPS runs for %s", m.Name)
	return vpsietest.Bill{}
}

func condition(conditions []metav1.Condition, kind string) metav1.Condition {
	if c := meta.FindStatusCondition(conditions, kind); c != nil {
		return *c
	}
	return metav1.Condition{}
}

// setReady plays a node's kubelet and the node lifecycle controller.
func (w *world) setReady(node string, ready bool) {
	w.Helper()
	status := corev1.ConditionFalse
	if ready {
		status = corev1.ConditionTrue
	}
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: node}}
	w.reload(n)
	n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: status}}
	w.must(w.admin.Status().Update(w.Context(), n))
}

// clear leaves nothing for the next test.
func (w *world) clear() {
	ctx := w.clearCtx()
	for _, list := range []client.ObjectList{&v1alpha1.NodeGroupList{}, &v1alpha1.VPSieNodeList{}, &corev1.PodList{}, &corev1.NodeList{}} {
		err := w.admin.List(ctx, list)
		errs := []error{err}
		_ = meta.EachListItem(list, func(o runtime.Object) error {
			object, ok := o.(client.Object)
			if !ok {
				return nil
			}
			if len(object.GetFinalizers()) > 0 {
				errs = append(errs, w.admin.Patch(ctx, object, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))))
			}
			errs = append(errs, w.admin.Delete(ctx, object, client.GracePeriodSeconds(0)))
			return nil
		})
		for _, e := range errs {
			if client.IgnoreNotFound(e) != nil {
				w.Error(e)
			}
		}
	}
}

func (w *world) clearCtx() context.Context { return context.WithoutCancel(w.Context()) }

// kubelets register the fake cloud's machines as nodes.
type kubelets struct{ w *world }

func (k kubelets) Boot(ctx context.Context, m vpsietest.Machine) error {
	k.w.mu.Lock()
	k.w.userData[m.Hostname] = m.UserData
	silent := k.w.silent || k.w.silentIn == m.Datacenter
	k.w.mu.Unlock()
	if silent {
		return nil
	}
	n := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: strings.ToLower(m.Hostname), Labels: map[string]string{corev1.LabelHostname: strings.ToLower(m.Hostname)}},
		Spec:       corev1.NodeSpec{ProviderID: "vpsie://" + m.Identifier},
	}
	if k.w.noProviderID {
		n.Spec.ProviderID = ""
	}
	if err := k.w.admin.Create(ctx, n); apierrors.IsAlreadyExists(err) { // after a restart
		return k.w.admin.Status().Patch(ctx, n, client.RawPatch(types.StrategicMergePatchType, []byte(`{"status":{"conditions":[{"type":"Ready","status":"True"}]}}`)))
	} else if err != nil {
		return err
	}
	n.Status = corev1.NodeStatus{
		Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
		Allocatable: corev1.ResourceList{
			"cpu": *resource.NewMilliQuantity(int64(m.CPU)*1000-100, resource.DecimalSI), "pods": resource.MustParse("110"),
			"memory": *resource.NewQuantity(int64(m.MemoryMB-596)<<20, resource.BinarySI),
		},
	}
	n.Status.Capacity = n.Status.Allocatable
	taints := slices.DeleteFunc(slices.Clone(n.Spec.Taints), func(t corev1.Taint) bool { return t.Key == corev1.TaintNodeNotReady })
	if err := k.w.admin.Status().Update(ctx, n); err != nil {
		return err
	}
	n.Spec.Taints = taints // the API server gives it to every new node, the node lifecycle controller takes it away
	return k.w.admin.Update(ctx, n)
}

func (kubelets) Ready(context.Context, vpsietest.Machine) error { return nil }
func (kubelets) Gone(context.Context, vpsietest.Machine) error  { return nil }

var errNotYet = errors.New("not yet")
