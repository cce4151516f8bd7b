package main

import (
	"regexp"
	"strings"
)

// contractReader finds the rows of the user's reference and calls them as ours are called.
type contractReader struct {
	kind    string // NodeGroup or VPSieNode
	section string // the last heading
	rows    []string
	command string // one that goes on in the next line
}

func contractRows(text string) []string {
	r := &contractReader{}
	code := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "```"):
			code = !code
		case code:
			r.code(line)
		case strings.HasPrefix(line, "#"):
			r.heading(strings.TrimLeft(line, "# "))
		case strings.HasPrefix(line, "| `"):
			r.row(strings.Split(line, "|"))
		case strings.HasPrefix(line, "- "):
			r.rule(line)
		}
	}
	return r.rows
}

func (r *contractReader) add(id string) { r.rows = append(r.rows, id) }

func (r *contractReader) heading(title string) {
	r.section = title
	if word, _, _ := strings.Cut(title, " "); word == "NodeGroup" || word == "VPSieNode" {
		r.kind = word
	}
}

// prefixes are the paths of the tables of fields.
var prefixes = map[string]string{
	"Spec": "spec.", "Status": "status.", "ScaleUpPolicy": "spec.scaleUpPolicy.", "ScaleDownPolicy": "spec.scaleDownPolicy.",
	"NodeInfo": "status.nodes[].", "NodeGroupCondition": "status.conditions[].", "VPSieNodeCondition": "status.conditions[].", "NodeResources": "status.resources.",
}

var quoted = regexp.MustCompile("`([^`]+)`")

func (r *contractReader) row(cells []string) {
	name := strings.Trim(cells[1], " `")
	switch prefix, field := prefixes[r.section]; {
	case field:
		r.add(r.kind + " field " + prefix + name)
		if strings.HasSuffix(r.section, "Condition") && name == "type" {
			for _, m := range quoted.FindAllStringSubmatch(cells[3], -1) {
				r.add(r.kind + " condition " + m[1])
			}
		}
	case r.section == "VPSieNodePhase":
		r.add("VPSieNode phase " + name)
	case strings.HasSuffix(r.section, "Annotations"):
		r.add("annotation " + name)
	case strings.HasSuffix(r.section, "Labels") && (strings.Contains(name, "/") || name == "nodegroup"):
		r.add("label " + name) // the others are examples of spec.labels
	case strings.HasSuffix(r.section, "Events"):
		r.add(r.kind + " event " + name)
	case r.section == "Error Codes":
		r.add("error " + name)
	}
}

// code reads commands and metrics.
func (r *contractReader) code(line string) {
	line, _, _ = strings.Cut(line, "  #")
	switch {
	case strings.HasPrefix(r.section, "Metrics"):
		if name, _, ok := strings.Cut(line, "{"); ok {
			r.add("metric " + name)
		}
	case r.command != "" || strings.HasPrefix(line, "kubectl "):
		part, more := strings.CutSuffix(line, `\`)
		if strings.HasPrefix(part, " ") {
			part = strings.TrimLeft(part, " ")
		}
		r.command += part
		if !more {
			r.add("command " + r.command)
			r.command = ""
		}
	}
}

var (
	comparison = regexp.MustCompile("^- `(\\w+)` must be (>=?) (\\d+)$")
	required   = regexp.MustCompile("^- `(\\w+)` is required and must not be empty$")
)

// rule reads the validation rules, whose words differ from ours.
func (r *contractReader) rule(line string) {
	if !strings.HasSuffix(r.section, "Validation") {
		return
	}
	rule := r.kind + " rule spec."
	both := func(field, words string) {
		r.add(rule + "scaleUpPolicy." + field + words)
		r.add(rule + "scaleDownPolicy." + field + words)
	}
	switch m := comparison.FindStringSubmatch(line); {
	case m != nil && m[1] == "stabilizationWindowSeconds":
		both(m[1], " must be >= 1") // whole seconds: > 0
	case m != nil && m[2] == ">":
		r.add(rule + m[1] + " must be >= 1") // a whole number
	case m != nil:
		r.add(rule + m[1] + " must be >= " + m[3])
	case required.MatchString(line):
		field := required.FindStringSubmatch(line)[1]
		r.add(rule + field + " is required")
		r.add(rule + field + " must not be empty")
	case strings.Contains(line, "between 0 and 100"):
		for _, field := range quoted.FindAllStringSubmatch(line, -1) {
			both(field[1], " must be >= 0")
			both(field[1], " must be <= 100")
		}
	case strings.Contains(line, "at least one entry"):
		r.add(rule + quoted.FindStringSubmatch(line)[1] + " must have at least 1 entry")
	case line == "- `maxNodes` must be >= `minNodes`":
		r.add(rule + "maxNodes: MinNodes exceeds MaxNodes: maxNodes must be >= minNodes")
	default:
		r.add("a rule that is not understood: " + line)
	}
}
