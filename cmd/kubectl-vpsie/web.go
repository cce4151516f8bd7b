package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/vpsie/vpsie-autoscaler/internal/explain"
	"github.com/vpsie/vpsie-autoscaler/internal/observe"
	"github.com/vpsie/vpsie-autoscaler/internal/page"
)

const (
	// webRefresh is how often a browser loads the page again, in seconds; webFresh how long
	// an answer does for all that ask.
	webRefresh = 10
	webFresh   = 2 * time.Second
	// mostWebDecisions is how many decisions the page shows.
	mostWebDecisions = 200
)

func (c *cli) webCommand() *cobra.Command {
	var address, file string
	cmd := &cobra.Command{
		Use:   "web",
		Short: "Show the cluster as a page for a browser: nodes filled with pods, cost over time, decisions",
		Long: `Show the cluster as a page for a browser: nodes filled with pods, cost against both
bounds over time, decisions with their reasons, what waits and why.

It serves the page on this machine alone until it is stopped; --file writes it once. Nodes
and what would be done are of a plan that is made now, for which the VPSie account's Secret
must be readable; cost and decisions are of the autoscaler's journal. The page has no
script and loads nothing from elsewhere.`,
		Example: "  kubectl vpsie web\n  kubectl vpsie web --file cluster.html",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file != "" {
				return c.writeWeb(cmd.Context(), file)
			}
			return c.serveWeb(cmd.Context(), address)
		},
	}
	cmd.Flags().StringVar(&address, "address", "127.0.0.1:8091", "address to serve the page on; port 0 takes a free one")
	cmd.Flags().StringVar(&file, "file", "", "write the page to a file instead, once")
	cmd.Flags().StringVar(&c.secret, "secret", "vpsie-secret", "Secret with the VPSie account, for the plan")
	c.addJournalURL(cmd)
	return cmd
}

func (c *cli) writeWeb(ctx context.Context, file string) error {
	text, err := c.webPage(ctx, 0)
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o644)
}

// webPage makes the page anew.
func (c *cli) webPage(ctx context.Context, refresh int) ([]byte, error) {
	kube, err := c.client()
	if err != nil {
		return nil, err
	}
	options := c.planOptions()
	rounds, journalErr := c.journal(ctx, kube, observe.Filter{})
	if journalErr == nil && rounds.Source != "" {
		options.Plan = rounds.Options
	}
	result, err := options.Decide(ctx, strings.NewReader(""))
	if err != nil {
		return nil, err
	}
	p := result.Page()
	p.Title, p.Refresh = "VPSie autoscaler", refresh
	p.Subtitle = "At " + c.now().Format("2006-01-02 15:04:05") + "; what would be done now is of a plan with which nothing was done"
	if dead := c.leaderless(ctx, kube); dead != "" {
		p.Facts = append([]page.Fact{{Name: "no autoscaler acts", Value: "!", Note: dead}}, p.Facts...)
	}
	if journalErr != nil {
		p.Notes = append(p.Notes, "no journal, so no cost over time and no earlier decisions: "+journalErr.Error())
	} else {
		addRounds(p, rounds, c.now())
	}
	var text bytes.Buffer
	if err := p.Write(&text); err != nil {
		return nil, err
	}
	return text.Bytes(), nil
}

// addRounds adds cost over time and decisions, the newest first.
func addRounds(p *page.Page, rounds explain.Rounds, now time.Time) {
	cost, bound := page.Line{Name: "cost"}, page.Line{Name: "lower bound of the decisions", Dashed: true}
	for _, r := range rounds.List {
		cost.Points = append(cost.Points, page.Point{At: r.First, Value: decimal(r.Cost.After)})
		bound.Points = append(bound.Points, page.Point{At: r.First, Value: decimal(r.Cost.LowerBound)})
		for _, l := range r.Launches {
			p.Decisions = append(p.Decisions, page.Decision{
				At: clockOf(r.First, now), What: "Bought", Mark: "new", Subject: fmt.Sprintf("%s (%s, %s, %s an hour)", l.Machine, l.Group, l.Type(), l.Price),
				Text: fmt.Sprintf("%s, for %s", l.Reason, observe.Count(len(l.Pods)+l.MorePods, "pod")),
			})
		}
		for _, x := range r.Removals {
			p.Decisions = append(p.Decisions, page.Decision{
				At: clockOf(r.First, now), What: "Removed", Mark: "gone", Subject: fmt.Sprintf("%s (%s, saves %s an hour)", x.Node, x.Group, x.Saves), Text: string(x.Reason),
			})
		}
	}
	slices.Reverse(p.Decisions)
	if more := len(p.Decisions) - mostWebDecisions; more > 0 {
		p.Decisions, p.LeftOut = p.Decisions[:mostWebDecisions], more
	}
	if len(cost.Points) == 0 {
		return
	}
	lines := []*page.Line{&cost, &bound}
	if f := rounds.FromScratch; f != nil {
		scratch := page.Line{Name: "lower bound for the present pods, all bought anew", Dashed: true, Points: []page.Point{{At: cost.Points[0].At, Value: decimal(f.LowerBound)}}}
		lines = append(lines, &scratch)
	}
	p.Chart = &page.Chart{Title: "Cost an hour over time", Unit: "an hour"}
	for _, l := range lines {
		l.Points = append(l.Points, page.Point{At: now, Value: l.Points[len(l.Points)-1].Value})
		p.Chart.Lines = append(p.Chart.Lines, *l)
	}
}

func decimal(text string) float64 {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0
	}
	return v
}

func clockOf(t, now time.Time) string { return t.In(now.Location()).Format("2006-01-02 15:04:05") }

// serveWeb serves the page until the context ends.
func (c *cli) serveWeb(ctx context.Context, address string) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("--address: %w", err)
	}
	fmt.Fprintf(c.Out, "http://%s (stop with Ctrl-C)\n", listener.Addr())
	server := &http.Server{Handler: c.webHandler(), ReadHeaderTimeout: 10 * time.Second}
	stopped := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stopped()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// webHandler answers with the page, to those alone who ask for this machine by its own
// name: another site that has its name lead here must not read the cluster.
func (c *cli) webHandler() http.Handler {
	var mu sync.Mutex
	var text []byte
	var made time.Time
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		host := req.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if ip := net.ParseIP(strings.Trim(host, "[]")); host != "localhost" && ip == nil {
			http.Error(w, "ask for localhost or an address", http.StatusForbidden)
			return
		}
		if req.Method != http.MethodGet || req.URL.Path != "/" {
			http.NotFound(w, req)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if text == nil || time.Since(made) > webFresh {
			fresh, err := c.webPage(req.Context(), webRefresh)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadGateway)
				return
			}
			text, made = fresh, time.Now()
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(text)
	})
}
