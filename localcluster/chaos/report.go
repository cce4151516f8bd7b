package chaos

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

// Report is how a run went.
type Report struct {
	// Counts are what happened, a line each, and one line of the figures that matter most.
	Counts, Summary string
	// Violations are told with their seed, time and story. There must be none.
	Violations []string
	Kills      int
	Faults     int
}

// cloudFaults counts the requests that the cloud has spoiled, by its own ledger.
func (r *run) cloudFaults() int {
	n := 0
	for _, q := range r.stack.Cloud.Ledger().Requests {
		if q.Fault != "" {
			n++
		}
	}
	return n
}

func faultKind(q vpsietest.Request) string {
	switch {
	case q.Fault == "delay":
		return "answer late"
	case q.Status == 0:
		return "connection dropped " + q.Fault + " the effect"
	case q.Status == 429:
		return "throttled with Retry-After"
	case q.Status == 401:
		return "token refused"
	case q.Status == 200 && q.Fault == "before":
		return "order refused by the account"
	}
	return fmt.Sprintf("error %d %s the effect", q.Status, q.Fault)
}

// report judges the run.
func (r *run) report(unrest []string) (*Report, error) {
	ledger := r.stack.Cloud.Ledger()
	e := &evidence{
		bills: ledger.VMs, machines: r.watcher.lives(), most: map[string]int{}, budgets: map[string]editions{},
		minds: r.sight.heard.allMinds(), prices: r.weather.prices, excuses: r.watcher.allExcuses(),
	}
	for one := range estate(estates) {
		for _, g := range one.nodeGroups() {
			e.most[g.Name], e.budgets[g.Name] = int(g.Spec.MaxNodes), r.users[one].budgets[g.Name]
		}
	}
	violations := append(r.watcher.violations(), e.judge()...)
	if len(unrest) > 0 {
		violations = append(violations, violation{at: time.Now(), what: "not at rest after " + r.Patience.String() + ":\n\t" + strings.Join(unrest, "\n\t"), hostnames: machineNames(unrest)})
	}
	for _, c := range r.crews {
		broken, err := c.faults()
		if err != nil {
			return nil, err
		}
		for _, line := range broken {
			violations = append(violations, violation{at: time.Now(), what: "a controller wrote " + line})
		}
	}
	r.count(ledger)
	r.countDisruption(e)
	report := &Report{Kills: r.tally.sum("kills"), Faults: r.tally.sum("faults")}
	for _, v := range violations {
		report.Violations = append(report.Violations, r.story(v, ledger))
	}
	spent, explained := e.money()
	report.Counts = r.tally.String()
	report.Summary = fmt.Sprintf(
		"chaos: seed=%d seconds=%.0f kills=%d faults=%d staleSights=%d leaderChanges=%d apiRestarts=%d vpsCreated=%d vpsDeleted=%d spent=%s explained=%s evictions=%d podsRun=%d violations=%d",
		r.Seed, r.Length.Seconds(), report.Kills, report.Faults, r.tally.sum("stale sight"), r.tally.sum("leader changes"), r.tally.sum("API server restarts"),
		r.tally.sum("VPSes created"), r.tally.sum("VPSes gone"), spent.FloatString(6), explained.FloatString(6),
		r.tally.sum("evictions")-r.tally.sum("evictions judged"), r.tally.sum("pods run"), len(report.Violations))
	return report, nil
}

var machineName = regexp.MustCompile(`\bvpsie-[abc][0-9]-[a-z0-9]{5}\b`)

// machineNames are the machines of which the lines speak.
func machineNames(lines []string) []string {
	names := machineName.FindAllString(strings.Join(lines, " "), -1)
	slices.Sort(names)
	return slices.Compact(names)
}

// count adds what the ledger and the crew have counted.
func (r *run) count(ledger vpsietest.Ledger) {
	for _, q := range ledger.Requests {
		r.tally.add("requests to the cloud")
		if q.Fault != "" {
			r.tally.add("faults: cloud, " + faultKind(q))
		}
	}
	for _, b := range ledger.VMs {
		if !isEstate(markOf(b).cluster) {
			continue
		}
		r.tally.add("VPSes created")
		if b.DeletedAt != nil {
			r.tally.add("VPSes gone")
		}
	}
	for _, c := range r.crews {
		for range c.starts {
			r.tally.add("controllers started")
		}
		for range c.exits {
			r.tally.add("controllers that ended by themselves")
		}
	}
}

// countDisruption adds what was done to save money and for roll-outs.
func (r *run) countDisruption(e *evidence) {
	cheaper, rollouts := e.exchanges()
	for what, all := range map[string]map[string]*exchange{"exchanges begun": cheaper, "replacements of outdated nodes begun": rollouts} {
		for range all {
			r.tally.add(what)
		}
	}
	for _, m := range e.machines {
		switch {
		case e.decides(&m) && len(e.minds[m.name]) > 0:
			r.tally.add("nodes removed: judged by budgets")
		case e.decides(&m):
			r.tally.add("nodes removed: by nobody who was heard")
		}
	}
}

// story tells a violation with everything that is known of the machines that it is about.
func (r *run) story(v violation, ledger vpsietest.Ledger) string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d, %s: %s", r.Seed, stamp(v.at), v.what)
	for _, b2 := range ledger.VMs {
		for _, name := range v.hostnames {
			if !strings.EqualFold(name, b2.Hostname) {
				continue
			}
			end := "still there"
			if b2.DeletedAt != nil {
				end = "gone " + stamp(*b2.DeletedAt)
			}
			fmt.Fprintf(&b, "\n\tVPS %d %s %s (%s): created %s, %s, cost %s, %s", b2.ID, b2.Identifier, b2.Hostname, b2.Plan, stamp(b2.CreatedAt), end, b2.Cost, b2.Notes)
			for _, o := range r.counter.of(b2.Hostname, b2.Identifier) {
				fmt.Fprintf(&b, "\n\t\t%s %s by replica %d: status %d", stamp(o.at), o.method, o.replica, o.status)
			}
			if m := markOf(b2); len(v.uids) == 0 && m.uid != "" {
				r.tellMachine(&b, m.uid)
			}
		}
	}
	for _, uid := range v.uids {
		r.tellMachine(&b, string(uid))
	}
	return b.String()
}

func (r *run) tellMachine(b *strings.Builder, uid string) {
	for _, line := range r.watcher.history(types.UID(uid)) {
		b.WriteString("\n\t\t" + line)
	}
}
