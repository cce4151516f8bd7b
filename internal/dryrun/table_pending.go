package dryrun

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// unplaced tells why pods wait on: one entry for those that are refused for the
// same reasons, with the first pod's messages.
func (t *table) unplaced(list []plan.Unplaced) {
	if len(list) == 0 {
		return
	}
	rows := bundle(list, func(u plan.Unplaced) string { return reasonsOf(u.Refusals) })
	s := t.section("WAIT %s without a node", count(len(list), "pod"))
	s.row("COUNT", "PODS", "WHY")
	for _, r := range first(s, rows) {
		var pods []string
		for _, u := range r.items {
			pods = append(pods, u.Pod)
		}
		head := []string{fmt.Sprint(len(r.items)), t.pods.summary(pods)}
		sample := r.items[0]
		alike := !slices.ContainsFunc(r.items, func(u plan.Unplaced) bool { return !slices.Equal(u.Refusals, sample.Refusals) })
		for _, why := range whys(sample.Refusals) {
			if !alike {
				why += " (" + sample.Pod + ")"
			}
			s.row(append(head, why)...)
			head = []string{"", ""}
		}
	}
	s.end()
}

// reasonsOf is what makes refusals alike.
func reasonsOf(list []plan.Refusal) string {
	var reasons []string
	for _, r := range list {
		reasons = append(reasons, r.Group+" "+string(r.Reason))
	}
	slices.Sort(reasons)
	return strings.Join(slices.Compact(reasons), ",")
}

// whys is a line for each reason of each group, with one type's message for all.
func whys(list []plan.Refusal) []string {
	type key struct {
		group  string
		reason plan.RefusalReason
	}
	var lines []string
	for _, r := range bundle(list, func(r plan.Refusal) key { return key{r.Group, r.Reason} }) {
		line := string(r.key.reason)
		if r.key.group != "" {
			line = r.key.group + ": " + line
		}
		if name := r.items[0].Type(); name != "" {
			line += " on " + name
			if more := len(r.items) - 1; more > 0 {
				line += fmt.Sprintf(" and %s", count(more, "other"))
			}
		}
		lines = append(lines, line+": "+r.items[0].Message)
	}
	slices.Sort(lines)
	return lines
}
