package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/internal/explain"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
)

func (c *cli) spendCommand() *cobra.Command {
	var since, by string
	cmd := &cobra.Command{
		Use:   "spend",
		Short: "Show what the machines have cost, by NodeGroup, namespace, offering or day",
		Long: `Show what the machines have cost, by NodeGroup, namespace, offering or day.

The autoscaler adds it up every minute and keeps 40 days, also over restarts, in the
ConfigMap ` + observe.SpendConfigMap + `, which it writes every five minutes. Whole days (UTC) are counted, the one
in which --since begins as well.`,
		Example: "  kubectl vpsie spend --since 7d --by namespace\n  kubectl vpsie spend --since 30d --by offering -o json",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.spend(cmd.Context(), since, by) },
	}
	cmd.Flags().StringVar(&since, "since", "7d", "how long ago the time begins: 7d, 24h, 2w, 2025-10-12 or 2025-10-12T14:00:00Z")
	cmd.Flags().StringVar(&by, "by", explain.SpendByGroup, "group, namespace, offering or day")
	complete(cmd, "by", explain.SpendByGroup, explain.SpendByNamespace, explain.SpendByOffering, explain.SpendByDay)
	c.addOutput(cmd)
	return cmd
}

func (c *cli) spend(ctx context.Context, since, by string) error {
	if err := c.checkOutput(); err != nil {
		return err
	}
	ways := []string{explain.SpendByGroup, explain.SpendByNamespace, explain.SpendByOffering, explain.SpendByDay}
	if !slices.Contains(ways, by) {
		return fmt.Errorf("--by: %q is not %s", by, strings.Join(ways, ", "))
	}
	from, err := readDay(since, c.now())
	if err != nil {
		return fmt.Errorf("--since: %w", err)
	}
	kube, err := c.client()
	if err != nil {
		return err
	}
	var cm corev1.ConfigMap
	key := client.ObjectKey{Namespace: c.namespace(), Name: observe.SpendConfigMap}
	if err := kube.Get(ctx, key, &cm); apierrors.IsNotFound(err) {
		return fmt.Errorf("there is no ConfigMap %s in namespace %s yet: the autoscaler writes it after its first minutes (-n NAMESPACE, where it runs in another)", key.Name, key.Namespace)
	} else if err != nil {
		return fmt.Errorf("reading ConfigMap %s in namespace %s: %w", key.Name, key.Namespace, err)
	}
	spent, err := observe.DecodeSpent(cm.Data[observe.SpendKey])
	if err != nil {
		return err
	}
	return c.say(explain.Spend(spent, from, by))
}

// readDay reads a length of time as Prometheus writes it, a day, or a time.
func readDay(text string, now time.Time) (time.Time, error) {
	if d, err := model.ParseDuration(text); err == nil {
		return now.Add(-time.Duration(d)), nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	return time.Time{}, fmt.Errorf("%q is neither how long ago it was (7d, 24h) nor a day (2025-10-12) nor a time (2025-10-12T14:00:00Z)", text)
}
