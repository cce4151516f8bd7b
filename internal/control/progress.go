package control

import "time"

// progress is how far a step on the way to a deletion has come: it is done, or it is
// looked at again after the pause. Not done and no pause: an event will tell. That a
// pause is over, or short, never means that the step is done.
type progress struct {
	done  bool
	pause time.Duration
}

func done() progress { return progress{done: true} }

func again(pause time.Duration) progress { return progress{pause: pause} }
