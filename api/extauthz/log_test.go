package extauthz

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"google.golang.org/grpc/grpclog"
)

// TestLinesOfGRPC: errors are ours, and what clients can cause is no line.
func TestLinesOfGRPC(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	var l grpclog.LoggerV2 = lines{slog.New(slog.NewJSONHandler(&out, nil))}
	l.Info("secret")
	l.Infoln("secret")
	l.Infof("%s", "secret")
	l.Warning("secret")
	l.Warningln("secret")
	l.Warningf("Failed to decode metadata header (%q)", "secret")
	if out.Len() > 0 || l.V(2) {
		t.Errorf("said: %s", &out)
	}
	l.Error("a", "b")
	l.Errorln("a", "b")
	l.Errorf("a %d", 1)
	for _, want := range []string{`"err":"ab"`, `"err":"a b"`, `"err":"a 1"`} {
		if !strings.Contains(out.String(), `"level":"ERROR","msg":"gRPC",`+want) {
			t.Errorf("no %s in %s", want, &out)
		}
	}
}
