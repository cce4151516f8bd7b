package main

import (
	"math"

	"sigs.k8s.io/karpenter/pkg/cloudprovider/fake"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
	"github.com/vpsie/vpsie-autoscaler/vpsie/vpsietest"
)

const (
	moneyUnit     = 1_000_000
	hoursPerMonth = 720
)

// vpsMachines is a price list that is not linear, as a VPS provider's is.
func vpsMachines() []machine {
	var machines []machine
	for _, m := range []struct {
		name          string
		cpu, gb, disk int
		price         plan.Money
	}{
		{"nano-1cpu-1gb", 1, 1, 25, 5}, {"small-1cpu-2gb", 1, 2, 50, 10}, {"small-2cpu-4gb", 2, 4, 80, 18},
		{"medium-4cpu-8gb", 4, 8, 160, 34}, {"large-8cpu-16gb", 8, 16, 320, 76}, {"huge-16cpu-32gb", 16, 32, 640, 168},
	} {
		machines = append(machines, machine{
			name: m.name, allocatable: plan.EstimateAllocatable(m.cpu, m.gb*1024, m.disk), price: m.price * moneyUnit,
		})
	}
	return machines
}

// catalogueMachines is the price list of the fake VPSie, which also sells machines
// with much memory, much cpu, and shared cpu.
func catalogueMachines() []machine {
	var machines []machine
	for _, p := range vpsietest.DefaultCatalogue().Plans {
		price, err := plan.ParseMoney(p.PricePerMonth)
		if err != nil {
			panic(err)
		}
		machines = append(machines, machine{name: p.Nickname, allocatable: plan.EstimateAllocatable(p.CPU, p.MemoryMB, p.DiskGB), price: price})
	}
	return machines
}

// karpenterMachines is the price list of Karpenter's own benchmark: 1 to 400 cores
// with 2Gi and ten pods a core, at a price that grows evenly with them.
func karpenterMachines() []machine {
	var machines []machine
	for _, t := range fake.InstanceTypes(400) {
		price := t.Offerings[0].Price * hoursPerMonth * moneyUnit
		machines = append(machines, machine{name: t.Name, allocatable: t.Allocatable(), price: plan.Money(math.Round(price))})
	}
	return machines
}

// perHour is the price in the unit in which Karpenter reckons.
func (m *machine) perHour() float64 { return float64(m.price) / moneyUnit / hoursPerMonth }
