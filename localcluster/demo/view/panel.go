package view

import (
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/explain"
)

// Panel is all that is shown at one moment, in words. Zero fields are not known yet.
type Panel struct {
	// Step is what the story does or waits for, Missing what it still lacks.
	Step, Missing string
	Groups        []Group
	Price         *Price
	Nodes         []Node
	Waiting       []Waiting
	// Decisions are the newest first.
	Decisions []Decision
}

// Group is a NodeGroup.
type Group struct {
	Name                              string
	Min, Max, Desired, Current, Ready int
	Mood                              explain.Mood
	News                              string
}

// Price is what the machines cost per hour, in US dollars.
type Price struct {
	// Paid is what the cloud charges now; History what it has charged until now, oldest first.
	Paid    string
	History []float64
	// Decided is what the last decision costs once it is carried out, Bound the least that could be proved for it, Ratio
	// the one divided by the other. Decided is empty before the first decision.
	Decided, Bound string
	Ratio          float64
}

// Node is a machine, from its order on.
type Node struct {
	Name, Type, Phase, Price string
	Mood                     explain.Mood
	// Fill is nil for a machine that takes no pods yet; News says what that waits for.
	Fill *Fill
	News string
}

// Fill is how much of a node its pods ask for, in percent.
type Fill struct{ CPU, Memory, Pods int }

// Waiting are pods of one owner that wait for the same.
type Waiting struct {
	Count int
	Owner string
	Mood  explain.Mood
	Why   string
}

// Decision is one thing that a round of the autoscaler decided.
type Decision struct {
	At   time.Duration // since the demo began
	Mood explain.Mood
	What string
}
