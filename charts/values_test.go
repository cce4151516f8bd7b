package charts_test

import (
	"strings"
	"testing"
)

// everything switches on and changes all that the chart offers.
const everything = `
image: {repository: registry.example/vpsie-autoscaler, digest: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", pullPolicy: Always}
imagePullSecrets: [{name: registry}]
replicas: 3
secretName: account
clusterID: production
logLevel: debug
extraArgs: ["--join-timeout=20m"]
crds: {enabled: true, keep: false}
userRoles: false
podAnnotations: {a: b}
podLabels: {c: d}
priorityClassName: ""
resources: {requests: {cpu: 200m}}
nodeSelector: {pool: system}
tolerations: [{operator: Exists}]
nodeAffinity: {offManagedNodes: required}
podDisruptionBudget: {enabled: true, maxUnavailable: 50%}
metrics:
  port: 9090
  service: {enabled: true, annotations: {e: f}}
  serviceMonitor: {enabled: true, interval: 15s, labels: {release: prometheus}}
  prometheusRule: {enabled: true, labels: {release: prometheus}}
  dashboard: {enabled: true, labels: {grafana_dashboard: "1"}}
health: {port: 9091}
networkPolicy:
  enabled: true
  metricsFrom: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]
  egressPorts: [443]
`

func TestBadValuesAreRefusedByName(t *testing.T) {
	if _, err := render("kube-system", everything); err != nil {
		t.Fatalf("good values: %v", err)
	}
	for values, field := range map[string]string{
		"replica: 2":                                    "replica",
		"replicas: two":                                 "/replicas",
		"replicas: -1":                                  "/replicas",
		"image: {tags: v1}":                             "tags",
		`image: {digest: "sha256:1"}`:                   "/image/digest",
		"image: {repository: ''}":                       "/image/repository",
		"image: {pullPolicy: Sometimes}":                "/image/pullPolicy",
		"secretName: Not_A_Name":                        "/secretName",
		"logLevel: verbose":                             "/logLevel",
		"extraArgs: [join-timeout=20m]":                 "/extraArgs/0",
		"extraArgs: --join-timeout=20m":                 "/extraArgs",
		"crds: {keep: 'yes'}":                           "/crds/keep",
		"nodeAffinity: {offManagedNodes: never}":        "/nodeAffinity/offManagedNodes",
		"metrics: {port: 0}":                            "/metrics/port",
		"metrics: {serviceMonitor: {interval: thirty}}": "/metrics/serviceMonitor/interval",
		"metrics: {serviceMonitor: {enable: true}}":     "enable",
		"networkPolicy: {egressPorts: []}":              "/networkPolicy/egressPorts",
		"podDisruptionBudget: {maxUnavailable: half}":   "/podDisruptionBudget/maxUnavailable",
		"podLabels: {number: 1}":                        "/podLabels/number",
		"resources: {request: {cpu: 1}}":                "request",
	} {
		_, err := render("kube-system", values)
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v, want a refusal that names %s", values, err, field)
		}
	}
}

func TestBothHelmsRenderTheSame(t *testing.T) {
	for _, values := range []string{"", everything} {
		four, err := render("kube-system", values)
		if err != nil {
			t.Fatal(err)
		}
		three, err := renderWithHelm3("kube-system", values)
		if err != nil {
			t.Fatal(err)
		}
		if three != four {
			t.Errorf("Helm 3:\n%s\nHelm 4:\n%s", three, four)
		}
	}
}
