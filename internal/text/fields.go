package text

import (
	"bytes"
	"net/url"

	"github.com/latchkey/latchkey/errs"
)

// MostFields bounds the fields of a form: parsing thousands of them would cost too much
// for somebody who has shown no credential.
const MostFields = 500

// ErrManyFields is returned for a form with more fields.
var ErrManyFields = errs.New(errs.Invalid, "form_too_many_fields", "most", MostFields)

// Fields parses a form, application/x-www-form-urlencoded. The error is errs.Invalid.
func Fields(body []byte) (url.Values, error) {
	if bytes.Count(body, []byte("&")) >= MostFields {
		return nil, ErrManyFields
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, errs.New(errs.Invalid, "form_encoding")
	}
	return values, nil
}
