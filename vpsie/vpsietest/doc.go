// Package vpsietest is a fake VPSie cloud for tests and demos: a real HTTP server with the API's wire format and habits,
// prices, delays, faults on command, and a ledger of what every machine cost.
//
// It is modelled on what the API's public clients say about it. Where they contradict each other, or where the API is
// known to behave in several ways, a knob chooses (see Knobs). By default it behaves as the vendor's own clients need it:
// testdata/clients.json has what they send and what types they decode the answers into.
//
// Orders have three routes, each with its own form: POST /api/v2/vm takes texts for yes/no fields and user data (dialect A),
// POST /apps/v2/vm numbers and no user data (dialect B), POST /apps/v2/custom/vm the account's own images. A fault rule for
// POST /apps/v2/vm stands for all three.
//
// The admin interface listens on an address of its own and speaks JSON:
//
//	GET    /ledger                     machines with their cost, and every request
//	PUT    /faults                     replaces the fault rules; DELETE /faults removes them
//	PUT    /knobs                      changes the knobs that are given; GET /knobs shows all
//	POST   /vms                        adds a machine that no client ordered
//	POST   /vms/{identifier}/{action}  destroy, stop, start, restart, hang, suspend, lock, terminate
//	POST   /token/expire               refuses every access token given out so far
//	PUT    /credentials                changes token or accountPassword
package vpsietest
