package client

import (
	"fmt"
	"log/slog"
)

// Responses with a secret print and log [redacted] in its place, so that a stray
// %+v does not write it to a log. Their JSON contains it.

// write formats the value, which has no Format method of its own, as fmt would.
func write(f fmt.State, verb rune, v any) { _, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), v) }

func (k IssuedKey) shown() any {
	type plain IssuedKey
	if k.Secret != "" {
		k.Secret = redacted
	}
	return plain(k)
}

// Format writes the key without its secret.
func (k IssuedKey) Format(f fmt.State, verb rune) { write(f, verb, k.shown()) }

// LogValue returns the key without its secret.
func (k IssuedKey) LogValue() slog.Value { return slog.AnyValue(k.shown()) }

func (t CreatedToken) shown() any {
	type plain CreatedToken
	if t.Secret != "" {
		t.Secret = redacted
	}
	return plain(t)
}

// Format writes the token without its secret.
func (t CreatedToken) Format(f fmt.State, verb rune) { write(f, verb, t.shown()) }

// LogValue returns the token without its secret.
func (t CreatedToken) LogValue() slog.Value { return slog.AnyValue(t.shown()) }

func (t AccessToken) shown() any {
	type plain AccessToken
	if t.Token != "" {
		t.Token = redacted
	}
	return plain(t)
}

// Format writes the token's fields without the token itself.
func (t AccessToken) Format(f fmt.State, verb rune) { write(f, verb, t.shown()) }

// LogValue returns the token's fields without the token itself.
func (t AccessToken) LogValue() slog.Value { return slog.AnyValue(t.shown()) }

// Format writes [redacted].
func (ObtainedToken) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue returns [redacted].
func (ObtainedToken) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format writes [redacted].
func (TokenPair) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue returns [redacted].
func (TokenPair) LogValue() slog.Value { return slog.StringValue(redacted) }
