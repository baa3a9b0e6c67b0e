package client

import "time"

// OrganizationPatch changes the fields that are set.
type OrganizationPatch struct {
	Name     Optional[string]   `json:"name,omitzero"`
	Disabled Optional[bool]     `json:"disabled,omitzero"`
	Metadata Optional[Metadata] `json:"metadata,omitzero"` // a merge patch itself
}

// ServiceAccountPatch changes the fields that are set.
type ServiceAccountPatch struct {
	Name            Optional[string]   `json:"name,omitzero"`
	Description     Optional[string]   `json:"description,omitzero"`
	Tier            Optional[string]   `json:"tier,omitzero"`
	Scopes          Optional[[]string] `json:"scopes,omitzero"`
	AllowedNetworks Optional[[]string] `json:"allowed_networks,omitzero"`
	RateLimit       Optional[Rule]     `json:"rate_limit,omitzero"`
	Quota           Optional[Quota]    `json:"quota,omitzero"`
	ExternalID      Optional[string]   `json:"external_id,omitzero"`
	OwnerID         Optional[string]   `json:"owner_id,omitzero"`
	Metadata        Optional[Metadata] `json:"metadata,omitzero"` // a merge patch itself
	Disabled        Optional[bool]     `json:"disabled,omitzero"`
}

// KeyPatch changes the fields that are set.
type KeyPatch struct {
	Name            Optional[string]    `json:"name,omitzero"`
	Note            Optional[string]    `json:"note,omitzero"`
	Scopes          Optional[[]string]  `json:"scopes,omitzero"` // null: all scopes of the account
	AllowedNetworks Optional[[]string]  `json:"allowed_networks,omitzero"`
	RateLimit       Optional[Rule]      `json:"rate_limit,omitzero"`
	ExpiresAt       Optional[time.Time] `json:"expires_at,omitzero"`
	NotBefore       Optional[time.Time] `json:"not_before,omitzero"`
	Metadata        Optional[Metadata]  `json:"metadata,omitzero"` // a merge patch itself
	Disabled        Optional[bool]      `json:"disabled,omitzero"`
}

// TierPatch changes the fields that are set.
type TierPatch struct {
	Title            Optional[string]   `json:"title,omitzero"`
	RateLimit        Optional[Rule]     `json:"rate_limit,omitzero"`
	AccountRateLimit Optional[Rule]     `json:"account_rate_limit,omitzero"`
	Quota            Optional[Quota]    `json:"quota,omitzero"`
	MaxKeys          Optional[int]      `json:"max_keys,omitzero"`
	MaxKeyAge        Optional[Duration] `json:"max_key_age,omitzero"`
	KeyRetention     Optional[Duration] `json:"key_retention,omitzero"`
	LeakPolicy       Optional[string]   `json:"leak_policy,omitzero"`
}

// ScopePatch changes the fields that are set.
type ScopePatch struct {
	Description Optional[string] `json:"description,omitzero"`
}

// UserPatch changes the fields that are set.
type UserPatch struct {
	Email    Optional[string] `json:"email,omitzero"`
	Username Optional[string] `json:"username,omitzero"`
	Name     Optional[string] `json:"name,omitzero"`
	Language Optional[string] `json:"language,omitzero"`
	IsAdmin  Optional[bool]   `json:"is_admin,omitzero"`
	Disabled Optional[bool]   `json:"disabled,omitzero"`
	Password Optional[string] `json:"password,omitzero"`
}

// MePatch changes the fields that are set.
type MePatch struct {
	Name            Optional[string] `json:"name,omitzero"`
	Username        Optional[string] `json:"username,omitzero"`
	Email           Optional[string] `json:"email,omitzero"` // needs CurrentPassword
	Language        Optional[string] `json:"language,omitzero"`
	CurrentPassword Optional[string] `json:"current_password,omitzero"`
}

// KeyRotation says how to rotate a key. With the zero KeyRotation, the old key
// works for another day, and the successor gets the same lifetime as the old key.
type KeyRotation struct {
	Grace     Optional[Duration] `json:"grace,omitzero"` // how long the old key keeps working
	ExpiresAt *time.Time         `json:"expires_at,omitempty"`
}

// ScopeRenaming renames a scope. The old name works for Keep, 30 days if left
// out.
type ScopeRenaming struct {
	Name string             `json:"name"`
	Keep Optional[Duration] `json:"keep,omitzero"`
}
