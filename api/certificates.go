package api

import (
	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/mtls"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/keys"
)

// certificateHandlers serve client certificates.
type certificateHandlers struct {
	certificates *mtls.Registry
}

func (h *certificateHandlers) routes() []route {
	may := auth.HasScope
	return []route{
		{"GET", "/api/service-accounts/:id/certificates", may(keys.ReadAccounts), h.listCertificates, guarded, nil},
		{"POST", "/api/service-accounts/:id/certificates", may(keys.WriteAccounts), h.addCertificate, guarded, client.AddCertificate{}},
		{"GET", "/api/service-accounts/:id/certificates/:certificate_id", may(keys.ReadAccounts), h.getCertificate, guarded, nil},
		{"DELETE", "/api/service-accounts/:id/certificates/:certificate_id", may(keys.WriteAccounts), h.removeCertificate, guarded, nil},
	}
}

func certificateOut(c *auth.Certificate) client.Certificate {
	return client.Certificate{
		ID: c.ID, OrganizationID: c.OrganizationID, ServiceAccountID: c.ServiceAccountID, Name: c.Name, Match: c.Match,
		CreatedBy: c.CreatedBy, ExpiresAt: timeOut(c.ExpiresAt), Stamps: stamps(&c.Stamp),
	}
}

func (h *certificateHandlers) listCertificates(c *gin.Context) error {
	return list(c, httpx.NewQuery(c.Request), func(p keys.Page) ([]auth.Certificate, error) {
		return h.certificates.List(c.Request.Context(), principal(c), c.Param("id"), p)
	}, certificateOut, func(x *auth.Certificate) string { return x.ID })
}

func (h *certificateHandlers) addCertificate(c *gin.Context) error {
	var in client.AddCertificate
	if _, err := bind(c, &in); err != nil {
		return err
	}
	x, err := h.certificates.Add(c.Request.Context(), principal(c), c.Param("id"), mtls.Input{
		Name: in.Name, Certificate: in.Certificate, Fingerprint: in.Fingerprint, SAN: in.SAN, ExpiresAt: timeIn(in.ExpiresAt),
	})
	if err != nil {
		return err
	}
	return created(c, "/api/service-accounts/"+x.ServiceAccountID+"/certificates/"+x.ID, x.Revision, certificateOut(&x))
}

func (h *certificateHandlers) getCertificate(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	x, err := h.certificates.Certificate(c.Request.Context(), principal(c), c.Param("id"), c.Param("certificate_id"))
	if err != nil {
		return err
	}
	return show(c, 200, x.Revision, certificateOut(&x))
}

func (h *certificateHandlers) removeCertificate(c *gin.Context) error {
	rev, err := condition(c)
	if err != nil {
		return err
	}
	return deleted(c, h.certificates.Remove(c.Request.Context(), principal(c), c.Param("id"), c.Param("certificate_id"), rev))
}
