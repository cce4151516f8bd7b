package observe

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

const (
	// SpendConfigMap is the ConfigMap, in the autoscaler's namespace, in which it keeps what
	// machines have cost.
	SpendConfigMap = "vpsie-autoscaler-spend"
	// SpendKey is its key.
	SpendKey = "spend.json"
)

const (
	// spendEvery is how often the cost of the time that has passed is added up.
	spendEvery = time.Minute
	// mostSpendDays and mostSpendEntries bound what is kept: days, and entries of a day.
	// What is beyond counts as of the namespace otherNamespaces.
	mostSpendDays, mostSpendEntries = 40, 200
)

// Names in the place of a namespace: nobody asked for that part of the machine, or there
// were too many namespaces to tell apart.
const (
	NobodysNamespace = "(idle)"
	otherNamespaces  = "(others)"
)

// SpendOf says whom a sum is for.
type SpendOf struct {
	Group     string `json:"nodeGroup"`
	Offering  string `json:"offering"`
	Namespace string `json:"namespace"`
}

// Charge is a machine that is paid for.
type Charge struct {
	Group, Offering string
	// Since is when it was ordered.
	Since time.Time
	Price plan.Money
	// Shares are the parts of it that the pods of a namespace ask for; they are no more than
	// 1 together. The rest is idle.
	Shares map[string]float64
}

// Spend adds up what machines cost, by the day (UTC). It is safe for concurrent use.
type Spend struct {
	mu sync.Mutex
	// until is up to when all is counted; zero before the first time.
	until time.Time
	days  map[string]map[SpendOf]float64
	// ready: what was kept from before a restart has been taken over.
	ready   bool
	metrics *Metrics
}

// NewSpend returns an empty Spend that counts in the metrics as well. It counts nothing
// before Restore.
func NewSpend(m *Metrics) *Spend {
	return &Spend{days: map[string]map[SpendOf]float64{}, metrics: m}
}

// Due says whether it is time to charge again.
func (s *Spend) Due(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ready && (s.until.IsZero() || now.Sub(s.until) >= spendEvery)
}

// Add counts what the machines have cost since the last time. A restart is no gap: the
// time is counted that has passed since what was stored.
func (s *Spend) Add(now time.Time, charges []Charge) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := s.until
	s.until = now
	if from.IsZero() || !now.After(from) {
		return
	}
	for _, c := range charges {
		since := from
		if c.Since.After(since) {
			since = c.Since
		}
		for since.Before(now) {
			next := dayOf(since).Add(24 * time.Hour)
			if next.After(now) {
				next = now
			}
			s.add(since, c, next.Sub(since))
			since = next
		}
	}
	s.trim(now)
}

func dayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

func (s *Spend) add(at time.Time, c Charge, d time.Duration) {
	cost := float64(c.Price) / 1e6 * d.Hours() / plan.HoursPerMonth
	if s.metrics != nil {
		s.metrics.spend.WithLabelValues(c.Group, c.Offering).Add(cost)
	}
	day := s.days[dayOf(at).Format(time.DateOnly)]
	if day == nil {
		day = map[SpendOf]float64{}
		s.days[dayOf(at).Format(time.DateOnly)] = day
	}
	idle := 1.0
	for _, namespace := range slices.Sorted(maps.Keys(c.Shares)) {
		share := min(max(c.Shares[namespace], 0), idle)
		idle -= share
		day[SpendOf{c.Group, c.Offering, namespace}] += cost * share
	}
	day[SpendOf{c.Group, c.Offering, NobodysNamespace}] += cost * idle
}

// trim keeps what is kept within its bounds.
func (s *Spend) trim(now time.Time) {
	oldest := dayOf(now).AddDate(0, 0, 1-mostSpendDays).Format(time.DateOnly)
	for name, day := range s.days {
		if name < oldest {
			delete(s.days, name)
			continue
		}
		if len(day) <= mostSpendEntries {
			continue
		}
		list := slices.SortedFunc(maps.Keys(day), func(a, b SpendOf) int {
			return cmp.Or(cmp.Compare(day[b], day[a]), compareSpendOf(a, b))
		})
		for _, of := range list[mostSpendEntries:] {
			into := SpendOf{of.Group, of.Offering, otherNamespaces}
			if cost := day[of]; into != of {
				delete(day, of)
				day[into] += cost
			}
		}
	}
}

func compareSpendOf(a, b SpendOf) int {
	return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Offering, b.Offering), cmp.Compare(a.Namespace, b.Namespace))
}

// Spent is what machines have cost, as it is stored.
type Spent struct {
	// Until is up to when all is counted.
	Until time.Time  `json:"until"`
	Days  []SpentDay `json:"days"`
}

// SpentDay is one day (UTC).
type SpentDay struct {
	// Day is such as 2025-10-12.
	Day     string      `json:"day"`
	Entries []SpentPart `json:"entries"`
}

// SpentPart is what one group, offering and namespace have cost, in the currency of the account.
type SpentPart struct {
	SpendOf
	Cost float64 `json:"cost"`
}

// Spent is all that is kept.
func (s *Spend) Spent() *Spent {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &Spent{Until: s.until.UTC(), Days: []SpentDay{}}
	for _, name := range slices.Sorted(maps.Keys(s.days)) {
		day := SpentDay{Day: name}
		for _, of := range slices.SortedFunc(maps.Keys(s.days[name]), compareSpendOf) {
			day.Entries = append(day.Entries, SpentPart{of, s.days[name][of]})
		}
		out.Days = append(out.Days, day)
	}
	return out
}

// Restore takes over what was stored before a restart; nil is nothing. From then on it counts.
func (s *Spend) Restore(stored *Spent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ready = true
	if stored == nil {
		return
	}
	s.until = stored.Until
	s.days = map[string]map[SpendOf]float64{}
	for _, day := range stored.Days {
		s.days[day.Day] = map[SpendOf]float64{}
		for _, e := range day.Entries {
			s.days[day.Day][e.SpendOf] += e.Cost
		}
	}
}

// DecodeSpent reads what is stored in the ConfigMap.
func DecodeSpent(text string) (*Spent, error) {
	var s Spent
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return nil, fmt.Errorf("key %s of ConfigMap %s cannot be read: %w", SpendKey, SpendConfigMap, err)
	}
	for _, day := range s.Days {
		if _, err := time.Parse(time.DateOnly, day.Day); err != nil {
			return nil, fmt.Errorf("key %s of ConfigMap %s: day %q is not such as 2025-10-12", SpendKey, SpendConfigMap, day.Day)
		}
	}
	return &s, nil
}
