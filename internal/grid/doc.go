// Package grid lays out tables and sentences for a terminal of a given width.
package grid
