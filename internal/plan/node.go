package plan

import (
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/filter"
	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// host is a node in the plan: there already, on its way, or to be bought.
type host struct {
	filter.NodeInfo
	group *group // nil when it is none of ours
	node  *Node  // nil when it is to be bought
	// template is what was or is to be ordered; nil for a node that is Ready.
	template *template
	// settling: on its way or Ready since a short time (State.settling); coming is what it
	// is then expected to be, where that is known.
	settling bool
	coming   *newNode
	// awaits is the startup taint that a Ready node has still; empty for none.
	awaits string
	// takes says whether pods can be put on it.
	takes       bool
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
	// controls says which of these is a part of the control plane; empty for none.
	controls string
	// placed is what the plan puts on it.
	placed []share
	// dependent is how many of these depend on where other pods are.
	dependent int
	reason    LaunchReason // of a host to be bought
	// replacedBy is the exchange in which the node is to go, newcomer the one for which the
	// machine was bought; nil for none. retired: the plan buys something in its place.
	replacedBy, newcomer *exchange
	retired              bool
	// cancelled is why a machine that is not ordered yet does not come; empty when it does.
	cancelled RemovalReason
	// replaces are the nodes in whose place a host is bought, together how many are bought for
	// that; saves is what the whole exchange saves.
	replaces []string
	together int
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
	kind *filter.Kind
	// stays: a DaemonSet's or static pod, which is not moved when the node goes.
	stays bool
	// leaves: it is being deleted.
	leaves bool
}

// verdict is what the static filters say of the class's pods on the host.
func (w *world) verdict(c *filter.Class, h *host) filter.Verdict {
	return w.filters.Verdict(c, &h.NodeInfo)
}

// barred says that the host is to be one of a template that is proved to be no help to
// the lot. A machine that is on its way already is waited for all the same.
func (h *host) barred(l *lot) bool { return h.template != nil && l.barred[h.template].reason != "" }

// lot is a number of pods to be placed that are alike: same constraints, size and
// priority. Which of them goes where does not matter, so the planner counts them.
type lot struct {
	kind     *filter.Kind
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
