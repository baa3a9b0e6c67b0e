// Package latchkeygrpc has gRPC server interceptors that admit calls whose key
// Latchkey verifies. The key is in the metadata: x-api-key, or authorization with
// the scheme Bearer or Api-Key. It works as package guard does.
package latchkeygrpc

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/client/guard"
)

// Domain is the domain of the ErrorInfo in refusals. Its Reason is the verdict's
// code.
const Domain = "latchkey"

// Needs returns what a call of the method, such as /shop.v1.Invoices/List, needs.
type Needs func(method string) guard.Need

// Require returns Needs that ask for the scopes on every method.
func Require(scopes ...string) Needs {
	return func(string) guard.Need { return guard.Need{Scopes: scopes} }
}

// UnaryServerInterceptor admits calls whose key may do what they need.
func UnaryServerInterceptor(g *guard.Guard, needs Needs) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, in any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		ctx, err := admit(ctx, g, needs(info.FullMethod))
		if err != nil {
			return nil, err
		}
		return handler(ctx, in)
	}
}

// StreamServerInterceptor admits streams whose key may do what they need. It
// checks the key only when a stream begins.
func StreamServerInterceptor(g *guard.Guard, needs Needs) grpc.StreamServerInterceptor {
	return func(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		ctx, err := admit(stream.Context(), g, needs(info.FullMethod))
		if err != nil {
			return err
		}
		return handler(server, &admitted{ServerStream: stream, ctx: ctx})
	}
}

// admitted is a stream whose context carries the identity.
type admitted struct {
	grpc.ServerStream
	ctx context.Context
}

// Context returns the context with the identity.
func (s *admitted) Context() context.Context { return s.ctx }

// Identity returns the verdict on the call's key. It is false outside the
// interceptors, for public calls, and if the guard failed open.
func Identity(ctx context.Context) (client.Verdict, bool) { return guard.Identity(ctx) }

// admit returns the context with the identity, or the refusal as a status.
func admit(ctx context.Context, g *guard.Guard, need guard.Need) (context.Context, error) {
	d := g.Decide(ctx, callerOf(ctx), need)
	if md := tell(d.Header); len(md) > 0 {
		_ = grpc.SetHeader(ctx, md) // fails only if the response has begun
	}
	switch {
	case !d.Allowed:
		return nil, refusal(&d)
	case d.Known:
		return guard.WithIdentity(ctx, d.Verdict), nil
	default:
		return ctx, nil
	}
}

// callerOf converts the metadata to headers.
func callerOf(ctx context.Context) guard.Caller {
	caller := guard.Caller{Header: http.Header{}}
	md, _ := metadata.FromIncomingContext(ctx)
	for name, values := range md {
		caller.Header[http.CanonicalHeaderKey(name)] = values
	}
	if p, ok := peer.FromContext(ctx); ok && p.Addr != nil {
		caller.RemoteAddr = p.Addr.String()
	}
	return caller
}

// tell returns the headers about limits, as metadata.
func tell(h http.Header) metadata.MD {
	md := metadata.MD{}
	for name, values := range h {
		if name = strings.ToLower(name); strings.Contains(name, "ratelimit") || name == "retry-after" || name == "www-authenticate" {
			md[name] = values
		}
	}
	return md
}

var statusCodes = map[int]codes.Code{
	http.StatusUnauthorized:       codes.Unauthenticated,
	http.StatusForbidden:          codes.PermissionDenied,
	http.StatusTooManyRequests:    codes.ResourceExhausted,
	http.StatusServiceUnavailable: codes.Unavailable,
}

// refusal returns the decision as a status. Its details hold the code, the
// missing scopes, and when to retry.
func refusal(d *guard.Decision) error {
	code, ok := statusCodes[d.Problem.Status]
	if !ok {
		code = codes.PermissionDenied
	}
	text := d.Problem.Detail
	if text == "" {
		text = d.Problem.Title
	}
	info := &errdetails.ErrorInfo{Reason: d.Problem.Code, Domain: Domain}
	if len(d.Problem.MissingScopes) > 0 {
		info.Metadata = map[string]string{"missing_scopes": strings.Join(d.Problem.MissingScopes, " ")}
	}
	refused := status.New(code, text)
	detailed, err := refused.WithDetails(info)
	if seconds, bad := strconv.Atoi(d.Header.Get("Retry-After")); err == nil && bad == nil {
		detailed, err = detailed.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(time.Duration(seconds) * time.Second)})
	}
	if err != nil {
		return refused.Err()
	}
	return detailed.Err()
}
