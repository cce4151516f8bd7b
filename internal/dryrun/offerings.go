package dryrun

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
	"github.com/vpsie/vpsie-autoscaler/internal/cloud"
	"github.com/vpsie/vpsie-autoscaler/internal/cluster"
	"github.com/vpsie/vpsie-autoscaler/internal/control"
	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/internal/strict"
)

// offering is an entry of the --offerings file.
type offering struct {
	ID           string `json:"id"`
	DatacenterID string `json:"datacenterID"`
	CPU          int    `json:"cpu"`
	MemoryMB     int    `json:"memoryMB"`
	DiskGB       int    `json:"diskGB"`
	BandwidthGB  int    `json:"bandwidthGB"`
	// Spot: it is sold as a spot instance, which may be so beside the same id on demand.
	Spot bool `json:"spot"`
	// Category is what offeringSelector.categories goes by.
	Category      string `json:"category"`
	PricePerMonth price  `json:"pricePerMonth"`
	// Available defaults to true.
	Available *bool `json:"available"`
	// Allocatable is estimated from the size where it does not say.
	Allocatable corev1.ResourceList `json:"allocatable"`
	Labels      map[string]string   `json:"labels"`
}

// price is a decimal, as text or as a number.
type price string

func (p *price) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		*p = price(text)
		return nil
	}
	var number json.Number
	if err := json.Unmarshal(data, &number); err != nil {
		return errors.New(`want a decimal number such as "12.00"`)
	}
	*p = price(number.String())
	return nil
}

// readOfferings reads the file. given are the offers whose allocatable it gives, which is
// then as it says whatever the nodes show.
func readOfferings(file string) (offers []*plan.Offer, given map[*plan.Offer]bool, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, fmt.Errorf("--offerings: %w", err)
	}
	docs := strict.Documents(file, data)
	if len(docs) != 1 {
		return nil, nil, fmt.Errorf("--offerings: %s: holds %d documents, want one with the field offerings", file, len(docs))
	}
	text, err := docs[0].JSON()
	if err == nil {
		if err = strict.WantObject(text); err != nil {
			err = fmt.Errorf("%s: %w", file, err)
		}
	}
	if err != nil {
		return nil, nil, fmt.Errorf("--offerings: %w", err)
	}
	var list struct {
		Offerings []offering `json:"offerings"`
	}
	faults := strict.Decode(text, &list)
	if len(faults) == 0 && list.Offerings == nil {
		faults = []error{field.Required(field.NewPath("offerings"), "")}
	}
	if len(faults) > 0 {
		return nil, nil, inFile(file, faults)
	}
	given = map[*plan.Offer]bool{}
	seen := map[plan.OfferKey]int{}
	for i, o := range list.Offerings {
		path := field.NewPath("offerings").Index(i)
		offer, wrong := o.offer(path)
		key := offer.Key()
		if first, twice := seen[key]; twice {
			wrong = append(wrong, field.Invalid(path.Child("id"), o.ID, fmt.Sprintf("is in datacenter %s twice, before in offerings[%d]", o.DatacenterID, first)))
		}
		seen[key] = i
		offers = append(offers, offer)
		given[offer] = len(o.Allocatable) > 0
		for _, fault := range wrong {
			faults = append(faults, fault)
		}
	}
	return offers, given, inFile(file, faults)
}

func inFile(file string, faults []error) error {
	for i := range faults {
		faults[i] = fmt.Errorf("--offerings: %s: %w", file, faults[i])
	}
	return errors.Join(faults...)
}

// offer is the entry in the planner's words.
func (o *offering) offer(path *field.Path) (*plan.Offer, field.ErrorList) {
	var faults field.ErrorList
	for name, value := range map[string]string{"id": o.ID, "datacenterID": o.DatacenterID, "pricePerMonth": string(o.PricePerMonth)} {
		if value == "" {
			faults = append(faults, field.Required(path.Child(name), ""))
		}
	}
	for name, size := range map[string]struct{ value, least int }{
		"cpu": {o.CPU, 1}, "memoryMB": {o.MemoryMB, 1}, "diskGB": {o.DiskGB, 0}, "bandwidthGB": {o.BandwidthGB, 0},
	} {
		if size.value < size.least || size.value > mostSize {
			faults = append(faults, field.Invalid(path.Child(name), size.value, fmt.Sprintf("must be between %d and %d", size.least, mostSize)))
		}
	}
	slices.SortFunc(faults, func(a, b *field.Error) int { return strings.Compare(a.Field, b.Field) })
	money, err := plan.ParseMoney(string(o.PricePerMonth))
	if err != nil && o.PricePerMonth != "" {
		faults = append(faults, field.Invalid(path.Child("pricePerMonth"), string(o.PricePerMonth), err.Error()))
	}
	allocatable := plan.EstimateAllocatable(o.CPU, o.MemoryMB, o.DiskGB)
	for _, name := range slices.Sorted(maps.Keys(o.Allocatable)) {
		q := o.Allocatable[name]
		if q.Sign() < 0 {
			faults = append(faults, field.Invalid(path.Child("allocatable").Key(string(name)), q.String(), "must be >= 0"))
		}
		allocatable[name] = q
	}
	faults = append(faults, metavalidation.ValidateLabels(o.Labels, path.Child("labels"))...)
	return &plan.Offer{
		InstanceType: o.ID,
		DatacenterID: o.DatacenterID,
		Spot:         o.Spot,
		Category:     o.Category,
		Price:        money,
		Capacity: corev1.ResourceList{
			corev1.ResourceCPU:              *resource.NewQuantity(int64(o.CPU), resource.DecimalSI),
			corev1.ResourceMemory:           *resource.NewQuantity(int64(o.MemoryMB)<<20, resource.BinarySI),
			corev1.ResourceEphemeralStorage: *resource.NewQuantity(int64(o.DiskGB)<<30, resource.BinarySI),
		},
		Allocatable: allocatable,
		Labels:      o.Labels,
		Available:   o.Available == nil || *o.Available,
		Stock:       -1,
	}, faults
}

// mostSize keeps sizes in bytes within 64 bits.
const mostSize = 1 << 30

// fileMarkets finds the groups' offerings in the file, by name without regard to
// case, as in the account's catalogue. The file's other offerings give nodes of
// such types their price.
func (o *Options) fileMarkets(groups []*v1alpha1.NodeGroup) (map[string]cluster.Market, []string, error) {
	offers, given, err := readOfferings(o.Offerings)
	if err != nil {
		return nil, nil, err
	}
	markets := make(map[string]cluster.Market, len(groups))
	var notes []string
	for _, g := range groups {
		market := cluster.Market{Fixed: map[*plan.Offer]bool{}}
		for _, why := range o.fill(&market, g, offers, given) {
			notes = append(notes, "NodeGroup "+g.Name+": Instance type not available: "+why)
		}
		// As for the controller: nothing is bought that could not join.
		if err := control.CheckSpec(&o.Control, g); err != nil {
			market.Block(err.Error(), false)
			notes = append(notes, "NodeGroup "+g.Name+": "+err.Error())
		}
		for _, offer := range offers {
			market.Fixed[offer] = given[offer]
		}
		market.Offers = append(market.Offers, offers...)
		markets[g.Name] = market
	}
	return markets, notes, nil
}

// fill finds what the group may buy in each of its datacenters, and says what is not there. Of
// several datacenters one must sell a type, and all lacking it is worth a word.
func (o *Options) fill(market *cluster.Market, g *v1alpha1.NodeGroup, offers []*plan.Offer, given map[*plan.Offer]bool) (lacking []string) {
	in := g.Spec.DatacenterIDs()
	missing := map[string]int{}
	var empty []string
	for _, datacenter := range in {
		wanted := g.Spec.OfferingIDs
		if g.Spec.OfferingSelector != nil {
			names, why := chosen(g, datacenter, offers)
			if wanted = names; why != "" {
				empty = append(empty, fmt.Sprintf("spec.offeringSelector chooses none of those that %s has in datacenter %s: %s", o.Offerings, datacenter, why))
			}
		}
		for _, name := range wanted {
			found := 0
			for _, k := range cluster.SpotPolicyOf(g).Buys(datacenter, name) {
				i := slices.IndexFunc(offers, func(o *plan.Offer) bool {
					return strings.EqualFold(o.InstanceType, name) && strings.EqualFold(o.DatacenterID, datacenter) && o.Spot == k.Spot
				})
				if i < 0 {
					continue
				}
				offer := *offers[i]
				offer.InstanceType, offer.DatacenterID = name, datacenter
				market.Offers = append(market.Offers, &offer)
				market.Fixed[&offer] = given[offers[i]]
				if found++; g.Spec.OfferingSelector != nil {
					market.Selected = append(market.Selected, k)
				}
			}
			if found > 0 {
				continue
			}
			if missing[name]++; missing[name] == len(in) {
				lacking = append(lacking, fmt.Sprintf("%s has no offering %s in datacenter %s", o.Offerings, name, strings.Join(in, ", ")))
			}
		}
	}
	market.NoneSelected = g.Spec.OfferingSelector != nil && len(market.Selected) == 0
	if market.NoneSelected {
		market.Block("Instance type not available: "+empty[0], false)
		lacking = append(lacking, empty...)
	}
	return lacking
}

// chosen are the names of the file's offerings that the group's selector chooses in the
// datacenter; where there is none, why says which fields leave them out.
func chosen(g *v1alpha1.NodeGroup, datacenter string, offers []*plan.Offer) (names []string, why string) {
	here := slices.DeleteFunc(slices.Clone(offers), func(o *plan.Offer) bool {
		ways := cluster.SpotPolicyOf(g).Buys(o.DatacenterID, o.InstanceType)
		return !strings.EqualFold(o.DatacenterID, datacenter) || !slices.Contains(ways, o.Key())
	})
	found, why := cloud.Choose(control.WantedOf(g)[0].Selector, here, func(o *plan.Offer) cloud.Traits {
		return cloud.Traits{
			Name: o.InstanceType, Category: o.Category, Price: o.Price,
			CPU: int(o.Capacity.Cpu().Value()), MemoryMB: int(o.Capacity.Memory().Value() >> 20),
		}
	})
	for _, o := range found {
		if !slices.Contains(names, o.InstanceType) {
			names = append(names, o.InstanceType)
		}
	}
	if len(here) == 0 {
		why = "it has none there"
	}
	return names, why
}

// MarketsOf are the markets of NodeGroups that have been changed: from --offerings where it
// was given, else as they were read.
func (o *Options) MarketsOf(read map[string]cluster.Market, groups []*v1alpha1.NodeGroup) (map[string]cluster.Market, error) {
	if o.Offerings == "" {
		return read, nil
	}
	markets, _, err := o.fileMarkets(groups)
	return markets, err
}
