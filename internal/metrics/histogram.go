package metrics

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// verifyBounds go from an answer out of memory, which takes some 10 µs, to one
// that waited for everything.
var verifyBounds = [...]time.Duration{
	25 * time.Microsecond, 50 * time.Microsecond, 100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond,
	50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, time.Second, 2500 * time.Millisecond,
}

// histogram counts durations. Unlike those of the client library it does two
// atomic additions and nothing else, since it stands before every answer of
// /verify.
type histogram struct {
	counts [len(verifyBounds) + 1]atomic.Uint64
	sum    atomic.Int64 // nanoseconds
}

func (h *histogram) observe(d time.Duration) {
	i := 0
	for i < len(verifyBounds) && d > verifyBounds[i] {
		i++
	}
	h.counts[i].Add(1)
	h.sum.Add(int64(d))
}

// read returns the count, the sum in seconds, and the cumulative counts by
// upper bound in seconds.
func (h *histogram) read() (count uint64, sum float64, buckets map[float64]uint64) {
	buckets = make(map[float64]uint64, len(verifyBounds))
	for i, bound := range verifyBounds {
		count += h.counts[i].Load()
		buckets[bound.Seconds()] = count
	}
	count += h.counts[len(verifyBounds)].Load()
	return count, time.Duration(h.sum.Load()).Seconds(), buckets
}

// verifyTimes is how long answers of /verify took, by method and status.
type verifyTimes struct {
	desc  *prometheus.Desc
	times [2][len(classes)]histogram // GET and POST
}

// classes are the statuses that are told apart.
var classes = [...]string{"2xx", "3xx", "4xx", "5xx"}

func class(status int) int {
	return min(max(status/100, 2), 5) - 2
}

func newVerifyTimes() *verifyTimes {
	return &verifyTimes{desc: prometheus.NewDesc("latchkey_verify_duration_seconds",
		"How long answers of /verify took, from the request's header to the answer's end.", []string{"method", "status"}, nil)}
}

func (v *verifyTimes) observe(method string, status int, took time.Duration) {
	i := 0
	if method == http.MethodPost {
		i = 1
	}
	v.times[i][class(status)].observe(took)
}

// Describe implements prometheus.Collector.
func (v *verifyTimes) Describe(to chan<- *prometheus.Desc) { to <- v.desc }

// Collect implements prometheus.Collector.
func (v *verifyTimes) Collect(to chan<- prometheus.Metric) {
	for i, method := range []string{http.MethodGet, http.MethodPost} {
		for j, status := range classes {
			if status == "3xx" { // /verify has none
				continue
			}
			count, sum, buckets := v.times[i][j].read()
			to <- prometheus.MustNewConstHistogram(v.desc, count, sum, buckets, method, status)
		}
	}
}
