package plan

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// host is a node in the plan: there already, on its way, or to be bought.
type host struct {
	name  string
	group *group // nil when it is none of ours
	node  *Node  // nil when it is to be bought
	// template is what was or is to be ordered; nil for a node that is Ready.
	template *template
	shape    *shape
	// own is the shape with the node's name and all its labels, for classes that
	// name single nodes; made when first asked for.
	own    *shape
	labels map[string]string
	taints []corev1.Taint
	// settling: on its way or Ready since a short time (State.settling); coming is what it
	// is then expected to be, where that is known.
	settling bool
	coming   *newNode
	// awaits is the startup taint that a Ready node has still; empty for none.
	awaits string
	// cordoned: marked unschedulable.
	cordoned bool
	// takes says whether pods can be put on it.
	takes bool
	// domains are the host's by topology key, ports those that are taken.
	domains []int32
	ports   []port
	// csi is what kubelet says of its CSI drivers, nil when nothing; attached are its
	// volumes, nil when no driver limits their number; disks those of pods that name
	// them without a claim.
	csi         *storagev1.CSINode
	attached    *attachments
	disks       []*corev1.Volume
	alloc, free resources.Vector
	// yields is the part of what is not free that preemption gets by evicting
	// expendable pods; nil for none.
	yields resources.Vector
	// overhead is what DaemonSet and static pods take, requested what all others
	// that count towards utilisation do.
	overhead, requested amount
	// bound are the pods it holds, or that are nominated for it.
	bound []seated
	// seats is how many those are when the world is built.
	seats int
	// placed is what the plan puts on it.
	placed []share
	// dependent is how many of these depend on where other pods are.
	dependent int
	reason    LaunchReason // of a host to be bought
	// replacedBy is the exchange in which the node is to go, newcomer the one for which the
	// machine was bought; nil for none. retired: the plan buys something in its place.
	replacedBy, newcomer *exchange
	retired              bool
	// replaces are the nodes in whose place a host is bought; saves is what the whole
	// exchange saves.
	replaces []string
	saves    Money
}

// share is a number of pods of one lot.
type share struct {
	lot *lot
	n   int
}

// seated is a pod on a node.
type seated struct {
	pod  *Pod
	kind *kind
	// stays: a DaemonSet's or static pod, which is not moved when the node goes.
	stays bool
}

// verdict is what the static filters say of the class's pods on the host.
func (w *world) verdict(c *class, h *host) verdict {
	if !c.perHost || h.node == nil {
		return c.on(h.shape)
	}
	return c.on(w.ownShape(h))
}

func (w *world) ownShape(h *host) *shape {
	if h.own == nil {
		h.own = w.shapes.single(h.name, h.labels, h.taints, h.cordoned)
		if h.csi != nil {
			h.own.node.Annotations = h.csi.Annotations
		}
	}
	return h.own
}

// barred says that the host is to be one of a template that is proved to be no help to
// the lot. A machine that is on its way already is waited for all the same.
func (h *host) barred(l *lot) bool { return h.template != nil && l.barred[h.template].reason != "" }

// lot is a number of pods to be placed that are alike: same constraints, size and
// priority. Which of them goes where does not matter, so the planner counts them.
type lot struct {
	kind     *kind
	size     resources.Vector
	priority int32
	pods     []*Pod // by name
	left     int    // not placed yet
	// expendable lots use free room but buy nothing and hold no node.
	expendable bool
	// notBefore is when a node may be bought for its pods; zero for at once.
	notBefore time.Time
	// preempts: what expendable pods take is room for it too.
	preempts bool
	// barred are the templates that are proved to be no help, and why; fingerprint is the
	// pods' in proofs, made when first asked for.
	barred      map[*template]refusal
	proofs      []Unsuitable
	fingerprint string
	// mover stands for the like of the pods on all nodes; nil for pending pods.
	mover *mover
	// origin is the node that bound pods are moved from; nil for pending ones.
	origin *host
}

// buys says that a node may be bought for the lot now.
func (l *lot) buys() bool { return !l.expendable && l.notBefore.IsZero() }
