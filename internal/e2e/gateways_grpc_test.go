package e2e

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// grpcRecorder keeps the questions that a gateway asks by gRPC, and has Latchkey answer
// them.
type grpcRecorder struct {
	authv3.UnimplementedAuthorizationServer
	onward authv3.AuthorizationClient
	asked  *recorder
}

// recordGRPC returns where a gateway is to ask.
func recordGRPC(t *testing.T, latchkey string, asked *recorder) (addr string) {
	t.Helper()
	onward, err := grpc.NewClient(latchkey, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = onward.Close() })
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	authv3.RegisterAuthorizationServer(server, &grpcRecorder{onward: authv3.NewAuthorizationClient(onward), asked: asked})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

// Check implements authv3.AuthorizationServer. It notes the question as the one that
// GET /verify would be asked.
func (g *grpcRecorder) Check(ctx context.Context, in *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	query := url.Values{}
	for name, value := range in.GetAttributes().GetContextExtensions() {
		query.Set(name, value)
	}
	told := in.GetAttributes().GetRequest().GetHttp()
	r := &http.Request{
		Method: http.MethodGet, Header: http.Header{},
		RequestURI: "/verify?" + strings.ReplaceAll(query.Encode(), "%3A", ":"),
	}
	for _, h := range told.GetHeaderMap().GetHeaders() {
		r.Header.Add(h.GetKey(), string(h.GetRawValue()))
	}
	g.asked.note(arrival{r, int64(len(told.GetBody()) + len(told.GetRawBody()))})
	return g.onward.Check(ctx, in)
}

// serverOf returns a server that the gateway can ask.
func (g *gateway) serverOf(h http.Handler) *httptest.Server {
	server := httptest.NewUnstartedServer(h)
	if g.asksByGRPC() {
		server.Config.Protocols = new(http.Protocols)
		server.Config.Protocols.SetUnencryptedHTTP2(true)
	}
	server.Start()
	return server
}
