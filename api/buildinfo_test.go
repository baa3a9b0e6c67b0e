package api_test

import "testing"

func TestHealthzTellsTheBuild(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	got := s.send(t, call{method: "GET", path: "/healthz"})
	if want := `{"status":"ok","version":"v1","commit":"abc","date":"2026-01-02T03:04:05Z"}`; got.status != 200 || string(got.body) != want {
		t.Errorf("%d %s, want %s", got.status, got.body, want)
	}
}
