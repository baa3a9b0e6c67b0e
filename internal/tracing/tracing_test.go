package tracing_test

import (
	"log/slog"
	"testing"

	"github.com/latchkey/latchkey/internal/tracing"
)

// Unless the variables ask for traces there is no tracer, so nothing that
// costs.
func TestTracesAreOffUnlessAskedFor(t *testing.T) {
	t.Parallel()
	for name, variables := range map[string]map[string]string{
		"nothing":      {},
		"other signal": {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://h:4318"},
		"disabled":     {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:4318", "OTEL_SDK_DISABLED": "true"},
		"no exporter":  {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:4318", "OTEL_TRACES_EXPORTER": "none"},
	} {
		tracer, err := tracing.Start(t.Context(), func(n string) string { return variables[n] }, "v", slog.New(slog.DiscardHandler))
		if err != nil || tracer != nil {
			t.Errorf("%s: %v, %v", name, tracer, err)
		}
		if tracer.Watch() != nil || tracer.Close(t.Context()) != nil {
			t.Errorf("%s: a tracer that is not there does something", name)
		}
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_TRACES_EXPORTER"} {
		value := map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}[name]
		if value == "" {
			value = "http://127.0.0.1:1"
		}
		tracer, err := tracing.Start(t.Context(), func(n string) string {
			return map[string]string{name: value}[n]
		}, "v", slog.New(slog.DiscardHandler))
		if err != nil || tracer == nil || tracer.Watch() == nil {
			t.Errorf("%s: %v, %v", name, tracer, err)
		}
		if err := tracer.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
