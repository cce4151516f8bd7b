package chaos

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// stream is a source of chance for one purpose. The schedule has several, so that how often one of them is asked, which
// depends on how fast the machine is, leaves the others as the seed says.
func stream(seed uint64, purpose string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(purpose)) // never fails
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// schedule deals out everything that a run does, act after act.
type schedule struct {
	weather, lulls, sight *rand.Rand
	// dealt are regimes that come next.
	dealt []regime
	each  [estates]*estateSchedule
}

// estateSchedule deals out what happens to one estate.
type estateSchedule struct {
	kills, work *rand.Rand
	killed      int
}

func newSchedule(seed uint64) *schedule {
	s := &schedule{weather: stream(seed, "weather"), lulls: stream(seed, "lulls"), sight: stream(seed, "sight")}
	for i := range s.each {
		s.each[i] = &estateSchedule{
			kills: stream(seed, fmt.Sprint("kills ", i)), work: stream(seed, fmt.Sprint("work ", i)),
			killed: i * electionTurn,
		}
	}
	return s
}

func (s *schedule) of(i int) *estateSchedule { return s.each[i] }

// side is on which side of a step's effect something happens.
type side string

const (
	before side = "before"
	after  side = "after"
)

// death is one kill of a controller.
type death struct {
	// pause is how long the controller is left alone first.
	pause time.Duration
	// step, when not 0, has the controller die at its so manieth change of the world from now, on that side of it; when
	// that does not come within patience, and when step is 0, it dies at once.
	step     int
	side     side
	patience time.Duration
	// gently asks the controller to end, as a rollout does.
	gently bool
	// die picks the replica where it is not the step that does.
	die uint64
	// pair says, where it changes, whether two replicas with leader election run from now on, or one without.
	pair bool
}

// electionTurn is after how many kills there may be leader election, or none.
const electionTurn = 12

// Between two kills there is mostly little time, and now and then enough for a machine to come or go.
func (s *estateSchedule) nextDeath() death {
	r := s.kills
	d := death{
		pause: millis(r, 300, 2200), step: r.IntN(6), side: before, patience: millis(r, 500, 1500), die: r.Uint64(),
		gently: r.IntN(20) == 0, pair: s.killed/electionTurn%3 == 2,
	}
	if r.IntN(2) == 0 {
		d.side = after
	}
	if r.IntN(12) == 0 {
		d.pause = millis(r, 4000, 8000)
	}
	s.killed++
	return d
}

// A lull comes after every so much trouble: the cloud answers, one plan is cheap, nobody changes the workload, and the
// controllers live longer. What takes many steps in a row, such as an exchange, would hardly ever begin otherwise.
const (
	lullEvery = 100 * time.Second
	lullLasts = 20 * time.Second
	// lullPause is for how much longer a controller lives in a lull.
	lullPause = 3 * time.Second
)

// lull is how long the lull still lasts in which a moment of the run lies, 0 outside of lulls.
func lull(into time.Duration) time.Duration {
	if left := lullEvery - into%lullEvery; left <= lullLasts {
		return left
	}
	return 0
}

// nextLull is the cloud in the next lull.
func (s *schedule) nextLull(left time.Duration) regime {
	return regime{
		lasts: left, trouble: calm, scarce: none, left: none, createMillis: 100, bootMillis: 300, readyMillis: 100, deleteMillis: 100,
		bargain: pick(s.lulls, fickle()...),
	}
}

// fickle are the plans that are sold at half their price at times, or not at all.
func fickle() []string { return []string{"micro-1cpu-2gb", "small-2cpu-4gb", "medium-4cpu-8gb"} }

// regime is how the cloud behaves for a while.
type regime struct {
	lasts time.Duration
	// trouble names the faults; the chance is that of one request to be spoiled.
	trouble trouble
	chance  float64
	status  int
	// Machines ordered in this time.
	createMillis, bootMillis, readyMillis, deleteMillis, gapMillis, addressMillis, flaggedMillis int
	neverJoin, neverAppear                                                                       int
	pageSize                                                                                     int
	errorsAt200, chatty, dropUserData                                                            bool
	notFound, orderDialect                                                                       string
	// hiddenRows are the newest machines that the list hides; totalExcess is how many more it claims to have.
	hiddenRows, totalExcess int
	// refusal is how the account refuses orders.
	refusal string
	// scarce limits the account to the machines that it has and so many more; none is no limit.
	scarce int
	// soldOut is a plan of which so many are left; none is no limit.
	soldOut string
	left    int
	// bargain is a plan at half its price; empty for none.
	bargain string
	// harm befalls a machine.
	harm harm
	die  uint64
	// plant adds a machine that is none of ours.
	plant bool
}

const none = -1

type trouble string

const (
	calm      trouble = "calm"
	errorsOut trouble = "errors"     // nothing happens, and the answer is an error
	liesOut   trouble = "lies"       // it happens, and the answer is an error
	drops     trouble = "drops"      // nothing happens, and the connection breaks
	losses    trouble = "losses"     // it happens, and the connection breaks
	throttles trouble = "throttling" // 429 with Retry-After
	slow      trouble = "slow"       // answers beyond and below the client's patience
	expired   trouble = "expired"    // tokens are refused
	refuses   trouble = "refusals"   // the account refuses orders
	all       trouble = "all"        // some of each
)

type harm string

const (
	noHarm    harm = ""
	destroyed harm = "destroy"
	ended     harm = "terminate"
	stopped   harm = "stop"
)

// refusals are what an account says that may not order.
func refusals() []string {
	return []string{
		`{"error":true,"message":"You do not have enough balance, please add credit"}`, `{"error":true,"message":"account suspended"}`,
		`{"error":false,"data":{"error":true,"message":"permission denied"}}`, `{"error":true,"message":"you have exceeded the limit of 5"}`,
	}
}

// hiding are two regimes in a row. In the first all orders are answered and listed. The second hides machines, once no order
// is in doubt: one that is hidden for longer than --create-settle would rightly be made again.
func hiding(r *rand.Rand) [2]regime {
	calmly := regime{lasts: time.Second, trouble: calm, scarce: none, left: none, createMillis: 100, bootMillis: 300, deleteMillis: 100}
	hidden := calmly
	hidden.lasts, hidden.hiddenRows = millis(r, 800, 2000), 1+r.IntN(3)
	return [2]regime{calmly, hidden}
}

func (s *schedule) nextRegime() regime {
	r := s.weather
	if len(s.dealt) > 0 {
		g := s.dealt[0]
		s.dealt = s.dealt[1:]
		return g
	}
	if r.IntN(15) == 0 {
		both := hiding(r)
		s.dealt = both[1:]
		return both[0]
	}
	g := regime{
		lasts:   millis(r, 1000, 5000),
		trouble: pick(r, calm, errorsOut, liesOut, drops, losses, throttles, slow, expired, refuses, all, all, all),
		chance:  0.3 + 0.6*r.Float64(), status: pick(r, 500, 502, 503, 504),
		createMillis: r.IntN(600), bootMillis: r.IntN(800), readyMillis: r.IntN(500), deleteMillis: r.IntN(600),
		gapMillis: r.IntN(300) * r.IntN(2), addressMillis: r.IntN(300) * r.IntN(2), flaggedMillis: r.IntN(500) * r.IntN(2),
		pageSize: r.IntN(4) * r.IntN(2), errorsAt200: r.IntN(2) == 0, notFound: pick(r, "data", "message"),
		scarce: none, left: none, die: r.Uint64(),
	}
	switch r.IntN(5) {
	case 0:
		g.neverJoin = 1 + r.IntN(2)
	case 1:
		g.neverAppear = 1
	}
	switch r.IntN(6) {
	case 0:
		g.scarce = r.IntN(3)
	case 1, 2:
		g.soldOut, g.left = pick(r, fickle()...), r.IntN(3)
	}
	g.harm = pick(r, noHarm, noHarm, noHarm, noHarm, destroyed, ended, stopped)
	g.plant = r.IntN(12) == 0
	g.bargain = pick(r, append(fickle(), "", "")...)
	g.chatty, g.dropUserData = r.IntN(3) == 0, r.IntN(12) == 0
	g.orderDialect = pick(r, "any", "any", "A", "B")
	g.totalExcess = r.IntN(3) * r.IntN(2)
	g.refusal = pick(r, refusals()...)
	if gap := 2000 + r.IntN(6000); r.IntN(10) == 0 {
		g.gapMillis = gap
	}
	return g
}

// view is how the controller sees the cluster for a while.
type view struct {
	lasts time.Duration
	// lag delays watch events of the kinds that die chooses, share in a hundred.
	lag   time.Duration
	share uint64
	// withhold keeps their events back altogether, and has the controller begin anew at the end.
	withhold bool
	// past is how old the lists are from which a controller begins; 0 is none.
	past time.Duration
	// chance is that of a write to fail, half of them after their effect.
	chance float64
	// restart kills the API server first.
	restart bool
	die     uint64
}

func (s *schedule) nextView() view {
	r := s.sight
	v := view{lasts: millis(r, 1000, 6000), die: r.Uint64()}
	blind := r.IntN(4)
	v.share = 30 + r.Uint64N(71)
	v.lag = pick(r, millis(r, 50, 500), millis(r, 500, 3000), millis(r, 3000, 10000))
	if blind == 0 {
		v.share, v.lag = 0, 0
	}
	v.withhold = blind == 1
	if past := millis(r, 500, 30000); r.IntN(2) == 0 {
		v.past = past
	}
	if chance := 0.02 + 0.2*r.Float64(); r.IntN(2) == 0 {
		v.chance = chance
	}
	v.restart = r.IntN(20) == 0
	return v
}

// chore is one change of the workload.
type chore struct {
	pause time.Duration
	what  string
	// which and amount choose among what there is.
	which, amount uint64
}

// The chores, in the words of those who do them.
const (
	scaleDeployment = "scale a Deployment"
	changeBudget    = "change a PodDisruptionBudget"
	addPod          = "add a bare pod"
	deletePod       = "delete a bare pod"
	changeMinimum   = "change a NodeGroup's minimum"
	dismissMachine  = "delete a VPSieNode"
	editGroup       = "edit what a NodeGroup's machines are made from"
	editBudgets     = "edit a NodeGroup's disruption budgets"
)

func (s *estateSchedule) nextChore() chore {
	r := s.work
	return chore{
		pause: millis(r, 200, 2500),
		what: pick(r, scaleDeployment, scaleDeployment, scaleDeployment, scaleDeployment, scaleDeployment, scaleDeployment, scaleDeployment,
			changeBudget, addPod, addPod, deletePod, changeMinimum, dismissMachine, editGroup, editBudgets, editBudgets),
		which: r.Uint64(), amount: r.Uint64(),
	}
}

// millis is a time from least up to most.
func millis(r *rand.Rand, least, most int) time.Duration {
	return time.Duration(least+r.IntN(most-least)) * time.Millisecond
}

func pick[T any](r *rand.Rand, choices ...T) T { return choices[r.IntN(len(choices))] }
