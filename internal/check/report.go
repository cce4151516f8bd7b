package check

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/vpsie/vpsie-autoscaler/internal/grid"
)

// Status is how a check ended.
type Status string

// The statuses.
const (
	OK      Status = "ok"
	Warning Status = "warning" // it works, and may surprise
	Problem Status = "problem" // something of the autoscaler's work fails
	Skipped Status = "skipped" // it could not be found out
)

// Finding is the outcome of one check.
type Finding struct {
	// Check names the check, Object what it looked at.
	Check  string `json:"check"`
	Object string `json:"object,omitempty"`
	Status Status `json:"status"`
	// Message says what was found, Remedy the way out.
	Message string `json:"message"`
	Remedy  string `json:"remedy,omitempty"`

	// passing problems are those of an API that does not answer now.
	passing bool
}

// Report is what all checks found, in the order in which they were made.
type Report struct {
	Findings []Finding `json:"findings"`
	// Images are those of the account's disks, by which spec.osImageID may name one of VPSie's own images.
	Images []Image `json:"images,omitempty"`
	// Canary has the steps of the VPS that was bought on request.
	Canary []Step `json:"canary,omitempty"`
}

// Image is an image that was seen on a disk of the account.
type Image struct {
	Identifier string `json:"identifier"`
	Name       string `json:"name,omitempty"`
}

// Failed reports whether a check found a problem.
func (r *Report) Failed() bool {
	for _, f := range r.Findings {
		if f.Status == Problem {
			return true
		}
	}
	return false
}

func (r *Report) add(f Finding) { r.Findings = append(r.Findings, f) }

func (r *Report) ok(check, object, format string, args ...any) {
	r.add(Finding{Check: check, Object: object, Status: OK, Message: fmt.Sprintf(format, args...)})
}

func (r *Report) problem(check, object, remedy string, err error) {
	r.add(Finding{Check: check, Object: object, Status: Problem, Message: oneLine(err), Remedy: remedy, passing: isPassing(err)})
}

func (r *Report) warn(check, object, remedy, format string, args ...any) {
	r.add(Finding{Check: check, Object: object, Status: Warning, Message: fmt.Sprintf(format, args...), Remedy: remedy})
}

func (r *Report) skip(check, object, format string, args ...any) {
	r.add(Finding{Check: check, Object: object, Status: Skipped, Message: fmt.Sprintf(format, args...)})
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// Write prints the report: table, json or yaml.
func (r *Report) Write(w io.Writer, format string) error {
	switch format {
	case "json":
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(r)
	case "yaml":
		text, err := yaml.Marshal(r)
		if err != nil {
			return err
		}
		_, err = w.Write(text)
		return err
	}
	return r.table(w)
}

func (r *Report) table(w io.Writer) error {
	width := grid.WidthOf(w)
	var out strings.Builder
	count := map[Status]int{}
	findings := grid.Table{}
	for _, f := range r.Findings {
		count[f.Status]++
		findings.Rows = append(findings.Rows, []string{string(f.Status), f.Check, f.Object, f.Message})
		if f.Remedy != "" {
			findings.Rows = append(findings.Rows, []string{"", "", "", "→ " + f.Remedy})
		}
	}
	out.WriteString(findings.String(width))
	canary := grid.Table{Head: []string{"canary", "after", "step", ""}}
	for _, s := range r.Canary {
		canary.Rows = append(canary.Rows, []string{"", fmt.Sprintf("%.1fs", s.Seconds), s.What, s.Message})
	}
	if len(canary.Rows) > 0 {
		out.WriteString("\n" + canary.String(width))
	}
	images := grid.Table{}
	for _, image := range r.Images {
		images.Rows = append(images.Rows, []string{image.Identifier, image.Name})
	}
	if len(images.Rows) > 0 {
		out.WriteString("\nimages seen on this account's disks, for spec.osImageID\n" + images.String(width))
	}
	fmt.Fprintf(&out, "\n%d ok, %d warnings, %d problems, %d skipped\n", count[OK], count[Warning], count[Problem], count[Skipped])
	_, err := io.WriteString(w, out.String())
	return err
}
