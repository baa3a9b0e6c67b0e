package keys

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold returns s in the form that searches compare: Unicode case folding and NFC. It
// is too coarse to identify a person.
func Fold(s string) string { return norm.NFC.String(cases.Fold().String(norm.NFC.String(s))) }

// SearchText returns what the Text of an OrganizationFilter is matched against.
func (o *Organization) SearchText() string { return Fold(o.Name + "\n" + o.ID) }

// SearchText returns what the Text of an AccountFilter is matched against.
func (account *ServiceAccount) SearchText() string {
	return Fold(strings.Join([]string{account.Name, account.Description, account.ExternalID, account.ID}, "\n"))
}

// SearchText returns what the Text of a KeyFilter is matched against.
func (k *Key) SearchText() string {
	return Fold(strings.Join([]string{k.Name, k.Note, k.ID, k.Start, k.Last4}, "\n"))
}
