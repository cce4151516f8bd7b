package observe

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// ReasonNotSold says that VPSie sells no spot instances.
const ReasonNotSold = "NotSold"

// spot says whether VPSie sells spot instances of the group's types now.
func (v GroupView) spot(set func(kind string, is bool, reason, message string), s *v1alpha1.NodeGroupStatus) {
	if !v.Group.Spec.WantsSpot() {
		meta.RemoveStatusCondition(&s.Conditions, v1alpha1.NodeGroupSpotAvailable)
		return
	}
	if !v.SpotKnown {
		return // The condition keeps what was last known.
	}
	if len(v.Spot) == 0 {
		set(v1alpha1.NodeGroupSpotAvailable, false, ReasonNotSold, "VPSie sells no spot instances that the NodeGroup may buy")
		return
	}
	open := slices.DeleteFunc(slices.Clone(v.Spot), func(o *plan.Offer) bool { return !o.Available || o.Stock == 0 || o.BackoffUntil.After(v.Now) })
	if len(open) == 0 {
		set(v1alpha1.NodeGroupSpotAvailable, false, "Backoff", "All spot instances of the group's types were refused or interrupted lately: "+v.Spot[0].BackoffReason)
		return
	}
	var names []string
	for _, o := range open {
		names = append(names, fmt.Sprintf("%s at %s a month", o.InstanceType, o.Price))
	}
	slices.Sort(names)
	const most = 5
	more := ""
	names = slices.Compact(names)
	if len(names) > most {
		more = fmt.Sprintf(" and %d more", len(names)-most)
	}
	set(v1alpha1.NodeGroupSpotAvailable, true, "Sold", "Spot instances are on sale: "+strings.Join(names[:min(len(names), most)], ", ")+more)
}

// SpotInterrupted says that VPSie takes a spot instance away.
func SpotInterrupted(why string) Event {
	return warning("SpotInterrupted", "Repair", "%s; its pods move, and spot instances of the type are left alone for a while", why)
}
