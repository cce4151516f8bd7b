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
	Selected      []string           `json:"selected,omitempty"`
	NoneSelected  bool               `json:"noneSelected,omitempty"`
	// Prices are in millionths of the currency a month, by VPSieNode.
	Prices map[string]plan.Money `json:"pricesPerMonthMicros,omitempty"`
}

// offer is a plan.Offer.
type offer struct {
	InstanceType string `json:"instanceType"`
	DatacenterID string `json:"datacenterID"`
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
		NoGrowth: m.NoGrowth, Undeletable: m.Undeletable, Selected: m.Selected, NoneSelected: m.NoneSelected, Prices: m.Prices,
	}
	for i, o := range m.Offers {
		out.Offers[i] = offer{
			InstanceType: o.InstanceType, DatacenterID: o.DatacenterID, Category: o.Category, Price: o.Price, Capacity: o.Capacity,
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
		Selected: m.Selected, NoneSelected: m.NoneSelected, Prices: m.Prices, Fixed: map[*plan.Offer]bool{},
	}
	for i := range m.Offers {
		o := &m.Offers[i]
		full := &plan.Offer{
			InstanceType: o.InstanceType, DatacenterID: o.DatacenterID, Category: o.Category, Price: o.Price, Capacity: o.Capacity,
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
