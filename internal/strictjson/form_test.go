package strictjson_test

import (
	"errors"
	"fmt"
	"net/url"
	"testing"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/strictjson"
)

func TestFormsAreObjects(t *testing.T) {
	t.Parallel()
	for form, want := range map[string]string{
		"":                           `{}`,
		"name=a+b":                   `{"name":"a b"}`,
		"scopes=a:read&scopes=b:run": `{"scopes":["a:read","b:run"]}`,
		"scopes=":                    `{"scopes":[]}`,
		"disabled=True":              `{"disabled":true}`,
		"disabled=off":               `{"disabled":false}`,
		"disabled=":                  `{"disabled":null}`,
		"expires_at=":                `{"expires_at":null}`,
		"rate_limit.requests=5&rate_limit.per=1s": `{"rate_limit":{"per":"1s","requests":5}}`,
		"rate_limit=":              `{"rate_limit":null}`,
		"metadata=%7B%22a%22:1%7D": `{"metadata":{"a":1}}`,
		"nonsense=1":               `{"nonsense":"1"}`,
	} {
		values, err := url.ParseQuery(form)
		if err != nil {
			t.Fatal(err)
		}
		got, err := strictjson.FromForm(values, &client.KeySettings{})
		if err != nil || string(got) != want {
			t.Errorf("%q: %s, %v, want %s", form, got, err, want)
		}
	}
}

// TestEmptyFieldsAreNull where JSON takes null for what is left out: a text
// field alone can be empty.
func TestEmptyFieldsAreNull(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		into       any
		form, want string
	}{
		{&client.RotateKey{}, "grace=", `{"grace":null}`},
		{&client.Override{}, "until=&note=", `{"note":"","until":null}`},
		{&client.Rule{}, "requests=&per=&burst=", `{"burst":null,"per":null,"requests":null}`},
		{&client.TransferServiceAccount{}, "dry_run=&organization_id=", `{"dry_run":null,"organization_id":""}`},
	} {
		values, err := url.ParseQuery(tt.form)
		if err != nil {
			t.Fatal(err)
		}
		got, err := strictjson.FromForm(values, tt.into)
		if err != nil || string(got) != tt.want {
			t.Errorf("%q: %s, %v, want %s", tt.form, got, err, tt.want)
		}
	}
}

func TestAFormHasFewFields(t *testing.T) {
	t.Parallel()
	form := url.Values{}
	for i := range 101 {
		form.Set(fmt.Sprintf("m%d", i), "1")
	}
	_, err := strictjson.FromForm(form, &client.KeySettings{})
	if e, ok := errors.AsType[*errs.Error](err); !ok || len(e.Fields) != 1 || e.Fields[0].String() != "must have at most 100 fields" {
		t.Errorf("%v", err)
	}
}

func FuzzFromForm(f *testing.F) {
	f.Add("name=x&scopes=a:read&scopes=b:run&rate_limit.per=1s&metadata=%7B%7D&disabled=on&expires_at=")
	f.Add("rate_limit=&rate_limit.requests=1&rate_limit.rate_limit.x=%ff")
	f.Fuzz(func(t *testing.T, form string) {
		values, err := url.ParseQuery(form)
		if err != nil {
			return
		}
		var into client.KeySettings
		body, err := strictjson.FromForm(values, &into)
		if err == nil {
			if err := strictjson.WellFormed(body); err != nil && !errors.Is(err, errs.Invalid) {
				t.Errorf("%q makes %s: %v", form, body, err)
			}
			err = strictjson.Decode(body, &into)
		}
		if err != nil && !errors.Is(err, errs.Invalid) {
			t.Errorf("%q: %v is not the sender's fault", form, err)
		}
	})
}
