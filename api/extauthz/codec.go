package extauthz

import (
	"google.golang.org/grpc/encoding"
	grpcproto "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"

	"github.com/latchkey/latchkey/verify"
)

// codec reads questions and writes answers; gRPC's own does the rest.
type codec struct{ encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2(grpcproto.Name)} }

// pass is the answer for a request that may pass.
type pass struct {
	verdict           verify.Verdict
	keepAuthorization bool
	keyHeaders        []string // that the API does not get
}

// answerSize is more than most answers have.
const answerSize = 2 << 10

// Marshal implements encoding.CodecV2.
func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	p, is := v.(*pass)
	if !is {
		return c.CodecV2.Marshal(v)
	}
	pool := mem.DefaultBufferPool()
	buffer := pool.Get(answerSize)
	*buffer = appendPassed((*buffer)[:0], p)
	return mem.BufferSlice{mem.NewBuffer(buffer, pool)}, nil
}

// Unmarshal implements encoding.CodecV2.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	q, is := v.(*question)
	if !is {
		return c.CodecV2.Unmarshal(data, v)
	}
	buffer := data.MaterializeToBuffer(mem.DefaultBufferPool())
	defer buffer.Free()
	return q.decode(buffer.ReadOnlyData())
}
