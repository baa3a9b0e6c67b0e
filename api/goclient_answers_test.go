package api_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey/latchkey/client"
)

// lostIn returns what of the answer is not in what the method returned.
func lostIn(result []reflect.Value, got *httptest.ResponseRecorder) []string {
	err, _ := result[len(result)-1].Interface().(error)
	if errors.Is(err, client.SecretLost) {
		err = nil // the answer to a repeated creation has no secret
	}
	if err != nil {
		return lostInError(err, got)
	}
	body := got.Body.Bytes()
	if len(result) == 1 {
		if object := jsonOf(body); len(body) > 0 && !empty(object) {
			return []string{"the answer is dropped"}
		}
		return nil
	}
	value := result[0].Interface()
	switch v := value.(type) {
	case []byte:
		return unequal("the body", string(v), string(body))
	case client.Verdict:
		if got.Code != 200 {
			return lostInRefusal(&v, got)
		}
		if id := got.Header().Get("X-Latchkey-Service-Account-Id"); id != "" && v.ServiceAccount.ID == id {
			v.ServiceAccount = nil // which the body does not have
		}
		value = v.VerifyResponse
	}
	lost := lostInValue(value, body)
	if tagged := reflect.Indirect(reflect.ValueOf(value)); tagged.Kind() == reflect.Struct && got.Header().Get("ETag") != "" {
		if f := tagged.FieldByName("ETag"); !f.IsValid() || f.String() != got.Header().Get("ETag") {
			lost = append(lost, "the ETag")
		}
	}
	return lost
}

func unequal(what string, got, want any) []string {
	if reflect.DeepEqual(got, want) {
		return nil
	}
	return []string{fmt.Sprintf("%s is %v, want %v", what, got, want)}
}

// lostInError holds the error against the problem document, or error of OAuth.
func lostInError(err error, got *httptest.ResponseRecorder) []string {
	var e *client.Error
	if !errors.As(err, &e) {
		return []string{"not an error of the client: " + err.Error()}
	}
	var p struct {
		client.Problem
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if err := json.Unmarshal(got.Body.Bytes(), &p); err != nil {
		return []string{e.Error()}
	}
	lost := slices.Concat(
		unequal("the status", e.Status, got.Code), unequal("the code", e.Code, p.Code+p.Error),
		unequal("the detail", e.Detail, p.Detail+p.Description), unequal("the instance", e.Instance, p.Instance),
		unequal("the scopes", e.MissingScopes, p.MissingScopes), unequal("the fields", e.Fields, p.Errors),
	)
	if p.Error == "" {
		lost = append(lost, unequal("the title", e.Title, p.Title)...)
	}
	if after, err := strconv.Atoi(got.Header().Get("Retry-After")); err == nil {
		lost = append(lost, unequal("Retry-After", e.RetryAfter, time.Duration(after)*time.Second)...)
	}
	if e.RequestID == "" && got.Header().Get("X-Request-Id") != "" {
		lost = append(lost, "the request id")
	}
	return lost
}

// lostInRefusal holds the verdict against the problem document that GET /verify
// refuses with.
func lostInRefusal(v *client.Verdict, got *httptest.ResponseRecorder) []string {
	var p client.Problem
	if err := json.Unmarshal(got.Body.Bytes(), &p); err != nil {
		return []string{err.Error()}
	}
	return slices.Concat(
		unequal("the code", v.Code, p.Code), unequal("the detail", v.Detail, p.Detail), unequal("the status", v.Status(), got.Code),
		unequal("the scopes", v.MissingScopes, p.MissingScopes), unequal("whether it is valid", v.Valid, false),
	)
}

// lostInValue holds the value against the JSON that was answered, member by
// member.
func lostInValue(value any, body []byte) []string {
	text, err := json.Marshal(value)
	if err != nil {
		return []string{err.Error()}
	}
	want, got := jsonOf(body), jsonOf(text)
	of := reflect.TypeOf(value)
	if list, ok := want.(map[string]any); ok && of.Kind() == reflect.Slice && of != reflect.TypeFor[json.RawMessage]() {
		if list["next_cursor"] != nil {
			return []string{"the pages that follow"}
		}
		want = list["items"]
	}
	return differences("", got, want)
}

func jsonOf(text []byte) (v any) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	_ = d.Decode(&v)
	return v
}

// differences compares decoded JSON. A member that is left out where it would be
// empty is no difference.
func differences(at string, got, want any) (all []string) {
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			break
		}
		for name, value := range want {
			if held, ok := object[name]; ok {
				all = append(all, differences(at+"."+name, held, value)...)
			} else if !empty(value) {
				all = append(all, at+"."+name)
			}
		}
		for name, value := range object {
			if _, ok := want[name]; !ok && !empty(value) {
				all = append(all, fmt.Sprintf("%s.%s is %v, and nobody said so", at, name, value))
			}
		}
		return all
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			break
		}
		for i := range want {
			all = append(all, differences(at+"["+strconv.Itoa(i)+"]", list[i], want[i])...)
		}
		return all
	case string:
		if text, ok := got.(string); ok && sameText(text, want) {
			return nil
		}
	case nil:
		if got == zeroTime {
			return nil
		}
	}
	if reflect.DeepEqual(got, want) {
		return nil
	}
	return []string{fmt.Sprintf("%s is %v, want %v", strings.TrimPrefix(at, "."), got, want)}
}

const zeroTime = "0001-01-01T00:00:00Z"

func empty(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	default:
		return v == nil || v == "" || v == false || v == json.Number("0") || v == zeroTime
	}
}

// sameText compares texts, and times and durations by what they mean.
func sameText(a, b string) bool {
	if a == b {
		return true
	}
	if d, err := time.ParseDuration(a); err == nil {
		other, err := time.ParseDuration(b)
		return err == nil && d == other
	}
	at, err := time.Parse(time.RFC3339Nano, a)
	other, err2 := time.Parse(time.RFC3339Nano, b)
	return err == nil && err2 == nil && at.Equal(other)
}

// says reports whether the body that the client writes says what the test does:
// the same members, empty ones too, and beside them only what a new object has
// anyway. A patch that says more would change more.
func says(test, written []byte, patch bool) bool {
	if len(test) == 0 || len(written) == 0 {
		return len(test) == len(written)
	}
	want, got := jsonOf(test), jsonOf(written)
	if patch {
		return reflect.DeepEqual(want, got)
	}
	return len(differences("", got, want)) == 0 && mentions(want, got)
}

// mentions reports whether got names whatever want names.
func mentions(want, got any) bool {
	object, ok := want.(map[string]any)
	if !ok {
		return true
	}
	other, _ := got.(map[string]any)
	for name, value := range object {
		if held, ok := other[name]; !ok || !mentions(value, held) {
			return false
		}
	}
	return true
}
