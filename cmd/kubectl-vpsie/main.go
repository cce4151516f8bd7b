// Command kubectl-vpsie is a kubectl plugin: it says what the VPSie autoscaler does
// and why, and has shortcuts for what people do to its nodes.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"golang.org/x/term"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/clock"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctrllog.SetLogger(logr.Discard())
	c := &cli{
		IOStreams:  genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr},
		clock:      clock.RealClock{},
		asks:       term.IsTerminal(int(os.Stdin.Fd())),
		colour:     term.IsTerminal(int(os.Stdout.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
		journalURL: os.Getenv("VPSIE_JOURNAL_URL"),
	}
	status := c.run(ctx, os.Args[1:])
	stop()
	os.Exit(status)
}

// exitStatus ends the program with a status that is no failure to tell of.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// run returns the program's exit status, after telling why it failed.
func (c *cli) run(ctx context.Context, args []string) int {
	root := c.root()
	root.SetArgs(args)
	root.SetIn(c.In)
	root.SetOut(c.Out)
	root.SetErr(c.ErrOut)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if status, ok := errors.AsType[exitStatus](err); ok {
		return int(status)
	}
	fmt.Fprintln(c.ErrOut, "error:", err)
	return 1
}

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "kubectl-vpsie",
		Short: "See what the VPSie autoscaler does, and why",
		Long: `See what the VPSie autoscaler does, and why.

Answers come from the autoscaler's journal, which its pods serve; where that cannot
be asked, from a plan that is made now as the autoscaler would make it (for which the
VPSie account's Secret must be readable); else from the objects' status.

Tables are as wide as the terminal; -o wide shows all of them, in lines of any length.
"kubectl vpsie options" lists the flags by which the API server is reached.`,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl vpsie"},
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	c.config = genericclioptions.NewConfigFlags(true)
	flags := root.PersistentFlags()
	c.config.AddFlags(flags)
	flags.Lookup("namespace").Usage = `namespace of the NodeGroups; for "explain pod" the pod's (default "kube-system")`
	hideConnection(flags)
	flags.StringVar(&c.home, "autoscaler-namespace", "", `namespace of the NodeGroups where --namespace is the pod's (default "kube-system")`)
	root.AddCommand(c.statusCommand(), c.explainCommand(), c.costCommand(), c.spendCommand(), c.planCommand(), c.recordCommand(), c.doctorCommand(), c.offeringsCommand(), c.scheduleCommand(),
		c.blockersCommand(), c.journalCommand(), c.drainCommand(), c.keepCommand(), c.migrateCommand(), c.webCommand(), c.optionsCommand())
	return root
}
