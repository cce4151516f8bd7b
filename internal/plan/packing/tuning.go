package packing

// Bounds on the work of pricing. More finds little that is better.
const (
	PricingRounds = 60  // of looking for patterns
	furtherRounds = 10  // of that when part of the items have been served
	leastSteps    = 100 // of looking for one pattern, with very many items and bins
	mostSteps     = 5000
	// The last rounds look harder.
	thoroughRounds = 24
	thoroughSteps  = 300
	// pricingWork is how many steps a round of looking for patterns takes about.
	pricingWork = 90_000
	// A pattern is looked for that is worth more than its bin by this share at least: what is less
	// changes nothing that matters, and the search need not go into it.
	worthwhile = 5e-4
	// visitedSlots is how many branches of a search are remembered, a power of two.
	visitedSlots = 1 << 12
	// A bound of a filling that is not found by search is looked up in a grid of so many items and so
	// much work, beside so many items that do not fit the grid, and with so many trials of these.
	mostOnGrid = 128
	gridWork   = 24_000_000
	mostOdd    = 12
	gridTrials = 30_000
	// patternsPerRound is after how many new patterns duals are worked out anew. With
	// more, most are for duals that are past.
	patternsPerRound = 20
	// Between looks at all patterns, of which there are so many at most, the simplex method looks at those whose reduced cost is
	// less than likelyShare of their price.
	likelyShare    = 0.03
	coveringRounds = 20
	// exactWork is how much work for each item goes into patterns that are surely the best.
	// Among more bins than exactBins what the search misses on one is as good on another.
	exactWork = 16384
	// productsAStep is how many numbers are multiplied in the time of a step of a search,
	// stepsToStart how many steps' time it takes to start one, for each item.
	productsAStep = 32
	stepsToStart  = 8
	exactBins     = 16
	// tabledBins is among how many bins patterns are found in tables, for the same reason.
	tabledBins = 24
	// Items may have a lattice beside so many odd ones, each of which makes the search of tables that many times
	// longer; so many numbers of odd ones are tried for a bin.
	oddFactor = 2.5
	oddTrials = 12_000
	// A table has so many cells at most, at first, then and for the proof, and as many are worked out in the time of
	// a step.
	quickCells  = 15_000
	tableCells  = 40_000
	largeCells  = 160_000
	tableRounds = 40
	proofRounds = 8
	fewRounds   = 1
	largeRounds = 2
	cellsAStep  = 16
	// An item of which there are so many times fewer than fit at most counts as one of which there are enough.
	anyShare = 3
	// binsAnItem is of how many bins the best patterns with an item are added.
	binsAnItem = 2
	// A pattern is added that is worth more than its bin by openShare. Columns are generated until the
	// program is so near the bound that it proves, enough; where it stays as far as farShare, tables are of no use.
	// The scenario catalogue-2000 of `make bench`.
	openShare = 1e-4
	farShare  = 2e-2
	enough    = 1e-3
	// roughly is how near to the bound the first table brings it.
	roughly = 2e-2
)
