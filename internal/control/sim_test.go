package control

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// sim is a world inside a synctest bubble: the same reconcilers against an API server and
// a VPSie in this process, called when a watch or their own wish calls them. Hours take
// milliseconds. It shows what is decided and bought over a long time; what depends on the
// API server's own rules is tested in a world.
type sim struct {
	*world
	store *memory
	// due is when each reconciler is called next, by its name. Watches wake them from several goroutines.
	due   map[string]time.Time
	dueMu sync.Mutex
	// replicas is how many pods of 1500 millicores are wanted.
	replicas int
	made     int
	// owned: the pods have a controller, so that they may be moved.
	owned bool
	// podAnnotations are those of pods to come.
	podAnnotations map[string]string
	// flags are those of the next start.
	flags Options
	// broken are the rules that were broken.
	broken []string
}

// bubbleClock moves with the bubble.
type bubbleClock struct{ clock.RealClock }

// Step lets that much time pass, and everything that happens in it.
func (bubbleClock) Step(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// SetTime lets the time pass until then.
func (c bubbleClock) SetTime(t time.Time) { c.Step(time.Until(t)) }

// newSim makes the world of a simulation. Call it inside synctest.Test, and close it there.
func newSim(t *testing.T, knobs vpsietest.Knobs) *sim {
	t.Helper()
	s := &sim{
		world: &world{T: t, clock: bubbleClock{}, ctx: logf.IntoContext(t.Context(), logr.Discard()), userData: map[string]string{}},
		due:   map[string]time.Time{}, flags: shippedOptions(),
	}
	s.flags.UnprovenLimit = 3
	s.store = newMemory(s.heed)
	s.admin = s.store
	s.connect = func() client.WithWatch { return s.store }
	var err error
	s.fake, err = vpsietest.Start(vpsietest.Options{InProcess: true, Knobs: knobs, Booter: simKubelets{kubelets{s.world}, s}})
	s.must(err)
	t.Cleanup(s.fake.Close)
	s.http = &http.Client{Transport: s.fake.Transport()}
	s.setAccount(map[string]string{})
	s.restart()
	return s
}

// restart kills the controller: only what is stored is left.
func (s *sim) restart() {
	s.start(s.flags)
	s.load()
	now := s.clock.Now()
	s.dueMu.Lock()
	s.due = map[string]time.Time{}
	s.dueMu.Unlock()
	s.wake("round", now)
	s.wake("sweep", now.Add(s.flags.SweepInterval))
	for _, m := range s.vpsieNodes() {
		s.wake("machine/"+m.Name, now)
	}
	for _, g := range s.nodeGroups() {
		s.wake("group/"+g.GetName(), now)
	}
}

// load has rounds read the few kinds that there are.
func (s *sim) load() {
	load := func() (*cluster.Objects, error) {
		o := &cluster.Objects{}
		for _, object := range s.store.all() {
			switch x := object.(type) {
			case *v1alpha1.NodeGroup:
				o.NodeGroups = append(o.NodeGroups, x)
			case *v1alpha1.VPSieNode:
				o.VPSieNodes = append(o.VPSieNodes, x)
			case *corev1.Node:
				o.Nodes = append(o.Nodes, x)
			case *corev1.Pod:
				o.Pods = append(o.Pods, x)
			}
		}
		return o, nil
	}
	s.deps.Load, s.round.Load = load, load
}

// heed is the watch: it wakes whom a change concerns.
func (s *sim) heed(before, after client.Object) {
	soon := func(name string, wait time.Duration) { s.wake(name, s.clock.Now().Add(wait)) }
	object := after
	if object == nil {
		object = before
	}
	switch x := object.(type) {
	case *v1alpha1.NodeGroup:
		soon("group/"+x.Name, 0)
	case *v1alpha1.VPSieNode:
		soon("machine/"+x.Name, 0)
		soon("group/"+x.Spec.NodeGroupName, 0)
	case *corev1.Node:
		for _, m := range s.vpsieNodes() {
			if m.Status.NodeName == "" || m.Status.NodeName == x.Name {
				soon("machine/"+m.Name, 0)
			}
		}
		soon("scheduler", 0)
	case *corev1.Pod:
		soon("scheduler", 0)
	case *corev1.Secret:
		for _, m := range s.vpsieNodes() {
			soon("machine/"+m.Name, 0)
		}
	}
	if before == nil || after == nil || !equality.Semantic.DeepEqual(newsOf(before), newsOf(after)) {
		soon("round", time.Second)
	}
}

// wake has a reconciler called at that time, unless it is called before.
func (s *sim) wake(name string, at time.Time) {
	s.dueMu.Lock()
	defer s.dueMu.Unlock()
	if old, known := s.due[name]; !known || at.Before(old) {
		s.due[name] = at
	}
}

// next is the earliest time at which a reconciler is due, end at the latest.
func (s *sim) next(end time.Time) time.Time {
	s.dueMu.Lock()
	defer s.dueMu.Unlock()
	for _, at := range s.due {
		if at.Before(end) {
			end = at
		}
	}
	return end
}

// take reports whether the reconciler is due now, and it is due no more.
func (s *sim) take(name string) bool {
	s.dueMu.Lock()
	defer s.dueMu.Unlock()
	at, known := s.due[name]
	if !known || at.After(s.clock.Now()) {
		return false
	}
	delete(s.due, name)
	return true
}

// names are the reconcilers that will be called.
func (s *sim) names() []string {
	s.dueMu.Lock()
	defer s.dueMu.Unlock()
	return slices.Sorted(maps.Keys(s.due))
}

// newsOf is what of an object starts rounds.
func newsOf(o client.Object) any {
	switch x := o.(type) {
	case *v1alpha1.NodeGroup:
		return groupNews(x)
	case *v1alpha1.VPSieNode:
		return machineNews(x)
	case *corev1.Node:
		return nodeNews(x)
	case *corev1.Pod:
		return podNews(cluster.StorePod(x))
	}
	return nil
}

// run lets that much time pass.
func (s *sim) run(long time.Duration) {
	s.Helper()
	end := s.clock.Now().Add(long)
	for s.clock.Now().Before(end) {
		s.clock.Step(max(s.next(end).Sub(s.clock.Now()), time.Millisecond))
		for _, name := range s.names() {
			if s.take(name) {
				s.call(name)
			}
		}
	}
}

func (s *sim) call(name string) {
	kind, object, _ := strings.Cut(name, "/")
	request := reconcile.Request{NamespacedName: types.NamespacedName{Namespace: s.deps.Options.Namespace, Name: object}}
	var result reconcile.Result
	var err error
	switch kind {
	case "machine":
		result, err = s.machines.Reconcile(s.ctx, request)
	case "group":
		result, err = s.groups.Reconcile(s.ctx, request)
	case "round":
		result, err = s.round.Reconcile(s.ctx, request)
	case "sweep":
		err = s.sweep.once(s.ctx)
		result.RequeueAfter = s.deps.Options.SweepInterval
		if err != nil {
			err = nil // It is told, and tried again at the next tick.
		}
	case "scheduler":
		s.schedule()
	}
	if err != nil && strings.Contains(err.Error(), "no kind is registered") {
		s.Fatal(err) // The memory has to learn it, or what asks for it is not simulated.
	}
	if err != nil && result.RequeueAfter == 0 {
		result.RequeueAfter = 5 * time.Second // of the work queue, about
	}
	if result.RequeueAfter > 0 {
		s.wake(name, s.clock.Now().Add(result.RequeueAfter))
	}
}

// scale sets how many pods there are.
func (s *sim) scale(replicas int) {
	s.replicas = replicas
	s.schedule()
}

// schedule plays the ReplicaSet controller, the garbage collector of pods and the scheduler.
func (s *sim) schedule() {
	free := map[string]int64{}
	names := []string{}
	alive := map[string]bool{}
	var pods []*corev1.Pod
	for _, object := range s.store.all() {
		switch x := object.(type) {
		case *corev1.Node:
			alive[x.Name] = true
			if cluster.IsReady(x) && !x.Spec.Unschedulable && !slices.ContainsFunc(x.Spec.Taints, func(t corev1.Taint) bool { return t.Effect != corev1.TaintEffectPreferNoSchedule }) {
				names = append(names, x.Name)
				free[x.Name] = x.Status.Allocatable.Cpu().MilliValue()
			}
		case *corev1.Pod:
			pods = append(pods, x)
		}
	}
	count := 0
	var waiting []*corev1.Pod
	for _, p := range pods {
		switch at := p.Spec.NodeName; {
		case at != "" && !alive[at]:
			if p.DeletionTimestamp == nil { // else something holds it
				s.must(s.store.Delete(s.ctx, p))
			}
			continue
		case at == "":
			waiting = append(waiting, p)
		default:
			free[at] -= 1500
		}
		count++
	}
	for ; count < s.replicas; count++ {
		s.made++
		p := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: fmt.Sprintf("app-%d", s.made), Annotations: s.podAnnotations},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Resources: corev1.ResourceRequirements{
				Requests: corev1.ResourceList{"cpu": resource.MustParse("1500m")},
			}}}},
		}
		if s.owned {
			p.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "app", UID: "app", Controller: new(true)}}
		}
		s.must(s.store.Create(s.ctx, p))
		waiting = append(waiting, p)
	}
	slices.Sort(names)
	for _, p := range waiting {
		for _, name := range names {
			if free[name] >= 1500 {
				free[name] -= 1500
				bound := p.DeepCopy()
				bound.Spec.NodeName = name
				s.must(s.store.Update(s.ctx, bound))
				break
			}
		}
	}
}

// waitingPods is how many pods have no node.
func (s *sim) waitingPods() (n int) {
	for _, object := range s.store.all() {
		if p, ok := object.(*corev1.Pod); ok && p.Spec.NodeName == "" {
			n++
		}
	}
	return n
}

func (s *sim) breaks(rule string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = append(s.broken, time.Now().Format(time.TimeOnly)+" "+fmt.Sprintf(rule, args...))
}

// simKubelets register with the taint that keeps pods off until the machine has joined,
// only by user data, and report whose VPS ends while pods run there.
type simKubelets struct {
	kubelets
	s *sim
}

// Boot starts the kubelet. Of two of one name the first one joins.
func (k simKubelets) Boot(ctx context.Context, m vpsietest.Machine) error {
	var n corev1.Node
	err := k.s.store.Get(ctx, types.NamespacedName{Name: strings.ToLower(m.Hostname)}, &n)
	if m.UserData == "" || err == nil && isOthers(&n, m) {
		return nil
	}
	return k.kubelets.Boot(ctx, m)
}

func isOthers(n *corev1.Node, m vpsietest.Machine) bool {
	return n.Spec.ProviderID != "" && n.Spec.ProviderID != "vpsie://"+m.Identifier
}

// Gone stops the kubelet.
func (k simKubelets) Gone(ctx context.Context, m vpsietest.Machine) error {
	var n corev1.Node
	err := k.s.store.Get(ctx, types.NamespacedName{Name: strings.ToLower(m.Hostname)}, &n)
	if err != nil || isOthers(&n, m) {
		return client.IgnoreNotFound(err)
	}
	var pods corev1.PodList
	if err := k.s.store.List(ctx, &pods, client.MatchingFields{"spec.nodeName": n.Name}); err != nil {
		return err
	}
	suspended := slices.ContainsFunc(k.s.bills(), func(b vpsietest.Bill) bool { return b.Identifier == m.Identifier })
	if !suspended && cluster.IsReady(&n) && (len(pods.Items) > 0 || !n.Spec.Unschedulable) {
		k.s.breaks("the VPS of the working node %s with %d pods was deleted", n.Name, len(pods.Items))
	}
	changed := n.DeepCopy()
	changed.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionUnknown}}
	return k.s.store.Status().Update(ctx, changed)
}

// memory is an API server in memory: the fake client of controller-runtime, with what a
// real one gives every object (UID, time, generation), and a watch.
type memory struct {
	client.WithWatch
	changed func(before, after client.Object)

	mu   sync.Mutex
	last map[string]client.Object
	uids int
}

func newMemory(changed func(before, after client.Object)) *memory {
	// The fake client reads the whole scheme again for every patch, so it has only the kinds that there are.
	scheme := runtime.NewScheme()
	scheme.AddKnownTypes(corev1.SchemeGroupVersion, &corev1.Node{}, &corev1.NodeList{}, &corev1.Pod{}, &corev1.PodList{}, &corev1.Secret{}, &corev1.SecretList{}, &corev1.ConfigMap{})
	scheme.AddKnownTypes(policyv1.SchemeGroupVersion, &policyv1.Eviction{}, &policyv1.PodDisruptionBudget{}, &policyv1.PodDisruptionBudgetList{})
	scheme.AddKnownTypes(storagev1.SchemeGroupVersion, &storagev1.VolumeAttachment{}, &storagev1.VolumeAttachmentList{})
	scheme.AddKnownTypes(v1alpha1.GroupVersion, &v1alpha1.NodeGroup{}, &v1alpha1.NodeGroupList{}, &v1alpha1.VPSieNode{}, &v1alpha1.VPSieNodeList{})
	for _, version := range []schema.GroupVersion{corev1.SchemeGroupVersion, policyv1.SchemeGroupVersion, storagev1.SchemeGroupVersion, v1alpha1.GroupVersion} {
		metav1.AddToGroupVersion(scheme, version)
	}
	b := fake.NewClientBuilder().WithScheme(scheme).
		WithStatusSubresource(&v1alpha1.NodeGroup{}, &v1alpha1.VPSieNode{}, &corev1.Node{}, &corev1.Pod{}).
		WithIndex(&corev1.Pod{}, "spec.nodeName", func(o client.Object) []string { return []string{o.(*corev1.Pod).Spec.NodeName} })
	for field, value := range map[string]func(*v1alpha1.VPSieNode) string{
		machinesByVPS:      func(m *v1alpha1.VPSieNode) string { return strconv.FormatInt(m.Spec.VPSieInstanceID, 10) },
		machinesByNode:     func(m *v1alpha1.VPSieNode) string { return m.Status.NodeName },
		machinesBySpecNode: func(m *v1alpha1.VPSieNode) string { return m.Spec.NodeName },
	} {
		b = b.WithIndex(&v1alpha1.VPSieNode{}, field, func(o client.Object) []string { return []string{value(o.(*v1alpha1.VPSieNode))} })
	}
	return &memory{WithWatch: b.Build(), changed: changed, last: map[string]client.Object{}}
}

func keyIn(o client.Object) string { return fmt.Sprintf("%T/%s", o, client.ObjectKeyFromObject(o)) }

// all are the newest objects. They are shared and read-only.
func (m *memory) all() []client.Object {
	m.mu.Lock()
	defer m.mu.Unlock()
	objects := make([]client.Object, 0, len(m.last))
	for _, key := range slices.Sorted(maps.Keys(m.last)) {
		objects = append(objects, m.last[key])
	}
	return objects
}

// note keeps what is stored now, and tells the watch.
func (m *memory) note(ctx context.Context, o client.Object) {
	key := keyIn(o)
	now, _ := o.DeepCopyObject().(client.Object)
	err := m.Get(ctx, client.ObjectKeyFromObject(o), now)
	m.mu.Lock()
	before := m.last[key]
	if err != nil {
		now = nil
		delete(m.last, key)
	} else {
		m.last[key] = now
	}
	m.mu.Unlock()
	switch {
	case before == nil && now == nil:
	case now == nil:
		m.changed(before, nil)
	case before == nil || before.GetResourceVersion() != now.GetResourceVersion():
		m.changed(before, now)
	}
}

// List reads VPSieNodes' metadata by status.phase as a real API server does, which the fake client cannot.
func (m *memory) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	metadata, ok := list.(*metav1.PartialObjectMetadataList)
	if !ok {
		return m.WithWatch.List(ctx, list, opts...)
	}
	o := (&client.ListOptions{}).ApplyOptions(opts)
	for _, object := range m.all() {
		n, ok := object.(*v1alpha1.VPSieNode)
		if ok && (o.FieldSelector == nil || o.FieldSelector.Matches(fields.Set{"status.phase": string(n.Status.Phase)})) {
			metadata.Items = append(metadata.Items, metav1.PartialObjectMetadata{ObjectMeta: *n.ObjectMeta.DeepCopy()})
		}
	}
	return nil
}

func (m *memory) Create(ctx context.Context, o client.Object, opts ...client.CreateOption) error {
	m.mu.Lock()
	m.uids++
	o.SetUID(types.UID(fmt.Sprintf("00000000-0000-4000-8000-%012d", m.uids)))
	m.mu.Unlock()
	o.SetCreationTimestamp(metav1.NewTime(time.Now().Truncate(time.Second)))
	o.SetGeneration(1)
	if g, ok := o.(*v1alpha1.NodeGroup); ok {
		g.SetDefaults()
	}
	err := m.WithWatch.Create(ctx, o, opts...)
	m.note(ctx, o)
	return err
}

func (m *memory) Update(ctx context.Context, o client.Object, opts ...client.UpdateOption) error {
	err := m.WithWatch.Update(ctx, o, opts...)
	m.note(ctx, o)
	return err
}

func (m *memory) Patch(ctx context.Context, o client.Object, p client.Patch, opts ...client.PatchOption) error {
	before := specOf(m.stored(o))
	err := m.WithWatch.Patch(ctx, o, p, opts...)
	if err == nil && !equality.Semantic.DeepEqual(before, specOf(o)) {
		o.SetGeneration(o.GetGeneration() + 1)
		err = m.WithWatch.Update(ctx, o)
	}
	m.note(ctx, o)
	return err
}

func (m *memory) stored(o client.Object) client.Object {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last[keyIn(o)]
}

func specOf(o client.Object) any {
	switch x := o.(type) {
	case *v1alpha1.NodeGroup:
		return x.Spec
	case *v1alpha1.VPSieNode:
		return x.Spec
	}
	return nil
}

func (m *memory) Delete(ctx context.Context, o client.Object, opts ...client.DeleteOption) error {
	err := m.WithWatch.Delete(ctx, o, opts...)
	m.note(ctx, o)
	return err
}

func (m *memory) Status() client.SubResourceWriter { return memoryStatus{m.WithWatch.Status(), m} }

func (m *memory) SubResource(name string) client.SubResourceClient {
	return memoryEviction{m.WithWatch.SubResource(name), m}
}

type memoryStatus struct {
	client.SubResourceWriter
	m *memory
}

func (s memoryStatus) Update(ctx context.Context, o client.Object, opts ...client.SubResourceUpdateOption) error {
	err := s.SubResourceWriter.Update(ctx, o, opts...)
	s.m.note(ctx, o)
	return err
}

func (s memoryStatus) Patch(ctx context.Context, o client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
	err := s.SubResourceWriter.Patch(ctx, o, p, opts...)
	s.m.note(ctx, o)
	return err
}

type memoryEviction struct {
	client.SubResourceClient
	m *memory
}

func (s memoryEviction) Create(ctx context.Context, o, sub client.Object, opts ...client.SubResourceCreateOption) error {
	err := s.SubResourceClient.Create(ctx, o, sub, opts...)
	s.m.note(ctx, o)
	return err
}
