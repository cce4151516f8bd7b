package cloud

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/vpsie/vpsie-autoscaler/internal/plan"
)

// Selector chooses offerings by what they are; what is nil or empty does not matter.
type Selector struct {
	MinCPU, MaxCPU, MinMemoryMB, MaxMemoryMB *int32
	// Categories are the only ones, NotCategories are left out, without regard to case.
	Categories, NotCategories []string
	// Exclude are identifiers or names of offerings that are left out.
	Exclude []string
	// MaxPrice is per month.
	MaxPrice *plan.Money
}

// Traits are what a Selector looks at.
type Traits struct {
	Identifier, Name, Category string
	CPU, MemoryMB              int
	Price                      plan.Money
}

// excludes names the fields that leave the offering out.
func (s *Selector) excludes(t Traits) []string {
	var fields []string
	note := func(field string, out bool) {
		if out {
			fields = append(fields, field)
		}
	}
	among := func(list []string, values ...string) bool {
		return slices.ContainsFunc(list, func(want string) bool {
			return slices.ContainsFunc(values, func(v string) bool { return v != "" && strings.EqualFold(v, want) })
		})
	}
	note("cpu.min", s.MinCPU != nil && t.CPU < int(*s.MinCPU))
	note("cpu.max", s.MaxCPU != nil && t.CPU > int(*s.MaxCPU))
	note("memoryMB.min", s.MinMemoryMB != nil && t.MemoryMB < int(*s.MinMemoryMB))
	note("memoryMB.max", s.MaxMemoryMB != nil && t.MemoryMB > int(*s.MaxMemoryMB))
	note("categories.include", len(s.Categories) > 0 && !among(s.Categories, t.Category))
	note("categories.exclude", among(s.NotCategories, t.Category))
	note("exclude", among(s.Exclude, t.Identifier, t.Name))
	note("maxPricePerMonth", s.MaxPrice != nil && t.Price > *s.MaxPrice)
	return fields
}

// Choose returns those of the list that the selector chooses. Where there is none, why says
// which fields leave out how many, the one that leaves out most first.
func Choose[T any](s *Selector, list []T, traits func(T) Traits) (chosen []T, why string) {
	counts := map[string]int{}
	for _, v := range list {
		fields := s.excludes(traits(v))
		if len(fields) == 0 {
			chosen = append(chosen, v)
		}
		for _, f := range fields {
			counts[f]++
		}
	}
	if len(chosen) > 0 {
		return chosen, ""
	}
	var fields []string
	for f := range counts {
		fields = append(fields, f)
	}
	slices.SortFunc(fields, func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b)) })
	for i, f := range fields {
		fields[i] = fmt.Sprintf("%s leaves out %d", f, counts[f])
	}
	return nil, strings.Join(fields, ", ")
}
