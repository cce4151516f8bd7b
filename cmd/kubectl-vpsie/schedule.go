package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vpsie/vpsie-autoscaler/internal/explain"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// mostDays bounds --days.
const mostDays = 366

func (c *cli) scheduleCommand() *cobra.Command {
	days := 7
	cmd := &cobra.Command{
		Use:   "schedule [NODEGROUP]",
		Short: "Show which bounds the NodeGroups' schedules give them in the next seven days, and the price",
		Long: `Show which bounds the NodeGroups' schedules give them in the next seven days, and the price.

The least is minNodes of the cheapest instance type, the most maxNodes of the dearest, or
what limits.costPerMonth allows. Prices are there when the VPSie account's Secret can be
read. Times are of this machine's time zone.`,
		Example:           "  kubectl vpsie schedule\n  kubectl vpsie schedule web --days 14\n  kubectl vpsie schedule -o json",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: c.completeGroups,
		RunE: func(cmd *cobra.Command, args []string) error {
			if days < 1 || days > mostDays {
				return fmt.Errorf("--days: %d is not from 1 to %d", days, mostDays)
			}
			return c.schedule(cmd.Context(), strings.Join(args, ""), time.Duration(days)*24*time.Hour)
		},
	}
	c.addOutput(cmd)
	cmd.Flags().IntVar(&days, "days", days, "how many days to look ahead")
	cmd.Flags().StringVar(&c.secret, "secret", "vpsie-secret", "Secret with the VPSie account, for prices")
	return cmd
}

func (c *cli) schedule(ctx context.Context, name string, long time.Duration) error {
	_, s, err := c.begin(ctx)
	if err != nil {
		return err
	}
	a, err := explain.Schedule(s, name, long, c.prices(ctx))
	if err != nil {
		return err
	}
	return c.say(a)
}

// prices are a plan's state for what it says of prices; nil when nobody tells them.
func (c *cli) prices(ctx context.Context) *plan.State {
	result, err := c.planOptions().Decide(ctx, strings.NewReader(""))
	if err != nil {
		c.note("without prices: %v", err)
		return nil
	}
	return result.State
}
