package dryrun

import (
	"encoding/json"
	"io"
	"math"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// output is what a dry run prints: the plan, and how long it took.
type output struct {
	*plan.Plan
	// WhatIf is nil when nothing was supposed.
	WhatIf *Supposed `json:"whatIf,omitempty"`
	Timing timing    `json:"timing"`
}

// timing is in milliseconds.
type timing struct {
	Load float64 `json:"loadMillis"`
	Plan float64 `json:"planMillis"`
}

func millis(d time.Duration) float64 { return math.Round(d.Seconds()*1e6) / 1e3 }

func (o output) write(w io.Writer, format string, s *plan.State) error {
	switch format {
	case "json":
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(o)
	case "yaml":
		text, err := yaml.Marshal(o)
		if err != nil {
			return err
		}
		_, err = w.Write(text)
		return err
	}
	return newTable(s).write(w, o)
}
