// Package tracing sends spans of requests, and of their database calls, to a collector
// that speaks OTLP over HTTP. The standard OTEL_ variables configure it. A span
// contains the route of a request, never its path, query, headers or body, and the text
// of a statement, never its values.
package tracing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/latchkey/latchkey/internal/calls"
)

// Tracer creates spans. A nil Tracer creates none, at no cost.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

// Start returns a Tracer, or nil unless the variables ask for one: an endpoint or
// OTEL_TRACES_EXPORTER=otlp does, and OTEL_SDK_DISABLED=true turns it off. get returns
// the value of a variable. The SDK reads other variables itself from the environment of
// the process.
func Start(ctx context.Context, get func(string) string, version string, logger *slog.Logger) (*Tracer, error) {
	on, err := wanted(get)
	if !on || err != nil {
		return nil, err
	}
	settings, err := readOTLP(get)
	if err != nil {
		return nil, fmt.Errorf("start traces (OTEL_EXPORTER_OTLP_…): %w", err)
	}
	exporter, err := otlptrace.New(ctx, newOTLPClient(settings, retries))
	if err != nil {
		return nil, fmt.Errorf("start traces (OTEL_EXPORTER_OTLP_…): %w", err)
	}
	what, err := resource.New(ctx,
		resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", "latchkey"), attribute.String("service.version", version)),
		resource.WithFromEnv(), // the last one wins
	)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start traces (OTEL_RESOURCE_ATTRIBUTES): %w", err), exporter.Shutdown(ctx))
	}
	// The SDK reports what it could not send in one place for the whole process.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { logger.Warn("traces", "err", err) }))
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(what))
	return &Tracer{provider: provider, tracer: provider.Tracer("github.com/latchkey/latchkey", trace.WithInstrumentationVersion(version))}, nil
}

func wanted(get func(string) string) (bool, error) {
	if strings.EqualFold(get("OTEL_SDK_DISABLED"), "true") {
		return false, nil
	}
	switch exporter := get("OTEL_TRACES_EXPORTER"); exporter {
	case "none":
		return false, nil
	case "":
		if get("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" {
			return false, nil
		}
	case "otlp":
	default:
		return false, fmt.Errorf("OTEL_TRACES_EXPORTER: %q is not otlp or none", exporter)
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		if protocol := get(name); protocol != "" && protocol != "http/protobuf" {
			return false, fmt.Errorf("%s: %q is not http/protobuf, the one that is spoken here", name, protocol)
		}
	}
	return true, nil
}

// closeTimeout bounds the sending of remaining spans.
const closeTimeout = 2 * time.Second

// Close sends the remaining spans and stops the Tracer.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	return t.provider.Shutdown(ctx)
}

// Middleware creates a span for each request. It continues the traceparent that the
// client sent.
func (t *Tracer) Middleware(c *gin.Context) {
	ctx := propagation.TraceContext{}.Extract(c.Request.Context(), propagation.HeaderCarrier(c.Request.Header))
	method, name := standard(c.Request.Method)
	attributes := []attribute.KeyValue{attribute.String("http.request.method", method)}
	if route := c.FullPath(); route != "" {
		name += " " + route
		attributes = append(attributes, attribute.String("http.route", route))
	}
	ctx, span := t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attributes...))
	defer span.End()
	c.Request = c.Request.WithContext(ctx)
	c.Next()
	status := c.Writer.Status()
	span.SetAttributes(attribute.Int("http.response.status_code", status))
	if id := c.Writer.Header().Get("X-Request-Id"); id != "" {
		span.SetAttributes(attribute.String("latchkey.request_id", id))
	}
	if status >= 500 {
		span.SetStatus(codes.Error, "")
	}
}

// Call creates a span for a call of gRPC, and continues the traceparent in header. end
// takes the status of HTTP that stands for its outcome.
func (t *Tracer) Call(ctx context.Context, header http.Header, name string) (traced context.Context, end func(status int)) {
	ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(header))
	ctx, span := t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.String("rpc.system.name", "grpc")))
	return ctx, func(status int) {
		span.SetAttributes(attribute.Int("http.response.status_code", status))
		if status >= 500 {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// standard returns the method in the form of the conventions, and the name of its span.
func standard(method string) (attribute, name string) {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return method, method
	default:
		return "_OTHER", "HTTP"
	}
}

// Watch returns a watch that creates a span for each call of a traced request, nil for
// a nil Tracer.
func (t *Tracer) Watch() calls.Watch {
	if t == nil {
		return nil
	}
	return func(ctx context.Context, c calls.Call) (context.Context, func(error)) {
		if !trace.SpanFromContext(ctx).IsRecording() {
			return ctx, func(error) {}
		}
		ctx, span := t.tracer.Start(ctx, c.System+" "+c.Name, trace.WithSpanKind(trace.SpanKindClient),
			trace.WithAttributes(attribute.String("db.system.name", c.System), attribute.String("db.operation.name", c.Name)))
		if c.Text != "" {
			span.SetAttributes(attribute.String("db.query.text", c.Text))
		}
		return ctx, func(err error) {
			if outcome := calls.Outcome(err); outcome != "ok" {
				span.SetAttributes(attribute.String("error.type", outcome))
				span.SetStatus(codes.Error, "")
			}
			span.End()
		}
	}
}
