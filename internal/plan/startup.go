package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/validate/content"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
)

// SettleTime is how long after it has become Ready a node may still lack what agents
// add to it: startup taints go, devices and labels come. Until then it counts as what
// was ordered, so that no second node is bought for the same pods. After it the node
// counts as what it shows.
const SettleTime = 10 * time.Minute

// StartupTaint is a taint that a new node has until some agent runs on it and takes the
// taint away. It is no reason to buy another node.
type StartupTaint struct {
	// Key is the taint's key; one * in it stands for any text.
	Key string
	// Value and Effect narrow it down; empty means any.
	Value  string
	Effect corev1.TaintEffect
}

// ParseStartupTaint reads key, key=value, key:Effect or key=value:Effect, where key may
// hold one *, as in example.com/* or */agent-not-ready.
func ParseStartupTaint(text string) (StartupTaint, error) {
	pair, effect, hasEffect := strings.Cut(text, ":")
	key, value, _ := strings.Cut(pair, "=")
	t := StartupTaint{Key: key, Value: value, Effect: corev1.TaintEffect(effect)}
	if strings.Count(key, "*") > 1 || strings.Trim(key, "*/") == "" {
		return t, fmt.Errorf("%q: want a taint's key, with one * at most and not * alone, such as example.com/agent-not-ready or example.com/*", text)
	}
	if why := content.IsLabelKey(strings.Replace(key, "*", "x", 1)); len(why) > 0 {
		return t, fmt.Errorf("%q: the key %q is no taint's key: %s", text, key, strings.Join(why, "; "))
	}
	if why := content.IsLabelValue(value); len(why) > 0 {
		return t, fmt.Errorf("%q: the value %q is no taint's value: %s", text, value, strings.Join(why, "; "))
	}
	effects := []corev1.TaintEffect{corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute}
	if hasEffect && !slices.Contains(effects, t.Effect) {
		return t, fmt.Errorf("%q: the effect %q is not NoSchedule, PreferNoSchedule or NoExecute", text, effect)
	}
	return t, nil
}

// String is the form that ParseStartupTaint reads.
func (s StartupTaint) String() string {
	text := s.Key
	if s.Value != "" {
		text += "=" + s.Value
	}
	if s.Effect != "" {
		text += ":" + string(s.Effect)
	}
	return text
}

func (s StartupTaint) matches(t *corev1.Taint) bool {
	if s.Value != "" && s.Value != t.Value || s.Effect != "" && s.Effect != t.Effect {
		return false
	}
	before, after, glob := strings.Cut(s.Key, "*")
	if !glob {
		return s.Key == t.Key
	}
	return len(t.Key) >= len(before)+len(after) && strings.HasPrefix(t.Key, before) && strings.HasSuffix(t.Key, after)
}

// usualStartupTaints are those of Kubernetes, of this autoscaler and of agents that many
// clusters run.
func usualStartupTaints() []StartupTaint {
	return []StartupTaint{
		{Key: TaintUninitialized},
		{Key: corev1.TaintNodeNotReady},
		{Key: corev1.TaintNodeUnreachable},
		{Key: corev1.TaintNodeNetworkUnavailable},
		{Key: "node.cloudprovider.kubernetes.io/uninitialized"},
		{Key: "*/agent-not-ready"},
		{Key: "node.cilium.io/*"},
		{Key: "readiness.k8s.io/*"},
		// Both prefixes of cluster-autoscaler.
		{Key: "startup-taint.cluster-autoscaler.kubernetes.io/*"},
		{Key: "ignore-taint.cluster-autoscaler.kubernetes.io/*"},
	}
}

// IsStartupTaint says whether a new node sheds the taint by itself.
func (o *Options) IsStartupTaint(t *corev1.Taint) bool {
	match := func(s StartupTaint) bool { return s.matches(t) }
	return slices.ContainsFunc(usualStartupTaints(), match) || slices.ContainsFunc(o.StartupTaints, match)
}

// Of are the options as they are for nodes of the group, which may be nil: its own startup
// taints count, too.
func (o *Options) Of(g *Group) *Options {
	if g == nil || len(g.StartupTaints) == 0 {
		return o
	}
	own := *o
	own.StartupTaints = slices.Clone(o.StartupTaints)
	for _, t := range g.StartupTaints {
		own.StartupTaints = append(own.StartupTaints, StartupTaint{Key: t.Key, Value: t.Value, Effect: t.Effect})
	}
	return &own
}

// HoldsPodsOff is the first startup taint that still keeps pods off the node; nil when
// there is none.
func (o *Options) HoldsPodsOff(n *corev1.Node) *corev1.Taint {
	for i := range n.Spec.Taints {
		if t := &n.Spec.Taints[i]; filter.Repels(t) && o.IsStartupTaint(t) {
			return t
		}
	}
	return nil
}

// lastingTaints leaves out what a new node sheds by itself.
func (o *Options) lastingTaints(taints []corev1.Taint) []corev1.Taint {
	var lasting []corev1.Taint
	for i := range taints {
		if !o.IsStartupTaint(&taints[i]) {
			lasting = append(lasting, taints[i])
		}
	}
	return lasting
}

// settling says that the node may still lack what comes after the kubelet: it is on its
// way, or Ready since a short time.
func (s *State) settling(n *Node) bool {
	return n.State == Ordered || n.State == Ready && !n.ReadySince.IsZero() && s.Now.Sub(n.ReadySince) < SettleTime
}
