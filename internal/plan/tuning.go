package plan

// Numbers that trade price for time, and how hard the searches look. Each names the benchmark or
// test that shows what another value would cost: a smaller bound shows in its price, a larger one
// in its time. Those of the packing are in packing/tuning.go.
const (
	// mostItems is how many sizes the pricing program tells apart; sizes that are nearly alike
	// count as one of their mean size. BenchmarkCompany has more of them, BenchmarkClasses the most.
	mostItems = 64
	// mostTabled is how many of them where most are multiples of a step. BenchmarkCompany with constraints.
	mostTabled = 128
	// mostPlaces is how many kinds of places, of which every node has one, the program knows.
	// BenchmarkClasses has hundreds of kinds.
	mostPlaces = 16
	// fewNodes is up to how many nodes a place may need without being told apart. BenchmarkClasses
	// has Deployments of three that spread by hostname.
	fewNodes = 4
	// mostTemplates is how many templates of a family and scale of price patterns are looked for
	// on. BenchmarkDiverse has 400 types.
	mostTemplates = 3
	// fewTemplates is up to how many templates of a family are all looked at. BenchmarkCompany has 24 types.
	fewTemplates = 24

	// A pattern is bought while the pods' constraints let it be filled to fullPattern of what it is
	// worth; from wholePattern on it counts as filled. BenchmarkCompany with constraints.
	fullPattern  = 0.98
	wholePattern = 0.999

	// fewPods is for how many pods at most further strategies are tried: with more, what they
	// differ in is a small part of the price. BenchmarkMedley is above it,
	// TestPlansAreNearlyTheCheapest below.
	fewPods = 500
	// With very few of both, leaving out each template is tried as well: the greedy step can be
	// misled by one. TestPlansAreNearlyTheCheapest.
	veryFewPods      = 24
	veryFewTemplates = 8
	// fewGroups is how many groups at most are left out for a trial where head-room is bought: what
	// pods take of one group's room may be dearer than of another's.
	// TestAFurtherGroupMakesNoHeadroomDearer.
	fewGroups = 8

	// refineRounds is how often the worst nodes are bought anew, refineWaste their share of what all
	// nodes cost above what their pods are worth, refineShare at most their share of the price.
	// BenchmarkCompany.
	refineRounds = 2
	refineWaste  = 0.8
	refineShare  = 0.15
	// mostRefined is for how many pods at most they are. BenchmarkCompany is on both sides of it.
	mostRefined = 3000

	// mostApart is for how many pods at most it is tried to buy last for those that spread by pods which they are not among: of
	// more of them, most find a place where they are bought for along with the others. BenchmarkDiverse is on both sides of it.
	mostApart = 3000
	// Pods that spread by hostname are laid evenly where spread makes the program dearer by evenShare; numbers of nodes are
	// tried from what the relaxed program buys in steps of levelStep, mostLevels at most. BenchmarkCompany.
	evenShare  = 0.003
	levelStep  = 1.2
	mostLevels = 10

	// repairRounds is how often pods that lost their place get another; usually one or two rounds
	// are needed. What is not settled by then is refused. TestPlannedPodsAreAdmittedInTheEnd.
	repairRounds = 10
	// headroomRounds is how often head-room is bought; usually once, since pods that find a new place
	// seldom bring a group to its threshold. TestCarryingOutAPlanLeavesNothingToDo.
	headroomRounds = 3
	// tierRounds is how often cheaper types make room under a cap; usually once or twice.
	// TestTheBestSetUnderACap.
	tierRounds = 10
	// mostTrials is how many nodes are tried one by one for pods that keep others out.
	// TestNoPodWaitsThatAFreshNodeWouldTake.
	mostTrials = 300

	// A stage of a plan takes at most leastShare steps and stepsEach for each pod, node, class and
	// instance type, times the logarithm of how many these are, before it leaves out what it can do
	// without. TestNoClusterMakesAPlanTakeLong.
	leastShare = 5_000_000
	stepsEach  = 1000

	// mostEligibilities is how many sets of pods the resource bound tells apart by what takes them.
	// TestNoPlanCostsLessThanItsBound holds the bound, BenchmarkCompany shows how near it is.
	mostEligibilities = 8
	// Steps of a search of the pattern bound, searches of that length, and up to how many items their
	// numbers count in the rates, each of which is a row of a linear program. BenchmarkCompany.
	proofSteps    = 4000
	proofSearches = 32
	mostLimited   = 256

	// How many nodes an exchange replaces at most, for how many pods machines are looked for in one
	// attempt and in all of them, and of how many NodeGroups the nodes are tried by themselves.
	// TestExchangesGoOnFromWhereverTheyAre holds what comes of it; BenchmarkRemoval has the
	// most nodes.
	mostReplaced  = 24
	mostTradePods = 1000
	mostTriedPods = 6000
	mostTradeList = 4
)
