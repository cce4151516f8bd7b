package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/internal/observe"
)

func (c *cli) drainCommand() *cobra.Command {
	var yes, dry bool
	cmd := &cobra.Command{
		Use:   "drain NODE",
		Short: "Drain a node and delete its VPS, after saying what that will do",
		Long: `Drain a node and delete its VPS, after saying what that will do.

It deletes the VPSieNode; the autoscaler then evicts the node's pods, within their
PodDisruptionBudgets, and deletes the VPS when they are gone. Exit status: 0; 1 when it
failed or was not agreed to.`,
		Example:           "  kubectl vpsie drain vpsie-web-x2x4z\n  kubectl vpsie drain vpsie-web-x2x4z --dry-run",
		Args:              oneName,
		ValidArgsFunction: c.completeNodes,
		RunE:              func(cmd *cobra.Command, args []string) error { return c.drain(cmd.Context(), args[0], yes, dry) },
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "skip the confirmation")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "say what would be done, and do nothing")
	c.addJournalURL(cmd)
	return cmd
}

func (c *cli) drain(ctx context.Context, name string, yes, dry bool) error {
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
		return fmt.Errorf("node %s is on its way out already: kubectl vpsie explain node %s", name, name)
	}
	s.Rounds, err = c.journal(ctx, kube, observe.Filter{Node: name, Limit: 1})
	if err != nil {
		s.Rounds = c.noRounds() // Its flags are not known, and it drains anyway.
	}
	a, err := c.nodeAnswer(ctx, kube, s, name)
	if err != nil {
		return err
	}
	p := c.page()
	a.PrintDrain(p)
	if _, err := p.WriteTo(c.Out); err != nil {
		return err
	}
	if dry {
		fmt.Fprintln(c.Out, "\nNothing was done (--dry-run).")
		return nil
	}
	if !yes {
		if err := c.agree(); err != nil {
			return err
		}
	}
	err = kube.Delete(ctx, m, client.Preconditions{UID: &m.UID})
	switch {
	case apierrors.IsNotFound(err), apierrors.IsConflict(err):
		return fmt.Errorf("VPSieNode %s has gone in the meantime", m.Name)
	case err != nil:
		return fmt.Errorf("deleting VPSieNode %s: %w", m.Name, err)
	}
	fmt.Fprintf(c.Out, "\nVPSieNode %s is on its way out. See how far it is: kubectl vpsie explain node %s\n", m.Name, m.Name)
	return nil
}

func notOurs(name, namespace string) error {
	return fmt.Errorf("no VPSieNode in namespace %s is %s or has a node of that name: kubectl -n %s get vpsienodes lists them", namespace, name, namespace)
}

// agree asks the person.
func (c *cli) agree() error {
	if !c.asks {
		return errors.New("not a terminal: pass --yes to skip the confirmation")
	}
	fmt.Fprint(c.Out, "\nGo on? [y/N] ")
	line, _ := bufio.NewReader(c.In).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return nil
	}
	return errors.New("nothing was done")
}
