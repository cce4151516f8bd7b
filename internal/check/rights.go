package check

import (
	"context"
	"fmt"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
)

// right is something that the autoscaler must be allowed to do.
type right struct{ verb, group, resource, subresource, namespace, name string }

func (i *inspection) needed() []right {
	ns := i.opts.Cloud.Namespace
	const ours = "autoscaler.vpsie.com"
	return []right{
		{"list", ours, "nodegroups", "", ns, ""}, {"patch", ours, "nodegroups", "status", ns, ""}, {"create", ours, "vpsienodes", "", ns, ""},
		{"delete", ours, "vpsienodes", "", ns, ""}, {"list", "", "nodes", "", "", ""}, {"patch", "", "nodes", "", "", ""}, {"delete", "", "nodes", "", "", ""},
		{"list", "", "pods", "", "", ""}, {"delete", "", "pods", "", "", ""}, {"create", "", "pods", "eviction", "", ""}, {"get", "", "secrets", "", ns, i.opts.Cloud.SecretName}, {"list", "policy", "poddisruptionbudgets", "", "", ""},
		{"list", "apps", "deployments", "", "", ""},
		{"patch", "apps", "deployments", "", "", ""}, {"create", "", "configmaps", "", ns, ""}, {"update", "", "configmaps", "", ns, "vpsie-autoscaler-spend"}, {"update", "", "configmaps", "", ns, "vpsie-autoscaler-journal"},
		{"create", "events.k8s.io", "events", "", "", ""}, {"update", "coordination.k8s.io", "leases", "", ns, ""},
	}
}

// rights asks the API server what the autoscaler's service account may do.
func (i *inspection) rights(ctx context.Context) {
	user := fmt.Sprintf("system:serviceaccount:%s:vpsie-autoscaler", i.opts.Cloud.Namespace)
	var lacking []string
	for _, n := range i.needed() {
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
			User: user, Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + i.opts.Cloud.Namespace, "system:authenticated"},
			ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: n.verb, Group: n.group, Resource: n.resource, Subresource: n.subresource, Namespace: n.namespace, Name: n.name},
		}}
		if err := i.kube.Create(ctx, review); err != nil {
			i.skip("rights", user, "you may not ask what it may do: %s", oneLine(err))
			return
		}
		if !review.Status.Allowed {
			name := n.resource
			if n.subresource != "" {
				name += "/" + n.subresource
			}
			lacking = append(lacking, n.verb+" "+name)
		}
	}
	if len(lacking) > 0 {
		i.problem("rights", user, "apply config/rbac, or the chart with rbac.create=true; set the service account's name to vpsie-autoscaler", fmt.Errorf("it may not %s", strings.Join(lacking, ", ")))
		return
	}
	i.ok("rights", user, "it may do what the autoscaler does")
}
