package scale

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// usage is what the controller's process has used up to a moment.
type usage struct {
	at           time.Time
	cpu          time.Duration
	resident     int64 // bytes
	mostResident int64 // bytes, since its start
	read         int64 // bytes, since its start
	metrics      map[string]float64
}

// clockTicks is how Linux counts processor time, a second: the same on all its platforms.
const clockTicks = 100

// look reads /proc and the controller's own metrics.
func look(ctx context.Context, pid int, metricsURL string) (usage, error) {
	u := usage{at: time.Now()}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return u, fmt.Errorf("reading the controller's processor time: %w", err)
	}
	// The name, in brackets, may hold anything; utime and stime are the 12th and 13th fields after it.
	_, rest, _ := strings.Cut(string(stat), ") ")
	if f := strings.Fields(rest); len(f) > 12 {
		user, _ := strconv.Atoi(f[11])
		system, _ := strconv.Atoi(f[12])
		u.cpu = time.Duration(user+system) * time.Second / clockTicks
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return u, fmt.Errorf("reading the controller's memory: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		if f := strings.Fields(line); len(f) == 3 {
			kib, _ := strconv.ParseInt(f[1], 10, 64)
			switch f[0] {
			case "VmRSS:":
				u.resident = kib << 10
			case "VmHWM:":
				u.mostResident = kib << 10
			}
		}
	}
	io, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	if err != nil {
		return u, fmt.Errorf("reading what the controller has read: %w", err)
	}
	if _, err := fmt.Sscanf(string(io), "rchar: %d", &u.read); err != nil {
		return u, fmt.Errorf("reading what the controller has read: %w", err)
	}
	families, err := scrape(ctx, http.DefaultClient, metricsURL)
	u.metrics = sums(families)
	return u, err
}

// scrape reads metrics in Prometheus' text format.
func scrape(ctx context.Context, client *http.Client, url string) (map[string]*dto.MetricFamily, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("reading metrics: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(response.Body)
	if err != nil {
		return nil, fmt.Errorf("reading metrics from %s: %w", url, err)
	}
	return families, nil
}

// sums adds each metric up over its labels; of a histogram it has the count and the sum.
func sums(families map[string]*dto.MetricFamily) map[string]float64 {
	sums := map[string]float64{}
	for name, family := range families {
		for _, m := range family.Metric {
			sums[name] += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			if h := m.GetHistogram(); h != nil {
				sums[name+"_count"] += float64(h.GetSampleCount())
				sums[name+"_sum"] += h.GetSampleSum()
			}
		}
	}
	return sums
}
