// Package metrics collects what the service measures about itself and exports it in the
// Prometheus format. It has its own registry. No label contains what a client made up,
// or the id of an object, so the number of series is bounded.
package metrics

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/latchkey/latchkey/internal/calls"
)

// Set holds every metric of one service.
type Set struct {
	registry    *prometheus.Registry
	verify      *verifyTimes
	requests    *prometheus.HistogramVec
	store       *prometheus.HistogramVec
	storeErrors *prometheus.CounterVec
	redis       prometheus.Histogram
	redisErrors *prometheus.CounterVec
}

// Bounds of histograms, in seconds.
var (
	requestBounds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
	callBounds    = []float64{.00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}
)

// New returns a Set with the metrics that need no other part: of the process, of
// requests and of calls to databases.
func New(version, goVersion string) *Set {
	s := &Set{
		registry: prometheus.NewRegistry(),
		verify:   newVerifyTimes(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "latchkey_http_request_duration_seconds", Buckets: requestBounds,
			Help: "How long requests took, but for those of /verify, by the pattern of their route.",
		}, []string{"method", "route", "status"}),
		store: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "latchkey_store_call_duration_seconds", Help: "How long calls to the store took.", Buckets: callBounds,
		}, []string{"store", "operation"}),
		storeErrors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "latchkey_store_call_errors_total", Help: "Calls to the store that failed, by the kind of error.",
		}, []string{"store", "error"}),
		redis: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "latchkey_redis_call_duration_seconds", Help: "How long calls to Redis took.", Buckets: callBounds,
		}),
		redisErrors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "latchkey_redis_call_errors_total", Help: "Calls to Redis that failed, by the kind of error.",
		}, []string{"error"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "latchkey_build_info", Help: "Which version runs; always 1.", ConstLabels: prometheus.Labels{
			"version":   version,
			"goversion": goVersion,
		},
	})
	build.Set(1)
	s.registry.MustRegister(build, s.verify, s.requests, s.store, s.storeErrors,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return s
}

// Register adds metrics of other parts.
func (s *Set) Register(c prometheus.Collector) error { return s.registry.Register(c) }

// Verified records an answer of /verify.
func (s *Set) Verified(method string, status int, took time.Duration) {
	s.verify.observe(method, status, took)
}

// Requested records any other answer. route is the pattern, "" if the path matches
// none.
func (s *Set) Requested(method, route string, status int, took time.Duration) {
	if route == "" {
		route = "none"
	} else if len(route) > 1 {
		route = strings.TrimSuffix(route, "/")
	}
	s.requests.WithLabelValues(known(method), route, classes[class(status)]).Observe(took.Seconds())
}

// known keeps made-up methods out of the labels.
func known(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	default:
		return "other"
	}
}

// errorKinds lists the outcomes of calls that count as errors.
var errorKinds = []string{"timeout", "unavailable", "failed"}

// WatchStore returns a watch of the calls to the store.
func (s *Set) WatchStore() calls.Watch {
	return func(ctx context.Context, c calls.Call) (context.Context, func(error)) {
		began := time.Now()
		return ctx, func(err error) {
			s.store.WithLabelValues(c.System, string(c.Operation)).Observe(time.Since(began).Seconds())
			for _, kind := range errorKinds {
				n := s.storeErrors.WithLabelValues(c.System, kind) // starts at 0 with the first call
				if calls.Outcome(err) == kind {
					n.Inc()
				}
			}
		}
	}
}

// WatchRedis returns a watch of the calls to Redis, and registers their metrics.
func (s *Set) WatchRedis() (calls.Watch, error) {
	for _, c := range []prometheus.Collector{s.redis, s.redisErrors} {
		if err := s.registry.Register(c); err != nil {
			return nil, err
		}
	}
	for _, kind := range errorKinds {
		s.redisErrors.WithLabelValues(kind)
	}
	return func(ctx context.Context, _ calls.Call) (context.Context, func(error)) {
		began := time.Now()
		return ctx, func(err error) {
			s.redis.Observe(time.Since(began).Seconds())
			if outcome := calls.Outcome(err); outcome != "ok" && outcome != "canceled" {
				s.redisErrors.WithLabelValues(outcome).Inc()
			}
		}
	}, nil
}

// Bounds of scraping: it refuses more concurrent requests than a pair of Prometheus
// servers and one person make.
const (
	scrapesAtOnce = 4
	scrapeTimeout = 10 * time.Second
)

// Handler serves the metrics.
func (s *Set) Handler(logger *slog.Logger) http.Handler {
	return promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn), ErrorHandling: promhttp.HTTPErrorOnError,
		MaxRequestsInFlight: scrapesAtOnce, Timeout: scrapeTimeout,
	})
}
