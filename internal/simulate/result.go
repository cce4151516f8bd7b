package simulate

import (
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Amount is money in millionths of the currency.
type Amount int64

// Result is what a simulation of one setting came to.
type Result struct {
	Setting  string    `json:"setting"`
	Workload string    `json:"workload"`
	Seed     uint64    `json:"seed"`
	Start    time.Time `json:"start"`
	End      time.Time `json:"end"`
	Cost     Cost      `json:"cost"`
	// NodeHours is how long all machines were paid for together, by the minute.
	NodeHours float64  `json:"nodeHours"`
	Machines  Machines `json:"machines"`
	// CPUUsed and MemoryUsed are the shares of what the nodes offer that pods asked for.
	CPUUsed    float64 `json:"cpuRequestedShare"`
	MemoryUsed float64 `json:"memoryRequestedShare"`
	Pods       Pods    `json:"pods"`
	Pending    Pending `json:"pending"`
	// Disruptions is how many running pods lost their node, Evictions the same by reason.
	Disruptions int            `json:"disruptions"`
	Evictions   map[string]int `json:"disruptionsByReason"`
	ByGroup     []Part         `json:"byNodeGroup"`
	ByOffering  []Part         `json:"byOffering"`
	Waiting     []Wait         `json:"waiting,omitempty"`
	Rounds      int            `json:"rounds"`
	Series      []Sample       `json:"series"`
	Decisions   []Decision     `json:"decisions"`
	// DecisionsLeftOut is how many earlier ones are not in Decisions.
	DecisionsLeftOut int `json:"decisionsLeftOut,omitempty"`
	// Busiest is the moment with the most machines; nil when there never was one.
	Busiest *Snapshot `json:"busiest,omitempty"`
}

// Cost is what the machines cost.
type Cost struct {
	// Paid counts every started period of each machine (Cloud.Period).
	Paid Amount `json:"paid"`
	// ByTheMinute counts machines only while they were there, Bound the least that
	// machines for the pods of each moment can cost (proved), and Ratio is the one by the other.
	ByTheMinute Amount  `json:"byTheMinute"`
	Bound       Amount  `json:"lowerBound"`
	Ratio       float64 `json:"ratio"`
	// Starting and Leaving are what ByTheMinute has of machines before they were nodes, and while they were drained and deleted.
	Starting Amount `json:"starting"`
	Leaving  Amount `json:"leaving"`
	// BoundWithStarts is the least that it costs to have machines for the pods of each moment at once, for somebody who knows
	// the whole workload beforehand, when each machine is also paid for while it boots (the median time) and is drained.
	BoundWithStarts Amount `json:"lowerBoundWithStarts"`
	// Unused is what ByTheMinute has of room on machines that was worth nothing to the pods of the moment, the dearest first.
	Unused []Unused `json:"unused"`
}

// Machines counts them.
type Machines struct {
	Bought  int `json:"bought"`
	Refused int `json:"refused"`
	Failed  int `json:"failed"`
	Removed int `json:"removed"`
	Most    int `json:"most"`
}

// Pods counts the demand.
type Pods struct {
	Wanted int `json:"wanted"`
	// NeverRan were never on a node; GivenUp were deleted while they waited for one,
	// StillPending wait at the end.
	NeverRan     int `json:"neverRan"`
	GivenUp      int `json:"deletedWhilePending"`
	StillPending int `json:"stillPending"`
}

// Pending is how long pods waited for a node, in seconds, each time that they did.
type Pending struct {
	Pods   int     `json:"pods"`
	Waited int     `json:"waited"`
	P50    float64 `json:"p50Seconds"`
	P90    float64 `json:"p90Seconds"`
	P99    float64 `json:"p99Seconds"`
	Max    float64 `json:"maxSeconds"`
}

// Part is a NodeGroup's or an offering's.
type Part struct {
	Name      string  `json:"name"`
	Machines  int     `json:"machines"`
	NodeHours float64 `json:"nodeHours"`
	Cost      Amount  `json:"paid"`
}

// Wait is a reason for which pods wait that cannot be bought for.
type Wait struct {
	Reason   plan.RefusalReason `json:"reason"`
	PodHours float64            `json:"podHours"`
	Example  string             `json:"example"`
	Message  string             `json:"message"`
}

// Sample is a moment of a simulation.
type Sample struct {
	At   time.Time   `json:"at"`
	Cost plan.Hourly `json:"costPerHour"`
	// Bound is the least for the present pods from scratch, DecisionBound the least that the
	// last decision could cost beside the machines that stay.
	Bound         plan.Hourly `json:"fromScratchLowerBoundPerHour"`
	DecisionBound plan.Hourly `json:"lowerBoundPerHour"`
	Machines      int         `json:"machines"`
	Ready         int         `json:"ready"`
	Pods          int         `json:"pods"`
	Pending       int         `json:"pending"`
}

// What a Decision can be.
const (
	Bought  = "Bought"
	Refused = "Refused"
	Removed = "Removed"
	Failed  = "Failed"
)

// Decision is something that was done about a machine.
type Decision struct {
	At     time.Time   `json:"at"`
	What   string      `json:"what"`
	Node   string      `json:"node"`
	Group  string      `json:"nodeGroup"`
	Type   string      `json:"instanceType"`
	Reason string      `json:"reason,omitempty"`
	Price  plan.Hourly `json:"pricePerHour"`
	Text   string      `json:"text"`
}

// Snapshot is how machines were filled at a moment.
type Snapshot struct {
	At    time.Time      `json:"at"`
	Nodes []SnapshotNode `json:"nodes"`
}

// SnapshotNode is one machine; CPU is in thousandths of a core, Memory in bytes.
type SnapshotNode struct {
	Name   string        `json:"name"`
	Group  string        `json:"nodeGroup"`
	Type   string        `json:"instanceType"`
	State  string        `json:"state"`
	Price  plan.Hourly   `json:"pricePerHour"`
	CPU    int64         `json:"cpuMilli"`
	Memory int64         `json:"memoryBytes"`
	Pods   []SnapshotPod `json:"pods,omitempty"`
}

// SnapshotPod is one of its pods, with what it asks for.
type SnapshotPod struct {
	Name   string `json:"name"`
	CPU    int64  `json:"cpuMilli"`
	Memory int64  `json:"memoryBytes"`
}
