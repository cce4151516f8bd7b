package chaos

import (
	"sync"
)

// gate stands at both ways of the controllers to the world. It counts the changes that they ask for and kills the one
// that asks for the chosen change.
type gate struct {
	// kill ends the replica, and returns when it is dead.
	kill func(replica int)

	mu     sync.Mutex
	left   int // until the deadly step; 0 when none is chosen
	side   side
	struck chan int
}

// arm chooses a step. The channel receives the replica that was killed at it.
func (g *gate) arm(steps int, s side) <-chan int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.left, g.side, g.struck = steps, s, make(chan int, 1)
	return g.struck
}

// disarm takes the choice back, and returns false when a replica was killed meanwhile.
func (g *gate) disarm() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	alive := g.left > 0
	g.left = 0
	return alive
}

// pass notes a step. It returns on which side of it the replica must die; mostly on none.
func (g *gate) pass() (side, chan<- int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.left == 0 {
		return "", nil
	}
	g.left--
	if g.left > 0 {
		return "", nil
	}
	return g.side, g.struck
}
