package plan

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/plan/resources"
)

// differing names the labels that are not what was expected of a node.
func differing(keys []string, have, expected map[string]string, whose string) string {
	var parts []string
	for _, key := range keys {
		if key == corev1.LabelHostname {
			continue
		}
		is, has := have[key]
		wanted, should := expected[key]
		switch {
		case has == should && is == wanted:
		case !has:
			parts = append(parts, fmt.Sprintf("it has no label %s (expected %s)", key, wanted))
		case !should:
			parts = append(parts, fmt.Sprintf("%sits label %s is %s", whose, key, is))
		default:
			parts = append(parts, fmt.Sprintf("%sits label %s is %s, where %s was ordered", whose, key, is, wanted))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "; " + strings.Join(parts, ", ")
}

// shortage names the resources of which there is not enough.
func (w *world) shortage(size, room resources.Vector) string {
	var short []string
	for i, x := range size {
		if x > 0 && x > room[i] {
			short = append(short, fmt.Sprintf("%s %s of %s", w.dims.Names[i], w.dims.Text(i, x), w.dims.Text(i, max(room[i], 0))))
		}
	}
	return strings.Join(short, ", ")
}

// overheadOf says how much of the node its DaemonSet and static pods take.
func (w *world) overheadOf(alloc, room resources.Vector) string {
	var parts []string
	for i := range resources.FirstScalar {
		if taken := alloc[i] - room[i]; taken > 0 && i != resources.Pods {
			parts = append(parts, fmt.Sprintf("%s %s", w.dims.Names[i], w.dims.Text(i, taken)))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "; its DaemonSet and static pods take " + strings.Join(parts, ", ")
}
