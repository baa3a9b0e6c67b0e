package mtls

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/text"
	"github.com/latchkey/latchkey/keys"
)

// Registry records which certificates belong to which service accounts.
type Registry struct {
	Store    auth.CertificateCollection
	Accounts Accounts
	Audit    *audit.Log
	Now      func() time.Time
}

// Accounts is what a Registry needs from the domain.
type Accounts interface {
	// Account returns a service account that the actor may see.
	Account(ctx context.Context, a keys.Actor, id string) (keys.ServiceAccount, error)
	// AccountToChange returns a service account that the actor may change.
	AccountToChange(ctx context.Context, a keys.Actor, id string) (keys.ServiceAccount, error)
	// AccountExists reports whether there is a service account with the id.
	AccountExists(ctx context.Context, id string) (bool, error)
}

// Input identifies the certificate to register, by exactly one of Certificate,
// Fingerprint and SAN.
type Input struct {
	Name        string
	Certificate string // PEM
	Fingerprint string // SHA-256 in hex, with or without colons
	SAN         string // "dns:…", "uri:…" or "email:…"; the provider's staff only
	// ExpiresAt is when the service stops accepting it, zero for never.
	ExpiresAt time.Time
}

const mostCertificates = 100

// Add lets the holder of the certificate act as the service account, with all its
// scopes, so the actor needs each of them. Only staff can add an alternative
// name, because anyone who gets a certificate for it from the authority acts as
// the account. By default the certificate ends with the actor's credential.
func (r *Registry) Add(ctx context.Context, a keys.Actor, accountID string, in Input) (auth.Certificate, error) {
	account, err := r.Accounts.AccountToChange(ctx, a, accountID)
	if err != nil {
		return auth.Certificate{}, err
	}
	match, err := in.match(r.Now())
	if err != nil {
		return auth.Certificate{}, err
	}
	if in.ExpiresAt.IsZero() {
		in.ExpiresAt = a.Bounds().EndsAt
	}
	if err := keys.MayConfer(a, account.OrganizationID, nil, in.power(&account)); err != nil {
		return auth.Certificate{}, err
	}
	existing, err := r.Store.List(ctx, auth.CertificateFilter{ServiceAccountID: accountID}, keys.Page{Limit: mostCertificates})
	if err != nil {
		return auth.Certificate{}, fmt.Errorf("count certificates: %w", err)
	}
	if len(existing) >= mostCertificates {
		return auth.Certificate{}, errs.New(errs.Conflict, "too_many_certificates", "most", mostCertificates)
	}
	c := auth.Certificate{
		Stamp: keys.NewStamp(r.Now()), ID: ids.New(ids.Certificate), OrganizationID: account.OrganizationID, ServiceAccountID: account.ID,
		Name: in.Name, Match: match, CreatedBy: a.Subject().ID, ExpiresAt: in.ExpiresAt,
	}
	if err := r.insert(ctx, c); err != nil {
		return auth.Certificate{}, err
	}
	return c, r.record(ctx, a, "certificate.create", &c, nil, c)
}

// insert stores the certificate. It replaces one that belongs to a deleted
// service account.
func (r *Registry) insert(ctx context.Context, c auth.Certificate) error {
	err := r.Store.Insert(ctx, c)
	if !errors.Is(err, errs.Conflict) {
		return err
	}
	other, err := r.Store.ByMatch(ctx, c.Match)
	if err == nil {
		exists, err := r.Accounts.AccountExists(ctx, other.ServiceAccountID)
		if err != nil || exists {
			return errors.Join(err, errs.New(errs.Conflict, "certificate_taken"))
		}
		if err := r.Store.Delete(ctx, other.ID, other.Revision); err != nil && !errors.Is(err, errs.NotFound) {
			return fmt.Errorf("remove what is left of a service account: %w", err)
		}
	}
	return r.Store.Insert(ctx, c)
}

// power returns what the certificate lets its holder do: everything that the
// account may.
func (in *Input) power(account *keys.ServiceAccount) keys.Power {
	p := keys.Power{Scopes: account.Scopes, Bounds: keys.Bounds{EndsAt: in.ExpiresAt}}
	if len(account.AllowedNetworks) > 0 {
		p.Networks = account.AllowedNetworks
	}
	if in.SAN != "" {
		p.Staff = []string{"san"}
	}
	return p
}

func (in *Input) match(now time.Time) (string, error) {
	var f errs.Faults
	f.Check(strings.TrimSpace(in.Name) != "", "name", "required")
	keys.CheckText(&f, "name", in.Name)
	given, match := 0, ""
	take := func(field, value string, read func(string) (string, string)) {
		if value == "" {
			return
		}
		given++
		var fault string
		match, fault = read(value)
		f.Check(fault == "", field, fault)
	}
	take("certificate", in.Certificate, readCertificate)
	take("fingerprint", in.Fingerprint, readFingerprint)
	take("san", in.SAN, readName)
	f.Check(given == 1, "certificate", "required_one_of_three")
	in.ExpiresAt = in.ExpiresAt.UTC().Truncate(time.Millisecond)
	f.Check(in.ExpiresAt.IsZero() || in.ExpiresAt.After(now), "expires_at", "not_in_future")
	return match, f.Err()
}

func readCertificate(text string) (match, fault string) {
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" {
		return "", "certificate_not_pem"
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return "", "certificate_unreadable"
	}
	return Fingerprint(c), ""
}

func readFingerprint(text string) (match, fault string) {
	plain := strings.ToLower(strings.ReplaceAll(text, ":", ""))
	if b, err := hex.DecodeString(plain); err != nil || len(b) != 32 {
		return "", "fingerprint_shape"
	}
	return "sha256:" + plain, ""
}

const maxSAN = 512

func readName(san string) (match, fault string) {
	kind, name, _ := strings.Cut(san, ":")
	ok := len(san) <= maxSAN && name != "" && !strings.ContainsAny(name, " \t\r\n\x00")
	switch kind {
	case "dns":
		canonical, isName := dnsName(name)
		name, ok = canonical, ok && isName
	case "email":
		canonical, isAddress := text.Address(name)
		name, ok = canonical, ok && isAddress
	case "uri":
		u, err := url.Parse(name)
		ok = ok && err == nil && u.IsAbs()
	default:
		ok = false
	}
	if !ok {
		return "", "san_shape"
	}
	return kind + ":" + name, ""
}

// dnsName returns the form of a DNS name in which certificates are compared.
// ASCII names that are not host names, such as *.example.com and
// my_service.internal, are only lower-cased.
func dnsName(name string) (canonical string, ok bool) {
	if canonical, ok = text.Domain(name); ok {
		return canonical, true
	}
	ascii := !strings.ContainsFunc(name, func(r rune) bool { return r >= utf8.RuneSelf })
	return text.ASCIILower(name), ascii
}

// List lists the certificates of a service account, newest first.
func (r *Registry) List(ctx context.Context, a keys.Actor, accountID string, page keys.Page) ([]auth.Certificate, error) {
	if _, err := r.Accounts.Account(ctx, a, accountID); err != nil {
		return nil, err
	}
	return r.Store.List(ctx, auth.CertificateFilter{ServiceAccountID: accountID}, page)
}

// Certificate returns one certificate of a service account.
func (r *Registry) Certificate(ctx context.Context, a keys.Actor, accountID, id string) (auth.Certificate, error) {
	if _, err := r.Accounts.Account(ctx, a, accountID); err != nil {
		return auth.Certificate{}, err
	}
	return r.of(ctx, accountID, id)
}

func (r *Registry) of(ctx context.Context, accountID, id string) (auth.Certificate, error) {
	c, err := r.Store.Get(ctx, id)
	if errors.Is(err, errs.NotFound) || (err == nil && c.ServiceAccountID != accountID) {
		return auth.Certificate{}, errNoSuchCertificate
	}
	return c, err
}

var errNoSuchCertificate = errs.New(errs.NotFound, "no_certificate")

// Remove revokes the certificate's registration at once.
func (r *Registry) Remove(ctx context.Context, a keys.Actor, accountID, id string, revision int64) error {
	if _, err := r.Accounts.AccountToChange(ctx, a, accountID); err != nil {
		return err
	}
	if _, err := r.of(ctx, accountID, id); err != nil {
		return err
	}
	c, err := keys.Remove(ctx, r.Store, id, revision, func(*auth.Certificate) error { return nil })
	if errors.Is(err, errs.NotFound) {
		return errNoSuchCertificate
	}
	if err != nil {
		return err
	}
	return r.record(ctx, a, "certificate.delete", &c, c, nil)
}

// CountOf returns how many certificates act as the account.
func (r *Registry) CountOf(ctx context.Context, accountID string) (int, error) {
	all, err := r.Store.List(ctx, auth.CertificateFilter{ServiceAccountID: accountID}, keys.Page{Limit: mostCertificates})
	return len(all), err
}

// MoveTo sets the organization of the account's certificates to organizationID,
// and returns how many had another one.
func (r *Registry) MoveTo(ctx context.Context, accountID, organizationID string) (changed int, err error) {
	all, err := r.Store.List(ctx, auth.CertificateFilter{ServiceAccountID: accountID}, keys.Page{Limit: mostCertificates})
	if err != nil {
		return 0, fmt.Errorf("list certificates: %w", err)
	}
	for i := range all {
		if all[i].OrganizationID == organizationID {
			continue
		}
		_, _, err := keys.Revise(ctx, r.Store, all[i].ID, keys.AnyRevision, r.Now, func(c *auth.Certificate) error {
			c.OrganizationID = organizationID
			return nil
		})
		if err != nil && !errors.Is(err, errs.NotFound) {
			return changed, fmt.Errorf("move certificate %s: %w", all[i].ID, err)
		}
		changed++
	}
	return changed, nil
}

func (r *Registry) record(ctx context.Context, a keys.Actor, action string, c *auth.Certificate, before, after any) error {
	return r.Audit.Record(ctx, audit.Change{
		Subject: a.Subject(), Action: action, Before: before, After: after,
		Object: audit.Object{Type: "certificate", ID: c.ID, OrganizationID: c.OrganizationID},
	})
}
