package tracing

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// Limits of the attempts to send a batch, the same as OpenTelemetry's own.
const (
	firstPause  = 5 * time.Second
	longestWait = 30 * time.Second
	mostTries   = time.Minute
	mostAnswer  = 64 << 10
)

// otlpClient sends spans by OTLP over HTTP. OpenTelemetry's own client links all of
// gRPC, which nothing here uses.
type otlpClient struct {
	settings otlpSettings
	http     *http.Client
	stopped  context.Context //nolint:containedctx // ends with the client, not with one call
	stop     context.CancelFunc
}

var _ otlptrace.Client = (*otlpClient)(nil)

func newOTLPClient(s otlpSettings) *otlpClient {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = s.tls
	c := &otlpClient{settings: s, http: &http.Client{Transport: transport, Timeout: s.timeout}}
	c.stopped, c.stop = context.WithCancel(context.Background())
	return c
}

// Start does nothing: the first batch opens the connection.
func (c *otlpClient) Start(ctx context.Context) error { return ctx.Err() }

// Stop cancels the batch being sent.
func (c *otlpClient) Stop(ctx context.Context) error {
	c.stop()
	c.http.CloseIdleConnections()
	return ctx.Err()
}

// UploadTraces sends a batch. It retries for at most a minute while the collector is
// overloaded or unavailable.
func (c *otlpClient) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.stopped, cancel)()
	body, err := c.body(spans)
	if err != nil {
		return err
	}
	started, pause := time.Now(), firstPause
	for {
		retry, wait, err := c.send(ctx, body)
		if err == nil || !retry {
			return err
		}
		const half, spread = 2, 1.5
		jittered := pause/half + time.Duration(rand.Int64N(int64(pause))) //nolint:gosec // G404: spreads load, guards nothing
		if time.Since(started)+wait > mostTries {
			return fmt.Errorf("gave up after %s: %w", time.Since(started).Round(time.Second), err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-time.After(max(wait, jittered)):
		}
		pause = min(time.Duration(float64(pause)*spread), longestWait)
	}
}

// body encodes the request. TracesData has the wire form of ExportTraceServiceRequest,
// whose package needs gRPC.
func (c *otlpClient) body(spans []*tracepb.ResourceSpans) ([]byte, error) {
	encoded, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans})
	if err != nil || !c.settings.gzip {
		return encoded, err
	}
	var b bytes.Buffer
	packed := gzip.NewWriter(&b)
	if _, err := packed.Write(encoded); err != nil {
		return nil, err
	}
	if err := packed.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// send tries once. retry says whether a retry makes sense, and wait how long the
// collector asked to wait before it.
func (c *otlpClient) send(ctx context.Context, body []byte) (retry bool, wait time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.settings.url.String(), bytes.NewReader(body))
	if err != nil {
		return false, 0, err
	}
	r.Header.Set("User-Agent", "OTel OTLP Exporter Go/"+otlptrace.Version())
	for name, value := range c.settings.headers {
		r.Header.Set(name, value)
	}
	r.Header.Set("Content-Type", "application/x-protobuf")
	if c.settings.gzip {
		r.Header.Set("Content-Encoding", "gzip")
	}
	answer, err := c.http.Do(r)
	if err != nil {
		var failed *url.Error
		return errors.As(err, &failed) && failed.Temporary(), 0, err
	}
	defer answer.Body.Close() //nolint:errcheck // read to its end
	text, err := io.ReadAll(io.LimitReader(answer.Body, mostAnswer))
	if err != nil {
		return false, 0, err
	}
	switch answer.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		retry, wait = true, retryAfter(answer.Header.Get("Retry-After"))
	default:
		if answer.StatusCode >= 200 && answer.StatusCode <= 299 {
			if answer.Header.Get("Content-Type") != "application/x-protobuf" {
				return false, 0, nil
			}
			return false, 0, partial(text)
		}
	}
	return retry, wait, fmt.Errorf("send to %s: %s: %s", c.settings.url.Redacted(), answer.Status, strings.TrimSpace(string(text)))
}

func retryAfter(value string) time.Duration {
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil && seconds >= 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// partial parses an ExportTraceServiceResponse: the collector accepted the batch, and
// may say that it rejected some of its spans.
func partial(response []byte) error {
	var rejected uint64
	var message string
	each(response, func(field protowire.Number, _ uint64, part []byte) {
		if field != 1 { // partial_success
			return
		}
		each(part, func(field protowire.Number, n uint64, text []byte) {
			switch field {
			case 1: // rejected_spans
				rejected = n
			case 2: // error_message
				message = string(text)
			}
		})
	})
	if rejected == 0 && message == "" {
		return nil
	}
	return fmt.Errorf("the collector rejected %d spans: %s", rejected, message)
}

// each calls found with the fields of a message that are numbers or bytes. It stops at
// a field that it cannot parse.
func each(message []byte, found func(field protowire.Number, n uint64, part []byte)) {
	for len(message) > 0 {
		field, kind, size := protowire.ConsumeTag(message)
		if size < 0 {
			return
		}
		message = message[size:]
		var n uint64
		var part []byte
		switch kind {
		case protowire.VarintType:
			n, size = protowire.ConsumeVarint(message)
		case protowire.BytesType:
			part, size = protowire.ConsumeBytes(message)
		default:
			size = protowire.ConsumeFieldValue(field, kind, message)
		}
		if size < 0 {
			return
		}
		found(field, n, part)
		message = message[size:]
	}
}
