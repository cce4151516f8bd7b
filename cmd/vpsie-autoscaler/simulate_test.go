package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// simulateIn runs the command with a NodeGroup, offerings and a trace of ten pods.
func simulateIn(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	t.Chdir(t.TempDir())
	pods := "created_s,deleted_s,cpu_milli,memory_mib,qos\n"
	for range 10 {
		pods += "60,7200,900,512,LS\n"
	}
	for name, text := range map[string]string{
		"web.yaml":       "{apiVersion: autoscaler.vpsie.com/v1beta1, kind: NodeGroup, metadata: {name: web}, spec: {minNodes: 0, maxNodes: 20, datacenterID: dc, offeringIDs: [small], osImageID: u}}",
		"offerings.yaml": "offerings: [{id: small, datacenterID: dc, cpu: 2, memoryMB: 4096, pricePerMonth: '7.20'}]",
		"trace.csv":      pods,
	} {
		if err := os.WriteFile(filepath.Join(".", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out, errs bytes.Buffer
	status = run(t.Context(), append([]string{"simulate"}, args...), strings.NewReader(""), &out, &errs)
	return status, out.String(), errs.String()
}

func TestSimulateComparesSettings(t *testing.T) {
	status, out, errs := simulateIn(t, "-f", "web.yaml", "--offerings", "offerings.yaml", "--trace", "trace.csv", "--vary", "ng/*.maxNodes=2", "-o", "json")
	if status != 0 {
		t.Fatalf("%d: %s", status, errs)
	}
	var told struct {
		Settings []struct {
			Setting string
			Cost    struct{ Paid, LowerBound string }
			Pods    struct{ Wanted, NeverRan int }
		}
	}
	if err := json.Unmarshal([]byte(out), &told); err != nil {
		t.Fatal(err)
	}
	if len(told.Settings) != 2 {
		t.Fatalf("%s", out)
	}
	all, two := told.Settings[0], told.Settings[1]
	if all.Setting != "web" || all.Pods.Wanted != 10 || all.Pods.NeverRan != 0 || all.Cost.Paid == "0.00" {
		t.Errorf("%+v", all)
	}
	if two.Setting != "web, ng/*.maxNodes=2" || two.Pods.NeverRan != 6 {
		t.Errorf("%+v", two)
	}
}

func TestSimulateSaysWhatIsWrong(t *testing.T) {
	given := []string{"-f", "web.yaml", "--offerings", "offerings.yaml"}
	for want, args := range map[string][]string{
		"give --trace FILE, --synthetic-days N or":     {},
		"--trace: open none.csv":                       {"--trace", "none.csv"},
		"--trace, --synthetic-days and --replay: give": {"--trace", "trace.csv", "--synthetic-days", "2"},
		"--boot-failures: 2 is not a share":            {"--trace", "trace.csv", "--boot-failures", "2"},
		"--start: \"noon\" is not a time":              {"--trace", "trace.csv", "--start", "noon"},
		"--drain-time: 0s is not from 1s":              {"--trace", "trace.csv", "--drain-time", "0s"},
		"is 2h0m0s long":                               {"--trace", "trace.csv", "--skip", "3d"},
		"--vary ng/x.maxNodes=2: there is no NodeGro":  {"--trace", "trace.csv", "--vary", "ng/x.maxNodes=2"},
		"--vary web: want ng/NAME.FIELD=VALUE":         {"--trace", "trace.csv", "--vary", "web"},
		"--output: \"xml\"":                            {"--trace", "trace.csv", "-o", "xml"},
	} {
		if status, _, errs := simulateIn(t, append(given, args...)...); status == 0 || !strings.Contains(errs, want) {
			t.Errorf("%v: %d: %s, want %s", args, status, errs, want)
		}
	}
}
