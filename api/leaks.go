package api

import (
	"cmp"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/oauth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/leaks"
)

// leakHandlers serve those who find keys, hold keys, or look after them.
type leakHandlers struct {
	oauth   *oauth.Server
	carrier auth.Carrier
	leaks   *leaks.Service
}

func (h *leakHandlers) routes() []route {
	anybody := auth.AllowAny()
	return []route{
		{"POST", "/revoke", anybody, h.revokeHeld, open, nil},
		{"POST", "/leaks", anybody, h.reportLeak, open, nil},
		{"GET", "/api/leaks", auth.IsAdminUser(), h.listLeaks, guarded, nil},
		{"GET", "/api/keys/:id/exposures", auth.HasScope(keys.ReadKeys), h.listExposures, guarded, nil},
		{"GET", "/.well-known/latchkey-keys.json", anybody, h.keyShape, free, nil},
		{"GET", "/.well-known/latchkey-keys/gitleaks.toml", anybody, h.gitleaksRule, free, nil},
		{"GET", "/.well-known/latchkey-keys/trufflehog.yaml", anybody, h.trufflehogDetector, free, nil},
	}
}

// revokeHeld revokes the key that the request carries, as GET /verify finds it, or has
// in its body.
func (h *leakHandlers) revokeHeld(c *gin.Context) error {
	var in client.RevokeHeld
	if _, err := bindOptional(c, &in); err != nil {
		return err
	}
	text, several := h.carrier.Credential(c.Request)
	switch {
	case several || (text != "" && in.Key != "" && text != in.Key):
		return errs.BadField("key", "several_keys")
	case text == "" && in.Key == "":
		return errs.BadField("key", "required")
	case text == "":
		text = in.Key
	}
	if err := h.leaks.RevokeHeld(c.Request.Context(), proxies.ClientOf(c.Request.Context()).Address, text); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// reportLeak accepts a report and answers before anything is looked up.
func (h *leakHandlers) reportLeak(c *gin.Context) error {
	var in client.LeakReport
	if _, err := bind(c, &in); err != nil {
		return err
	}
	return acceptLeak(c, h.leaks, leaks.Sighting{
		Source: leaks.Anonymous, Address: proxies.ClientOf(c.Request.Context()).Address, Note: in.Note, Finds: finds(in.Keys, in.URL),
	})
}

func finds(texts []string, url string) []leaks.Find {
	all := make([]leaks.Find, len(texts))
	for i := range texts {
		all[i] = leaks.Find{Text: texts[i], URL: url}
	}
	return all
}

// acceptLeak answers 202, the same for every report, and only then begins.
func acceptLeak(c *gin.Context, to *leaks.Service, s leaks.Sighting) error {
	begin, err := to.Accept(c.Request.Context(), s)
	if err != nil {
		return err
	}
	defer begin()
	if err := answer(c, http.StatusAccepted, struct{}{}); err != nil {
		return err
	}
	c.Writer.Flush()
	return nil
}

func (h *leakHandlers) listLeaks(c *gin.Context) error {
	return list(c, httpx.NewQuery(c.Request), func(p keys.Page) ([]leaks.Leak, error) {
		return h.leaks.List(c.Request.Context(), principal(c), p)
	}, leakOut, func(l *leaks.Leak) string { return l.ID })
}

func leakOut(l *leaks.Leak) client.Leak {
	out := client.Leak{
		ID: l.ID, Source: string(l.Source), Note: l.Note, Unknown: l.Unknown, Keys: make([]client.LeakedKey, len(l.Keys)), CreatedAt: l.CreatedAt,
	}
	if l.Address.IsValid() {
		out.Address = l.Address.String()
	}
	for i := range l.Keys {
		k := &l.Keys[i]
		out.Keys[i] = client.LeakedKey{
			Kind: cmp.Or(string(k.Kind), "key"), KeyID: k.ID, UserID: k.UserID,
			Name: k.Name, OrganizationID: k.OrganizationID, Start: k.Start, Last4: k.Last4, URL: k.URL,
			Outcome: string(k.Outcome), At: timeOut(k.At),
		}
	}
	return out
}

func (h *leakHandlers) listExposures(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	all, err := h.leaks.Exposures(c.Request.Context(), principal(c), c.Param("id"))
	if err != nil {
		return err
	}
	out := client.List[client.Exposure]{Items: make([]client.Exposure, len(all))}
	for i := range all {
		out.Items[i] = client.Exposure{Way: string(all[i].Way), Source: string(all[i].Source), FirstAt: all[i].CreatedAt, LastAt: all[i].LastAt}
	}
	return answer(c, http.StatusOK, out)
}

func (h *leakHandlers) keyShape(c *gin.Context) error {
	base := h.oauth.Metadata().Issuer
	return h.published(c, func() error {
		return answer(c, http.StatusOK, client.KeyShape{
			Issuer: base, Pattern: leaks.Pattern(h.carrier.Format), Checksum: client.KeyChecksum{
				Algorithm: "crc32", Covers: "all but the last 6 characters", Encoding: "base62",
				Alphabet: "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", Length: 6,
			},
			RevokeEndpoint: base + "/revoke", ReportEndpoint: base + "/leaks", ReportPage: base + "/leaked",
			Gitleaks: base + "/.well-known/latchkey-keys/gitleaks.toml", Trufflehog: base + "/.well-known/latchkey-keys/trufflehog.yaml",
		})
	})
}

func (h *leakHandlers) gitleaksRule(c *gin.Context) error {
	return h.published(c, func() error {
		c.Data(http.StatusOK, "application/toml; charset=utf-8", []byte(leaks.Gitleaks(h.carrier.Format)))
		return nil
	})
}

func (h *leakHandlers) trufflehogDetector(c *gin.Context) error {
	return h.published(c, func() error {
		c.Data(http.StatusOK, "application/yaml; charset=utf-8", []byte(leaks.Trufflehog(h.carrier.Format)))
		return nil
	})
}

// published answers with what changes only with the configuration.
func (*leakHandlers) published(c *gin.Context, write func() error) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	c.Header("Cache-Control", "public, max-age=3600")
	return write()
}
