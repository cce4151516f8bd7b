package v1alpha1_test

import (
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// What spec.networkConfig takes, and of what it refuses, which field is named and the way out.
func TestNetworkValidation(t *testing.T) {
	type m = map[string]any
	list := func(names ...any) []any { return names }
	tests := map[string]struct {
		network m
		refuse  []string
	}{
		"all fields": {network: m{
			"publicIPv4": "Enabled", "publicIPv6": "Enabled", "privateIP": "Enabled", "vpc": m{"name": "prod"}, "gateway": m{"ip": "203.0.113.9"},
			"firewallGroups": list("a", "b", "c", "d", "e"), "nodeIP": "Private",
		}},
		"empty":                          {network: m{}},
		"publicIPv4 of no kind":          {network: m{"publicIPv4": "On"}, refuse: []string{"spec.networkConfig.publicIPv4", "Enabled"}},
		"publicIPv6 of no kind":          {network: m{"publicIPv6": "On"}, refuse: []string{"spec.networkConfig.publicIPv6"}},
		"privateIP of no kind":           {network: m{"privateIP": "On"}, refuse: []string{"spec.networkConfig.privateIP"}},
		"nodeIP of no kind":              {network: m{"nodeIP": "Any"}, refuse: []string{"spec.networkConfig.nodeIP", "Public"}},
		"vpc by number":                  {network: m{"vpc": m{"id": int64(1)}}},
		"vpc 0":                          {network: m{"vpc": m{"id": int64(0)}}, refuse: []string{"spec.networkConfig.vpc.id"}},
		"vpc without a name":             {network: m{"vpc": m{}}, refuse: []string{"spec.networkConfig.vpc", "one of id and name"}},
		"vpc by both":                    {network: m{"vpc": m{"id": int64(1), "name": "prod"}}, refuse: []string{"spec.networkConfig.vpc", "one of id and name"}},
		"vpc with an empty name":         {network: m{"vpc": m{"name": ""}}, refuse: []string{"spec.networkConfig.vpc.name"}},
		"gateway of IPv6":                {network: m{"gateway": m{"ip": "2001:db8::9"}}},
		"gateway by name":                {network: m{"gateway": m{"ip": "nat"}}, refuse: []string{"spec.networkConfig.gateway.ip", "such as 203.0.113.9"}},
		"gateway without an address":     {network: m{"gateway": m{}}, refuse: []string{"spec.networkConfig.gateway.ip", "Required"}},
		"six firewall groups":            {network: m{"firewallGroups": list("a", "b", "c", "d", "e", "f")}, refuse: []string{"spec.networkConfig.firewallGroups", "5"}},
		"a firewall group twice":         {network: m{"firewallGroups": list("a", "a")}, refuse: []string{"spec.networkConfig.firewallGroups[1]", "Duplicate"}},
		"an empty firewall group":        {network: m{"firewallGroups": list("")}, refuse: []string{"spec.networkConfig.firewallGroups[0]"}},
		"nodeIP VPC":                     {network: m{"nodeIP": "VPC", "vpc": m{"name": "prod"}}},
		"nodeIP VPC without one":         {network: m{"nodeIP": "VPC"}, refuse: []string{"spec.networkConfig.nodeIP", "name it in networkConfig.vpc"}},
		"nodeIP Private without one":     {network: m{"nodeIP": "Private"}, refuse: []string{"spec.networkConfig.nodeIP", "privateIP: Enabled"}},
		"nodeIP Private, switched off":   {network: m{"nodeIP": "Private", "privateIP": "Disabled"}, refuse: []string{"spec.networkConfig.nodeIP"}},
		"no public address":              {network: m{"publicIPv4": "Disabled"}, refuse: []string{"spec.networkConfig.publicIPv4", "set networkConfig.nodeIP"}},
		"no public address, but meant":   {network: m{"publicIPv4": "Disabled", "nodeIP": "Public"}, refuse: []string{"spec.networkConfig.publicIPv4"}},
		"no public address, but a VPC's": {network: m{"publicIPv4": "Disabled", "nodeIP": "VPC", "vpc": m{"id": int64(3)}}},
	}
	c := env.Client(t, nil)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			group := example(t, "nodegroup.yaml", "validated")
			fields{"spec.networkConfig": test.network}.apply(t, group)
			checkRefusal(t, c.Create(t.Context(), group, client.DryRunAll), test.refuse...)
		})
	}
}
