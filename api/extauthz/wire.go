package extauthz

import (
	"context"
	"net/http"
	"strings"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	rpc "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/latchkey/latchkey/api"
	"github.com/latchkey/latchkey/verify"
)

// read are the headers of the client's request that matter here, as Envoy spells
// them. Any other header stays unread, so that no client asks the question.
var read = map[string]string{
	"x-api-key": "X-Api-Key", "authorization": "Authorization", "user-agent": "User-Agent", "x-forwarded-for": "X-Forwarded-For",
	"x-forwarded-proto": "X-Forwarded-Proto", "forwarded": "Forwarded", "x-request-id": "X-Request-Id", "traceparent": "Traceparent",
}

// carrier returns the client's request with the headers that are read. RemoteAddr is
// Envoy's: whose address is believed is decided as for HTTP.
func carrier(ctx context.Context, in *authv3.CheckRequest, from gateway) *http.Request {
	told := in.GetAttributes().GetRequest().GetHttp()
	r := &http.Request{Method: told.GetMethod(), Header: make(http.Header, len(read)), RemoteAddr: from.address, TLS: from.tls}
	for name, value := range told.GetHeaders() {
		if known, ok := read[name]; ok {
			r.Header[known] = []string{value}
		}
	}
	for _, h := range told.GetHeaderMap().GetHeaders() { // with encode_raw_headers
		if known, ok := read[strings.ToLower(h.GetKey())]; ok {
			value := h.GetValue()
			if raw := h.GetRawValue(); len(raw) > 0 {
				value = string(raw)
			}
			r.Header[known] = append(r.Header[known], value)
		}
	}
	return r.WithContext(ctx)
}

// foreign are headers that only Latchkey may set and does not: a client may have sent
// them.
var foreign = []string{"x-api-key", "x-latchkey-scope", "x-latchkey-cost", "x-latchkey-api", "x-latchkey-audience"}

var foreignWithAuthorization = append([]string{"authorization"}, foreign...)

// limits are the headers that tell a client what is left to it.
var limits = map[string]bool{
	"RateLimit": true, "RateLimit-Policy": true, "X-RateLimit-Limit": true, "X-RateLimit-Remaining": true, "X-RateLimit-Reset": true,
	"X-Latchkey-Code": true,
}

// passed lets the request through: with the identity, without the key.
func passed(a *api.SelfAnswer, keepAuthorization bool) *authv3.CheckResponse {
	ok := &authv3.OkHttpResponse{HeadersToRemove: foreignWithAuthorization}
	if keepAuthorization {
		ok.HeadersToRemove = foreign
	}
	ok.Headers, ok.ResponseHeadersToAdd = make([]*corev3.HeaderValueOption, 0, len(a.Header)), make([]*corev3.HeaderValueOption, 0, len(limits))
	for name, values := range a.Header {
		set := header(name, values[0])
		if limits[name] {
			ok.ResponseHeadersToAdd = append(ok.ResponseHeadersToAdd, set)
		}
		if strings.HasPrefix(name, "X-Latchkey-") {
			ok.Headers = append(ok.Headers, set)
		}
	}
	return &authv3.CheckResponse{
		Status: &rpc.Status{Code: int32(codes.OK)}, HttpResponse: &authv3.CheckResponse_OkResponse{OkResponse: ok},
		DynamicMetadata: metadata(&a.Verdict.Grant),
	}
}

// refused answers the client in place of the API.
func refused(a *api.SelfAnswer) *authv3.CheckResponse {
	denied := &authv3.DeniedHttpResponse{
		Status: &typev3.HttpStatus{Code: typev3.StatusCode(a.Status)}, //nolint:gosec // G115: a status
		Body:   string(a.Body),
	}
	for name, values := range a.Header {
		denied.Headers = append(denied.Headers, header(name, values[0]))
	}
	out := &authv3.CheckResponse{
		Status: &rpc.Status{Code: int32(codes.PermissionDenied)}, HttpResponse: &authv3.CheckResponse_DeniedResponse{DeniedResponse: denied},
	}
	switch {
	case a.Status == http.StatusUnauthorized:
		out.Status.Code = int32(codes.Unauthenticated)
	case a.Status == http.StatusTooManyRequests:
		out.Status.Code = int32(codes.ResourceExhausted)
	case a.Status >= http.StatusInternalServerError:
		out.Status.Code = int32(codes.Unavailable)
	}
	return out
}

// header replaces what the client sent under that name.
func header(name, value string) *corev3.HeaderValueOption {
	return &corev3.HeaderValueOption{
		Header:       &corev3.HeaderValue{Key: strings.ToLower(name), Value: value},
		AppendAction: corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD,
	}
}

// metadata is what other filters, and the access log, learn of the key.
func metadata(g *verify.Grant) *structpb.Struct {
	scopes := make([]*structpb.Value, len(g.Scopes()))
	for i, scope := range g.Scopes() {
		scopes[i] = structpb.NewStringValue(scope)
	}
	return &structpb.Struct{Fields: map[string]*structpb.Value{
		"key_id":             structpb.NewStringValue(g.KeyID()),
		"service_account_id": structpb.NewStringValue(g.Account.ID),
		"organization_id":    structpb.NewStringValue(g.Account.OrganizationID),
		"tier":               structpb.NewStringValue(g.Tier.Name),
		"environment":        structpb.NewStringValue(string(g.Environment())),
		"scopes":             structpb.NewListValue(&structpb.ListValue{Values: scopes}),
	}}
}
