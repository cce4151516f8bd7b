package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/explain"
	"github.com/vpsie/vpsie-autoscaler/internal/grid"
)

// cli is one run of the program.
type cli struct {
	genericiooptions.IOStreams
	clock clock.PassiveClock
	// asks: there is a person to ask.
	asks   bool
	colour bool

	config *genericclioptions.ConfigFlags
	// home is --autoscaler-namespace.
	home       string
	secret     string
	output     string
	from       string
	journalURL string
}

// addOutput declares -o.
func (c *cli) addOutput(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&c.output, "output", "o", "", "json, yaml or wide (all columns, and lines that are not broken); empty is text for people")
	complete(cmd, "output", "json", "yaml", "wide")
}

// complete offers a flag's values to the shell.
func complete(cmd *cobra.Command, flag string, values ...string) {
	// It fails for a flag that does not exist alone.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

// oneName wants one argument, and says how the command is used where there is another number of them.
func oneName(cmd *cobra.Command, args []string) error {
	if len(args) == 1 {
		return nil
	}
	return fmt.Errorf("one name is wanted, and %d are given; use it as %s", len(args), cmd.UseLine())
}

// namespace is where the NodeGroups are.
func (c *cli) namespace() string { return cmp.Or(c.home, *c.config.Namespace, metav1.NamespaceSystem) }

func (c *cli) restConfig() (*rest.Config, error) {
	config, err := c.config.ToRESTConfig()
	if err != nil {
		return nil, fmt.Errorf("finding the cluster: %w", err)
	}
	config = rest.CopyConfig(config)
	config.UserAgent = "kubectl-vpsie"
	// The API server's own fairness limits requests.
	config.QPS = -1
	return config, nil
}

func (c *cli) client() (client.Client, error) {
	config, err := c.restConfig()
	if err != nil {
		return nil, err
	}
	return cluster.Connect(config)
}

// now is the time in this machine's zone, in which people read it.
func (c *cli) now() time.Time { return c.clock.Now().Local() }

// page is an empty page as wide as the terminal; with -o wide its lines have no end.
func (c *cli) page() *explain.Page { return explain.NewPage(c.now(), c.colour, c.width()) }

func (c *cli) width() int {
	if c.output == "wide" {
		return 0
	}
	return grid.WidthOf(c.Out)
}

// encodes says that -o wants data, not text.
func (c *cli) encodes() bool { return c.output == "json" || c.output == "yaml" }

// answer is what a command comes to.
type answer interface{ Print(p *explain.Page) }

// say prints an answer as -o wants it.
func (c *cli) say(a answer) error {
	if c.encodes() {
		return c.encode(a)
	}
	p := c.page()
	a.Print(p)
	_, err := p.WriteTo(c.Out)
	return err
}

func (c *cli) encode(value any) error {
	if c.output == "yaml" {
		text, err := yaml.Marshal(value)
		if err != nil {
			return err
		}
		_, err = c.Out.Write(text)
		return err
	}
	e := json.NewEncoder(c.Out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(value)
}

// checkOutput refuses other formats before anything is asked.
func (c *cli) checkOutput() error {
	switch c.output {
	case "", "json", "yaml", "wide":
		return nil
	}
	return fmt.Errorf("--output: %q is not json, yaml or wide", c.output)
}

// note tells what a person should know beside the answer.
func (c *cli) note(format string, args ...any) {
	fmt.Fprintf(c.ErrOut, "note: "+format+"\n", args...)
}
