package metrics

import (
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// verifyBounds range from an answer from memory, which takes about 10 µs, to one that
// waited for everything.
var verifyBounds = []float64{
	.000025, .00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 2.5,
}

// verifyTimes measures the duration of /verify answers, by method and status.
type verifyTimes struct {
	*prometheus.HistogramVec
	times [len(verifyMethods)][len(classes)]prometheus.Observer // looked up once
}

// classes are the classes of statuses.
var classes = [...]string{"2xx", "3xx", "4xx", "5xx"}

// verifyMethods are the ways to verify. A gateway that asks with its client's method
// counts as GET.
var verifyMethods = [...]string{http.MethodGet, http.MethodPost, "grpc"}

func class(status int) int {
	return min(max(status/100, 2), 5) - 2
}

func newVerifyTimes() *verifyTimes {
	v := &verifyTimes{HistogramVec: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "latchkey_verify_duration_seconds", Buckets: verifyBounds,
		Help: "How long answers of /verify and of Envoy's gRPC took, from the request's header to the answer's end.",
	}, []string{"method", "status"})}
	for i, method := range verifyMethods {
		for j, status := range classes {
			if status != "3xx" { // not an answer of /verify
				v.times[i][j] = v.WithLabelValues(method, status)
			}
		}
	}
	return v
}

func (v *verifyTimes) observe(method string, status int, took time.Duration) {
	i := max(0, slices.Index(verifyMethods[:], method))
	if times := v.times[i][class(status)]; times != nil {
		times.Observe(took.Seconds())
	}
}
