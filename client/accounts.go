package client

import (
	"context"
	"iter"
)

// AccountsService manages service accounts.
type AccountsService struct{ c *Client }

// AccountFilter narrows a list of service accounts; zero fields do not restrict.
type AccountFilter struct {
	Page
	OrganizationID, Tier, ExternalID, OwnerID string
	Text                                      string // in names
}

func (f AccountFilter) query(page Page) query {
	return page.query().text("organization_id", f.OrganizationID).text("tier", f.Tier).text("external_id", f.ExternalID).
		text("owner_id", f.OwnerID).text("q", f.Text)
}

const (
	accountsPath = "/api/service-accounts"
	accountPath  = "/api/service-accounts/{id}"
)

// Create creates a service account.
func (s *AccountsService) Create(ctx context.Context, in CreateServiceAccount, opts ...Option) (ServiceAccount, error) {
	return call[ServiceAccount](ctx, s.c, request{method: "POST", path: accountsPath, body: in, once: true, fresh: true, options: opts})
}

// List returns a page of service accounts, newest first.
func (s *AccountsService) List(ctx context.Context, f AccountFilter) (List[ServiceAccount], error) {
	return s.page(ctx, f, f.Page)
}

// All yields all service accounts that match the filter.
func (s *AccountsService) All(ctx context.Context, f AccountFilter) iter.Seq2[ServiceAccount, error] {
	return walk(f.Page, func(p Page) (List[ServiceAccount], error) { return s.page(ctx, f, p) })
}

func (s *AccountsService) page(ctx context.Context, f AccountFilter, p Page) (List[ServiceAccount], error) {
	return call[List[ServiceAccount]](ctx, s.c, request{method: "GET", path: accountsPath, query: f.query(p).values()})
}

// Get returns a service account.
func (s *AccountsService) Get(ctx context.Context, id string) (ServiceAccount, error) {
	return call[ServiceAccount](ctx, s.c, request{method: "GET", path: accountPath, params: []string{id}})
}

// Update changes the fields that are set.
func (s *AccountsService) Update(ctx context.Context, id string, in ServiceAccountPatch, opts ...Option) (ServiceAccount, error) {
	return call[ServiceAccount](ctx, s.c, request{method: "PATCH", path: accountPath, params: []string{id}, body: in, options: opts})
}

// Replace sets all fields; zero fields get the defaults of a new account.
func (s *AccountsService) Replace(ctx context.Context, id string, in ServiceAccountSettings, opts ...Option) (ServiceAccount, error) {
	return call[ServiceAccount](ctx, s.c, request{method: "PUT", path: accountPath, params: []string{id}, body: in, options: opts})
}

// Delete removes the service account and its keys.
func (s *AccountsService) Delete(ctx context.Context, id string, opts ...Option) error {
	return send(ctx, s.c, request{method: "DELETE", path: accountPath, params: []string{id}, options: opts})
}

// Transfer transfers the service account to another organization. With DryRun it
// only returns what that would do.
func (s *AccountsService) Transfer(ctx context.Context, id string, in TransferServiceAccount, opts ...Option) (Transfer, error) {
	return call[Transfer](ctx, s.c, request{
		method: "POST", path: accountPath + "/transfer", params: []string{id}, body: in, options: opts, reads: in.DryRun,
	})
}

// SetOverride sets other limits for the service account for a time. For the
// provider's staff.
func (s *AccountsService) SetOverride(ctx context.Context, id string, in Override, opts ...Option) (ServiceAccount, error) {
	return call[ServiceAccount](ctx, s.c, request{
		method: "PUT", path: accountPath + "/override", params: []string{id}, body: in, options: opts,
	})
}

// EndOverride removes the override. For the provider's staff.
func (s *AccountsService) EndOverride(ctx context.Context, id string, opts ...Option) (ServiceAccount, error) {
	return call[ServiceAccount](ctx, s.c, request{method: "DELETE", path: accountPath + "/override", params: []string{id}, options: opts})
}

// ResetLimits resets the service account's limits to full. For the provider's
// staff.
func (s *AccountsService) ResetLimits(ctx context.Context, id string, opts ...Option) (ServiceAccount, error) {
	return call[ServiceAccount](ctx, s.c, request{method: "POST", path: accountPath + "/limits/reset", params: []string{id}, options: opts})
}

// CertificatesService manages the client certificates that act as service
// accounts.
type CertificatesService struct{ c *Client }

const (
	certificatesPath = accountPath + "/certificates"
	certificatePath  = certificatesPath + "/{certificate_id}"
)

// Add lets a client certificate act as the service account.
func (s *CertificatesService) Add(ctx context.Context, account string, in AddCertificate) (Certificate, error) {
	return call[Certificate](ctx, s.c, request{method: "POST", path: certificatesPath, params: []string{account}, body: in})
}

// List returns a page of the service account's certificates.
func (s *CertificatesService) List(ctx context.Context, account string, p Page) (List[Certificate], error) {
	return call[List[Certificate]](ctx, s.c, request{
		method: "GET", path: certificatesPath, params: []string{account}, query: p.query().values(),
	})
}

// All yields all certificates of the service account.
func (s *CertificatesService) All(ctx context.Context, account string) iter.Seq2[Certificate, error] {
	return walk(Page{}, func(p Page) (List[Certificate], error) { return s.List(ctx, account, p) })
}

// Get returns a certificate of the service account.
func (s *CertificatesService) Get(ctx context.Context, account, id string) (Certificate, error) {
	return call[Certificate](ctx, s.c, request{method: "GET", path: certificatePath, params: []string{account, id}})
}

// Remove stops the certificate from acting as the service account.
func (s *CertificatesService) Remove(ctx context.Context, account, id string, opts ...Option) error {
	return send(ctx, s.c, request{method: "DELETE", path: certificatePath, params: []string{account, id}, options: opts})
}
