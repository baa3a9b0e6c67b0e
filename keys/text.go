package keys

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold returns s as text is compared in searches: Unicode case folding, in the
// form NFC. It is too coarse to identify a person.
func Fold(s string) string { return norm.NFC.String(cases.Fold().String(norm.NFC.String(s))) }

// SearchText is what the Text of an OrganizationFilter is looked for in.
func (o *Organization) SearchText() string { return Fold(o.Name + "\n" + o.ID) }

// SearchText is what the Text of an AccountFilter is looked for in.
func (account *ServiceAccount) SearchText() string {
	return Fold(strings.Join([]string{account.Name, account.Description, account.ExternalID, account.ID}, "\n"))
}

// SearchText is what the Text of a KeyFilter is looked for in.
func (k *Key) SearchText() string {
	return Fold(strings.Join([]string{k.Name, k.Note, k.ID, k.Start, k.Last4}, "\n"))
}
