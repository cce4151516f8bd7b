package scale

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/client-go/rest"
)

// requests are those that the API server has had from all its clients, by verb and resource: "PATCH nodes/status".
func requests(ctx context.Context, config *rest.Config) (map[string]int, error) {
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	families, err := scrape(ctx, client, config.Host+"/metrics")
	if err != nil {
		return nil, err
	}
	counts := map[string]int{}
	for _, m := range families["apiserver_request_total"].GetMetric() {
		labels := map[string]string{}
		for _, l := range m.GetLabel() {
			labels[l.GetName()] = l.GetValue()
		}
		if labels["resource"] == "" {
			continue // probes and discovery
		}
		kind := labels["verb"] + " " + labels["resource"]
		if labels["subresource"] != "" {
			kind += "/" + labels["subresource"]
		}
		counts[kind] += int(m.GetCounter().GetValue())
	}
	return counts, nil
}

// since are the requests that came after the given ones.
func since(ctx context.Context, config *rest.Config, before map[string]int) (map[string]int, error) {
	now, err := requests(ctx, config)
	for kind, n := range before {
		now[kind] -= n
	}
	maps.DeleteFunc(now, func(_ string, n int) bool { return n == 0 })
	return now, err
}

// most lists the kinds of which there are most.
func most(requests map[string]int) string {
	const shown = 8
	kinds := slices.SortedFunc(maps.Keys(requests), func(a, b string) int {
		return cmp.Or(requests[b]-requests[a], cmp.Compare(a, b))
	})
	var list []string
	for _, kind := range kinds[:min(len(kinds), shown)] {
		list = append(list, fmt.Sprintf("%d %s", requests[kind], kind))
	}
	return strings.Join(list, ", ")
}
