package conformance

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/cache"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/latest"
	internalcache "k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/interpodaffinity"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/nodevolumelimits"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	"k8s.io/kubernetes/pkg/scheduler/metrics"
)

// oracle is kube-scheduler's default profile: its PreEnqueue, PreFilter and Filter
// plugins as they are, over a snapshot that can be exchanged.
type oracle struct {
	framework framework.Framework
	informers informers.SharedInformerFactory
	snapshot  *exchangeable
}

// exchangeable is a snapshot that plugins keep hold of while its content changes.
type exchangeable struct{ fwk.SharedLister }

// newOracle starts no informer: the plugins read the informers' stores, which fill
// puts the objects into.
func newOracle(ctx context.Context) (*oracle, error) {
	metrics.Register()
	defaults, err := latest.Default()
	if err != nil {
		return nil, fmt.Errorf("reading kube-scheduler's default configuration: %w", err)
	}
	profile := defaults.Profiles[0]
	// Claims on devices are not planned for, and preemption is no filter.
	without(profile.Plugins, names.DynamicResources, names.DefaultPreemption)
	o := &oracle{
		informers: informers.NewSharedInformerFactory(fake.NewClientset(), 0),
		snapshot:  &exchangeable{internalcache.NewEmptySnapshot()},
	}
	o.framework, err = frameworkruntime.NewFramework(ctx, plugins.NewInTreeRegistry(), &profile,
		frameworkruntime.WithInformerFactory(o.informers),
		frameworkruntime.WithSnapshotSharedLister(o.snapshot),
		frameworkruntime.WithSharedCSIManager(nodevolumelimits.NewCSIManager(o.informers.Storage().V1().CSINodes().Lister())),
		frameworkruntime.WithParallelism(1),
	)
	if err != nil {
		return nil, fmt.Errorf("making kube-scheduler's plugins: %w", err)
	}
	return o, nil
}

func without(p *config.Plugins, unwanted ...string) {
	p.MultiPoint.Enabled = slices.DeleteFunc(p.MultiPoint.Enabled, func(one config.Plugin) bool { return slices.Contains(unwanted, one.Name) })
}

// fill gives the plugins the objects that they look up.
func (o *oracle) fill(c *cluster) error {
	core, storage := o.informers.Core().V1(), o.informers.Storage().V1()
	return firstError(
		replace(core.Namespaces().Informer(), c.namespaces),
		replace(core.PersistentVolumes().Informer(), c.volumes),
		replace(core.PersistentVolumeClaims().Informer(), c.claims),
		replace(storage.StorageClasses().Informer(), c.classes),
		replace(storage.CSINodes().Informer(), c.csiNodes),
		replace(storage.CSIDrivers().Informer(), c.drivers),
		replace(storage.CSIStorageCapacities().Informer(), c.capacities),
		replace(storage.VolumeAttachments().Informer(), c.attachments),
	)
}

func replace[T any](i cache.SharedIndexInformer, objects []T) error {
	all := make([]any, len(objects))
	for n, object := range objects {
		all[n] = object
	}
	return i.GetIndexer().Replace(all, "")
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// show makes the nodes, with the pods bound to them, what the plugins see. Finished
// pods hold nothing, and kube-scheduler does not keep them.
func (o *oracle) show(nodes []*corev1.Node, pods []*corev1.Pod) {
	there := map[string]bool{}
	for _, n := range nodes {
		there[n.Name] = true
	}
	bound := slices.DeleteFunc(slices.Clone(pods), func(p *corev1.Pod) bool {
		return !there[p.Spec.NodeName] || p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
	})
	o.snapshot.SharedLister = internalcache.NewSnapshot(bound, nodes)
}

// verdict is what the plugins say about a pod on a node.
type verdict struct {
	admitted bool
	// plugin and reason are of the first that refuses.
	plugin, reason string
	// rule is the plugin, or what of it, for plugins that hold several rules.
	rule string
	// passed are the rules that had something to look at and did not object.
	passed []string
}

// judge asks about one pod on each of the nodes shown, by name.
func (o *oracle) judge(ctx context.Context, pod *corev1.Pod) (map[string]verdict, error) {
	nodes, err := o.snapshot.NodeInfos().List()
	if err != nil {
		return nil, fmt.Errorf("listing the nodes shown: %w", err)
	}
	out := map[string]verdict{}
	refuse := func(plugin, reason string) map[string]verdict {
		for _, n := range nodes {
			out[n.Node().Name] = refusal(plugin, reason)
		}
		return out
	}
	if pod.Spec.SchedulerName != o.framework.ProfileName() {
		return refuse("SchedulerName", "another scheduler"), nil
	}
	for _, p := range o.framework.PreEnqueuePlugins() {
		if s := p.PreEnqueue(ctx, pod); !s.IsSuccess() {
			return refuse(p.Name(), s.Message()), nil
		}
	}
	state := framework.NewCycleState()
	narrowed, status, _ := o.framework.RunPreFilterPlugins(ctx, state, pod)
	if !status.IsSuccess() {
		return refuse(status.Plugin(), status.Message()), nil
	}
	for _, n := range nodes {
		name := n.Node().Name
		if !narrowed.AllNodes() && !narrowed.NodeNames.Has(name) {
			out[name] = refusal(names.NodeAffinity, "narrowed by PreFilter")
			continue
		}
		status := o.framework.RunFilterPlugins(ctx, state, pod, n)
		if status.IsSuccess() {
			out[name] = verdict{admitted: true, passed: o.looked(state, pod, n)}
			continue
		}
		out[name] = refusal(status.Plugin(), status.Message())
	}
	return out, nil
}

// The rules of InterPodAffinity, which is one plugin.
const (
	ownAffinity     = names.InterPodAffinity + "/affinity"
	ownAntiAffinity = names.InterPodAffinity + "/anti-affinity"
	othersAntiRules = names.InterPodAffinity + "/anti-affinity of others"
)

func refusal(plugin, reason string) verdict {
	v := verdict{plugin: plugin, rule: plugin, reason: reason}
	switch reason {
	case interpodaffinity.ErrReasonAffinityRulesNotMatch:
		v.rule = ownAffinity
	case interpodaffinity.ErrReasonAntiAffinityRulesNotMatch:
		v.rule = ownAntiAffinity
	case interpodaffinity.ErrReasonExistingAntiAffinityRulesNotMatch:
		v.rule = othersAntiRules
	}
	return v
}

// looked are the rules that had something to look at on the node.
func (o *oracle) looked(state fwk.CycleState, pod *corev1.Pod, n fwk.NodeInfo) []string {
	skipped := state.GetSkipFilterPlugins()
	var all []string
	for _, p := range o.framework.ListPlugins().Filter.Enabled {
		switch {
		case p.Name == names.VolumeRestrictions:
			// It skips pods whose claims nobody else uses.
			if len(pod.Spec.Volumes) > 0 {
				all = append(all, p.Name)
			}
		case skipped.Has(p.Name):
		case p.Name == names.TaintToleration && !slices.ContainsFunc(n.Node().Spec.Taints, repels):
		case p.Name == names.NodeUnschedulable && !n.Node().Spec.Unschedulable:
		case p.Name == names.InterPodAffinity:
			all = append(all, affinityRules(pod)...)
		default:
			all = append(all, p.Name)
		}
	}
	return all
}

func affinityRules(pod *corev1.Pod) []string {
	all := []string{othersAntiRules}
	if a := pod.Spec.Affinity; a != nil && a.PodAffinity != nil {
		all = append(all, ownAffinity)
	}
	if a := pod.Spec.Affinity; a != nil && a.PodAntiAffinity != nil {
		all = append(all, ownAntiAffinity)
	}
	return all
}

func repels(t corev1.Taint) bool { return t.Effect != corev1.TaintEffectPreferNoSchedule }
