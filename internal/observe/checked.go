package observe

import "fmt"

// CheckFinding is something that a look at the account or a NodeGroup found, before anything is bought.
type CheckFinding struct {
	// Check is the kind of check, one of AccountChecks; NodeGroup is empty for the account.
	Check, NodeGroup string
	// Message says what was found, Remedy the way out.
	Message, Remedy string
}

// The checks that the controller makes by itself.
const (
	CheckAccount   = "account"
	CheckURL       = "url"
	CheckToken     = "token"
	CheckProject   = "project"
	CheckLists     = "lists"
	CheckNames     = "names"
	CheckOfferings = "offerings"
)

// AccountChecks are all of them.
func AccountChecks() []string {
	return []string{CheckAccount, CheckURL, CheckToken, CheckProject, CheckLists, CheckNames, CheckOfferings}
}

// String says it in one line.
func (f CheckFinding) String() string {
	if f.Remedy == "" {
		return f.Message
	}
	return fmt.Sprintf("%s: %s", f.Message, f.Remedy)
}

// Checked says what a look at the account or the NodeGroup found.
func Checked(text string) Event { return warning("CheckFailed", "Check", "%s", text) }

// Checked shows how much the last look found.
func (m *Metrics) Checked(found []CheckFinding) {
	count := map[string]int{}
	for _, f := range found {
		count[f.Check]++
	}
	for _, check := range AccountChecks() {
		m.warnings.WithLabelValues(check).Set(float64(count[check]))
	}
}
