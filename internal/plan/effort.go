package plan

import "math/bits"

// effort counts the steps of a plan: looks at a pod, a node or an instance type. They are counted,
// not timed, so that the same state gives the same plan on any machine.
//
// What a plan can do without (further ways of buying, places for the last pods of quarrels, further
// passes over nodes that might go, exchanges) stops when a stage has taken more steps than are its
// share. No cluster, however odd, makes a plan take minutes then; the plan may be dearer than it
// could be, and leave to the next one what could be done now, but it is never wrong.
type effort struct {
	steps int
	// share is how many steps a stage may take, until where those of the present stage end.
	share, until int
}

// newEffort is that of a plan for so many pods, nodes, classes and the like.
func newEffort(size int) effort {
	e := effort{share: leastShare + stepsEach*size*bits.Len(uint(size))}
	e.begin()
	return e
}

// begin starts a stage.
func (e *effort) begin() { e.beginPart(1) }

// beginPart starts one of so many equal parts of a stage.
func (e *effort) beginPart(parts int) { e.until = e.steps + e.share/parts }

// took counts steps.
func (e *effort) took(steps int) { e.steps += steps }

// spent says that the stage has taken its share of steps.
func (e *effort) spent() bool { return e.steps >= e.until }
