// Package plan decides: it turns a State, which is all that is known of a
// cluster, its cloud and the wishes of its NodeGroups, into a Plan, which is
// all that should be done about it, with the reason for every action, for every
// pod that stays unplaced and for every node that stays.
//
// What it buys is cheap, not always the cheapest: packing is too hard for that. For
// a few dozen pods and a handful of types a plan costs a thousandth more than the
// best on average; adding an offer may make such a plan dearer, by less than 15 %. For
// a thousand pods and more, of some dozens of sizes, that ask nothing of each other,
// price and proved lower bound differ by about a thousandth, so no offer makes it
// dearer by more than that.
//
// Decide is a pure function. It holds no client, clock, randomness, goroutine
// or logger; the same State gives the same Plan byte for byte, whatever the
// order of its lists. It never changes what the State points to.
package plan
