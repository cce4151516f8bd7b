// Package explain answers people: why a pod waits, why a node is there, what is
// going on, what it costs. It works from objects and from rounds, and asks nobody.
package explain
