package plan

// Immovable says why a pod must not be moved off its node; empty when it may.
func (p *Pod) Immovable(o *Options) string { return p.immovable(o) }

// EndsWithNode says that a pod belongs to its node, as a DaemonSet's does: it holds
// no node, and is not moved when the node goes.
func (p *Pod) EndsWithNode() bool { return p.stays() || p.stage == stageGone }
