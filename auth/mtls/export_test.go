package mtls

import "net/http"

// ReadForTest returns the fingerprint of what a trusted proxy passes on.
func ReadForTest(h Header, text string) (string, error) {
	r := &http.Request{Header: http.Header{}}
	for _, name := range []string{clientCertName, nginxCertName, envoyName} {
		r.Header.Set(name, text)
	}
	r.Header.Set(nginxVerifyName, "SUCCESS")
	p, err := h.read(r)
	if err != nil {
		return "", err
	}
	return p.fingerprint, nil
}
