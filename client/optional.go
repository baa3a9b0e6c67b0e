package client

import "encoding/json"

// Optional is an optional member of a request. The zero Optional is left out; Set
// gives the member a value; Null clears it.
type Optional[T any] struct {
	value T
	state presence
}

type presence uint8

const (
	absent presence = iota
	null
	present
)

// Set returns an Optional with the value.
func Set[T any](value T) Optional[T] { return Optional[T]{value: value, state: present} }

// Null returns an Optional that is encoded as null.
func Null[T any]() Optional[T] { return Optional[T]{state: null} }

// Get returns the value, and whether there is one.
func (o Optional[T]) Get() (T, bool) { return o.value, o.state == present }

// IsZero reports whether the member is left out.
func (o Optional[T]) IsZero() bool { return o.state == absent }

// MarshalJSON writes the value, or null.
func (o Optional[T]) MarshalJSON() ([]byte, error) {
	if o.state != present {
		return []byte("null"), nil
	}
	return json.Marshal(o.value)
}

// UnmarshalJSON reads the value, or null.
func (o *Optional[T]) UnmarshalJSON(text []byte) error {
	*o = Null[T]()
	if string(text) == "null" {
		return nil
	}
	o.state = present
	return json.Unmarshal(text, &o.value)
}
