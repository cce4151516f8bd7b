package record

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// What differs between a group's datacenters comes back as it was.
func TestMarketOfSeveralDatacentersComesBack(t *testing.T) {
	m := cluster.Market{
		Selected: []plan.OfferKey{{DatacenterID: "dc1", InstanceType: "small"}, {DatacenterID: "dc2", InstanceType: "small"}},
		Limits:   map[string]*plan.Limit{"dc1": {Left: 1, Reason: plan.Unproven, Message: "one at a time"}},
		Fixed:    map[*plan.Offer]bool{},
	}
	m.Close("dc2", cluster.Closed{Why: "refused", Reason: plan.Backoff, Until: time.Unix(1_700_000_000, 0).UTC()})
	m.Close("dc3", cluster.Closed{Why: "unknown"})
	text, err := json.Marshal(marketOf(&m))
	if err != nil {
		t.Fatal(err)
	}
	var read market
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, read.market()); diff != "" {
		t.Error(diff)
	}
}
