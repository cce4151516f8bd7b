package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// withoutMillis blots out how long a plan took.
func withoutMillis(out string) string {
	return regexp.MustCompile(`Millis"?: [0-9.e+-]+`).ReplaceAllString(out, "Millis: 0")
}

// A live cluster becomes a file from which the same plan is made, byte for byte; what if can be
// asked of it; and it has nothing that is secret.
func TestRecordOfALiveCluster(t *testing.T) {
	apply(t, objects)
	secret(t)
	apply(t, `{apiVersion: autoscaler.vpsie.com/v1alpha1, kind: NodeGroup, metadata: {name: web, namespace: kube-system},
spec: {minNodes: 0, maxNodes: 3, datacenterID: dc-us-east-1, offeringIDs: [small-2cpu-4gb], osImageID: ubuntu-22.04-lts, userData: "#cloud-config SECRET-userdata"}}`)
	apply(t, `{apiVersion: v1, kind: Pod, metadata: {name: talks, namespace: shop, labels: {app: talks}, annotations: {example.com/token: SECRET-annotation}},
spec: {containers: [{name: c, image: registry.example.com/SECRET-image, args: [SECRET-args], env: [{name: PASSWORD, value: SECRET-env}], resources: {limits: {cpu: "1", memory: 1Gi}}}]}}`)
	file := filepath.Join(t.TempDir(), "record.json.gz")
	// The time is a whole second, as in the record.
	const now = "2025-10-12T12:00:00Z"
	kubectl(t, "record", "--file", file, "--now", now).want(t, 0, "wrote "+file, " pods; plan --replay "+file)
	live := kubectl(t, "plan", "-o", "json", "--now", now)
	replayed := run(t, "plan", "--replay", file, "-o", "json")
	replayed.want(t, 0, "the plan is the one of then")
	if diff := cmp.Diff(withoutMillis(live.out), withoutMillis(replayed.out)); diff != "" || !strings.Contains(live.out, "shop/talks") {
		t.Errorf("-live +replayed: %s", diff)
	}
	run(t, "plan", "--replay", file, "--set", "ng/web.maxNodes=1", "--price", "small-2cpu-4gb=7.2").want(t, 0, "WHAT IF", "0.0100")
	run(t, "plan", "--replay", file, "--set", "deployment/shop/talks.replicas=2").want(t, 1, "workloads are not recorded, only their pods")
	run(t, "plan", "--replay", file, "-f", "x.yaml").want(t, 1, "--replay and --filename: give one of the two")
	run(t, "plan", "--replay", "missing.json").want(t, 1, "--replay: open missing.json")

	plain := kubectl(t, "record", "--now", now)
	plain.want(t, 0, `"apiVersion": "record.autoscaler.vpsie.com/v1"`)
	hidden := filepath.Join(t.TempDir(), "hidden.json")
	kubectl(t, "record", "--hide-names", "--file", hidden, "--now", now).want(t, 0)
	run(t, "plan", "--replay", hidden).want(t, 0, "the plan is the one of then", "BUY 1 machine")
	text, err := os.ReadFile(hidden)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"SECRET", "registry.example.com", "accountPassword", "DefaultToken"} {
		if strings.Contains(plain.out, word) {
			t.Errorf("the record has %s", word)
		}
	}
	for _, word := range []string{"talks", "shop"} {
		if strings.Contains(string(text), word) {
			t.Errorf("the record with hidden names has %s", word)
		}
	}
}
