package plan

// DecideCounting is Decide with the steps that it took, and how many a stage may take before it
// leaves out what a plan can do without.
func DecideCounting(s *State) (p *Plan, steps, share int) {
	w := newWorld(s)
	p = w.decide()
	return p, w.effort.steps, w.effort.share
}
