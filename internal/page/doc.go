// Package page draws what is known of nodes, cost and decisions as one HTML file that needs
// no network and no script: the same for a plan, a simulation and a live cluster. What it
// shows is decided elsewhere; names of others, such as those of pods, are escaped.
package page
