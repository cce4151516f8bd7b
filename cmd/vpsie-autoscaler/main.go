// Command vpsie-autoscaler buys VPSie VPSes for Kubernetes pods that cannot be
// scheduled, and removes those that are not needed.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if status, ok := errors.AsType[exitStatus](err); ok {
		os.Exit(int(status))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "vpsie-autoscaler:", err)
		os.Exit(1)
	}
}

// exitStatus ends the program with a status that is no failure to tell of.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	root := &cobra.Command{
		Use:           "vpsie-autoscaler",
		Short:         "Kubernetes node autoscaler for the VPSie cloud",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.AddCommand(runCommand(), planCommand(), versionCommand())
	return root.ExecuteContext(ctx)
}
