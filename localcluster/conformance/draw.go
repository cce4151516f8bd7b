package conformance

import (
	"fmt"
	"math/rand/v2"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

var epoch = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const (
	gpu     = corev1.ResourceName("example.com/gpu")
	driverA = "a.csi.example.com"
	driverB = "b.csi.example.com"
)

// drawing draws clusters in which constraints collide: few nodes, zones, labels and
// ports, and pods that mind many of them. The seed decides everything.
type drawing struct {
	*rand.Rand
	cluster *cluster
	// mixed is how likely a pod has each kind of constraint, in percent; sociable how
	// likely those that mind other pods.
	mixed, sociable int
	// roomy nodes leave it to the other constraints to refuse.
	roomy bool
}

func draw(seed uint64) *cluster {
	d := &drawing{Rand: rand.New(rand.NewPCG(seed, 0x76707369)), cluster: &cluster{}}
	d.mixed, d.sociable, d.roomy = pick(d, 3, 8, 8, 15, 30), pick(d, 8, 15, 30, 50), d.chance(40)
	c := d.cluster
	c.fromFiles = d.chance(30)
	c.namespaces = []*corev1.Namespace{
		{ObjectMeta: metav1.ObjectMeta{Name: "default", Labels: map[string]string{"team": "a"}}},
		{ObjectMeta: metav1.ObjectMeta{Name: "other", Labels: map[string]string{"team": "b"}}},
		{ObjectMeta: metav1.ObjectMeta{Name: "bare"}},
	}
	d.groups()
	for i := range d.between(1, 6) {
		c.nodes = append(c.nodes, d.node(fmt.Sprintf("n%d", i)))
	}
	for i := range max(d.between(-2, 2), 0) {
		c.daemons = append(c.daemons, d.daemon(fmt.Sprintf("ds%d", i)))
	}
	d.storage()
	for i := range d.between(1, 12) {
		c.pods = append(c.pods, d.pod(i))
	}
	d.daemonPods()
	d.disruptions()
	return c
}

func (d *drawing) chance(percent int) bool { return d.IntN(100) < percent }

// between draws a number from low to high.
func (d *drawing) between(low, high int) int { return low + d.IntN(high-low+1) }

func pick[T any](d *drawing, from ...T) T { return from[d.IntN(len(from))] }

func some[T any](d *drawing, atLeast, atMost int, from ...T) []T {
	var out []T
	for _, i := range d.Perm(len(from))[:min(d.between(atLeast, atMost), len(from))] {
		out = append(out, from[i])
	}
	return out
}

// groups draws NodeGroups and what they can buy.
func (d *drawing) groups() {
	c := d.cluster
	for i := range d.between(1, 4) {
		o := &plan.Offer{
			InstanceType: fmt.Sprintf("type-%d", i), DatacenterID: datacenters()[0], Price: plan.Money(d.between(5, 40)) * 1_000_000,
			Allocatable: d.allocatable(), Labels: map[string]string{}, Available: !d.chance(5), Stock: pick(d, -1, -1, -1, 0, 1, 2),
		}
		if i > 0 && d.chance(40) {
			o.DatacenterID = datacenters()[1]
		}
		if d.chance(70) {
			o.Labels[corev1.LabelTopologyZone] = pick(d, "z1", "z2", "z3")
		}
		if d.chance(20) {
			o.Labels["rack"] = pick(d, "r1", "r2")
		}
		if d.chance(20) {
			o.Labels["level"] = pick(d, "1", "5", "9")
		}
		c.offers = append(c.offers, o)
	}
	for i := range d.between(0, 2) {
		g := &plan.Group{
			Name: fmt.Sprintf("g%d", i), Min: pick(d, 0, 0, 1), AllowMixed: d.chance(60), Labels: map[string]string{},
			ScaleUp:   plan.ScaleUp{Enabled: true, CPU: pick(d, 100, 100, 100, 80), Memory: 100},
			ScaleDown: plan.ScaleDown{Enabled: d.chance(70), CPU: pick(d, 50, 80, 100), Memory: pick(d, 50, 80, 100)},
		}
		g.Max = g.Min + d.between(0, 6)
		d.places(g, some(d, 1, len(c.offers), c.offers...))
		if d.chance(20) {
			g.Preferred = typesOf(g)[0]
		}
		if d.chance(25) {
			g.Labels["tier"] = pick(d, "x", "y")
		}
		if d.chance(20) {
			g.Taints = []corev1.Taint{d.taint()}
		}
		c.groups = append(c.groups, g)
	}
}

// datacenters are where types are sold, each in one of them.
func datacenters() []string { return []string{"dc", "far"} }

// places puts the group into both datacenters, its nodes' zones then, or into that of the first
// type.
func (d *drawing) places(g *plan.Group, offers []*plan.Offer) {
	sold := map[string][]string{}
	for _, o := range offers {
		sold[o.DatacenterID] = append(sold[o.DatacenterID], o.InstanceType)
	}
	if g.Balanced = d.chance(50); d.chance(40) {
		for _, id := range datacenters() {
			g.Datacenters = append(g.Datacenters, plan.Datacenter{ID: id, Offers: sold[id]})
		}
		return
	}
	g.DatacenterID = offers[0].DatacenterID
	g.Offers = sold[g.DatacenterID]
}

func (d *drawing) allocatable() corev1.ResourceList {
	list := corev1.ResourceList{
		corev1.ResourceCPU:              *resource.NewMilliQuantity(int64(d.between(1, 8))*500, resource.DecimalSI),
		corev1.ResourceMemory:           *resource.NewQuantity(int64(d.between(1, 8))<<29, resource.BinarySI),
		corev1.ResourceEphemeralStorage: *resource.NewQuantity(int64(d.between(1, 8))<<30, resource.BinarySI),
		corev1.ResourcePods:             *resource.NewQuantity(pick[int64](d, 2, 4, 110, 110, 110), resource.DecimalSI),
	}
	if d.roomy {
		list[corev1.ResourceCPU], list[corev1.ResourceMemory] = resource.MustParse("8"), resource.MustParse("16Gi")
		list[corev1.ResourcePods] = resource.MustParse("110")
	}
	if d.chance(25) {
		list[gpu] = *resource.NewQuantity(int64(d.between(0, 2)), resource.DecimalSI)
	}
	return list
}

func (d *drawing) taint() corev1.Taint {
	return corev1.Taint{
		Key: pick(d, "t", "u"), Value: pick(d, "", "", "v"),
		Effect: pick(d, corev1.TaintEffectNoSchedule, corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute, corev1.TaintEffectPreferNoSchedule),
	}
}

func (d *drawing) node(name string) *plan.Node {
	o := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{corev1.LabelHostname: name}}}
	n := &plan.Node{Name: name, State: plan.Ready, Object: o, DatacenterID: "dc"}
	labels := o.Labels
	if d.chance(85) {
		labels[corev1.LabelTopologyZone] = pick(d, "z1", "z2", "z3")
	}
	for _, l := range []struct {
		key    string
		chance int
		values []string
	}{
		{corev1.LabelFailureDomainBetaZone, 10, []string{"z1", "z2"}},
		{corev1.LabelTopologyRegion, 30, []string{"dc", "far"}},
		{"rack", 50, []string{"r1", "r2"}},
		{"tier", 40, []string{"x", "y"}},
		{"level", 50, []string{"1", "5", "9", "high", ""}},
	} {
		if d.chance(l.chance) {
			labels[l.key] = pick(d, l.values...)
		}
	}
	if d.chance(3) {
		delete(labels, corev1.LabelHostname)
	}
	o.Status.Allocatable = d.allocatable()
	if d.chance(25) {
		o.Spec.Taints = append(o.Spec.Taints, d.taint())
	}
	if d.chance(12) {
		o.Spec.Unschedulable = true
		if d.chance(50) {
			o.Spec.Taints = append(o.Spec.Taints, corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule})
		}
	}
	if len(d.cluster.groups) > 0 && d.chance(70) {
		d.enrol(n)
	}
	if d.chance(30) {
		d.csiNode(name)
	}
	return n
}

// enrol makes the node one of a group's.
func (d *drawing) enrol(n *plan.Node) {
	g := pick(d, d.cluster.groups...)
	n.Group, n.Machine, n.InstanceType = g.Name, n.Name, pick(d, typesOf(g)...)
	n.DatacenterID = d.cluster.offer(n.InstanceType).DatacenterID
	n.State = pick(d, plan.Ready, plan.Ready, plan.Ready, plan.Ready, plan.Ready, plan.NotReady, plan.Terminating, plan.Failed)
	n.Object.Labels[plan.LabelNodeGroup] = g.Name
	n.DoNotDelete = d.chance(10)
	if d.chance(12) {
		n.State = plan.Ordered
		return
	}
	if n.State == plan.Ready && d.chance(25) {
		n.ReadySince = epoch.Add(-pick(d, time.Minute, time.Hour))
	}
	if d.chance(20) {
		n.Object.Spec.Taints = append(n.Object.Spec.Taints, corev1.Taint{Key: agentTaint, Effect: corev1.TaintEffectNoExecute})
	}
}

func (d *drawing) csiNode(name string) {
	n := &storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: name}}
	for _, driver := range some(d, 1, 2, driverA, driverB) {
		one := storagev1.CSINodeDriver{Name: driver, NodeID: name}
		if d.chance(80) {
			one.Allocatable = &storagev1.VolumeNodeResources{Count: new(int32(d.between(0, 2)))}
		}
		n.Spec.Drivers = append(n.Spec.Drivers, one)
	}
	d.cluster.csiNodes = append(d.cluster.csiNodes, n)
}
