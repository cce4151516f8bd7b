package check

import (
	"context"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/control"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/vpsie"
)

// Inspector makes, for control.Deps.Inspect, the checks that only read: the Secret's keys, URL, token, project, lists, and each
// NodeGroup's names and offerings. The controller tries the account password and renders user data by itself, and finds out
// about dialects by its first order. kube reads the Secret; c has its account.
//
// It stops nothing: what keeps machines from being bought is in the market (cloud.Market), and everything else may be meant
// as it is.
func Inspector(kube client.Reader, c *cloud.Cloud, o cloud.Options) func(context.Context, []*v1alpha1.NodeGroup) ([]observe.CheckFinding, bool) {
	return func(ctx context.Context, groups []*v1alpha1.NodeGroup) ([]observe.CheckFinding, bool) {
		var secret corev1.Secret
		if err := kube.Get(ctx, types.NamespacedName{Namespace: o.Namespace, Name: o.SecretName}, &secret); err != nil {
			return nil, false // The account's own refusal says it.
		}
		i := &inspection{Report: &Report{}, opts: &Options{Cloud: o}, cloud: c, secret: &secret}
		answered := i.reads(ctx, i.secretName())
		if answered {
			for _, g := range groups {
				for _, wanted := range control.WantedOf(g) {
					if _, _, err := c.Market(ctx, wanted); err == nil {
						i.sold(ctx, "NodeGroup "+g.Name, wanted)
					}
				}
			}
		}
		return i.told(), answered && ctx.Err() == nil
	}
}

// told are the warnings and problems as the controller tells them.
func (r *Report) told() (found []observe.CheckFinding) {
	for _, f := range r.Findings {
		if f.Status != Warning && f.Status != Problem || f.passing {
			continue
		}
		told := observe.CheckFinding{Check: f.Check, Message: f.Message, Remedy: f.Remedy}
		told.NodeGroup, _ = strings.CutPrefix(f.Object, "NodeGroup ")
		if told.NodeGroup == f.Object {
			told.NodeGroup = ""
		}
		found = append(found, told)
	}
	return found
}

// isPassing tells that asking again may give another answer.
func isPassing(err error) bool {
	class := vpsie.ClassOf(err)
	return class == vpsie.Temporary || class == vpsie.Throttled
}
