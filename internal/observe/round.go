package observe

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Round is what one round decided and why, or several alike. Its JSON form is
// what /journal serves; prices are per hour, as events print them.
type Round struct {
	First  time.Time `json:"first"`
	Last   time.Time `json:"last"`
	Rounds int       `json:"rounds"`
	// Triggers are changes that started the first; none when its time had come.
	Triggers []string   `json:"triggers,omitempty"`
	Launches []Launched `json:"launches,omitempty"`
	Removals []Removed  `json:"removals,omitempty"`
	// Placements counts the pending pods that fit nodes that are there or on their
	// way, Placed names them.
	Placements int              `json:"placements"`
	Placed     []plan.Placement `json:"placed,omitempty"`
	Waiting    []Waiting        `json:"waiting,omitempty"`
	Kept       []plan.Kept      `json:"kept,omitempty"`
	Cost       RoundCost        `json:"cost"`
	// Faults say by NodeGroup what keeps it from its work.
	Faults map[string]string `json:"faults,omitempty"`
	// Error is what of the decision could not be written down.
	Error string `json:"error,omitempty"`
}

// Launched is a machine that was ordered.
type Launched struct {
	// Machine is its VPSieNode; empty when the order could not be written down, or
	// is only planned.
	Machine      string `json:"machine,omitempty"`
	Group        string `json:"nodeGroup"`
	InstanceType string `json:"instanceType"`
	// DatacenterID is set where the group has several.
	DatacenterID string            `json:"datacenterID,omitempty"`
	Price        string            `json:"pricePerHour"`
	Reason       plan.LaunchReason `json:"reason"`
	Pods         []string          `json:"pods,omitempty"`
	// Replaces are the nodes in whose place it was bought, which saves Saves per hour.
	Replaces []string `json:"replaces,omitempty"`
	Saves    string   `json:"savesPerHour,omitempty"`
	// MorePods is how many pods a shortened list leaves out.
	MorePods int `json:"morePods,omitempty"`
	// Alternatives are other types of which one node would hold the same pods.
	Alternatives []Alternative `json:"alternatives,omitempty"`
	// PassedOver are NodeGroups of a higher priority that could not buy.
	PassedOver []plan.Refusal `json:"passedOver,omitempty"`
}

// Alternative is a type that was not bought; see plan.Alternative.
type Alternative struct {
	Group        string `json:"nodeGroup"`
	InstanceType string `json:"instanceType"`
	DatacenterID string `json:"datacenterID,omitempty"`
	Price        string `json:"pricePerHour"`
	Why          string `json:"why,omitempty"`
}

// NewLaunched is the launch whose VPSieNode is machine.
func NewLaunched(l plan.Launch, machine string) Launched {
	launched := Launched{Machine: machine, Group: l.Group, InstanceType: l.InstanceType, Price: l.Price.String(), Reason: l.Reason, Pods: l.Pods, PassedOver: l.PassedOver}
	if len(l.Replaces) > 0 {
		launched.Replaces, launched.Saves = l.Replaces, l.Saves.String()
	}
	if l.Zonal {
		launched.DatacenterID = l.DatacenterID
	}
	for _, a := range l.Alternatives {
		other := Alternative{Group: a.Group, InstanceType: a.InstanceType, Price: a.Price.String(), Why: a.Why}
		if l.Zonal {
			other.DatacenterID = a.DatacenterID
		}
		launched.Alternatives = append(launched.Alternatives, other)
	}
	return launched
}

// Type is the instance type, with its datacenter where the group has several.
func (l *Launched) Type() string { return plan.TypeIn(l.InstanceType, l.DatacenterID) }

// Note is the launch as JSON, short enough for an annotation: it has ten pods
// and three NodeGroups that were passed over at most.
func (l Launched) Note() string {
	const most = 10
	if more := len(l.Pods) - most; more > 0 {
		l.Pods, l.MorePods = l.Pods[:most], more
	}
	l.PassedOver = l.PassedOver[:min(len(l.PassedOver), 3)]
	text, err := json.Marshal(l)
	if err != nil {
		return "" // texts and numbers alone are always JSON
	}
	return string(text)
}

// ReadNote reads what Note has written; nil when the text is nothing of the kind.
func ReadNote(text string) *Launched {
	var l Launched
	if err := json.Unmarshal([]byte(text), &l); err != nil || l.InstanceType == "" {
		return nil
	}
	return &l
}

// Removed is a node that was dismissed.
type Removed struct {
	Node   string             `json:"node"`
	Group  string             `json:"nodeGroup"`
	Reason plan.RemovalReason `json:"reason"`
	Saves  string             `json:"savesPerHour"`
	Moves  []plan.Move        `json:"moves,omitempty"`
}

// Waiting are pods that are refused for the same reasons.
type Waiting struct {
	Pods     []string       `json:"pods"`
	Refusals []plan.Refusal `json:"refusals"`
}

// RoundCost is what the machines cost before and after the round, and the least
// that could be proved.
type RoundCost struct {
	Before     string `json:"beforePerHour"`
	After      string `json:"afterPerHour"`
	LowerBound string `json:"lowerBoundPerHour"`
}

// NewRound is the journal's entry of a plan. machines are the VPSieNodes that were
// made for its launches, by launch name.
func NewRound(at time.Time, p *plan.Plan, machines map[string]string) *Round {
	r := &Round{
		First: at.UTC(), Last: at.UTC(), Rounds: 1,
		Placements: len(p.Placements), Placed: p.Placements, Waiting: waiting(p.Unplaced), Kept: p.Kept,
		Cost: RoundCost{p.Cost.Before.String(), p.Cost.After.String(), p.Cost.LowerBound.String()},
	}
	for _, l := range p.Launches {
		r.Launches = append(r.Launches, NewLaunched(l, machines[l.Name]))
	}
	for _, x := range p.Removals {
		r.Removals = append(r.Removals, Removed{x.Node, x.Group, x.Reason, x.Saves.String(), x.Moves})
	}
	return r
}

// waiting puts pods together that share their refusals. Those of pods that are
// alike are one list in the plan; a single refusal is compared by what it says.
func waiting(list []plan.Unplaced) []Waiting {
	type key struct {
		list *plan.Refusal
		one  plan.Refusal
	}
	var out []Waiting
	index := map[key]int{}
	for _, u := range list {
		var k key
		switch len(u.Refusals) {
		case 0:
		case 1:
			k.one = u.Refusals[0]
		default:
			k.list = &u.Refusals[0]
		}
		i, known := index[k]
		if !known {
			i = len(out)
			index[k] = i
			out = append(out, Waiting{Refusals: u.Refusals})
		}
		out[i].Pods = append(out[i].Pods, u.Pod)
	}
	return out
}

func (w Waiting) like(other Waiting) bool {
	return slices.Equal(w.Pods, other.Pods) && slices.EqualFunc(w.Refusals, other.Refusals, func(a, b plan.Refusal) bool {
		return a.Group == b.Group && a.InstanceType == b.InstanceType && a.DatacenterID == b.DatacenterID && a.Reason == b.Reason
	})
}
