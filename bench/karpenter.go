package main

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/record"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/log"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/cloudprovider"
	"sigs.k8s.io/karpenter/pkg/cloudprovider/fake"
	provisioning "sigs.k8s.io/karpenter/pkg/controllers/provisioning/scheduling"
	"sigs.k8s.io/karpenter/pkg/controllers/state"
	"sigs.k8s.io/karpenter/pkg/events"
	"sigs.k8s.io/karpenter/pkg/operator/injection"
	"sigs.k8s.io/karpenter/pkg/operator/logging"
	"sigs.k8s.io/karpenter/pkg/operator/options"
	"sigs.k8s.io/karpenter/pkg/scheduling"
	testv1alpha1 "sigs.k8s.io/karpenter/pkg/test/v1alpha1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// karpenter is Karpenter's side: what its controllers hold before a decision.
type karpenter struct {
	in       *input
	store    *store
	pool     *karpv1.NodePool
	types    []*cloudprovider.InstanceType
	cloud    *fake.CloudProvider
	cluster  *state.Cluster
	clock    clock.Clock
	recorder events.Recorder
}

// karpenterContext is Karpenter with the defaults of its flags and no log.
func karpenterContext(ctx context.Context) context.Context {
	log.SetLogger(logging.NopLogger)
	ctx = log.IntoContext(injection.WithControllerName(ctx, "provisioner"), logging.NopLogger)
	return options.ToContext(ctx, &options.Options{
		CPURequests: 1000, PreferencePolicy: options.PreferencePolicyRespect, MinValuesPolicy: options.MinValuesPolicyStrict, IgnoreDRARequests: true,
		BatchIdleDuration: batchIdle, BatchMaxDuration: batchMost,
	})
}

// How long Karpenter waits for more pods, by the defaults of its flags.
const batchIdle, batchMost = time.Second, 10 * time.Second

// newKarpenter makes one NodePool of all machines, on demand, without limits.
func newKarpenter(ctx context.Context, in *input, at clock.Clock) (*karpenter, error) {
	k := &karpenter{in: in, pool: nodePool(), cloud: fake.NewCloudProvider(), clock: at, recorder: events.NewRecorder(&record.FakeRecorder{})}
	for i := range in.machines {
		k.types = append(k.types, instanceType(&in.machines[i], in.zones))
	}
	k.cloud.InstanceTypes = k.types
	k.store = newStore(k.pool, in.pods)
	k.cluster = state.NewCluster(k.clock, k.store, k.cloud)
	for i := range in.nodes {
		n := in.nodes[i].karpenterNode()
		k.store.nodes[n.Name] = n
		k.cluster.UpdateNodeClaim(in.nodes[i].nodeClaim())
		if err := k.cluster.UpdateNode(ctx, n); err != nil {
			return nil, fmt.Errorf("telling Karpenter of node %q: %w", n.Name, err)
		}
	}
	for _, p := range in.pods {
		if err := k.cluster.UpdatePod(ctx, p); err != nil {
			return nil, fmt.Errorf("telling Karpenter of pod %q: %w", p.Name, err)
		}
	}
	return k, nil
}

func nodePool() *karpv1.NodePool {
	p := &karpv1.NodePool{ObjectMeta: metav1.ObjectMeta{Name: "pool", UID: "pool"}}
	p.Spec.Template.Spec.NodeClassRef = &karpv1.NodeClassReference{Group: testv1alpha1.Group, Kind: "TestNodeClass", Name: "class"}
	p.Spec.Template.Spec.Requirements = []karpv1.NodeSelectorRequirementWithMinValues{
		{Key: karpv1.CapacityTypeLabelKey, Operator: corev1.NodeSelectorOpIn, Values: []string{karpv1.CapacityTypeOnDemand}},
	}
	p.Spec.Disruption.ConsolidationPolicy = karpv1.ConsolidationPolicyWhenEmptyOrUnderutilized
	p.Spec.Disruption.ConsolidateAfter.Duration = new(time.Duration)
	p.StatusConditions().SetTrue(karpv1.ConditionTypeValidationSucceeded)
	p.StatusConditions().SetTrue(karpv1.ConditionTypeNodeClassReady)
	return p
}

func instanceType(m *machine, zones []string) *cloudprovider.InstanceType {
	t := &cloudprovider.InstanceType{
		Name: m.name, Capacity: m.allocatable, Overhead: &cloudprovider.InstanceTypeOverhead{},
		Requirements: scheduling.NewRequirements(
			scheduling.NewRequirement(corev1.LabelInstanceTypeStable, corev1.NodeSelectorOpIn, m.name),
			scheduling.NewRequirement(corev1.LabelArchStable, corev1.NodeSelectorOpIn, karpv1.ArchitectureAmd64),
			scheduling.NewRequirement(corev1.LabelOSStable, corev1.NodeSelectorOpIn, string(corev1.Linux)),
			scheduling.NewRequirement(corev1.LabelTopologyZone, corev1.NodeSelectorOpIn, zones...),
			scheduling.NewRequirement(karpv1.CapacityTypeLabelKey, corev1.NodeSelectorOpIn, karpv1.CapacityTypeOnDemand),
		),
	}
	for _, zone := range zones {
		t.Offerings = append(t.Offerings, &cloudprovider.Offering{
			Available: true, Price: m.perHour(), Requirements: scheduling.NewLabelRequirements(map[string]string{
				karpv1.CapacityTypeLabelKey: karpv1.CapacityTypeOnDemand, corev1.LabelTopologyZone: zone,
			}),
		})
	}
	return t
}

func (n *node) karpenterLabels() map[string]string {
	labels := n.labels()
	maps.Copy(labels, map[string]string{
		corev1.LabelTopologyZone: n.zone, karpv1.CapacityTypeLabelKey: karpv1.CapacityTypeOnDemand,
		karpv1.NodePoolLabelKey: "pool", karpv1.NodeRegisteredLabelKey: "true", karpv1.NodeInitializedLabelKey: "true",
	})
	return labels
}

func (n *node) karpenterNode() *corev1.Node {
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: n.name, Labels: n.karpenterLabels()},
		Spec:       corev1.NodeSpec{ProviderID: n.name},
		Status: corev1.NodeStatus{
			Capacity: n.machine.allocatable, Allocatable: n.machine.allocatable,
			Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
		},
	}
}

func (n *node) nodeClaim() *karpv1.NodeClaim {
	c := &karpv1.NodeClaim{ObjectMeta: metav1.ObjectMeta{Name: n.name, Labels: n.karpenterLabels()}}
	c.Status = karpv1.NodeClaimStatus{ProviderID: n.name, NodeName: n.name, Capacity: n.machine.allocatable, Allocatable: n.machine.allocatable}
	for _, t := range []string{karpv1.ConditionTypeLaunched, karpv1.ConditionTypeRegistered, karpv1.ConditionTypeInitialized, karpv1.ConditionTypeConsolidatable} {
		c.StatusConditions().SetTrue(t)
	}
	return c
}

// run measures what the provisioner does with a batch of pods, from its look at the
// cluster on.
func (k *karpenter) run(ctx context.Context) (outcome, spent, error) {
	read := stopwatch()
	pods := k.in.pending()
	nodes := k.cluster.DeepCopyNodes().Active()
	pools, types := []*karpv1.NodePool{k.pool}, map[string][]*cloudprovider.InstanceType{k.pool.Name: k.types}
	opts := []provisioning.Options{
		provisioning.DisableReservedCapacityFallback, provisioning.NumConcurrentReconciles(1), provisioning.MinValuesPolicy(options.MinValuesPolicyStrict),
	}
	topology, err := provisioning.NewTopology(ctx, k.store, k.cluster, nodes, pools, types, pods, opts...)
	if err != nil {
		return outcome{}, spent{}, fmt.Errorf("building Karpenter's topology: %w", err)
	}
	s := provisioning.NewScheduler(ctx, k.store, pools, k.cluster, nodes, topology, types, nil, k.recorder, k.clock, nil, nil, opts...)
	results, err := s.Solve(ctx, pods)
	if err != nil {
		return outcome{}, spent{}, fmt.Errorf("scheduling with Karpenter: %w", err)
	}
	took := read()
	out := outcome{bought: len(results.NewNodeClaims), unplaced: len(results.PodErrors)}
	for _, c := range results.NewNodeClaims {
		price, err := k.launchPrice(c)
		if err != nil {
			return outcome{}, spent{}, err
		}
		out.price += price
	}
	return out, took, nil
}

// launchPrice is that of the cheapest machine that a NodeClaim still allows.
func (k *karpenter) launchPrice(c *provisioning.NodeClaim) (plan.Money, error) {
	m := k.cheapest(c)
	if m == nil {
		return 0, fmt.Errorf("pricing a NodeClaim of Karpenter with %d pods: no machine is left that could serve it", len(c.Pods))
	}
	return m.price, nil
}

// cheapest is the machine of the least price that a NodeClaim still allows and that is on sale; nil for none.
func (k *karpenter) cheapest(c *provisioning.NodeClaim) *machine {
	cheapest, least := "", math.Inf(1)
	for _, t := range c.InstanceTypeOptions {
		for _, o := range t.Offerings.Available().Compatible(c.Requirements) {
			if o.Price < least {
				cheapest, least = t.Name, o.Price
			}
		}
	}
	i := slices.IndexFunc(k.in.machines, func(m machine) bool { return m.name == cheapest })
	if i < 0 {
		return nil
	}
	return &k.in.machines[i]
}
