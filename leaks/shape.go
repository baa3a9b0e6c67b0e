package leaks

import (
	"fmt"
	"strings"

	"github.com/latchkey/latchkey/keys"
)

// RuleID names the rule that finds keys in scanners.
const RuleID = "latchkey_api_key"

// GitLabType is the rule's name in GitLab's Token Revocation API.
const GitLabType = "gitleaks_rule_id_" + RuleID

// randomAndChecksum is how many base62 characters follow the start of a key.
const randomAndChecksum = 43 + 6

// Pattern returns the regular expression of keys and of users' tokens, which have their
// form, in the syntax of RE2. The checksum tells those apart that only look like it.
func Pattern(f keys.Format) string {
	return fmt.Sprintf(`\b%s_(?:live|test|user)_[0-9A-Za-z]{%d}\b`, f.Brand(), randomAndChecksum)
}

// prefixes are what keys and tokens start with.
func prefixes(f keys.Format) []string {
	return []string{f.Prefix(keys.Live), f.Prefix(keys.Test), f.Brand() + "_user_"}
}

// Gitleaks returns the rule for gitleaks.
func Gitleaks(f keys.Format) string {
	return fmt.Sprintf(`# Finds Latchkey keys. Use it with: gitleaks --config gitleaks.toml
title = "Latchkey"

[extend]
useDefault = true

[[rules]]
id = "%s"
description = "Latchkey API key: revoke it with POST /revoke"
regex = '''(%s)'''
secretGroup = 1
entropy = 3.5
keywords = ["%s"]
`, RuleID, Pattern(f), strings.Join(prefixes(f), `", "`))
}

// Trufflehog returns the custom detector for trufflehog.
func Trufflehog(f keys.Format) string {
	return fmt.Sprintf(`# Finds Latchkey keys. Use it with: trufflehog filesystem --config trufflehog.yaml PATH
detectors:
  - name: %s
    keywords: [%s]
    regex:
      key: '(%s)'
`, RuleID, strings.Join(prefixes(f), ", "), Pattern(f))
}
