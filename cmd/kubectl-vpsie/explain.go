package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/explain"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
)

func (c *cli) explainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain [pod/NAME | node/NAME | ng/NAME]",
		Short: "Say why a pod waits, a node is still there, or how a NodeGroup is, and what would change it",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = []string{""}
			}
			if name, ok := nodeOf(args[0]); ok {
				return c.explainNode(cmd.Context(), name)
			}
			if name, ok := typed(args[0], "nodegroups", "nodegroup", "ng"); ok {
				return c.explainGroup(cmd.Context(), name)
			}
			if name, ok := typed(args[0], "pods", "pod", "po"); ok {
				return c.explainPod(cmd.Context(), name)
			}
			return fmt.Errorf("say what to explain: kubectl vpsie explain pod NAME, kubectl vpsie explain node NAME, or kubectl vpsie explain ng NAME")
		},
	}
	pod := &cobra.Command{
		Use:               "pod [NAMESPACE/]NAME",
		Short:             "Say why a pod waits, or where it runs",
		Example:           "  kubectl vpsie explain pod web-7d8f-x2x4z -n shop\n  kubectl vpsie explain pod shop/web-7d8f-x2x4z -o json",
		Args:              oneName,
		ValidArgsFunction: c.completePods,
		RunE:              func(cmd *cobra.Command, args []string) error { return c.explainPod(cmd.Context(), args[0]) },
	}
	node := &cobra.Command{
		Use:               "node NAME",
		Short:             "Say why a node was bought, why it stays, and when it goes",
		Example:           "  kubectl vpsie explain node vpsie-web-x2x4z",
		Args:              oneName,
		ValidArgsFunction: c.completeNodes,
		RunE:              func(cmd *cobra.Command, args []string) error { return c.explainNode(cmd.Context(), args[0]) },
	}
	group := c.explainGroupCommand()
	for _, explains := range []*cobra.Command{cmd, pod, node, group} {
		c.addOutput(explains)
		c.addSource(explains)
	}
	cmd.AddCommand(pod, node, group)
	return cmd
}

// typed reads the name of an argument of the form TYPE/NAME, as "kubectl get -o name"
// prints it, with one of the types.
func typed(arg string, types ...string) (name string, ok bool) {
	kind, name, _ := strings.Cut(arg, "/")
	kind, _, _ = strings.Cut(kind, ".")
	return name, name != "" && slices.Contains(types, kind)
}

// nodeOf reads a node's name, with or without its type, and says whether it has one.
func nodeOf(arg string) (name string, isTyped bool) {
	if name, ok := typed(arg, "nodes", "node", "no", "vpsienodes", "vpsienode", "vn"); ok {
		return name, true
	}
	return arg, false
}

// podKey reads a pod's name. -n is the pod's namespace here, as with kubectl.
func (c *cli) podKey(name string) (client.ObjectKey, error) {
	if namespace, short, ok := strings.Cut(name, "/"); ok {
		return client.ObjectKey{Namespace: namespace, Name: short}, nil
	}
	namespace, _, err := c.config.ToRawKubeConfigLoader().Namespace()
	return client.ObjectKey{Namespace: namespace, Name: name}, err
}

// aboutPod makes -n the pod's namespace, so that it is not the NodeGroups'.
func (c *cli) aboutPod(name string) (client.ObjectKey, error) {
	key, err := c.podKey(name)
	*c.config.Namespace = ""
	return key, err
}

func (c *cli) explainPod(ctx context.Context, name string) error {
	key, err := c.aboutPod(name)
	if err != nil {
		return err
	}
	kube, s, err := c.begin(ctx)
	if err != nil {
		return err
	}
	var pod corev1.Pod
	if err := kube.Get(ctx, key, &pod); apierrors.IsNotFound(err) {
		return fmt.Errorf("there is no pod %s in namespace %s: -n NAMESPACE names another", key.Name, key.Namespace)
	} else if err != nil {
		return fmt.Errorf("reading pod %s: %w", key, err)
	}
	if s.Rounds, err = c.rounds(ctx, kube, observe.Filter{Pod: key.String()}); err != nil {
		return err
	}
	c.addNodes(ctx, kube, s)
	return c.say(explain.Pod(s, &pod))
}

func (c *cli) explainNode(ctx context.Context, name string) error {
	kube, s, err := c.begin(ctx)
	if err != nil {
		return err
	}
	if s.Rounds, err = c.rounds(ctx, kube, observe.Filter{Node: name}); err != nil {
		return err
	}
	a, err := c.nodeAnswer(ctx, kube, s, name)
	if err != nil {
		return err
	}
	return c.say(a)
}

// nodeAnswer answers for a node from the scene's rounds and what there is.
func (c *cli) nodeAnswer(ctx context.Context, kube client.Client, s *explain.Scene, name string) (*explain.NodeAnswer, error) {
	node := name
	for _, m := range s.Machines {
		if m.Name == name {
			node = cluster.NodeNameOf(m)
		}
	}
	var object corev1.Node
	if err := kube.Get(ctx, client.ObjectKey{Name: node}, &object); err == nil {
		s.Nodes = []*corev1.Node{&object}
	} else if !apierrors.IsNotFound(err) {
		c.note("without the Kubernetes node, which could not be read: %v", err)
	}
	c.addPods(ctx, kube, s, client.MatchingFields{"spec.nodeName": node})
	c.addBudgets(ctx, kube, s)
	c.addSurge(ctx, kube, s)
	return explain.Node(s, name)
}
