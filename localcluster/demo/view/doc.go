// Package view draws what the demo knows at one moment into a terminal: a panel that stays in place, with the story's
// lines scrolling above it. What the panel says is decided elsewhere.
package view
