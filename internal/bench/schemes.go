package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// adminPassword is used once, to sign in the first admin.
const adminPassword = "benchmark only"

// schemeScript asks who is acting, with the header and cookie of one scheme.
const schemeScript = `
local header, value = os.getenv("BENCH_HEADER"), os.getenv("BENCH_VALUE")
request = function() return wrk.format("GET", "/api/me", {[header] = value}) end
`

// schemes measures the cost of one request to the management API for each authentication
// scheme. It leaves out passwords, whose hashing is slow on purpose.
func schemes(ctx context.Context, o options, f filled, dir string, service *process) error {
	script := filepath.Join(dir, "scheme.lua")
	if err := os.WriteFile(script, []byte(schemeScript), 0o600); err != nil {
		return err
	}
	base := "http://" + service.address
	credentials, err := credentialsOf(ctx, base, f.verifier)
	if err != nil {
		return fmt.Errorf("get a credential of each scheme: %w", err)
	}
	fmt.Printf("\nGET /api/me by scheme, %d connections, %s each\n", o.connections, o.duration)
	for _, c := range credentials {
		r, err := wrk(ctx, o, service.address, script, o.duration, "BENCH_HEADER="+c.header, "BENCH_VALUE="+c.value)
		if err != nil {
			return err
		}
		fmt.Printf("%-22s %9.0f req/s   p50 %8s   p99 %8s   not 2xx %d\n", c.name, r.perSecond, r.p50, r.p99, r.refused)
	}
	return nil
}

type credential struct{ name, header, value string }

func credentialsOf(ctx context.Context, base, key string) ([]credential, error) {
	signIn := map[string]string{"email": "admin@localhost", "password": adminPassword}
	pair, _, err := post(ctx, base+"/api/token/", signIn)
	if err != nil {
		return nil, err
	}
	_, header, err := post(ctx, base+"/api/session/", signIn)
	if err != nil {
		return nil, err
	}
	var cookie string
	for _, c := range (&http.Response{Header: header}).Cookies() {
		if c.Name == "sessionid" {
			cookie = "sessionid=" + c.Value
		}
	}
	token, _, err := postAs(ctx, base+"/api/tokens/", map[string]string{"name": "bench"}, "Authorization", "Bearer "+pair["access"])
	if err != nil {
		return nil, err
	}
	if cookie == "" || token["token"] == "" {
		return nil, errors.New("no session or token came back")
	}
	return []credential{
		{"api_key", "X-API-Key", key},
		{"session", "Cookie", cookie},
		{"token", "Authorization", "Token " + token["token"]},
		{"jwt", "Authorization", "Bearer " + pair["access"]},
	}, nil
}

func post(ctx context.Context, url string, body map[string]string) (map[string]string, http.Header, error) {
	return postAs(ctx, url, body, "X-Bench", "1")
}

func postAs(ctx context.Context, url string, body map[string]string, header, value string) (map[string]string, http.Header, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(text))
	if err != nil {
		return nil, nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(header, value)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer answer.Body.Close() //nolint:errcheck // read to its end
	got, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, nil, err
	}
	if answer.StatusCode >= http.StatusBadRequest {
		return nil, nil, fmt.Errorf("%s: %s %s", url, answer.Status, strings.TrimSpace(string(got)))
	}
	all := map[string]any{}
	if err := json.Unmarshal(got, &all); err != nil {
		return nil, nil, err
	}
	out := map[string]string{}
	for name, v := range all {
		if s, ok := v.(string); ok {
			out[name] = s
		}
	}
	return out, answer.Header, nil
}
