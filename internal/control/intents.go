package control

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// intents writes decisions down.
type intents struct {
	Client   client.Client
	Voice    *observe.Voice
	Metrics  *observe.Metrics
	scalings scalings
	// builder is told which pods the machines are for.
	builder  *cluster.Builder
	arrivals *arrivals
}

func newIntents(d *Deps, b *cluster.Builder) intents {
	return intents{d.Client, d.Voice, d.Metrics, scalings{d.Client, d.Clock, d.arrivals}, b, d.arrivals}
}

// act writes the decision down: a VPSieNode for each machine to buy, the deletion
// of one for each node to remove. Nothing is asked of the cloud here. It returns
// the VPSieNodes that were made, by launch.
func (r intents) act(ctx context.Context, o *cluster.Objects, p *plan.Plan) (map[string]string, error) {
	ordered := map[string]string{}
	var errs []error
	machines := byNodeName(o.VPSieNodes)
	for _, g := range o.NodeGroups {
		launches, removals := launchesOf(p, g.Name), removalsOf(p, g.Name)
		if len(launches) == 0 && len(removals) == 0 {
			continue
		}
		if len(launches) > 0 {
			// An order that is taken counts as a scaling, one that is refused does not (launch.go).
			r.Voice.Say(g, observe.ScalingUp(launches))
			names, err := r.order(ctx, g, launches)
			errs = append(errs, err)
			maps.Copy(ordered, names)
		}
		if len(removals) > 0 {
			if slices.ContainsFunc(removals, func(x plan.Removal) bool {
				return !makesWay(x) && !slices.Contains(p.Replacing, x.Node) && !isUnordered(machines[x.Node])
			}) {
				// The time comes first: a crash after it only delays the next scaling. What is replaced or not ordered is no scaling.
				errs = append(errs, r.scalings.noteScaling(ctx, g))
			}
			r.Voice.Say(g, observe.ScalingDown(removals))
			errs = append(errs, r.dismiss(ctx, machines, removals))
		}
	}
	return ordered, errors.Join(errs...)
}

// makesWay says that a node goes for another machine, not because it is not needed.
func makesWay(x plan.Removal) bool { return x.Reason == plan.Drifted || x.Reason == plan.Expired }

// isUnordered says that the machine to be removed has not been ordered; nil for none.
func isUnordered(m *v1alpha1.VPSieNode) bool { return m != nil && cluster.IsUnordered(m) }

// mostAtOnce bounds the writes under way to the API server.
const mostAtOnce = 16

func (r intents) order(ctx context.Context, g *v1alpha1.NodeGroup, launches []plan.Launch) (map[string]string, error) {
	machines := make(map[string]*v1alpha1.VPSieNode, len(launches))
	for _, l := range launches {
		machines[l.Name] = machineFor(g, l)
		r.builder.Meant(machines[l.Name].Name, l.Pods)
		r.arrivals.upcoming.expect(machines[l.Name].Name)
	}
	err := forEach(launches, func(l plan.Launch) error {
		m := machines[l.Name]
		if err := r.Client.Create(ctx, m); err != nil {
			r.arrivals.upcoming.served(m.Name)
			return fmt.Errorf("creating VPSieNode %s: %w", m.Name, err)
		}
		r.Metrics.Launched(g.Name, l.Reason)
		logf.FromContext(ctx).Info("ordered a machine", "vpsieNode", m.Name, "nodeGroup", g.Name,
			"instanceType", l.InstanceType, "spot", l.Spot, "pricePerHour", l.Price.String(), "reason", l.Reason, "pods", len(l.Pods))
		return nil
	})
	made := make(map[string]string, len(machines))
	for launch, m := range machines {
		if m.UID != "" {
			made[launch] = m.Name
		}
	}
	return made, err
}

// machineFor is the intent to buy one machine.
func machineFor(g *v1alpha1.NodeGroup, l plan.Launch) *v1alpha1.VPSieNode {
	return OrderFor(g, l, machineName(g.Name))
}

// OrderFor is the VPSieNode that a launch becomes, under the given name. The finalizer is
// there from the start: without it a deleted object could leave a paid VPS behind.
func OrderFor(g *v1alpha1.NodeGroup, l plan.Launch, name string) *v1alpha1.VPSieNode {
	m := &v1alpha1.VPSieNode{
		ObjectMeta: metav1.ObjectMeta{
			Namespace:  g.Namespace,
			Name:       name,
			Finalizers: []string{v1alpha1.Finalizer},
			Labels: map[string]string{
				v1alpha1.LabelParent:       plan.LabelValue(g.Name),
				v1alpha1.LabelInstanceType: plan.LabelValue(l.InstanceType),
				v1alpha1.LabelDatacenter:   plan.LabelValue(l.DatacenterID),
			},
			Annotations: map[string]string{
				v1alpha1.AnnotationLaunchReason: string(l.Reason),
				v1alpha1.AnnotationOrder:        observe.NewLaunched(l, "").Note(),
				v1alpha1.AnnotationLastApplied:  settingsOf(g).String(),
			},
		},
		Spec: v1alpha1.VPSieNodeSpec{
			InstanceType:  l.InstanceType,
			NodeGroupName: g.Name,
			DatacenterID:  l.DatacenterID,
		},
	}
	if l.Spot {
		m.Labels[v1alpha1.LabelCapacityType] = v1alpha1.CapacitySpot
	}
	if kubelet := cluster.KubeletText(g); kubelet != "" {
		m.Annotations[v1alpha1.AnnotationKubelet] = kubelet
	}
	if len(l.Replaces) > 0 {
		m.Annotations[v1alpha1.AnnotationReplaces] = strings.Join(l.Replaces, ",")
		if l.Together > 0 {
			m.Annotations[v1alpha1.AnnotationReplacesTogether] = strconv.Itoa(l.Together)
		}
	}
	return m
}

// longestHostname is what DNS allows a label, and so the machine's hostname.
const longestHostname = 63

func machineName(group string) string {
	const prefix, random = "vpsie-", 5
	// A NodeGroup's name may hold dots; the first label of a hostname may not.
	group = strings.ReplaceAll(group, ".", "-")
	group = strings.Trim(group[:min(len(group), longestHostname-len(prefix)-1-random)], "-")
	return prefix + group + "-" + rand.String(random)
}

func (r intents) dismiss(ctx context.Context, machines map[string]*v1alpha1.VPSieNode, removals []plan.Removal) error {
	return forEach(removals, func(x plan.Removal) error {
		m := machines[x.Node]
		if m == nil {
			return fmt.Errorf("removing node %s: it has no VPSieNode; delete it by hand or take its label %s away", x.Node, v1alpha1.LabelNodeGroup)
		}
		if cluster.IsUnordered(m) {
			// As it was seen: it may have been ordered since, and then it comes.
			err := r.Client.Delete(ctx, m, client.Preconditions{UID: &m.UID, ResourceVersion: &m.ResourceVersion})
			if err != nil {
				return ignoreRace(err)
			}
		} else if err := r.remove(ctx, m, x.Reason); err != nil {
			return err
		}
		r.Metrics.Removed(x.Group, x.Reason)
		logf.FromContext(ctx).Info("dismissed a machine", "vpsieNode", m.Name, "nodeGroup", x.Group,
			"savesPerHour", x.Saves.String(), "reason", x.Reason, "moves", len(x.Moves))
		return nil
	})
}

// remove has a machine go that was ordered.
func (r intents) remove(ctx context.Context, m *v1alpha1.VPSieNode, why plan.RemovalReason) error {
	marked := m.DeepCopy()
	metav1.SetMetaDataAnnotation(&marked.ObjectMeta, v1alpha1.AnnotationRemoval, string(why))
	if err := r.Client.Patch(ctx, marked, client.MergeFrom(m)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("noting why VPSieNode %s goes: %w", m.Name, err)
	}
	return deleteMachine(ctx, r.Client, m)
}

// forEach does a thing for every item, several at once, and joins the errors.
func forEach[T any](items []T, do func(T) error) error {
	errs := make([]error, len(items))
	slots := make(chan struct{}, mostAtOnce)
	var wg sync.WaitGroup
	for i, item := range items {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			errs[i] = do(item)
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
