package mongo_test

import (
	"errors"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/store/mongo"
)

// The start says which file or name is wrong, and no password.
func TestTheStartNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	missing, empty := filepath.Join(dir, "missing.pem"), filepath.Join(dir, "not a certificate.pem")
	if err := os.WriteFile(empty, []byte("secret notes"), 0o600); err != nil {
		t.Fatal(err)
	}
	escaped := strings.ReplaceAll(empty, " ", "%20")
	for _, tt := range []struct {
		name, connection string
		want             []string
		kind             errs.Kind
	}{
		{
			"no such authority", "mongodb://u:pass-word@127.0.0.1:1/latchkey?tls=true&tlsCAFile=" + missing, []string{
				"tlsCAFile", missing,
				"no such file",
			}, "",
		},
		{
			"no PEM", "mongodb://u:pass-word@127.0.0.1:1/latchkey?tls=true&tlscafile=" + escaped, []string{"tlscafile", empty, "no certificate"}, "",
		},
		{
			"no such key", "mongodb://u:pass-word@127.0.0.1:1/latchkey?tls=true&tlsCertificateKeyFile=" + missing,
			[]string{"tlsCertificateKeyFile", missing},
			"",
		},
		{
			"a key that is none", "mongodb://u:pass-word@127.0.0.1:1/latchkey?tls=true&tlsCertificateKeyFile=" + escaped,
			[]string{"tlsCertificateKeyFile", empty},
			"",
		},
		{"no such host", "mongodb://u:pass-word@nohost.invalid:1/latchkey", []string{"nohost.invalid", "DNS", "lookup"}, errs.Unavailable},
		{
			"no such host among others", "mongodb://u:pass-word@127.0.0.1:1,nohost.invalid/latchkey",
			[]string{"host nohost.invalid", "DNS"},
			errs.Unavailable,
		},
		{"no such cluster", "mongodb+srv://u:pass-word@nocluster.invalid/latchkey", []string{"nocluster.invalid", "DNS"}, ""},
		{"nobody there", "mongodb://u:pass-word@127.0.0.1:1/latchkey", []string{"127.0.0.1:1", "refused"}, errs.Unavailable},
		{"an option that is none", "mongodb://u:pass-word@127.0.0.1:1/latchkey?w=-3", []string{"not valid"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := mongo.Open(t.Context(), tt.connection, quiet)
			if err == nil {
				t.Fatal("it was opened")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
			if strings.Contains(err.Error(), "pass-word") || strings.Contains(err.Error(), "secret notes") {
				t.Errorf("a secret is in: %v", err)
			}
			if got := errs.KindOf(err); got != tt.kind {
				t.Errorf("the kind is %q: %v", got, err)
			}
		})
	}
}

// An error names a server that does not speak TLS, or shows an untrusted
// certificate.
func TestTheStartNamesAWrongCertificate(t *testing.T) {
	t.Parallel()
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = plain.Close() })
	go func() {
		for {
			c, err := plain.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				_, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
				_ = c.Close()
			}
		}
	}()
	_, err = mongo.Open(t.Context(), "mongodb://"+plain.Addr().String()+"/latchkey?tls=true", quiet)
	if err == nil || !strings.Contains(err.Error(), "does not speak TLS") {
		t.Errorf("got %v", err)
	}

	unknown := httptest.NewUnstartedServer(nil)
	unknown.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that are given up
	unknown.StartTLS()
	t.Cleanup(unknown.Close)
	_, err = mongo.Open(t.Context(), "mongodb://"+unknown.Listener.Addr().String()+"/latchkey?tls=true", quiet)
	if err == nil || !strings.Contains(err.Error(), "signed by no authority") {
		t.Errorf("got %v", err)
	}
}
