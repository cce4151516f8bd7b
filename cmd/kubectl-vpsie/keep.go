package main

import (
	"context"
	"fmt"
	"maps"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
)

func (c *cli) keepCommand() *cobra.Command {
	var off bool
	cmd := &cobra.Command{
		Use:   "keep NODE [--off]",
		Short: "Keep the autoscaler from removing a node, or let it go again",
		Long: `Keep the autoscaler from removing a node, or let it go again.

It sets or takes away the annotation ` + v1alpha1.AnnotationDoNotDelete + ` of the VPSieNode.
A person can still remove the node: kubectl vpsie drain NODE.`,
		Example:           "  kubectl vpsie keep vpsie-web-x2x4z\n  kubectl vpsie keep vpsie-web-x2x4z --off",
		Args:              oneName,
		ValidArgsFunction: c.completeNodes,
		RunE:              func(cmd *cobra.Command, args []string) error { return c.keep(cmd.Context(), args[0], off) },
	}
	cmd.Flags().BoolVar(&off, "off", false, "let it go again when it is not needed")
	return cmd
}

func (c *cli) keep(ctx context.Context, name string, off bool) error {
	name, _ = nodeOf(name)
	kube, s, err := c.begin(ctx)
	if err != nil {
		return err
	}
	m := s.Machine(name)
	if m == nil {
		return notOurs(name, c.namespace())
	}
	if !m.DeletionTimestamp.IsZero() {
		return fmt.Errorf("node %s is on its way out, which cannot be undone: kubectl vpsie explain node %s", name, name)
	}
	if !off {
		if err := annotate(ctx, kube, m, true); err != nil {
			return err
		}
		fmt.Fprintf(c.Out, "Node %s is kept: the autoscaler does not remove it. To let it go again: kubectl vpsie keep %s --off\n", name, name)
		return nil
	}
	if err := annotate(ctx, kube, m, false); err != nil {
		return err
	}
	// The autoscaler minds the annotation of the node as well.
	var node corev1.Node
	if err := kube.Get(ctx, client.ObjectKey{Name: cluster.NodeNameOf(m)}, &node); err == nil && node.Annotations[v1alpha1.AnnotationDoNotDelete] != "" {
		if err := annotate(ctx, kube, &node, false); err != nil {
			return err
		}
	}
	fmt.Fprintf(c.Out, "Node %s is kept no longer: the autoscaler removes it when it is not needed.\n", name)
	return nil
}

// annotate sets the annotation that keeps an object's node, or takes it away.
func annotate(ctx context.Context, kube client.Client, o client.Object, keep bool) error {
	before := o.DeepCopyObject().(client.Object)
	annotations := maps.Clone(o.GetAnnotations())
	if annotations == nil {
		annotations = map[string]string{}
	}
	delete(annotations, v1alpha1.AnnotationDoNotDelete)
	if keep {
		annotations[v1alpha1.AnnotationDoNotDelete] = "true"
	}
	o.SetAnnotations(annotations)
	if err := kube.Patch(ctx, o, client.MergeFrom(before)); err != nil {
		return fmt.Errorf("annotating %s: %w", o.GetName(), err)
	}
	return nil
}
