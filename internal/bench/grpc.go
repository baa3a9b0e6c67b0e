package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"
)

const checkKeys = 20_000

// compareGRPC loads GET /verify and Envoy's Check of the same process in turn, with as many
// requests at once.
func compareGRPC(ctx context.Context, o options, dir string) (err error) {
	f, err := fill(ctx, dir, checkKeys)
	if err != nil {
		return err
	}
	script := filepath.Join(dir, "load.lua")
	if err := os.WriteFile(script, []byte(wrkScript), 0o600); err != nil {
		return err
	}
	address, err := freeAddress()
	if err != nil {
		return err
	}
	service, err := startService(ctx, o, f, "LATCHKEY_GRPC_ADDR="+address, "LATCHKEY_TRUSTED_PROXIES=127.0.0.1/32")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.stop()) }()
	if err := warm(ctx, service, f); err != nil {
		return err
	}
	fmt.Printf("\nEnvoy's Check by gRPC, %d keys at random, %d requests at once, %d rounds of %s each, in turn with GET /verify\n",
		checkKeys, o.connections, o.rounds, o.duration)
	loads := map[string]func() (result, error){
		"GET": func() (result, error) {
			return drive(ctx, o, service.address, "GET", f.secretsFile, f.verifier, script, o.duration)
		},
		"Check": func() (result, error) { return check(ctx, o, address, f.secretsFile) },
	}
	all := map[string][]result{}
	for range o.rounds {
		for _, kind := range []string{"GET", "Check"} {
			before := service.cpu()
			r, err := loads[kind]()
			if err != nil {
				return err
			}
			r.cpu = time.Duration(float64(service.cpu()-before) / (r.perSecond * o.duration.Seconds()))
			all[kind] = append(all[kind], r)
		}
	}
	get, grpc := medianOf(all["GET"]), medianOf(all["Check"])
	row := "%-9s %9.0f req/s   CPU %9s a request   not OK %d\n"
	fmt.Printf(row, "GET", get.perSecond, get.cpu, get.refused)
	fmt.Printf(row, "Check", grpc.perSecond, grpc.cpu, grpc.refused)
	fmt.Printf("ratio     %9.2f         CPU %9.2f\n", grpc.perSecond/get.perSecond, float64(grpc.cpu)/float64(get.cpu))
	return nil
}

// check loads Check from the last core, as drive does GET.
func check(ctx context.Context, o options, address, secrets string) (r result, err error) {
	self, err := os.Executable()
	if err != nil {
		return r, err
	}
	//nolint:gosec // G204: our own arguments
	cmd := exec.CommandContext(ctx, "taskset", "-c", lastCore(), self, "-as", "check", "-address", address, "-secrets", secrets,
		"-duration", o.duration.String(), "-connections", strconv.Itoa(o.connections))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return r, fmt.Errorf("the load of Check: %w", err)
	}
	_, err = fmt.Sscan(string(out), &r.perSecond, &r.refused)
	return r, err
}

// gatewayConnections is how many connections the load has: Envoy has one for each thread.
const gatewayConnections = 2

// loadCheck asks Check for that long and prints the rate, and how many answers were not OK.
// Its client writes frames itself: one of grpc-go would need more than the server does.
func loadCheck(ctx context.Context, o options, address, secrets string) error {
	all, err := readLines(secrets)
	if err != nil {
		return err
	}
	began := time.Now()
	var group errgroup.Group
	loads := make([]*checkLoad, gatewayConnections)
	for i := range loads {
		if loads[i], err = newCheckLoad(ctx, address, all); err != nil {
			return err
		}
		group.Go(func() error { return loads[i].run(o.connections/gatewayConnections, o.duration) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	answered, refused := 0, 0
	for _, l := range loads {
		answered, refused = answered+l.answered, refused+l.refused
	}
	fmt.Println(float64(answered)/time.Since(began).Seconds(), refused)
	return nil
}

// checkLoad is one connection.
type checkLoad struct {
	conn     net.Conn
	in       *bufio.Reader
	out      *bufio.Writer
	frames   *http2.Framer
	block    bytes.Buffer
	encoder  *hpack.Encoder
	decoder  *hpack.Decoder
	keys     []string
	message  []byte // with its length before it
	keyAt    int    // where the key stands in it
	stream   uint32
	answered int
	refused  int
}

func newCheckLoad(ctx context.Context, address string, secrets []string) (*checkLoad, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	l := &checkLoad{conn: conn, in: bufio.NewReaderSize(conn, 64<<10), out: bufio.NewWriterSize(conn, 64<<10), keys: secrets, stream: 1}
	l.frames = http2.NewFramer(l.out, l.in)
	l.frames.SetReuseFrames()
	l.encoder = hpack.NewEncoder(&l.block)
	l.decoder = hpack.NewDecoder(4096, func(f hpack.HeaderField) {
		if f.Name == "grpc-status" && f.Value != "0" {
			l.refused++
		}
	})
	body, err := proto.Marshal(asked(secrets[0]))
	if err != nil {
		return nil, err
	}
	l.message = append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(body))), body...) //nolint:gosec // G115: some hundred bytes
	l.keyAt = bytes.Index(l.message, []byte(secrets[0]))
	const window = 1 << 30
	_, err = l.out.WriteString(http2.ClientPreface)
	return l, errors.Join(err, l.frames.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: window}),
		l.frames.WriteWindowUpdate(0, window))
}

// asked is what Envoy asks with docs/gateways/envoy-grpc.yaml, but for the scope, which GET has not either.
func asked(key string) *authv3.CheckRequest {
	at := func(port uint32) *authv3.AttributeContext_Peer {
		return &authv3.AttributeContext_Peer{Address: &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
			Address: "127.0.0.1", PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: port},
		}}}}
	}
	return &authv3.CheckRequest{Attributes: &authv3.AttributeContext{
		Source: at(50000), Destination: at(8000),
		Request: &authv3.AttributeContext_Request{Http: &authv3.AttributeContext_HttpRequest{
			Id: "12345678901234567890", Method: "GET", Path: "/invoices/1", Host: "api.example.com", Scheme: "http", Protocol: "HTTP/1.1",
			Headers: map[string]string{
				"x-api-key": key, "user-agent": "bench/1.0", "x-forwarded-for": "192.0.2.7", "x-request-id": "00000000-0000-4000-8000-000000000000",
			},
		}},
	}}
}

// run keeps that many calls open, and sends one for each answer.
func (l *checkLoad) run(atOnce int, duration time.Duration) error {
	defer l.conn.Close() //nolint:errcheck // everything was read
	for range atOnce {
		if err := l.ask(); err != nil {
			return err
		}
	}
	for end := time.Now().Add(duration); time.Now().Before(end); {
		if l.in.Buffered() == 0 {
			if err := l.out.Flush(); err != nil {
				return err
			}
		}
		if err := l.next(); err != nil {
			return err
		}
	}
	return nil
}

func (l *checkLoad) ask() error {
	l.block.Reset()
	for _, f := range []hpack.HeaderField{
		{Name: ":method", Value: "POST"},
		{Name: ":scheme", Value: "http"},
		{Name: ":path", Value: authv3.Authorization_Check_FullMethodName},
		{Name: ":authority", Value: "latchkey"},
		{Name: "content-type", Value: "application/grpc"},
		{Name: "te", Value: "trailers"},
		{Name: "grpc-timeout", Value: "2000m"},
	} {
		if err := l.encoder.WriteField(f); err != nil {
			return err
		}
	}
	copy(l.message[l.keyAt:], l.keys[rand.IntN(len(l.keys))]) //nolint:gosec // G404: picks keys for a load
	err := l.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: l.stream, BlockFragment: l.block.Bytes(), EndHeaders: true})
	err = errors.Join(err, l.frames.WriteData(l.stream, true, l.message))
	l.stream += 2
	return err
}

// next reads a frame. What is not OK counts as refused.
func (l *checkLoad) next() error {
	frame, err := l.frames.ReadFrame()
	if err != nil {
		return err
	}
	switch f := frame.(type) {
	case *http2.SettingsFrame:
		if !f.IsAck() {
			return l.frames.WriteSettingsAck()
		}
	case *http2.PingFrame:
		if !f.IsAck() {
			return l.frames.WritePing(true, f.Data)
		}
	case *http2.DataFrame:
		if !strings.Contains(string(f.Data()), "x-latchkey-key-id") {
			l.refused++
		}
	case *http2.HeadersFrame:
		if _, err := l.decoder.Write(f.HeaderBlockFragment()); err != nil {
			return err
		}
		if f.StreamEnded() {
			l.answered++
			return l.ask()
		}
	case *http2.RSTStreamFrame:
		return fmt.Errorf("a call was reset: %s", f.ErrCode)
	case *http2.GoAwayFrame:
		return fmt.Errorf("the server goes away: %s", f.ErrCode)
	}
	return nil
}
