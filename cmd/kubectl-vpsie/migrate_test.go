package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vpsie/vpsie-autoscaler/api/v1alpha1"
)

const inAVersion = `apiVersion: autoscaler.vpsie.com/VERSION
kind: NodeGroup
metadata: {name: NAME, namespace: kube-system}
spec: {minNodes: 0, maxNodes: 3, datacenterID: d, offeringIDs: [o], osImageID: i}
`

// What is applied in an old version is named until it is applied in the newest one, however it
// is applied, and so are lines of files.
func TestMigrateCheckNamesOldVersions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "group.yaml")
	applyAs := func(version, name string, flags ...string) {
		t.Helper()
		text := strings.NewReplacer("VERSION", version, "NAME", name).Replace(inAVersion)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		env.Kubectl(t, append([]string{"apply", "-f", path}, flags...)...)
	}
	for _, name := range []string{"client-side", "server-side"} {
		t.Cleanup(func() { remove(t, &v1alpha1.NodeGroup{ObjectMeta: metaOf("kube-system", name)}) })
	}
	for _, version := range []string{"v1alpha1", "v1alpha2"} {
		applyAs(version, "client-side")
		applyAs(version, "server-side", "--server-side")
		kubectl(t, "migrate", "--check").want(t, 2, "nodegroups are stored as [v1alpha1]",
			"NodeGroup kube-system/client-side  "+version+"  kubectl apply", "NodeGroup kube-system/server-side  "+version+"  kubectl")
	}
	applyAs("v1beta1", "client-side")
	applyAs("v1beta1", "server-side", "--server-side")
	r := kubectl(t, "migrate", "--check")
	for _, name := range []string{"client-side", "server-side"} {
		if strings.Contains(r.out, name) {
			t.Errorf("%s is applied as v1beta1, and it says\n%s", name, r.out)
		}
	}

	kubectl(t, "migrate", "--check", "-f", path).want(t, r.status)
	template := "{{- if .Values.group }}\n" + strings.Replace(inAVersion, "VERSION", "v1alpha1", 1) + "{{- end }}\n"
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "template.yaml"), []byte(template), 0o600); err != nil {
		t.Fatal(err)
	}
	kubectl(t, "migrate", "--check", "-f", filepath.Dir(path)).want(t, 2, "template.yaml:2", "Change apiVersion to autoscaler.vpsie.com/v1beta1")
	as(t, "", `{"apiVersion": "autoscaler.vpsie.com/v1alpha2"}`, "migrate", "--check", "-f", "-", "-o", "json").want(t, 2, `"where": "stdin:1"`, `"version": "v1alpha2"`)
	apply(t, objects)
	as(t, "reader", "", "migrate", "--check").want(t, 2, "without the stored versions", "forbidden")
	kubectl(t, "migrate", "--check", "-f", "nowhere").want(t, 1, "-f nowhere", "no such file")
	kubectl(t, "migrate").want(t, 1, "--check is required")
}
