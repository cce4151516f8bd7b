// Package vpsietest is a fake VPSie cloud for tests and demos: a real HTTP server with the API's wire format and habits,
// prices, delays, faults on command, and a ledger of what every machine cost.
//
// It is modelled on what the API's public clients say about it. Where they contradict each other, or where the API is
// known to behave in several ways, a knob chooses.
//
// The admin interface listens on an address of its own and speaks JSON:
//
//	GET    /ledger                     machines with their cost, and every request
//	PUT    /faults                     replaces the fault rules; DELETE /faults removes them
//	PUT    /knobs                      changes the knobs that are given; GET /knobs shows all
//	POST   /vms                        adds a machine that no client ordered
//	POST   /vms/{identifier}/{action}  destroy, stop, suspend, lock, terminate
//	POST   /token/expire               refuses every access token given out so far
//	PUT    /credentials                changes token or accountPassword
package vpsietest
