package cluster

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// madeFromVersion is that of what MadeFrom works out. It changes when the value of a field is made
// in another way: then no value is compared with one of before. A new field needs no other version,
// because fields that one side lacks are not compared.
const madeFromVersion = 2

// fieldKubernetes is the field of MadeFrom that the control plane decides.
const fieldKubernetes = "kubernetesVersion"

// MadeFrom is what of the NodeGroup only a new machine can follow, as it is now. kubernetes is the
// control plane's version as major.minor, empty when that is not known. User data is compared as the
// NodeGroup has it: what is rendered into it differs between machines, is secret, or has a field of
// its own.
func MadeFrom(g *v1alpha1.NodeGroup, kubernetes string) *v1alpha1.MadeFrom {
	made := &v1alpha1.MadeFrom{Version: madeFromVersion}
	add := func(name, value string) {
		made.Fields = append(made.Fields, v1alpha1.MadeFromField{Name: name, Value: value})
	}
	if kubernetes != "" {
		add(fieldKubernetes, kubernetes)
	}
	add("kubelet", short(KubeletText(g)))
	add("networkConfig", short(NetworkText(g)))
	add("osImageID", g.Spec.OSImageID)
	add("sshKeyIDs", short(strings.Join(slices.Sorted(slices.Values(g.Spec.SSHKeyIDs)), ", ")))
	add("startupTaints", short(taintsText(g.Spec.StartupTaints)))
	add("userData", hashed(g.Spec.UserData))
	return made
}

// taintsText names the taints in an order that does not depend on the list's.
func taintsText(taints []corev1.Taint) string {
	var texts []string
	for i := range taints {
		texts = append(texts, taints[i].ToString())
	}
	slices.Sort(texts)
	return strings.Join(texts, ", ")
}

// short is the text, or a hash where it is long.
func short(text string) string {
	const longest = 120
	if len(text) <= longest {
		return text
	}
	return hashed(text)
}

// hashed is a hash of the text. It is its own hash, so that a copy of a NodeGroup that has the
// hash in place of its user data (Redacted) compares as the original does.
func hashed(text string) string {
	if text == "" || isHash.MatchString(text) {
		return text
	}
	sum := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(sum[:6])
}

// Comparable says that what the machine was made from can be held against what a new one would be.
func Comparable(m *v1alpha1.VPSieNode) bool {
	return m.Status.MadeFrom != nil && m.Status.MadeFrom.Version == madeFromVersion
}

// Unnoted is what is to be noted of a machine that is there already: everything where nothing
// comparable is known of it, else what it has with the fields that it lacks, as fresh says (MadeFrom of
// its NodeGroup), so that later edits of them are told. It is nil when nothing is to be noted. The version of
// Kubernetes under which a machine was ordered cannot be found out later.
func Unnoted(m *v1alpha1.VPSieNode, fresh *v1alpha1.MadeFrom) *v1alpha1.MadeFrom {
	if !Comparable(m) {
		return fresh.DeepCopy()
	}
	var lacks []v1alpha1.MadeFromField
	for _, f := range fresh.Fields {
		if _, known := valueOf(m.Status.MadeFrom, f.Name); !known && f.Name != fieldKubernetes {
			lacks = append(lacks, f)
		}
	}
	if len(lacks) == 0 {
		return nil
	}
	made := m.Status.MadeFrom.DeepCopy()
	made.Fields = append(made.Fields, lacks...)
	return made
}

// valueOf is the value of a field, and false when there is none.
func valueOf(made *v1alpha1.MadeFrom, name string) (string, bool) {
	i := slices.IndexFunc(made.Fields, func(f v1alpha1.MadeFromField) bool { return f.Name == name })
	if i < 0 {
		return "", false
	}
	return made.Fields[i].Value, true
}

// drift says in what the machine differs from what a new one would be made from, such as
// "osImageID: a -> b"; empty when in nothing that is known, versions of Kubernetes apart.
func drift(m *v1alpha1.VPSieNode, fresh *v1alpha1.MadeFrom) string {
	if !Comparable(m) || slices.Equal(m.Status.MadeFrom.Fields, fresh.Fields) {
		return ""
	}
	var texts []string
	for _, f := range fresh.Fields {
		old, known := valueOf(m.Status.MadeFrom, f.Name)
		if f.Name != fieldKubernetes && known && old != f.Value {
			texts = append(texts, fmt.Sprintf("%s: %s -> %s", f.Name, cmp.Or(old, "none"), cmp.Or(f.Value, "none")))
		}
	}
	return strings.Join(texts, "; ")
}

// oldKubelet says that the machine's kubelet is older than the control plane, which was older too
// when the machine was ordered: a new one may have a newer kubelet.
func oldKubelet(m *v1alpha1.VPSieNode, node *corev1.Node, kubernetes string) string {
	if !Comparable(m) {
		return ""
	}
	running := kubeletVersion(node)
	if then, known := valueOf(m.Status.MadeFrom, fieldKubernetes); !known || !behind(then, kubernetes) || !behind(running, kubernetes) {
		return ""
	}
	return fmt.Sprintf("%s: %s -> %s", fieldKubernetes, running, kubernetes)
}

// bringsOldKubelet says that the machine was ordered under the control plane's version, and has an
// older kubelet anyway: its image brings that.
func bringsOldKubelet(m *v1alpha1.VPSieNode, node *corev1.Node, kubernetes string) bool {
	if !Comparable(m) || !behind(kubeletVersion(node), kubernetes) {
		return false
	}
	then, _ := valueOf(m.Status.MadeFrom, fieldKubernetes)
	return then == kubernetes
}

var isHash = regexp.MustCompile(`^sha256:[0-9a-f]{12}$`)

// minorOf reads the first two numbers of a version such as v1.37.2-rc.0 or 1.37+; false when it has none. Every
// round reads the versions of all nodes, which is too often for a regular expression.
func minorOf(version string) (major, minor int, ok bool) {
	first, rest, dotted := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	major, err := strconv.Atoi(first)
	if !dotted || err != nil || major < 0 {
		return 0, 0, false
	}
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end >= 0 {
		rest = rest[:end]
	}
	minor, err = strconv.Atoi(rest)
	return major, minor, err == nil
}

// kubeletVersion is the version of the node's kubelet as major.minor; empty when it is not known.
func kubeletVersion(node *corev1.Node) string {
	if node == nil {
		return ""
	}
	major, minor, ok := minorOf(node.Status.NodeInfo.KubeletVersion)
	if !ok {
		return ""
	}
	return strconv.Itoa(major) + "." + strconv.Itoa(minor)
}

// behind says that a version is older than another, both as major.minor; false when one of them
// is not known.
func behind(version, than string) bool {
	major, minor, known := minorOf(version)
	thanMajor, thanMinor, thanKnown := minorOf(than)
	return known && thanKnown && cmp.Or(cmp.Compare(major, thanMajor), cmp.Compare(minor, thanMinor)) < 0
}

// compareWithNew notes of machines, whose nodes are in the order of o.VPSieNodes, in what they
// differ from what a new one would be made from. An old kubelet is no difference where the group's
// newest machines have one too: another machine would be no help.
func compareWithNew(o *Objects, nodes []*plan.Node, groups map[string]*v1alpha1.NodeGroup) {
	fresh := make(map[string]*v1alpha1.MadeFrom, len(groups))
	for name, g := range groups {
		fresh[name] = MadeFrom(g, o.KubernetesVersion)
	}
	noHelp := map[string]bool{}
	for i, m := range o.VPSieNodes {
		if n := nodes[i]; fresh[n.Group] != nil && !madeByPerson(m) {
			n.Drift = drift(m, fresh[n.Group])
			n.Current = n.Drift == "" && Comparable(m)
			if n.Current && bringsOldKubelet(m, n.Object, o.KubernetesVersion) {
				noHelp[n.Group] = true
			}
		}
	}
	for i, m := range o.VPSieNodes {
		n := nodes[i]
		if fresh[n.Group] == nil || madeByPerson(m) || noHelp[n.Group] {
			continue
		}
		if text := oldKubelet(m, n.Object, o.KubernetesVersion); text != "" {
			n.Drift, n.Current = strings.TrimPrefix(n.Drift+"; "+text, "; "), false
		}
	}
}

// StoppedRollout says why no node of the group is replaced for drift or age: a machine that was
// bought in the place of one did not join, and none made as the group is now has joined since.
// It is empty when nothing stops the roll-out.
func StoppedRollout(g *v1alpha1.NodeGroup, machines []*v1alpha1.VPSieNode) string {
	stop := g.Status.RolloutStopped
	if stop == nil || stop.Generation != g.Generation {
		return ""
	}
	fresh := MadeFrom(g, "")
	for _, m := range machines {
		if m.Spec.NodeGroupName == g.Name && m.Status.ReadyAt != nil && m.Status.ReadyAt.After(stop.Since.Time) && Comparable(m) && drift(m, fresh) == "" {
			return ""
		}
	}
	return fmt.Sprintf("%s, bought in the place of an outdated node, did not join: %s; edit the NodeGroup, or annotate it %s=true to try again",
		stop.VPSieNode, stop.Message, v1alpha1.AnnotationTryNow)
}

// SavesOnly says that the machine is being removed by a decision that only saves money.
func SavesOnly(m *v1alpha1.VPSieNode) bool {
	switch reason := plan.RemovalReason(m.Annotations[v1alpha1.AnnotationRemoval]); reason {
	case "", plan.Drifted, plan.Expired:
		return false
	default:
		return true
	}
}

// TerminationDeadline is when the machine's VPS is deleted with the pods that are left on its
// node; zero for never.
func TerminationDeadline(g *v1alpha1.NodeGroup, m *v1alpha1.VPSieNode) time.Time {
	if g == nil || m.DeletionTimestamp.IsZero() || SavesOnly(m) {
		return time.Time{}
	}
	s := g.Spec.Disruption.TerminationDeadlineSeconds
	if s == nil || *s <= 0 {
		return time.Time{}
	}
	return m.DeletionTimestamp.Add(time.Duration(*s) * time.Second)
}

// ControlPlaneVersion is the version of the control plane as its nodes show it, as major.minor: that
// of the oldest of their kubelets. It is empty when there is no such node.
func ControlPlaneVersion(nodes []*corev1.Node) string {
	oldest := ""
	for _, n := range nodes {
		if _, is := n.Labels["node-role.kubernetes.io/control-plane"]; !is {
			continue
		}
		if v := kubeletVersion(n); oldest == "" || behind(v, oldest) {
			oldest = v
		}
	}
	return oldest
}

// IsDrifted says that the machine's condition Drifted is True.
func IsDrifted(m *v1alpha1.VPSieNode) bool {
	return meta.IsStatusConditionTrue(m.Status.Conditions, v1alpha1.VPSieNodeDrifted)
}
