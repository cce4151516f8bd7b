// Package plan decides: it turns a State, which is all that is known of a
// cluster, its cloud and the wishes of its NodeGroups, into a Plan, which is
// all that should be done about it, with the reason for every action, for every
// pod that stays unplaced and for every node that stays.
//
// What it buys is cheap, not always the cheapest: packing is too hard for that. For
// a few dozen pods and a handful of types a plan costs a thousandth more than the
// best on average; adding an offer may make such a plan dearer, by less than 15 %. For
// a thousand pods and more, of some dozens of sizes, that ask nothing of each other,
// price and proved lower bound differ by a thousandth to five per cent
// (docs/performance.md), so no offer makes it dearer by more than that.
//
// Preemption. A plan never counts on the eviction of a pod that would need another
// place: every such pod keeps its room, and a pod of a higher priority that waits
// gets room beside it. When kube-scheduler evicts for it all the same, the victims
// find that room. Expendable pods, of a priority below the cutoff, are different,
// since nothing is bought for them: what they take is room for every pod that kube-scheduler
// evicts others for (preemptionPolicy is not Never, priority at or above the cutoff)
// and that does not depend on where other pods are, since it might depend on the
// very pod that has to go; of ports, volumes and anti-affinity expendable pods
// keep theirs. A pod with status.nominatedNodeName counts on that node as long as it
// fits there once pods of lower priority are gone, and takes the room of those that
// are being deleted, so that it is not counted twice.
//
// How it decides: place what fits on nodes that are there (place.go); buy for the rest in
// several ways and keep the best (strategy_search.go, provision.go); price the pods by column
// generation (pricing.go, package packing), round that to whole nodes (rounding.go), buy for
// what is left greedily (greedy.go), give another place to pods that the result turns out
// (repair.go), and each node the cheapest type that holds it (downsize.go); remove what is not
// needed (consolidate.go); prove bounds (bound_resource.go, bound_pattern.go).
// docs/planner.md is the manual, with the sources of the methods.
//
//	plan ──▶ filter     which pods may run on which nodes
//	  ├────▶ packing    the cheapest bins for items ──▶ resources
//	  └────▶ resources  amounts of resources
//
// Decide is a pure function. It holds no client, clock, randomness, goroutine
// or logger; the same State gives the same Plan byte for byte, whatever the
// order of its lists. It never changes what the State points to.
package plan
