package webhooks

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/outbound"
	"github.com/latchkey/latchkey/internal/text"
)

// check normalizes the fields and returns what is wrong with them. It skips the URL that is
// already stored, so that a later rule does not block other changes.
func (e *Endpoint) check(g *outbound.Guard, stored string) error {
	var f errs.Faults
	f.Check(e.URL != "", "url", "required")
	f.Check(utf8.RuneCountInString(e.URL) <= MaxURL, "url", "too_long", "most", MaxURL)
	if e.URL != stored && !f.Has("url") {
		checkURL(&f, e.URL, g)
	}
	f.Check(!strings.ContainsFunc(e.Description, text.Hidden), "description", "has_invisible")
	f.Check(utf8.RuneCountInString(e.Description) <= MaxDescription, "description", "too_long", "most", MaxDescription)
	f.Check(e.State == Enabled || e.State == Disabled, "state", "not_one_of", "choices", []State{Enabled, Disabled})
	if e.Types != nil {
		slices.Sort(e.Types)
		e.Types = slices.Compact(e.Types)
		f.Check(len(e.Types) > 0, "event_types", "webhook_no_types")
		for _, name := range e.Types {
			f.Check(known(name, e.OrganizationID != ""), "event_types", "webhook_unknown_type", "type", name)
		}
	}
	return f.Err()
}

func checkURL(f *errs.Faults, address string, g *outbound.Guard) {
	u, err := url.Parse(address)
	if err == nil {
		err = g.Check(u)
	}
	switch {
	case err == nil:
	case errors.Is(err, outbound.ErrNotTLS):
		f.Add("url", "webhook_https")
	case errors.Is(err, outbound.ErrUser):
		f.Add("url", "webhook_user")
	case errors.Is(err, outbound.ErrRefused):
		f.Add("url", "webhook_address")
	default:
		f.Add("url", "webhook_url")
	}
}
