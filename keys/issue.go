package keys

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/ratelimit"
)

const noKey = "no_key"

// IssueInput describes the key to issue.
type IssueInput struct {
	ID               string // set by the caller, or "" for a new one
	Claim            Claim  // nil: none
	ServiceAccountID string
	Environment      Environment // the actor's credential's if "", else Live
	KeyFields
}

// Claim is the right to issue one key. Its holder may lose it to another request for
// the same key in the meantime.
type Claim interface {
	// Begin returns the id of the key that is about to be stored.
	Begin() string
	// Confirm is called once the key is stored and before anybody learns of it. If
	// it fails, the key is removed.
	Confirm(ctx context.Context) error
}

// Issue creates a key and returns it with its secret, which cannot be retrieved
// again. At most MaxKeys of the tier are alive per account, even with concurrent
// requests. Bounds that the input leaves out are those of the actor's own
// credential; see MayConfer.
func (s *credentials) Issue(ctx context.Context, a Actor, in IssueInput) (Key, Secret, error) {
	in.defaultTo(a.Bounds())
	account, err := s.AccountFor(ctx, a, in.ServiceAccountID, ReadAccounts, WriteKeys)
	if errors.Is(err, errs.NotFound) {
		return Key{}, Secret{}, errs.BadField("service_account_id", "no_service_account")
	}
	if err != nil {
		return Key{}, Secret{}, err
	}
	tier, err := s.store.Tiers().Get(ctx, account.Tier)
	if err != nil {
		return Key{}, Secret{}, Missing(err, "tier")
	}
	k := Key{
		Stamp: NewStamp(s.now()), ID: in.ID, OrganizationID: account.OrganizationID, ServiceAccountID: account.ID,
		Environment: in.Environment, CreatedBy: a.Subject().ID, KeyFields: in.KeyFields,
	}
	err = s.checkKey(&k, KeyFields{Scopes: []string{}}, &account, tier)
	if err == nil {
		err = MayConfer(a, k.OrganizationID, nil, k.power(&account))
	}
	if err != nil {
		return Key{}, Secret{}, err
	}
	secret, err := s.insert(ctx, &k, tier.MaxKeys, in.Claim)
	if err != nil {
		return Key{}, Secret{}, fmt.Errorf("issue key: %w", err)
	}
	return k, secret, s.RecordKey(ctx, a, "key.create", &k, nil, k)
}

// insert gives the key an id and a secret and stores it, unless the account already
// has most keys alive. Without transactions, the keys are counted after the insert,
// and one too many is removed. Two nodes may then both refuse the last place, but
// never both fill it. Nobody knows the secret of a removed key.
func (s *credentials) insert(ctx context.Context, k *Key, most int, claim Claim) (Secret, error) {
	lock := &s.issuing[maphash.String(issuingSeed, k.ServiceAccountID)%uint64(len(s.issuing))]
	lock.Lock()
	defer lock.Unlock()
	if claim != nil {
		k.ID = claim.Begin()
	}
	if k.ID == "" {
		k.ID = ids.New(ids.Key)
	}
	secret := s.format.New(k.Environment)
	k.Hash, k.HashAlgorithm = HashOf(secret.text), SHA256
	k.Start, k.Last4 = s.format.shown(secret)
	if err := s.store.Keys().Insert(ctx, *k); err != nil {
		return Secret{}, err
	}
	// A transfer writes the account first and then looks for its keys. Either it
	// finds this one, or this sees that the account has moved.
	err := s.stays(ctx, k)
	alive := 0
	if err == nil {
		alive, err = s.AliveKeys(ctx, k.ServiceAccountID, most+1)
	}
	if err == nil && alive <= most && claim != nil {
		err = claim.Confirm(ctx)
	}
	if err == nil && alive <= most {
		return secret, nil
	}
	undo := s.store.Keys().Delete(context.WithoutCancel(ctx), k.ID, k.Revision)
	if err != nil || undo != nil {
		return Secret{}, errors.Join(err, undo)
	}
	return Secret{}, tooManyKeys(most)
}

func tooManyKeys(most int) error {
	return errs.WithCode(errs.Conflict, "too_many_keys",
		"too_many_keys", "most", most)
}

var issuingSeed = maphash.MakeSeed()

// AliveKeys returns the number of the account's keys that are neither revoked nor
// expired, up to most.
func (s *base) AliveKeys(ctx context.Context, accountID string, most int) (int, error) {
	no := false
	alive, err := s.store.Keys().List(ctx, KeyFilter{ServiceAccountID: accountID, Revoked: &no, EndsAfter: Moment(s.now())}, Page{Limit: most})
	if err != nil {
		return 0, fmt.Errorf("count the account's keys: %w", err)
	}
	return len(alive), nil
}

// checkKey validates the key against the rules of its account and tier; old holds its
// previous fields. MayConfer decides what the actor may do.
func (s *credentials) checkKey(k *Key, old KeyFields, account *ServiceAccount, tier Tier) error {
	var f errs.Faults
	k.checkShape(&f, old)
	s.checkTimes(&f, k, old, tier)
	if most := account.KeyRuleAt(&tier, s.now()); k.RateLimit != nil && !sameRule(k.RateLimit, old.RateLimit) && exceeds(*k.RateLimit, most) {
		f.Add("rate_limit", "beyond_tier_limit", "most", most)
	}
	for i, scope := range k.Scopes {
		if field := fmt.Sprintf("scopes[%d]", i); !f.Has(field) && !CoveredBy(old.Scopes, scope) {
			f.Check(CoveredBy(account.Scopes, scope), field, "scope_beyond_account", "scope", scope)
		}
	}
	if err := f.Err(); err != nil {
		return err
	}
	k.Scopes = tidy(k.Scopes)
	return nil
}

func (k *Key) checkShape(f *errs.Faults, old KeyFields) {
	checkName(f, "name", k.Name, old.Name)
	checkText(f, "note", k.Note, MaxTextLength, true)
	f.Check(k.Environment == Live || k.Environment == Test, "environment", "environment_invalid")
	checkScopes(f, "scopes", k.Scopes)
	k.AllowedNetworks = everywhere(k.AllowedNetworks)
	checkNetworks(f, k.AllowedNetworks)
	checkRule(f, "rate_limit", k.RateLimit)
	k.Metadata = compact(k.Metadata)
	checkMetadata(f, k.Metadata)
}

func (s *credentials) checkTimes(f *errs.Faults, k *Key, old KeyFields, tier Tier) {
	now := Moment(s.now())
	k.ExpiresAt, k.NotBefore = Moment(k.ExpiresAt), Moment(k.NotBefore)
	CheckTime(f, "not_before", k.NotBefore)
	CheckTime(f, "expires_at", k.ExpiresAt)
	if k.ExpiresAt.IsZero() {
		f.Check(tier.MaxKeyAge == 0, "expires_at", "required_by_tier", "age", tier.MaxKeyAge)
		return
	}
	f.Check(k.NotBefore.Before(k.ExpiresAt), "not_before", "before_expires_at")
	if k.ExpiresAt.Equal(old.ExpiresAt) {
		return
	}
	f.Check(k.ExpiresAt.After(now), "expires_at", "not_in_future")
	if tier.MaxKeyAge > 0 {
		latest := k.CreatedAt.Add(tier.MaxKeyAge)
		f.Check(!k.ExpiresAt.After(latest), "expires_at", "beyond_tier_age", "latest", latest, "age", tier.MaxKeyAge)
	}
}

// exceeds reports whether rule allows more than most, in the long run or at once. The
// zero rule allows everything.
func exceeds(rule, most ratelimit.Rule) bool {
	return !most.IsZero() && (rule.IsZero() || rule.Burst > most.Burst || rule.Faster(most))
}

func sameRule(a, b *ratelimit.Rule) bool { return a != nil && b != nil && *a == *b }

// Mark returns the id of the key's generation mark. It is derived from the hash, which
// is all that a verification knows before it has loaded the key.
func (k *Key) Mark() string { return k.Hash.MarkID() }

// Object names the key in audit events.
func (k *Key) Object() audit.Object {
	return audit.Object{Type: "key", ID: k.ID, OrganizationID: k.OrganizationID}
}
