package webhooks_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/latchkey/latchkey/webhooks"
)

// verified reports whether the library of Standard Webhooks accepts the request.
func verified(t *testing.T, secret string, r *received) bool {
	t.Helper()
	w, err := standard.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	return w.Verify(r.body, r.header) == nil
}

// TestStandardWebhooks: what is sent is what the library of the specification accepts, with
// either of two secrets while they overlap, and with the new one alone afterwards.
func TestStandardWebhooks(t *testing.T) {
	t.Parallel()
	p := newPost(t, nil)
	to := newReceiver(t, nil)
	e, first := p.endpoint("", to.URL, "key.created")
	p.start(p.service)
	next := func(what string) *received {
		t.Helper()
		before := len(to.all())
		p.happen("key.create", what, before)
		eventually(t, what+" arrives", func() bool { return len(to.all()) == before+1 })
		return &to.all()[before]
	}
	if r := next("one"); !verified(t, first, r) {
		t.Errorf("not verified: %v %s", r.header, r.body)
	}
	e, second, err := p.service.RotateSecret(t.Context(), p.Admin, e.ID, time.Hour)
	p.Must(err)
	if len(e.Secrets) != 2 {
		t.Errorf("%d secrets", len(e.Secrets))
	}
	eventually(t, "the new secret is in use", func() bool { return verified(t, second, next("two")) })
	r := next("three")
	if !verified(t, first, r) || !verified(t, second, r) || strings.Count(r.header.Get("webhook-signature"), "v1,") != 2 {
		t.Errorf("while both are valid: %v", r.header)
	}
	if r.body = append(r.body, ' '); verified(t, second, r) {
		t.Error("a changed body is accepted")
	}
	// A third secret ends the first one.
	e, third, err := p.service.RotateSecret(t.Context(), p.Admin, e.ID, 0)
	p.Must(err)
	eventually(t, "only the third is in use", func() bool {
		r := next("four")
		return verified(t, third, r) && !verified(t, second, r) && !verified(t, first, r)
	})
	if len(e.Secrets) != 1 {
		t.Errorf("%d secrets", len(e.Secrets))
	}
}

// TestOverlapEnds: an old secret signs no longer than its overlap.
func TestOverlapEnds(t *testing.T) {
	t.Parallel()
	p := newPost(t, nil)
	to := newReceiver(t, nil)
	e, first := p.endpoint("", to.URL, "key.created")
	_, second, err := p.service.RotateSecret(t.Context(), p.Admin, e.ID, time.Hour)
	p.Must(err)
	d, err := p.service.Test(t.Context(), p.Admin, e.ID)
	if err != nil || d.Outcome != webhooks.Delivered || !verified(t, first, &to.all()[0]) {
		t.Errorf("%+v, %v", d, err)
	}
	p.ahead.Add(int64(time.Hour))
	_, err = p.service.Test(t.Context(), p.Admin, e.ID)
	p.Must(err)
	h := to.all()[1].header
	if strings.Count(h.Get("webhook-signature"), "v1,") != 1 {
		t.Errorf("after the overlap: %v", h)
	}
	if _, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(second, "whsec_")); err != nil {
		t.Error(err)
	}
}
