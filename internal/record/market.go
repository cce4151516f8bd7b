package record

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// market is a cluster.Market.
type market struct {
	Offers        []offer            `json:"offers"`
	Blocked       string             `json:"blocked,omitempty"`
	BlockedReason plan.RefusalReason `json:"blockedReason,omitempty"`
	Limit         *limit             `json:"limit,omitempty"`
	NoGrowth      string             `json:"noGrowth,omitempty"`
	Undeletable   string             `json:"undeletable,omitempty"`
	Selected      []offerKey         `json:"selected,omitempty"`
	NoneSelected  bool               `json:"noneSelected,omitempty"`
	// Closed and Limits are by datacenter.
	Closed map[string]closed `json:"closed,omitempty"`
	Limits map[string]*limit `json:"limits,omitempty"`
	// Prices are in millionths of the currency a month, by VPSieNode.
	Prices map[string]plan.Money `json:"pricesPerMonthMicros,omitempty"`
}

// offerKey is a plan.OfferKey.
type offerKey struct {
	DatacenterID string `json:"datacenterID"`
	InstanceType string `json:"instanceType"`
	Spot         bool   `json:"spot,omitempty"`
}

// closed is a cluster.Closed.
type closed struct {
	Why    string             `json:"why"`
	Reason plan.RefusalReason `json:"reason,omitempty"`
	Until  *time.Time         `json:"until,omitempty"`
}

// offer is a plan.Offer.
type offer struct {
	InstanceType string `json:"instanceType"`
	DatacenterID string `json:"datacenterID"`
	Spot         bool   `json:"spot,omitempty"`
	Category     string `json:"category,omitempty"`
	// Price is in millionths of the currency a month.
	Price         plan.Money          `json:"pricePerMonthMicros"`
	Capacity      corev1.ResourceList `json:"capacity,omitempty"`
	Allocatable   corev1.ResourceList `json:"allocatable,omitempty"`
	Labels        map[string]string   `json:"labels,omitempty"`
	Available     bool                `json:"available"`
	Stock         int                 `json:"stock"`
	BackoffUntil  *time.Time          `json:"backoffUntil,omitempty"`
	BackoffReason string              `json:"backoffReason,omitempty"`
	// Fixed: the allocatable is as given, whatever nodes show.
	Fixed bool `json:"fixed,omitempty"`
}

// limit is a plan.Limit.
type limit struct {
	Left    int                `json:"left"`
	Reason  plan.RefusalReason `json:"reason"`
	Message string             `json:"message"`
}

func limitOf(l *plan.Limit) *limit {
	if l == nil {
		return nil
	}
	return &limit{l.Left, l.Reason, l.Message}
}

func (l *limit) limit() *plan.Limit {
	if l == nil {
		return nil
	}
	return &plan.Limit{Left: l.Left, Reason: l.Reason, Message: l.Message}
}

func marketOf(m *cluster.Market) market {
	out := market{
		Offers: make([]offer, len(m.Offers)), Blocked: m.Blocked, BlockedReason: m.BlockedReason, Limit: limitOf(m.Limit),
		NoGrowth: m.NoGrowth, Undeletable: m.Undeletable, NoneSelected: m.NoneSelected, Prices: m.Prices,
	}
	out.placesOf(m)
	for i, o := range m.Offers {
		out.Offers[i] = offer{
			InstanceType: o.InstanceType, DatacenterID: o.DatacenterID, Spot: o.Spot, Category: o.Category, Price: o.Price, Capacity: o.Capacity,
			Allocatable: o.Allocatable, Labels: o.Labels, Available: o.Available, Stock: o.Stock, BackoffReason: o.BackoffReason, Fixed: m.Fixed[o],
		}
		if !o.BackoffUntil.IsZero() {
			out.Offers[i].BackoffUntil = new(o.BackoffUntil.UTC())
		}
	}
	return out
}

func (m *market) market() cluster.Market {
	out := cluster.Market{
		Blocked: m.Blocked, BlockedReason: m.BlockedReason, Limit: m.Limit.limit(), NoGrowth: m.NoGrowth, Undeletable: m.Undeletable,
		NoneSelected: m.NoneSelected, Prices: m.Prices, Fixed: map[*plan.Offer]bool{},
	}
	m.places(&out)
	for i := range m.Offers {
		o := &m.Offers[i]
		full := &plan.Offer{
			InstanceType: o.InstanceType, DatacenterID: o.DatacenterID, Spot: o.Spot, Category: o.Category, Price: o.Price, Capacity: o.Capacity,
			Allocatable: o.Allocatable, Labels: o.Labels, Available: o.Available, Stock: o.Stock, BackoffReason: o.BackoffReason,
		}
		if o.BackoffUntil != nil {
			full.BackoffUntil = *o.BackoffUntil
		}
		out.Offers = append(out.Offers, full)
		out.Fixed[full] = o.Fixed
	}
	return out
}

// placesOf notes what differs between the datacenters of a group in several.
func (m *market) placesOf(from *cluster.Market) {
	for _, k := range from.Selected {
		m.Selected = append(m.Selected, offerKey(k))
	}
	for id, c := range from.Closed {
		if m.Closed == nil {
			m.Closed = map[string]closed{}
		}
		noted := closed{Why: c.Why, Reason: c.Reason}
		if !c.Until.IsZero() {
			noted.Until = new(c.Until.UTC())
		}
		m.Closed[id] = noted
	}
	for id, l := range from.Limits {
		if m.Limits == nil {
			m.Limits = map[string]*limit{}
		}
		m.Limits[id] = limitOf(l)
	}
}

// places takes over what placesOf has noted.
func (m *market) places(to *cluster.Market) {
	for _, k := range m.Selected {
		to.Selected = append(to.Selected, plan.OfferKey(k))
	}
	for id, c := range m.Closed {
		why := cluster.Closed{Why: c.Why, Reason: c.Reason}
		if c.Until != nil {
			why.Until = *c.Until
		}
		to.Close(id, why)
	}
	for id, l := range m.Limits {
		if to.Limits == nil {
			to.Limits = map[string]*plan.Limit{}
		}
		to.Limits[id] = l.limit()
	}
}
