package api_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

const foreignKey = "iwb6Djkk4HhUlOCmLilDIKh6nZrn90ts"

func upload(query, kind, text string, as credential) call {
	return call{method: "POST", path: "/api/imports" + query, as: as, kind: kind, body: text}
}

// ended waits until the import has ended.
func (s *suite) ended(t *testing.T, id string, as credential) client.Import {
	t.Helper()
	for range 600 {
		n, _ := want[client.Import](t, s, 200, call{method: "GET", path: "/api/imports/" + id, as: as})
		if n.State == "done" || n.State == "failed" {
			return n
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the import does not end")
	return client.Import{}
}

func TestImport(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{open: true})
	admin := s.admin(t)
	lines := `{"id":"1","owner_id":"customer-1","key":"` + foreignKey + `","scopes":["documents.read"]}` + "\n" +
		`{"id":"2","key":"short"}` + "\n"
	got := s.send(t, upload("?organization=Acme%20GmbH", "application/jsonl", lines, admin))
	id := strings.TrimPrefix(got.header.Get("Location"), "/api/imports/")
	if got.status != 202 || strings.Contains(string(got.body), foreignKey) {
		t.Fatalf("%d %s", got.status, got.body)
	}
	n := s.ended(t, id, admin)
	if n.Count != (client.ImportCount{Imported: 1, Refused: 1, Organizations: 1, ServiceAccounts: 1, Scopes: 1}) || n.Percent != 100 ||
		len(n.Problems) != 1 || n.Problems[0].Place != "upload:2" || n.Problems[0].ID != "2" || n.Problems[0].Code != "import_length" ||
		len(n.Renamed) != 1 || n.Renamed[0].To != "documents:read" || n.FinishedAt == nil || n.Pages != 1 {
		t.Errorf("%+v", n)
	}
	v, _ := want[client.VerifyResponse](t, s, 200, call{method: "POST", path: "/verify", body: map[string]any{"key": foreignKey}})
	if !v.Valid {
		t.Errorf("the imported key is %+v", v)
	}
	if events := s.events(t, admin, "object_id="+id); len(events) != 1 || events[0].Action != "import.run" ||
		events[0].Subject.ID != s.staff.ID {
		t.Errorf("%+v", events)
	}
	csv := "id,owner_id,key,scopes\n1,customer-1," + foreignKey + ",documents:read\n"
	again, _ := want[client.Import](t, s, 202, upload("?organization=Acme%20GmbH&format=csv", "text/csv; charset=utf-8", csv, admin))
	if n := s.ended(t, again.ID, admin); n.Count.Unchanged != 1 || n.Count.Imported != 0 {
		t.Errorf("again: %+v", n)
	}
	u, _ := want[client.ImportsInUse](t, s, 200, call{method: "GET", path: "/api/imports/in-use", as: admin})
	if u.Keys != 1 || u.Unused != 1 || !u.Complete || len(u.ServiceAccounts) != 1 || u.ServiceAccounts[0].Name != "customer-1" {
		t.Errorf("%+v", u)
	}
	german := call{method: "GET", path: "/api/imports/" + id, as: admin, header: map[string]string{"Accept-Language": "de"}}
	if n, _ := want[client.Import](t, s, 200, german); !strings.Contains(n.Problems[0].Detail, "Zeichen") {
		t.Errorf("in German: %+v", n.Problems)
	}
}

// TestImportRefusals: what the request names and does not exist, and what it is.
func TestImportRefusals(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	admin := s.admin(t)
	line := `{"key":"` + foreignKey + `"}` + "\n"
	for query, field := range map[string]string{
		"?format=yaml": "format", "?tier=gold": "tier", "?organization=org_01a20bfc26a07153866374d62b9aee99": "organization",
		"?scopes=nothing:here": "scopes", "?scopes=No": "scopes", "?scopes=" + strings.Repeat("a:b,", keys.MaxScopes) + "a:b": "scopes",
	} {
		s.refusesAs(t, upload(query, "application/jsonl", line, admin), query, field, 400)
	}
	for _, kind := range []string{"application/json", "text/plain", "multipart/form-data", "; charset=utf-8"} {
		s.refusesAs(t, upload("", kind, line, admin), kind, "Content-Type", 415)
	}
	long := strings.Repeat(line, 1<<20/len(line)+1) // longer than the suite allows
	s.refusesAs(t, upload("", "application/jsonl", long, admin), "long", "bytes", 413)
	r := request(t, upload("", "application/jsonl", "", admin))
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(long)), -1
	w := httptest.NewRecorder()
	s.engine.ServeHTTP(w, r)
	if all := s.imports(t, admin); w.Code != 413 || len(all) != 1 || all[0].State != "failed" || all[0].Fault == nil {
		t.Errorf("of unknown length: %d %s, %+v", w.Code, w.Body, all)
	}
	found, err := s.store.Store.Keys().List(t.Context(), keys.KeyFilter{Imported: true}, keys.Page{Limit: 1})
	if err != nil || len(found) != 0 {
		t.Errorf("%+v, %v", found, err)
	}
	if p := refused(t, s, 406, "not_acceptable", call{
		method: "GET", path: "/api/export", as: admin, header: map[string]string{"Accept": "application/xml"},
	}); p.Detail == "" {
		t.Error("406 says nothing")
	}
}

func (s *suite) imports(t *testing.T, as credential) []client.Import {
	t.Helper()
	all, _ := want[client.List[client.Import]](t, s, 200, call{method: "GET", path: "/api/imports", as: as})
	return all.Items
}

// TestImportWithoutStore: the store goes while rows arrive. Nothing is imported, and what
// was stored of the upload is deleted.
func TestImportWithoutStore(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	admin := s.admin(t)
	var rows strings.Builder
	for i := range 500 {
		fmt.Fprintf(&rows, `{"id":"%d","key":"%s%03d"}`+"\n", i, foreignKey, i)
	}
	inserts := 0
	s.store.breakBy(func(_ context.Context, call string) error {
		if call == "insert" {
			inserts++
		}
		if call == "insert" && inserts > 2 {
			return errs.Unavailable
		}
		return nil
	})
	refused(t, s, 503, "unavailable", upload("", "application/jsonl", rows.String(), admin))
	s.store.breakBy(nil)
	all := s.imports(t, admin)
	if len(all) != 1 || all[0].State != "failed" || all[0].Fault.Code != "import_failed" || inserts != 3 {
		t.Errorf("%+v after %d inserts", all, inserts)
	}
	if pages, err := s.store.ImportPages().List(t.Context(), keys.NoFilter{}, keys.Page{Limit: 1}); err != nil || len(pages) != 0 {
		t.Errorf("%d pages of rows are kept, %v", len(pages), err)
	}
}

// TestSlowUpload takes longer than the server gives other requests.
func TestSlowUpload(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	server := s.listens(t, 200*time.Millisecond)
	out, in := io.Pipe()
	go func() {
		for i := range 4 {
			_, _ = fmt.Fprintf(in, `{"id":"%d","key":"%s%d"}`+"\n", i, foreignKey, i)
			time.Sleep(150 * time.Millisecond)
		}
		_ = in.Close()
	}()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server+"/api/imports", out)
	must(t, err)
	r.Header.Set("Content-Type", "application/jsonl")
	admin := s.admin(t)
	admin(r)
	got, err := http.DefaultClient.Do(r)
	must(t, err)
	defer got.Body.Close() //nolint:errcheck // only read
	if got.StatusCode != http.StatusAccepted {
		t.Fatal(got.Status)
	}
	if n := s.ended(t, strings.TrimPrefix(got.Header.Get("Location"), "/api/imports/"), admin); n.Count.Imported != 4 {
		t.Errorf("%+v", n)
	}
}

// listens serves on an address, with the timeout for requests and answers.
func (s *suite) listens(t *testing.T, timeout time.Duration) (address string) {
	t.Helper()
	server := httptest.NewUnstartedServer(s.engine)
	server.Config.ReadTimeout, server.Config.WriteTimeout = timeout, timeout
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

// TestCutOffUpload: nothing of it is imported.
func TestCutOffUpload(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	admin := s.admin(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.listens(t, 10*time.Second), "http://"))
	must(t, err)
	r := request(t, upload("", "application/jsonl", "", admin))
	_, err = fmt.Fprintf(conn, "POST /api/imports HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n")
	must(t, err)
	must(t, r.Header.Write(conn))
	_, err = fmt.Fprintf(conn, "\r\n"+`{"key":"%s"}`+"\n", foreignKey)
	must(t, errors.Join(err, conn.(*net.TCPConn).CloseWrite()))
	got, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err == nil { // or the connection was closed
		if got.StatusCode < 400 {
			t.Error(got.Status)
		}
		must(t, got.Body.Close())
	}
	must(t, conn.Close())
	for range 200 {
		if all := s.imports(t, admin); len(all) == 1 && all[0].State == "failed" {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("%+v", s.imports(t, admin))
}

func TestExport(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	hash := keys.HashOf(x.secret)
	for query, hashes := range map[string]bool{"": false, "?hashes=true": true, "?hashes=false": false} {
		got := s.send(t, call{method: "GET", path: "/api/export" + query, as: admin, header: map[string]string{"Accept": "application/jsonl"}})
		lines := strings.Split(strings.TrimSpace(string(got.body)), "\n")
		if got.status != 200 || !strings.Contains(lines[0], `"latchkey_export"`) || !strings.Contains(lines[len(lines)-1], `"end"`) ||
			!strings.Contains(got.header.Get("Content-Disposition"), "attachment") {
			t.Fatalf("%d %v: %s", got.status, got.header, got.body)
		}
		if strings.Contains(string(got.body), hash.Hex()) != hashes || strings.Contains(string(got.body), x.secret) {
			t.Errorf("%q: the digest is there: %v", query, !hashes)
		}
		event := s.events(t, admin, "limit=1")[0]
		if event.Action != "export.write" || !strings.Contains(string(event.After), fmt.Sprintf(`"hashes":%v`, hashes)) {
			t.Errorf("%q left %+v", query, event)
		}
	}
	if status, header, _ := s.browse(t, "GET", "/api/export", admin, nil); status != 200 || header.Get("Content-Type") != "application/jsonl" {
		t.Errorf("a browser gets %d %v", status, header)
	}
}

// TestExportWithoutStore: an answer that has begun is cut off, since nothing else tells a
// client that it is not whole.
func TestExportWithoutStore(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	admin := s.admin(t)
	for i := range 100 {
		text := fmt.Sprintf(`{"text":%q}`, strings.Repeat("x", 1000))
		o := keys.Organization{ID: fmt.Sprintf("org_%032d", i), Stamp: keys.NewStamp(s.now())}
		o.Name, o.Metadata = "Acme", []byte(text)
		must(t, s.store.Store.Organizations().Insert(t.Context(), o))
	}
	server, lists := s.listens(t, 10*time.Second), 0
	s.store.breakBy(func(_ context.Context, call string) error {
		if call != "list" {
			return nil
		}
		if lists++; lists > 4 { // tiers, scopes, organizations, users
			return errBroken
		}
		return nil
	})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server+"/api/export", nil)
	must(t, err)
	admin(r)
	got, err := http.DefaultClient.Do(r)
	must(t, err)
	defer got.Body.Close() //nolint:errcheck // only read
	if b, err := io.ReadAll(got.Body); got.StatusCode != 200 || len(b) == 0 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%s, %d bytes, %v", got.Status, len(b), err)
	}
	if !strings.Contains(s.log.String(), inside) {
		t.Error("the log does not say why")
	}
}
