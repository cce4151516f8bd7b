package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/dryrun"
	"github.com/vpsie/vpsie-autoscaler/internal/explain"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
)

const (
	// appLabel marks the autoscaler's pods.
	appLabel, appName = "app.kubernetes.io/name", "vpsie-autoscaler"
	metricsPort       = "metrics"
	// patience is how long one pod may take to answer.
	patience = 10 * time.Second
)

// Where rounds come from.
const (
	fromAny     = "any"
	fromJournal = "journal"
	fromPlan    = "plan"
	fromStatus  = "status"
)

func (c *cli) addSource(cmd *cobra.Command) {
	s := cmd.Flags()
	s.StringVar(&c.from, "from", fromAny, "where reasons come from: journal (what the autoscaler decided), plan (made now), status (of the objects), or any of them, in this order")
	s.StringVar(&c.secret, "secret", "vpsie-secret", "Secret with the VPSie account, for a plan")
	c.addJournalURL(cmd)
	complete(cmd, "from", fromAny, fromJournal, fromPlan, fromStatus)
}

func (c *cli) addJournalURL(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.journalURL, "journal-url", c.journalURL, "address of the autoscaler's metrics port or its /journal, in place of its pods; $VPSIE_JOURNAL_URL sets it, too")
}

// rounds finds out what the autoscaler decided, or would.
func (c *cli) rounds(ctx context.Context, kube client.Reader, f observe.Filter) (explain.Rounds, error) {
	none := c.noRounds()
	switch c.from {
	case fromStatus:
		return none, nil
	case fromJournal:
		return c.journal(ctx, kube, f)
	case fromPlan:
		return c.planned(ctx, c.planOptions())
	case fromAny:
	default:
		return none, fmt.Errorf("--from: %q is not any, journal, plan or status", c.from)
	}
	told, err := c.journal(ctx, kube, f)
	stale := told.Stale(c.now())
	if err == nil && stale == "" {
		return told, nil
	}
	if err != nil {
		c.note("no journal: %v", err)
	} else {
		c.note("%s", stale)
	}
	options := c.planOptions()
	if err == nil {
		options.Plan = told.Options
	}
	made, planErr := c.planned(ctx, options)
	switch {
	case planErr == nil:
		return made, nil
	case err == nil:
		return told, nil
	}
	c.note("no plan: %v", planErr)
	return none, nil
}

// noRounds is what is known without any round: that the autoscaler may have its default flags.
func (c *cli) noRounds() explain.Rounds { return explain.Rounds{Options: c.planOptions().Plan} }

// planned makes a plan now, as the autoscaler does with the flags given.
func (c *cli) planned(ctx context.Context, o *dryrun.Options) (explain.Rounds, error) {
	var none explain.Rounds
	result, err := o.Decide(ctx, strings.NewReader(""))
	if err != nil {
		return none, err
	}
	for _, note := range result.Notes {
		c.note("%s", note)
	}
	at := c.now()
	return explain.Rounds{
		Source: "a plan made now, with which nothing was done", Planned: true,
		List: []*observe.Round{observe.NewRound(at, result.Plan, nil)}, Last: at, Options: o.Plan,
		FromScratch: observe.NewCompared(at, result.Plan.Cost.After, result.Plan.Cost.FromScratch),
	}, nil
}

// planOptions plan for the live cluster, with the autoscaler's default flags.
func (c *cli) planOptions() *dryrun.Options {
	o := &dryrun.Options{
		Config: c.restConfig, Output: "table", Now: c.now().Format(time.RFC3339),
		Cloud: cloud.Options{Namespace: c.namespace(), SecretName: c.secret, Clock: clock.RealClock{}},
	}
	// Declaring a flag sets its default.
	s := pflag.NewFlagSet("", pflag.ContinueOnError)
	addDecidingFlags(s, o)
	return o
}

// addDecidingFlags declares the autoscaler's flags that change decisions.
func addDecidingFlags(s *pflag.FlagSet, o *dryrun.Options) {
	dryrun.AddPlanningFlags(s, &o.Plan)
	dryrun.AddBuyingFlags(s, &o.Control)
	dryrun.AddAccountFlags(s, &o.Cloud)
}

// readFrom has a dry run read the cluster and the account that the command line names.
func (c *cli) readFrom(o *dryrun.Options) {
	o.Config = c.restConfig
	o.Cloud.Namespace, o.Cloud.SecretName, o.Cloud.Clock = c.namespace(), c.secret, clock.RealClock{}
	o.FromCluster = *c.config.KubeConfig != "" || *c.config.Context != ""
	o.AnyNamespace = c.home == "" && *c.config.Namespace == ""
}

// journal asks for the rounds that the autoscaler remembers.
func (c *cli) journal(ctx context.Context, kube client.Reader, f observe.Filter) (explain.Rounds, error) {
	if c.journalURL != "" {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		told, err := observe.AskJournal(ctx, c.journalURL, f)
		if err != nil {
			return explain.Rounds{}, fmt.Errorf("asking %s: %w", c.journalURL, err)
		}
		return roundsOf(told, "the autoscaler's journal"), nil
	}
	told, err := c.askPods(ctx, kube, f)
	if err == nil {
		return told, nil
	}
	if stored, ok := c.storedRounds(ctx, kube, f); ok {
		c.note("no pod of the autoscaler could be asked: %v", err)
		return stored, nil
	}
	return told, err
}

// storedRounds reads the journal that a controller has stored which does not answer.
func (c *cli) storedRounds(ctx context.Context, kube client.Reader, f observe.Filter) (explain.Rounds, bool) {
	var cm corev1.ConfigMap
	if err := kube.Get(ctx, client.ObjectKey{Namespace: c.namespace(), Name: observe.JournalConfigMap}, &cm); err != nil {
		return explain.Rounds{}, false
	}
	rounds, err := observe.DecodeRounds(cm.BinaryData[observe.JournalKey])
	if err != nil || len(rounds) == 0 {
		return explain.Rounds{}, false
	}
	none := c.noRounds()
	return explain.Rounds{
		Source: "the journal that the autoscaler stored in ConfigMap " + cm.Name, List: f.Of(rounds),
		Last: rounds[len(rounds)-1].Last, Options: none.Options,
	}, true
}

func roundsOf(told *observe.Journaled, source string) explain.Rounds {
	r := explain.Rounds{Source: source, List: told.Rounds, Options: told.Options, FromScratch: told.FromScratch}
	if told.LastRound != nil {
		r.Last = *told.LastRound
	}
	return r
}

// askPods asks every pod of the autoscaler through the API server; the one that
// leads knows the latest round.
func (c *cli) askPods(ctx context.Context, kube client.Reader, f observe.Filter) (explain.Rounds, error) {
	var none, best explain.Rounds
	var pods corev1.PodList
	if err := kube.List(ctx, &pods, client.InNamespace(c.namespace()), client.MatchingLabels{appLabel: appName}); err != nil {
		return none, fmt.Errorf("looking for the autoscaler's pods: %w", err)
	}
	config, err := c.restConfig()
	if err != nil {
		return none, err
	}
	clientset, err := kubernetes.NewForConfig(config)
	if err != nil {
		return none, err
	}
	var errs []error
	for i := range pods.Items {
		pod := &pods.Items[i]
		if pod.Status.Phase != corev1.PodRunning {
			continue
		}
		told, err := askPod(ctx, clientset, pod, f)
		if err != nil {
			errs = append(errs, fmt.Errorf("asking pod %s: %w", pod.Name, err))
			continue
		}
		if r := roundsOf(told, "the journal of pod "+pod.Name); best.Source == "" || r.Last.After(best.Last) {
			best = r
		}
	}
	switch {
	case best.Source != "":
		return best, nil
	case len(errs) > 0:
		return none, errors.Join(errs...)
	}
	return none, fmt.Errorf("no pod with the label %s=%s runs in namespace %s (--journal-url URL asks an autoscaler that runs elsewhere)", appLabel, appName, c.namespace())
}

func askPod(ctx context.Context, clientset kubernetes.Interface, pod *corev1.Pod, f observe.Filter) (*observe.Journaled, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request := clientset.CoreV1().RESTClient().Get().Namespace(pod.Namespace).Resource("pods").
		Name(pod.Name + ":" + strconv.Itoa(portOf(pod))).SubResource("proxy").Suffix(observe.JournalPath)
	for name, values := range f.Query() {
		request = request.Param(name, values[0])
	}
	text, err := request.DoRaw(ctx)
	if err != nil {
		return nil, err
	}
	return observe.DecodeJournal(text)
}

// portOf is the number of the pod's metrics port, which a proxy wants.
func portOf(pod *corev1.Pod) int {
	for _, container := range pod.Spec.Containers {
		for _, port := range container.Ports {
			if port.Name == metricsPort {
				return int(port.ContainerPort)
			}
		}
	}
	return 8080
}
