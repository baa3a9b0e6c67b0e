package webhooks

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/latchkey/latchkey/internal/outbound"
	"github.com/latchkey/latchkey/keys"
)

const (
	mostAnswer   = 8 << 10 // bytes of an answer that are read, and shown of the last one
	mostEarlier  = 500     // bytes shown of the answers before
	mostKind     = 100
	mostAttempts = 5
)

// Faults of attempts, besides those of package outbound.
const (
	BadStatus Fault = "status"   // the answer is not 2xx
	Redirect  Fault = "redirect" // redirects are not followed
	Unsigned  Fault = "secret"   // the service's secret is another one
)

// attempt sends the delivery once. A 2xx status that arrives in time is a success, whatever
// becomes of the answer's body.
func (s *Service) attempt(ctx context.Context, e *Endpoint, d *Delivery) Attempt {
	at, began := s.Now(), time.Now()
	a := Attempt{At: keys.Moment(at), URL: e.URL}
	r, err := s.request(ctx, e, d, at)
	if err != nil {
		s.Logger.ErrorContext(ctx, "a webhook cannot be signed", "webhook_id", e.ID, "err", err)
		a.Fault = Unsigned
		return a
	}
	answer, err := s.client.Do(r)
	if err != nil {
		a.Fault = Fault(outbound.FaultOf(err))
		a.Took = time.Since(began).Round(time.Millisecond)
		return a
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	a.Status, a.Kind = answer.StatusCode, legible(answer.Header.Get("Content-Type"), mostKind)
	body, _ := io.ReadAll(io.LimitReader(answer.Body, mostAnswer))
	a.Answer = legible(string(body), mostAnswer)
	switch {
	case a.Status/100 == 2:
	case a.Status/100 == 3:
		a.Fault = Redirect
	default:
		a.Fault = BadStatus
	}
	a.Took = time.Since(began).Round(time.Millisecond)
	return a
}

func (s *Service) request(ctx context.Context, e *Endpoint, d *Delivery, at time.Time) (*http.Request, error) {
	signature, err := e.signature(s.Sealer, d.EventID, at, d.Payload)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, bytes.NewReader(d.Payload))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Latchkey-Webhooks/"+s.Version)
	r.Header.Set("Webhook-Id", d.EventID)
	r.Header.Set("Webhook-Timestamp", strconv.FormatInt(at.Unix(), 10))
	r.Header.Set("Webhook-Signature", signature)
	return r, nil
}

// legible returns at most most bytes of the text as a store and a page can have it.
func legible(text string, most int) string {
	text = strings.ToValidUTF8(text[:min(len(text), most)], "")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text)
}

// after records the attempt.
func (d *Delivery) after(a *Attempt, now time.Time, t *Timing) {
	d.Advance(now)
	d.Tries++
	if d.FirstAt.IsZero() {
		d.FirstAt = a.At
	}
	d.Attempts = append([]Attempt{}, d.Attempts[max(0, len(d.Attempts)+1-mostAttempts):]...)
	for i := range d.Attempts {
		d.Attempts[i].Answer = legible(d.Attempts[i].Answer, mostEarlier)
	}
	d.Attempts = append(d.Attempts, *a)
	last := d.FirstAt.Add(t.GiveUp)
	switch {
	case a.Fault == "":
		d.Queue, d.Outcome, d.NextAt = Done, Delivered, time.Time{}
	case !now.Before(last):
		d.Queue, d.Outcome, d.NextAt = Done, Parked, time.Time{}
	default:
		d.Queue, d.Outcome, d.NextAt = Failed, Waiting, keys.Moment(now.Add(t.pause(d.Tries)))
		if d.NextAt.After(last) {
			d.NextAt = last
		}
	}
}
