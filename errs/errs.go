// Package errs gives every error that a caller can cause a kind, so that one
// place at the edge can turn kinds into statuses. Errors without a kind are our
// own faults; the caller sees no details of them.
package errs

import (
	"errors"
	"strings"
	"time"
)

// Kind classifies an error by what its caller can do about it. A Kind is
// itself an error, so errors.Is(err, errs.NotFound) tests for it.
type Kind string

// The kinds. Each maps to exactly one HTTP status at the edge.
const (
	Invalid         Kind = "invalid_request"        // the input is wrong; Fields says where
	Unauthenticated Kind = "not_authenticated"      // no principal, or a wrong credential
	Forbidden       Kind = "permission_denied"      // a known principal that may not do this
	NotFound        Kind = "not_found"              // no such object, or none that the caller may see
	NotAcceptable   Kind = "not_acceptable"         // no answer in a media type that the client accepts
	Conflict        Kind = "conflict"               // the object's state, or another object, forbids it
	Stale           Kind = "precondition_failed"    // the object changed since it was read
	TooLarge        Kind = "payload_too_large"      // the body exceeds its bound
	Unsupported     Kind = "unsupported_media_type" // the body is of the wrong type
	Limited         Kind = "rate_limited"           // too many requests; RetryAfter says how long to wait
	Unavailable     Kind = "unavailable"            // a part that is needed cannot be reached
)

// Error makes a Kind usable as the target of errors.Is.
func (k Kind) Error() string { return string(k) }

// Field is one fault of the input. Name is the JSON path of the member, the
// name of the query parameter or of the header; the text says what is right.
type Field struct {
	Name string
	Text
}

// Error is a failure that its caller may be told about in full.
type Error struct {
	Kind       Kind
	Code       string        // a code more precise than the kind, or ""
	Text       Text          // one sentence for people
	Fields     []Field       // the faults of the input, with Invalid; at most MostFaults
	RetryAfter time.Duration // with Limited and Unavailable, 0 where unknown
	Scope      string        // with Forbidden: what a service account lacks, "" where no scope would help
}

// Error returns the text and the faulty fields, in English.
func (e *Error) Error() string {
	if len(e.Fields) == 0 {
		return e.Text.String()
	}
	parts := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		parts[i] = f.Name + " " + f.String()
	}
	return e.Text.String() + ": " + strings.Join(parts, "; ")
}

// Summary is the error as one text: of its fields the first.
func (e *Error) Summary() Text {
	if len(e.Fields) == 0 {
		return e.Text
	}
	return Say("field_fault", "field", e.Fields[0].Name, "fault", e.Fields[0].Text)
}

// Is reports whether target is the error's kind.
func (e *Error) Is(target error) bool {
	k, ok := target.(Kind)
	return ok && k == e.Kind
}

// New returns an error of kind with a sentence that its caller may read; see Say
// for text and args.
func New(kind Kind, text string, args ...any) *Error {
	return &Error{Kind: kind, Text: Say(text, args...)}
}

// WithCode returns an error of kind whose problem code is more precise.
func WithCode(kind Kind, code, text string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Text: Say(text, args...)}
}

// KindOf returns the kind of err, or "" for our own faults.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	if k, ok := errors.AsType[Kind](err); ok {
		return k
	}
	return ""
}

// MostFaults is how many faults of one input are listed; the others are only
// counted, so that a refusal is never larger than what it refuses.
const MostFaults = 20

// Faults collects the wrong fields of one input before it is refused.
type Faults struct {
	fields []Field
	count  int
}

// Add notes that the field is wrong and what would be right; see Say for text
// and args.
func (f *Faults) Add(field, text string, args ...any) { f.Note(field, Say(text, args...)) }

// Note is Add with a text that is made already.
func (f *Faults) Note(field string, text Text) {
	if f.count++; len(f.fields) < MostFaults {
		f.fields = append(f.fields, Field{Name: field, Text: text})
	}
}

// Full reports whether further faults are only counted, so that making their
// texts is wasted work.
func (f *Faults) Full() bool { return len(f.fields) == MostFaults }

// Check notes the text about the field unless ok.
func (f *Faults) Check(ok bool, field, text string, args ...any) {
	if !ok {
		f.Add(field, text, args...)
	}
}

// Has reports whether a fault of the field is listed.
func (f *Faults) Has(field string) bool {
	for _, x := range f.fields {
		if x.Name == field {
			return true
		}
	}
	return false
}

// Err returns nil, or one Invalid error that lists the faults, and says how
// many there are where these are more than MostFaults.
func (f *Faults) Err() error {
	if f.count == 0 {
		return nil
	}
	text := Say("fields_not_valid")
	if f.count > len(f.fields) {
		text = Say("fields_not_valid_of_many", "listed", len(f.fields), "count", f.count)
	}
	return &Error{Kind: Invalid, Text: text, Fields: f.fields}
}

// BadField returns the Invalid error of one field; see Say for text and args.
func BadField(field, text string, args ...any) error {
	var f Faults
	f.Add(field, text, args...)
	return f.Err()
}
