package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// annotationRestartedAt is what kubectl rollout restart writes into a pod template. Tools that
// compare Deployments with a repository know it.
const annotationRestartedAt = "kubectl.kubernetes.io/restartedAt"

// surging are those of the node's pods whose Deployments are restarted instead of an eviction, whoever wants the node gone.
func (r *drainer) surging(ctx context.Context, m *v1alpha1.VPSieNode, pods []corev1.Pod) (map[types.UID]bool, error) {
	group, err := r.groupOf(ctx, r.Client, m)
	if err != nil || group.Spec.Disruption.DrainSurge != v1alpha1.DrainSurgeSingleReplica {
		return nil, client.IgnoreNotFound(err)
	}
	found := map[types.UID]bool{}
	for i := range pods {
		p := &pods[i]
		name := plan.DeploymentOf(p)
		if name == "" || p.DeletionTimestamp != nil {
			continue
		}
		var d appsv1.Deployment
		if err := r.Client.Get(ctx, types.NamespacedName{Namespace: p.Namespace, Name: name}, &d); apierrors.IsNotFound(err) {
			continue
		} else if err != nil {
			return nil, fmt.Errorf("reading Deployment %s/%s: %w", p.Namespace, name, err)
		}
		restarts, _, err := r.restarts(ctx, &d, p)
		if err != nil {
			return nil, err
		}
		if restarts {
			found[p.UID] = true
		}
	}
	return found, nil
}

// surgeAll restarts the Deployments of all of the pods that need it, and says what is waited for.
func (r *drainer) surgeAll(ctx context.Context, m *v1alpha1.VPSieNode, pods []corev1.Pod, surging map[types.UID]bool) (held []string, err error) {
	for i := range pods {
		if !surging[pods[i].UID] {
			continue
		}
		why, e := r.surge(ctx, m, &pods[i])
		if why != "" {
			held = append(held, why)
		}
		err = errors.Join(err, e)
	}
	return held, err
}

func (r *drainer) evictOrSurge(ctx context.Context, m *v1alpha1.VPSieNode, p *corev1.Pod, surging map[types.UID]bool) (held string, err error) {
	if surging[p.UID] {
		return r.surge(ctx, m, p)
	}
	return r.evict(ctx, p, false)
}

// restarts says whether the Deployment is restarted before the pod may go, and returns its other pods.
func (r *drainer) restarts(ctx context.Context, d *appsv1.Deployment, p *corev1.Pod) (bool, []corev1.Pod, error) {
	selector, err := metav1.LabelSelectorAsSelector(d.Spec.Selector)
	if err != nil {
		return false, nil, nil //nolint:nilerr // It rolls nothing out either.
	}
	var pods corev1.PodList
	if err := r.Live.List(ctx, &pods, client.InNamespace(d.Namespace), client.MatchingLabelsSelector{Selector: selector}); err != nil {
		return false, nil, fmt.Errorf("listing the pods of Deployment %s/%s: %w", d.Namespace, d.Name, err)
	}
	var claims corev1.PersistentVolumeClaimList
	if len(p.Spec.Volumes) > 0 {
		if err := r.Client.List(ctx, &claims, client.InNamespace(d.Namespace)); err != nil {
			return false, nil, fmt.Errorf("listing the claims of namespace %s: %w", d.Namespace, err)
		}
	}
	surge := plan.NewSurge([]*appsv1.Deployment{d}, plan.Parts(pointersTo(pods.Items)), pointersTo(claims.Items))
	restarts := surge.Restarts(p)
	others := slices.DeleteFunc(pods.Items, func(o corev1.Pod) bool {
		return o.UID == p.UID || o.DeletionTimestamp != nil || plan.DeploymentOf(&o) != d.Name
	})
	return restarts, others, nil
}

// surge restarts the pod's Deployment once, and says what is waited for. When that did not help, the
// pod is evicted. What has been done shows in the Deployment alone, so a restart of the controller
// changes nothing.
func (r *drainer) surge(ctx context.Context, m *v1alpha1.VPSieNode, p *corev1.Pod) (held string, err error) {
	began := m.Status.TerminatingAt.Truncate(time.Second)
	var d appsv1.Deployment
	// The API server's own copy: the cache leaves the template out, and may be behind.
	if err := r.Live.Get(ctx, types.NamespacedName{Namespace: p.Namespace, Name: plan.DeploymentOf(p)}, &d); err != nil {
		return "", client.IgnoreNotFound(err)
	}
	restarts, others, err := r.restarts(ctx, &d, p)
	if err != nil {
		return "", err
	}
	waits := fmt.Sprintf("%s/%s (the only ready replica of Deployment %s: ", p.Namespace, p.Name, d.Name)
	switch {
	case !restarts:
		return "", nil // The next look at the pods decides.
	case rollingOut(&d):
		return waits + "its roll-out has to make another one ready)", nil
	case slices.ContainsFunc(others, func(o corev1.Pod) bool { return !o.CreationTimestamp.Time.Before(began) }):
		return waits + "another one has been made and is not ready yet)", nil
	case !lastRestart(&d).Before(began):
		return r.evict(ctx, p, false)
	}
	restarted := d.DeepCopy()
	metav1.SetMetaDataAnnotation(&restarted.Spec.Template.ObjectMeta, annotationRestartedAt, r.Clock.Now().UTC().Format(time.RFC3339))
	err = r.Client.Patch(ctx, restarted, client.MergeFromWithOptions(&d, client.MergeFromWithOptimisticLock{}))
	switch {
	case apierrors.IsConflict(err), apierrors.IsNotFound(err):
		return waits + "it changes now)", nil
	case apierrors.IsForbidden(err), apierrors.IsInvalid(err):
		return waits + fmt.Sprintf("it cannot be restarted: %v)", err), nil
	case err != nil:
		return "", fmt.Errorf("restarting Deployment %s/%s: %w", d.Namespace, d.Name, err)
	}
	logf.FromContext(ctx).Info("restarted a Deployment before its only ready replica goes", "deployment", d.Namespace+"/"+d.Name, "pod", p.Name)
	r.Voice.Say(m, observe.DeploymentRestarted(d.Namespace, d.Name, p.Name))
	r.Voice.Say(&d, observe.RestartedForDrain(p.Spec.NodeName, p.Name))
	return waits + "it is restarted to make another one)", nil
}

// rollingOut says that some of the Deployment's pods are not of its newest template, or that its
// controller has not looked at that.
func rollingOut(d *appsv1.Deployment) bool {
	s := &d.Status
	return s.ObservedGeneration < d.Generation || s.UpdatedReplicas < s.Replicas
}

func lastRestart(d *appsv1.Deployment) time.Time {
	at, err := time.Parse(time.RFC3339, d.Spec.Template.Annotations[annotationRestartedAt])
	if err != nil {
		return time.Time{}
	}
	return at
}
