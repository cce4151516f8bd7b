package dryrun

import (
	"encoding/json"
	"io"
	"math"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/vpsie/vpsie-autoscaler/internal/grid"
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

// write prints it. Tables are as wide as what they are written to, unless the format is wide.
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
	width := grid.WidthOf(w)
	if format == "wide" {
		width = 0
	}
	return newTable(s, width).write(w, o)
}
