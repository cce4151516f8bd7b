package observe

import "github.com/prometheus/client_golang/prometheus"

// Metric describes a metric for the documentation.
type Metric struct {
	Name, Type, Help string
	Labels           []string
}

// Reference describes every metric that NewMetrics registers.
func (m *Metrics) Reference() []Metric { return m.catalog.metrics }

// catalog makes metrics, registers them and keeps what they are.
type catalog struct {
	registerer prometheus.Registerer
	metrics    []Metric
}

func (c *catalog) add(collector prometheus.Collector, kind, name, help string, labels []string) {
	c.registerer.MustRegister(collector)
	c.metrics = append(c.metrics, Metric{name, kind, help, labels})
}

func (c *catalog) gauge(name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	c.add(g, "gauge", name, help, nil)
	return g
}

func (c *catalog) gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	c.add(g, "gauge", name, help, labels)
	return g
}

func (c *catalog) counters(name, help string, labels ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	c.add(v, "counter", name, help, labels)
	return v
}

func (c *catalog) histogram(name, help string, buckets []float64) prometheus.Histogram {
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
	c.add(h, "histogram", name, help, nil)
	return h
}

func (c *catalog) histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	c.add(h, "histogram", name, help, labels)
	return h
}
