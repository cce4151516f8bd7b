package dryrun

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// What is printed as YAML is a file that --offerings reads, with the same offers; the table
// has the price a month by core and by GiB, and what pods get.
func TestOfferingsFeedTheirOwnFlag(t *testing.T) {
	result, _, err := supposing(t, WhatIf{})
	if err != nil {
		t.Fatal(err)
	}
	a := Offerings(result.State)
	text, err := yaml.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "offerings.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	offers, _, err := readOfferings(file)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if len(offers) != len(result.State.Offers) || len(offers) != 2 {
		t.Fatalf("%d offers of %d", len(offers), len(result.State.Offers))
	}
	for _, read := range offers {
		for _, o := range result.State.Offers {
			if o.InstanceType == read.InstanceType && (o.Price != read.Price || o.Allocatable.Cpu().Cmp(*read.Allocatable.Cpu()) != 0 ||
				o.Allocatable.Memory().Cmp(*read.Allocatable.Memory()) != 0 || o.Capacity.Memory().Cmp(*read.Capacity.Memory()) != 0) {
				t.Errorf("%+v became %+v", o, read)
			}
		}
	}
	var table bytes.Buffer
	if err := a.WriteTable(&table, 0); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"small     dc1         2    4.0Gi   80 GB  12.00  6.00      3.00     1900m, 3.4Gi", "large     dc1         8    16.0Gi  80 GB  40.00  5.00      2.50", "(estimated)", "web"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("it lacks %q:\n%s", want, table.String())
		}
	}
}
