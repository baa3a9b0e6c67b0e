package text

import (
	"net/mail"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// LongestAddress is the longest e-mail address, in bytes (RFC 5321 section
// 4.5.3.1.3).
const LongestAddress = 254

// Address returns the form in which two e-mail addresses are equal if mail to them
// arrives at the same place: the domain as IDNA2008 A-labels in lower case, and the
// local part unchanged except for the case of ASCII letters, which no current mail
// system distinguishes. ok is false for text that is not an address such as
// ada@example.com, and for an address with invisible characters, which would be
// mistaken for somebody else's.
func Address(address string) (canonical string, ok bool) {
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || len(address) > LongestAddress || !utf8.ValidString(address) {
		return "", false
	}
	at := strings.LastIndexByte(address, '@')
	domain, ok := Domain(address[at+1:])
	hides := strings.ContainsFunc(address[:at], Hidden) || strings.ContainsFunc(address[at:], hiddenInDomain)
	return ASCIILower(norm.NFC.String(address[:at])) + "@" + domain, ok && !hides && !strings.ContainsFunc(address[:at], posesAsASCII)
}

// hiddenInDomain is Hidden without the two joiners, which IDNA2008 allows in some
// scripts, and checks.
func hiddenInDomain(r rune) bool { return r != '\u200c' && r != '\u200d' && Hidden(r) }

// posesAsASCII reports whether NFC turns another character into an ASCII one, such as
// the Kelvin sign: a mail system that does not normalize distinguishes them.
func posesAsASCII(r rune) bool {
	return r >= utf8.RuneSelf && norm.NFC.String(string(r))[0] < utf8.RuneSelf
}

// Domain returns a host name as IDNA2008 A-labels in lower case.
func Domain(name string) (ascii string, ok bool) {
	// Unicode 15.1 maps the capital sharp s to the small one; earlier tables map it to ss.
	name = strings.ReplaceAll(name, "\u1e9e", "\u00df")
	ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(name, "."))
	return ascii, err == nil && ascii != ""
}

// ASCIILower returns s with ASCII letters in lower case and everything else unchanged.
func ASCIILower(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
