package observe

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// However many nodes a group has, its status stays small, lists what is not Ready, and counts the rest.
func TestStatusOfALargeGroupStaysSmall(t *testing.T) {
	group := func(nodes int) v1alpha1.NodeGroupStatus {
		view := GroupView{Group: &v1alpha1.NodeGroup{}, Max: nodes, Price: func(*v1alpha1.VPSieNode) plan.Money { return 0 }, Now: time.Unix(0, 0)}
		for i := range nodes {
			m := &v1alpha1.VPSieNode{Status: v1alpha1.VPSieNodeStatus{Phase: v1alpha1.PhaseReady}}
			m.Name = fmt.Sprintf("%s-%05d", strings.Repeat("n", 57), i)
			m.Spec.InstanceType, m.Spec.IPAddress, m.Spec.VPSieInstanceID = strings.Repeat("t", 36), "203.0.113.200", int64(1_000_000+i)
			Set(&m.Status.Conditions, 1, view.Now, v1alpha1.VPSieNodeNodeReady, "True", "NodeReady", "")
			if i%100 == 99 {
				m.Status.Phase = v1alpha1.PhaseFailed
			}
			view.Machines = append(view.Machines, m)
		}
		return view.Status()
	}
	for _, nodes := range []int{0, 1, mostListed, mostListed + 1, 5000} {
		s := group(nodes)
		if int(s.CurrentNodes) != nodes || len(s.Nodes)+int(s.OmittedNodes) != nodes || len(s.Nodes) > mostListed {
			t.Errorf("of %d nodes %d are counted, %d listed and %d left out", nodes, s.CurrentNodes, len(s.Nodes), s.OmittedNodes)
		}
		failed := len(slices.DeleteFunc(slices.Clone(s.Nodes), func(n v1alpha1.NodeInfo) bool { return n.Status != v1alpha1.NodeFailed }))
		if failed != nodes/100 {
			t.Errorf("of %d nodes %d that failed are listed, want all %d", nodes, failed, nodes/100)
		}
		if !slices.IsSortedFunc(s.Nodes, func(a, b v1alpha1.NodeInfo) int { return strings.Compare(a.NodeName, b.NodeName) }) {
			t.Errorf("the list of %d nodes is not in the order of names", nodes)
		}
		if text, err := json.Marshal(s); err != nil || len(text) > 60_000 {
			t.Errorf("the status of %d nodes has %d bytes (%v), want 60,000 at most", nodes, len(text), err)
		}
	}
}
