package mongo

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology"
)

// lookupTimeout is the limit for resolving a host name that may be wrong.
const lookupTimeout = 2 * time.Second

// authenticationFailed is the code for a wrong name or password.
const authenticationFailed = 18

// The options of a connection string that name files, in lower case because they may be
// written in either case.
var (
	authorityFiles = []string{"tlscafile", "sslcertificateauthorityfile"}
	pemFiles       = []string{"tlscertificatekeyfile", "sslclientcertificatekeyfile", "tlscertificatefile", "tlsprivatekeyfile"}
)

// checkFiles names the file in the connection string that is missing or has no usable
// content. The driver's own error cannot be shown, because it may contain a password.
func checkFiles(connection string) error {
	_, options, _ := strings.Cut(connection, "?")
	for option := range strings.SplitSeq(options, "&") {
		name, value, _ := strings.Cut(option, "=")
		path, err := url.QueryUnescape(value)
		if err != nil {
			continue // the driver rejects it
		}
		for _, authority := range authorityFiles {
			if strings.EqualFold(name, authority) {
				if err := checkPEM(path, func(b []byte) bool { return x509.NewCertPool().AppendCertsFromPEM(b) }); err != nil {
					return fmt.Errorf("%s of the connection string of MongoDB: %w", name, err)
				}
			}
		}
		for _, file := range pemFiles {
			if strings.EqualFold(name, file) {
				if err := checkPEM(path, func(b []byte) bool { block, _ := pem.Decode(b); return block != nil }); err != nil {
					return fmt.Errorf("%s of the connection string of MongoDB: %w", name, err)
				}
			}
		}
	}
	return nil
}

func checkPEM(path string, good func([]byte) bool) error {
	b, err := os.ReadFile(path) //nolint:gosec // G304: the operator names the file
	if err != nil {
		return err
	}
	if !good(b) {
		return fmt.Errorf("%s holds no certificate as PEM", path)
	}
	return nil
}

// explain says why no server could be reached or none accepted the credentials, if the
// reason is a host name without an address, a certificate or a password.
func explain(ctx context.Context, hosts string, err error) error {
	if refused, ok := errors.AsType[mongo.CommandError](err); ok && refused.Code == authenticationFailed {
		return fmt.Errorf("the user name or password of the connection string is wrong: %w", err)
	}
	unreached, ok := errors.AsType[topology.ServerSelectionError](err)
	if !ok {
		return err
	}
	for _, server := range unreached.Desc.Servers {
		if reason := certificateFault(server.LastError); reason != "" {
			return fmt.Errorf("the certificate of %s %s: %w", server.Addr, reason, err)
		}
		if server.LastError != nil && strings.Contains(server.LastError.Error(), "AuthenticationFailed") {
			return fmt.Errorf("the user name or password of the connection string is wrong: %w", err)
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookupTimeout)
	defer cancel()
	for address := range strings.SplitSeq(hosts, ",") {
		host, _, split := net.SplitHostPort(address)
		if split != nil {
			host = strings.Trim(address, "[]")
		}
		if _, ip := netip.ParseAddr(host); ip == nil || host == "" {
			continue
		}
		if _, unknown := net.DefaultResolver.LookupHost(ctx, host); unknown != nil {
			return fmt.Errorf("the name of the host %s has no address in DNS (%w): %w", host, unknown, err)
		}
	}
	return err
}

// certificateFault says what is wrong with a server's certificate, if anything.
func certificateFault(err error) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "is signed by no authority that is known; name its file with tlsCAFile"
	}
	if wrong, ok := errors.AsType[x509.HostnameError](err); ok {
		return "is for another name than " + wrong.Host
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		return "is not valid (" + invalid.Error() + ")"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "cannot be read, as the server does not speak TLS"
	}
	return ""
}

// refusedString says what is wrong with a connection string without repeating it.
func refusedString(hosts string, err error) error {
	if unknown, ok := errors.AsType[*net.DNSError](err); ok {
		return fmt.Errorf("the name of %s has no servers in DNS: %w", hosts, unknown)
	}
	if strings.Contains(err.Error(), "lookup ") {
		return fmt.Errorf("the name of %s has no servers in DNS, or DNS does not answer", hosts)
	}
	return errors.New("the connection string of MongoDB is not valid")
}
