package dryrun

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Supposed compares a plan for what was supposed with one for what there is.
type Supposed struct {
	// Changes are the flags that were given.
	Changes   []string `json:"changes"`
	Unchanged Outcome  `json:"unchanged"`
	Changed   Outcome  `json:"changed"`
	// Difference is Changed.Cost - Unchanged.Cost; it may be negative.
	Difference plan.Hourly `json:"differencePerHour"`
}

// Outcome is what a plan comes to.
type Outcome struct {
	// Cost is what the machines cost once the plan is carried out.
	Cost     plan.Hourly `json:"costPerHour"`
	Bound    plan.Hourly `json:"fromScratchLowerBoundPerHour"`
	Launches int         `json:"launches"`
	Removals int         `json:"removals"`
	// Waiting is how many pods stay without a node.
	Waiting int `json:"podsWaiting"`
}

func outcomeOf(p *plan.Plan) Outcome {
	return Outcome{p.Cost.After, p.Cost.FromScratch.LowerBound, len(p.Launches), len(p.Removals), len(p.Unplaced)}
}

// suppose changes the input as the flags say. The input itself stays as it is.
func (o *Options) suppose(ctx context.Context, in input, stdin func() io.Reader) (input, error) {
	all, err := o.WhatIf.parse()
	if err != nil {
		return in, err
	}
	out := in
	out.notes = nil
	namespace := o.Cloud.Namespace
	if len(o.Files) > 0 && o.AnyNamespace {
		namespace = ""
	}
	merge := cluster.Merge{Files: o.WhatIf.Add, Replicas: all.replicas}
	var read *cluster.Files
	switch {
	case len(o.Files) > 0:
		read, err = cluster.ReadMerged(o.Files, stdin(), namespace, merge)
	default:
		read, err = merge.Merged(ctx, in.live, in.objects, stdin(), namespace)
	}
	if err != nil {
		return in, err
	}
	objects := *read.Objects
	out.objects = &objects
	for _, note := range read.Notes {
		if !slices.Contains(in.notes, note) {
			out.notes = append(out.notes, note)
		}
	}
	notes, err := all.toObjects(out.objects)
	if err != nil {
		return in, err
	}
	out.notes = append(out.notes, notes...)
	market, marketNotes, err := o.marketFor(ctx, in, out.objects)
	if err != nil {
		return in, err
	}
	for _, note := range marketNotes {
		if !slices.Contains(in.notes, note) {
			out.notes = append(out.notes, note)
		}
	}
	out.market = market
	return out, all.toMarkets(out.objects.NodeGroups, out.market.of)
}

// decideSupposed plans for what there is and for what was supposed.
func (o *Options) decideSupposed(ctx context.Context, builder *cluster.Builder, in input, stdin func() io.Reader, now time.Time) (*Result, error) {
	unchanged := o.decide(builder, in, now)
	changed, err := o.suppose(ctx, in, stdin)
	if err != nil {
		return nil, err
	}
	// The same builder, so that what nodes have shown is known of a type whose nodes go.
	result := o.decide(builder, changed, now)
	result.Notes = append(result.Notes, in.notes...)
	s := &Supposed{Unchanged: outcomeOf(unchanged.Plan), Changed: outcomeOf(result.Plan)}
	s.Difference = s.Changed.Cost - s.Unchanged.Cost
	w := o.WhatIf
	for _, f := range []struct {
		flag   string
		values []string
	}{{"add", w.Add}, {"set", w.Set}, {"price", w.Prices}, {"without", w.Without}, {"drain", w.Drain}} {
		for _, v := range f.values {
			s.Changes = append(s.Changes, "--"+f.flag+" "+v)
		}
	}
	result.WhatIf = s
	return result, nil
}

// decide plans for an input.
func (o *Options) decide(builder *cluster.Builder, in input, now time.Time) *Result {
	began := time.Now()
	state := builder.State(in.objects, in.market.of, now, o.Plan)
	state.Limit = in.market.limit
	p := plan.Decide(state)
	took := time.Since(began)
	p.Cost.FromScratch = plan.CompareFromScratch(state, p)
	return &Result{State: state, Plan: p, Notes: slices.Clone(in.notes), timing: timing{Plan: millis(took)}, from: in}
}

// twice lets a reader be read more than once.
func twice(r io.Reader, wanted bool) (func() io.Reader, error) {
	if !wanted {
		return func() io.Reader { return r }, nil
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("reading stdin: %w", err)
	}
	return func() io.Reader { return bytes.NewReader(data) }, nil
}

// verdict is the difference in words.
func (s *Supposed) verdict() string {
	switch d := s.Difference; {
	case d > 0:
		return fmt.Sprintf("the machines would cost %s an hour more (%s a month)", d, plan.Money(d))
	case d < 0:
		return fmt.Sprintf("the machines would cost %s an hour less (%s a month)", -d, plan.Money(-d))
	}
	return "the machines would cost as much as they do"
}

// whatIf says first what was supposed, and what that would change.
func (t *table) whatIf(s *Supposed) {
	if s == nil {
		return
	}
	t.line("WHAT IF")
	for _, c := range s.Changes {
		t.line("  %s", c)
	}
	c := t.section("  %s", s.verdict())
	c.row("", "COST/H AFTER", "AT LEAST, FROM SCRATCH", "BUYS", "REMOVES", "PODS WAIT")
	for _, r := range []struct {
		name string
		o    Outcome
	}{{"as it is", s.Unchanged}, {"what if", s.Changed}} {
		c.row(r.name, r.o.Cost.String(), r.o.Bound.String(), fmt.Sprint(r.o.Launches), fmt.Sprint(r.o.Removals), fmt.Sprint(r.o.Waiting))
	}
	c.end()
}
