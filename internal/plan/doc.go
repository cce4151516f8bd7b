// Package plan decides: it turns a State, which is all that is known of a
// cluster, its cloud and the wishes of its NodeGroups, into a Plan, which is
// all that should be done about it, with the reason for every action, for every
// pod that stays unplaced and for every node that stays.
//
// Decide is a pure function. It holds no client, clock, randomness, goroutine
// or logger; the same State gives the same Plan byte for byte, whatever the
// order of its lists. It never changes what the State points to.
package plan
