package text

import (
	"bytes"
	"net/url"

	"github.com/latchkey/latchkey/errs"
)

// MostFields bounds the fields of a form: to take apart thousands of them would
// cost more than anybody needs who has shown no credential.
const MostFields = 500

// ErrManyFields refuses a form with more.
var ErrManyFields = errs.New(errs.Invalid, "form_too_many_fields", "most", MostFields)

// Fields parses a form, application/x-www-form-urlencoded. What is wrong with it
// is errs.Invalid.
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
