package control

import (
	"context"
	"fmt"
	"strings"
	"time"

	"k8s.io/utils/clock"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
)

// inspectAgain is the pause before an account is looked at again that could not be asked.
const inspectAgain = 30 * time.Second

// inspected is what the last look at the account and the NodeGroups found.
type inspected struct {
	// of is what was looked at; answered says that the account could be asked.
	of       string
	answered bool
	at       time.Time
	found    []observe.CheckFinding
}

// inspecting has the account and the NodeGroups looked at. Inspect and inspected are nil where nobody looks.
type inspecting struct {
	Cloud     *cloud.Cloud
	Clock     clock.PassiveClock
	Voice     *observe.Voice
	Metrics   *observe.Metrics
	Inspect   func(ctx context.Context, groups []*v1alpha1.NodeGroup) (found []observe.CheckFinding, answered bool)
	inspected *inspected
}

func newInspecting(d *Deps) inspecting {
	return inspecting{d.Cloud, d.Clock, d.Voice, d.Metrics, d.Inspect, d.inspected}
}

// inspect looks at the account and the NodeGroups where they have changed since, and tells what is wrong.
func (r *inspecting) inspect(ctx context.Context, groups []*v1alpha1.NodeGroup) {
	if r.Inspect == nil || r.inspected == nil {
		return
	}
	of := inspectionOf(r.Cloud.Fingerprint(), groups)
	now, last := r.Clock.Now(), r.inspected
	if last.of == of && (last.answered || now.Sub(last.at) < inspectAgain) {
		return
	}
	found, answered := r.Inspect(ctx, groups)
	known := map[observe.CheckFinding]bool{}
	for _, f := range last.found {
		known[f] = true
	}
	for _, f := range found {
		if !known[f] {
			logf.FromContext(ctx).Error(nil, "check: "+f.Message, "check", f.Check, "nodeGroup", f.NodeGroup, "remedy", f.Remedy)
		}
	}
	*last = inspected{of: of, answered: answered, at: now, found: found}
	r.Metrics.Checked(found)
	for _, g := range groups {
		text := strings.Join(last.concerning(g.Name), "; ")
		if checked := observe.Checked(text); text != "" {
			r.Voice.SayNew(g, checked)
		} else {
			r.Voice.Over(g, checked.Reason)
		}
	}
}

// inspectionOf tells one state of the account and the NodeGroups from another.
func inspectionOf(account string, groups []*v1alpha1.NodeGroup) string {
	of := []string{account}
	for _, g := range groups {
		of = append(of, fmt.Sprintf("%s=%d", g.UID, g.Generation))
	}
	return strings.Join(of, " ")
}

// concerning is what was found that concerns the NodeGroup.
func (i *inspected) concerning(group string) (texts []string) {
	for _, f := range i.found {
		if f.NodeGroup == "" || f.NodeGroup == group {
			texts = append(texts, f.String())
		}
	}
	return texts
}
