package tracing

import (
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
)

// retries say for how long a batch is tried again while the collector is overloaded or
// unavailable.
var retries = otlptracehttp.RetryConfig{
	Enabled: true, InitialInterval: 5 * time.Second, MaxInterval: 30 * time.Second, MaxElapsedTime: time.Minute,
}

// newOTLPClient returns OpenTelemetry's client with all settings given, so that it goes
// by those that were checked at the start.
func newOTLPClient(s otlpSettings, retry otlptracehttp.RetryConfig) otlptrace.Client {
	options := []otlptracehttp.Option{
		otlptracehttp.WithEndpointURL(s.url.String()), otlptracehttp.WithHeaders(s.headers), otlptracehttp.WithTimeout(s.timeout),
		otlptracehttp.WithCompression(otlptracehttp.NoCompression), otlptracehttp.WithRetry(retry),
	}
	if s.gzip {
		options = append(options, otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
	}
	if s.tls != nil {
		options = append(options, otlptracehttp.WithTLSClientConfig(s.tls))
	}
	return otlptracehttp.NewClient(options...)
}
