package record

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// APIVersion and Kind begin every record. A program that writes another form of it writes
// another version.
const (
	APIVersion = "record.autoscaler.vpsie.com/v1"
	Kind       = "Record"
)

// Record is what one decision was made from.
type Record struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// At is the time that was planned for (UTC, whole seconds), By the version of the program.
	At time.Time `json:"at"`
	By string    `json:"by,omitempty"`
	// Options are the flags that change decisions.
	Options plan.Options `json:"options"`
	// Objects are redacted. Their Pods are empty: Pods has them.
	Objects *cluster.Objects `json:"objects"`
	Pods    pods             `json:"pods"`
	// Markets are what could be bought, by NodeGroup; Limit bounds the purchases of all.
	Markets map[string]market `json:"markets"`
	Limit   *limit            `json:"limit,omitempty"`
	// Plan is the fingerprint of the plan that was made (Fingerprint); empty when there was none.
	Plan  string   `json:"plan,omitempty"`
	Notes []string `json:"notes,omitempty"`
}

// New records an input. The time is cut to whole seconds, which is how it is written.
func New(o *cluster.Objects, markets map[string]cluster.Market, l *plan.Limit, at time.Time, options plan.Options) *Record {
	objects := o.Redacted()
	r := &Record{
		APIVersion: APIVersion, Kind: Kind, At: at.UTC().Truncate(time.Second), Options: options, Objects: objects,
		Pods: pack(objects.Pods), Markets: make(map[string]market, len(markets)), Limit: limitOf(l),
	}
	objects.Pods = nil
	for name := range markets {
		m := markets[name]
		r.Markets[name] = marketOf(&m)
	}
	return r
}

// Input is what was recorded, as a plan needs it.
func (r *Record) Input() (*cluster.Objects, map[string]cluster.Market, *plan.Limit) {
	objects := *r.Objects
	objects.Pods = r.Pods.unpack()
	markets := make(map[string]cluster.Market, len(r.Markets))
	for name, m := range r.Markets {
		markets[name] = m.market()
	}
	return &objects, markets, r.Limit.limit()
}

// Fingerprint tells plans apart: it is that of the plan's JSON.
func Fingerprint(p *plan.Plan) (string, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("writing the plan: %w", err)
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}
