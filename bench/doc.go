// Bench measures the planner beside Karpenter's: both get the same pods, nodes,
// instance types and prices in one process, take turns, and are reported in one
// table. It is a module of its own so that Karpenter stays out of the product's
// dependencies.
package main
