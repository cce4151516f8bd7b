// Package packing is the operations research of the planner: it packs items into the cheapest
// set of bins. It knows nothing of Kubernetes.
//
// The problem is variable-sized vector bin packing, which is NP-hard. It is solved as a linear
// program over patterns, ways to fill one bin, that grows by column generation (Gilmore and
// Gomory, "A linear programming approach to the cutting-stock problem", 1961):
//
//   - Master is the restricted master problem: serve all items with the patterns known so far
//     at the lowest price. It is kept as its dual, in which a new pattern is a new row, and
//     solved by the simplex method (simplex.go), after new rows by the dual simplex method.
//   - Its dual values say what an item is worth. A pattern that is worth more than its bin
//     costs makes the program cheaper. The best one for a bin is a knapsack, searched by branch
//     and bound with Dantzig's bound (knapsack.go), guided by the linear relaxation of the
//     filling (fractional.go), or looked up in a table where that is small (table.go).
//   - Duals swing while the program is small, so patterns are looked for by duals that lie
//     between the present ones and those that proved the best bound (smoothing, Wentges 1997).
//   - Any duals prove a lower bound once they are shrunk so far that no filling of any bin is
//     worth more than its price (Farley, "A note on bounding a class of linear programming
//     problems", 1990).
//
// The caller rounds the program's solution to whole bins.
//
// Exact: bounds that Filler proves, which are in integers. As good as floating point: duals,
// how often a pattern is used, Proved. Heuristic: the search for a pattern stops after a number
// of steps, and the program after a number of rounds, so patterns may be missing.
//
// With n items, b bins and r resources a round takes O(b·(n·r + steps)) for patterns and, with
// p pivots, O(p·n²) for the program.
package packing
