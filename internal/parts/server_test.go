package parts

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

func TestRedisAnswersAndComesBackEmpty(t *testing.T) {
	t.Parallel()
	server := Redis(t)
	if want := "redis://" + server.Addr() + "/0"; server.URL() != want {
		t.Errorf("URL = %q, want %q", server.URL(), want)
	}
	expectReply(t, server, "PING", "+PONG")
	expectReply(t, server, "SET k v", "+OK")
	server.Stop()
	server.Start()
	expectReply(t, server, "EXISTS k", ":0")
	server.Kill()
	server.Start()
	expectReply(t, server, "PING", "+PONG")
}

// expectReply sends one inline command and compares the first line of the answer.
func expectReply(t *testing.T, server *RedisServer, command, want string) {
	t.Helper()
	location, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", location.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, command+"\r\n"); err != nil {
		t.Fatal(err)
	}
	got, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || strings.TrimSpace(got) != want {
		t.Errorf("%s: %q %v, want %q", command, got, err, want)
	}
}

func TestNginxServesItsConfiguration(t *testing.T) {
	t.Parallel()
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "backend got "+r.URL.Path)
	}))
	t.Cleanup(backend.Close)
	addr := FreeAddr(t)
	server := Nginx(t, addr, `
server {
	listen `+addr+`;
	location = /ok { return 200 "nginx is here"; }
	location = /asked { auth_request /decide; proxy_pass `+backend.URL+`; }
	location = /decide { internal; return 401; }
	location / { proxy_pass `+backend.URL+`; }
}`)
	expectPage(t, server, "/ok", http.StatusOK, "nginx is here")
	expectPage(t, server, "/x", http.StatusOK, "backend got /x")
	expectPage(t, server, "/asked", http.StatusUnauthorized, "401 Authorization Required")
	server.Stop()
	server.Start()
	expectPage(t, server, "/ok", http.StatusOK, "nginx is here")
}

func expectPage(t *testing.T, server *Server, path string, status int, text string) {
	t.Helper()
	answer, err := http.Get("http://" + server.Addr() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != status || !strings.Contains(string(body), text) {
		t.Errorf("GET %s: %d %q, want %d with %q", path, answer.StatusCode, body, status, text)
	}
}

func TestNginxWithABadConfigurationFailsTheTest(t *testing.T) {
	t.Parallel()
	recorder := &failures{TB: t}
	recorder.run(func() { Nginx(recorder, FreeAddr(t), "server { listen nonsense") })
	if !strings.Contains(recorder.message, "nginx does not listen on") {
		t.Errorf("failed with %q, want that it does not listen", recorder.message)
	}
}

func TestBrowserShowsAPage(t *testing.T) {
	t.Parallel()
	pages := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, `<title>before</title><script>document.title = "Keys"</script>`)
	}))
	t.Cleanup(pages.Close)
	ctx := Browser(t, chromedp.UserAgent("parts-test"))
	if err := chromedp.Do(ctx, chromedp.Navigate(pages.URL)); err != nil {
		t.Fatal(err)
	}
	title, err := chromedp.Run(ctx, chromedp.Title())
	if err != nil {
		t.Fatal(err)
	}
	agent, err := chromedp.Run(ctx, chromedp.Evaluate[string](`navigator.userAgent`))
	if err != nil {
		t.Fatal(err)
	}
	if title != "Keys" || agent != "parts-test" {
		t.Errorf("title %q and agent %q, want those of the page and the option", title, agent)
	}
}
