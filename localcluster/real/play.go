package real

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/config"
)

// life is one machine's, from the pod that waits for it to its end.
type life struct {
	*Story
	group
	node *corev1.Node
	pod  *corev1.Pod
}

// play lets a pod wait for a machine of the group, sees the machine join and the pod run, and takes both away again.
func (s *Story) play(ctx context.Context, g group) error {
	l := &life{Story: s, group: g}
	s.say("NodeGroup %s: %s", g.name, g.story)
	if err := s.client.Create(ctx, g.object()); err != nil {
		return fmt.Errorf("creating the NodeGroup: %w", err)
	}
	if err := s.client.Create(ctx, g.workload()); err != nil {
		return fmt.Errorf("creating the Deployment: %w", err)
	}
	steps := []func(context.Context) error{l.joins, l.serves}
	for _, check := range g.checks {
		steps = append(steps, func(ctx context.Context) error { return check(ctx, l) })
	}
	if g.reboot {
		steps = append(steps, l.reboots)
	}
	for _, step := range append(steps, l.ends) {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// workload is a web server that only a machine of the group takes.
func (g group) workload() *appsv1.Deployment {
	labels := map[string]string{"app": g.name}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: g.name, Namespace: metav1.NamespaceDefault},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					NodeSelector:                  map[string]string{"team": g.name},
					Tolerations:                   []corev1.Toleration{{Key: "dedicated", Value: g.name, Effect: corev1.TaintEffectNoSchedule}},
					TerminationGracePeriodSeconds: new(int64(5)),
					Containers: []corev1.Container{{
						Name: "web", Image: "docker.io/localcluster/workload:1", ImagePullPolicy: corev1.PullNever, Args: []string{"serve"},
						Env: []corev1.EnvVar{{Name: "NODE_NAME", ValueFrom: &corev1.EnvVarSource{
							FieldRef: &corev1.ObjectFieldSelector{FieldPath: "spec.nodeName"},
						}}},
						Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
							corev1.ResourceCPU: resource.MustParse("500m"), corev1.ResourceMemory: resource.MustParse("128Mi"),
						}},
					}},
				},
			},
		},
	}
}

// joins sees the machine ordered, its node Ready with all that the group asks for, and its token gone.
func (l *life) joins(ctx context.Context) error {
	var machine v1alpha1.VPSieNode
	if err := l.until(ctx, "a VPS is ordered and switched on", func() error {
		var all v1alpha1.VPSieNodeList
		if err := l.client.List(ctx, &all, client.InNamespace(config.Namespace)); err != nil {
			return err
		}
		i := slices.IndexFunc(all.Items, func(m v1alpha1.VPSieNode) bool { return m.Spec.NodeGroupName == l.name })
		if i < 0 {
			return errors.New("there is no VPSieNode")
		}
		if machine = all.Items[i]; !l.guests.Running(machine.Name) {
			return fmt.Errorf("%s is in phase %s and not switched on", machine.Name, machine.Status.Phase)
		}
		return nil
	}); err != nil {
		return err
	}
	if err := l.until(ctx, machine.Name+" has joined: its node is Ready, labels and taints are right", func() error {
		l.node = &corev1.Node{}
		if err := l.client.Get(ctx, types.NamespacedName{Name: machine.Name}, l.node); err != nil {
			return err
		}
		return l.rightNode()
	}); err != nil {
		return err
	}
	return l.until(ctx, "its bootstrap token is deleted", func() error { return l.noToken(ctx) })
}

// rightNode says what is missing on the node.
func (l *life) rightNode() error {
	n := l.node
	ready := slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	})
	if !ready {
		return errors.New("the node is not Ready")
	}
	want := l.object().Spec
	for key, value := range want.Labels {
		if now, ok := n.Labels[key]; !ok || now != value {
			return fmt.Errorf("the node's label %s is %q", key, now)
		}
	}
	if len(n.Spec.Taints) != 1 || n.Spec.Taints[0].Key != want.Taints[0].Key || n.Spec.Taints[0].Value != want.Taints[0].Value {
		return fmt.Errorf("the node's taints are %v", n.Spec.Taints)
	}
	return nil
}

func (l *life) noToken(ctx context.Context) error {
	var secrets corev1.SecretList
	if err := l.client.List(ctx, &secrets, client.InNamespace(metav1.NamespaceSystem)); err != nil {
		return err
	}
	for i := range secrets.Items {
		if secrets.Items[i].Type == corev1.SecretTypeBootstrapToken {
			return fmt.Errorf("there is the token %s", secrets.Items[i].Name)
		}
	}
	return nil
}

// serves sees the pod run, and its log and a command in it work.
func (l *life) serves(ctx context.Context) error {
	if err := l.until(ctx, "the pod runs there", func() error { return l.findPod(ctx) }); err != nil {
		return err
	}
	return l.until(ctx, "kubectl exec and kubectl logs work", func() error {
		answer, err := l.kubectl(ctx, "exec", l.pod.Name, "--", "/workload", "get", "http://127.0.0.1:8080/asked")
		if err != nil {
			return err
		}
		if !strings.Contains(answer, l.node.Name) {
			return fmt.Errorf("the web server answers %q", answer)
		}
		log, err := l.kubectl(ctx, "logs", l.pod.Name)
		if err != nil {
			return err
		}
		if !strings.Contains(log, "asked for /asked") {
			return fmt.Errorf("the log says %q", log)
		}
		return nil
	})
}

func (l *life) findPod(ctx context.Context) error {
	var pods corev1.PodList
	if err := l.client.List(ctx, &pods, client.MatchingLabels{"app": l.name}); err != nil {
		return err
	}
	if len(pods.Items) != 1 {
		return fmt.Errorf("there are %d pods", len(pods.Items))
	}
	pod := &pods.Items[0]
	ready := slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
	if !ready || pod.Spec.NodeName != l.node.Name {
		return fmt.Errorf("the pod is %s on node %q", pod.Status.Phase, pod.Spec.NodeName)
	}
	l.pod = pod
	return nil
}

// reboots sees the machine come back after a reset: the same node, the same pod, and no second join.
func (l *life) reboots(ctx context.Context) error {
	before := l.pod
	if err := l.guests.Reset(ctx, l.node.Name); err != nil {
		return err
	}
	l.say("  the machine is reset")
	if err := l.until(ctx, "after the reboot the same pod runs on the same node", func() error {
		var node corev1.Node
		if err := l.client.Get(ctx, client.ObjectKeyFromObject(l.node), &node); err != nil {
			return err
		}
		if node.Status.NodeInfo.BootID == l.node.Status.NodeInfo.BootID {
			return errors.New("the node has not booted again")
		}
		if node.UID != l.node.UID {
			return errors.New("it is another node")
		}
		if err := l.findPod(ctx); err != nil {
			return err
		}
		if l.pod.UID != before.UID || l.pod.Status.ContainerStatuses[0].RestartCount == 0 {
			return errors.New("the pod has not started again")
		}
		return nil
	}); err != nil {
		return err
	}
	if err := l.serves(ctx); err != nil {
		return err
	}
	return joinedOnce(ctx, l)
}

// ends sees the machine go when its pod is gone: VPS, guest, Node and VPSieNode.
func (l *life) ends(ctx context.Context) error {
	if err := l.client.Delete(ctx, l.workload(), client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
		return fmt.Errorf("deleting the Deployment: %w", err)
	}
	l.say("  the Deployment is deleted")
	return l.until(ctx, "VPS, guest, Node and VPSieNode are gone", func() error {
		if l.guests.Running(l.node.Name) {
			return errors.New("the guest is switched on")
		}
		for _, bill := range l.stack.Cloud.Ledger().VMs {
			if bill.DeletedAt == nil {
				return fmt.Errorf("the VPS %d is paid for", bill.ID)
			}
		}
		machine := &v1alpha1.VPSieNode{ObjectMeta: metav1.ObjectMeta{Name: l.node.Name, Namespace: config.Namespace}}
		for _, object := range []client.Object{machine, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: l.node.Name}}} {
			err := l.client.Get(ctx, client.ObjectKeyFromObject(object), object)
			if err == nil {
				return fmt.Errorf("%T %s is there", object, object.GetName())
			}
			if !apierrors.IsNotFound(err) {
				return err
			}
		}
		return nil
	})
}
