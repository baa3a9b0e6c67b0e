package fastlane

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

var date = regexp.MustCompile(`(?m)^Date: .*\r\n`)

func undated(s string) string { return date.ReplaceAllString(s, "") }

const (
	get  = "GET /verify HTTP/1.1\r\nHost: keys.example.com\r\n\r\n"
	post = "POST /verify HTTP/1.1\r\nHost: keys.example.com\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{\"key\":\"lk\"}"
)

// wire are requests of which net/http says what they mean. Those that are
// ours take the lane; what any of them leads to must not differ by a byte.
var wire = map[string]string{
	"get":                    get,
	"post":                   post,
	"slash":                  strings.Replace(get, "/verify", "/verify/", 1),
	"below":                  strings.Replace(get, "/verify", "/verify/request/v1/a.b;c=$d/@e~f:g+h,i&j?x=1&x=%zz", 1),
	"below, posted":          strings.Replace(post, "/verify", "/verify/request/", 1),
	"below, escaped":         strings.Replace(get, "/verify", "/verify/request/a%2Fb", 1),
	"below, brackets":        strings.Replace(get, "/verify", "/verify/request/(a)'*!", 1),
	"below, two slashes":     strings.Replace(get, "/verify", "/verify//a//b/", 1),
	"below, dots":            strings.Replace(get, "/verify", "/verify/../healthz", 1),
	"below, fragment":        strings.Replace(get, "/verify", "/verify/a#b", 1),
	"below, high byte":       strings.Replace(get, "/verify", "/verify/\xff", 1),
	"beside":                 strings.Replace(get, "/verify", "/verifyx/a", 1),
	"query":                  strings.Replace(get, "/verify", "/verify?scope=a%3Ab&cost=2", 1),
	"empty query":            strings.Replace(get, "/verify", "/verify?", 1),
	"two question marks":     strings.Replace(get, "/verify", "/verify?a=?b", 1),
	"bad escape in query":    strings.Replace(get, "/verify", "/verify?a=%zz", 1),
	"escape in path":         strings.Replace(get, "/verify", "/%76erify", 1),
	"fragment":               strings.Replace(get, "/verify", "/verify#x", 1),
	"fragment in query":      strings.Replace(get, "/verify", "/verify?a#x", 1),
	"whole address":          strings.Replace(get, "/verify", "http://other.example/verify", 1),
	"star":                   strings.Replace(get, "/verify", "*", 1),
	"other path":             strings.Replace(get, "/verify", "/healthz", 1),
	"other method":           strings.Replace(get, "GET", "DELETE", 1),
	"head":                   strings.Replace(get, "GET", "HEAD", 1),
	"small letters":          strings.Replace(get, "GET", "get", 1),
	"space in target":        strings.Replace(get, "/verify", "/verify x", 1),
	"control in target":      strings.Replace(get, "/verify", "/verify?\x01", 1),
	"high byte in target":    strings.Replace(get, "/verify", "/verify?\xff", 1),
	"HTTP/1.0":               strings.Replace(get, "HTTP/1.1", "HTTP/1.0", 1),
	"HTTP/1.0 kept alive":    strings.Replace(get, "HTTP/1.1", "HTTP/1.0", 1) + get,
	"HTTP/2 preface":         "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	"HTTP/1.2":               strings.Replace(get, "HTTP/1.1", "HTTP/1.2", 1),
	"no version":             "GET /verify\r\nHost: a\r\n\r\n",
	"no host":                "GET /verify HTTP/1.1\r\n\r\n",
	"empty host":             "GET /verify HTTP/1.1\r\nHost:\r\n\r\n",
	"two hosts":              "GET /verify HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
	"bad host":               "GET /verify HTTP/1.1\r\nHost: a b\r\n\r\n",
	"host with port":         "GET /verify HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n",
	"bare line feeds":        "GET /verify HTTP/1.1\nHost: a\n\n",
	"one bare line feed":     "GET /verify HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
	"bare carriage return":   "GET /verify HTTP/1.1\r\nHost: a\r\nX: b\rc\r\n\r\n",
	"leading empty line":     "\r\n" + get,
	"folded line":            "GET /verify HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n",
	"first line folded":      "GET /verify HTTP/1.1\r\n Host: a\r\n\r\n",
	"space before colon":     "GET /verify HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n",
	"no colon":               "GET /verify HTTP/1.1\r\nHost: a\r\nX\r\n\r\n",
	"no name":                "GET /verify HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",
	"odd name":               "GET /verify HTTP/1.1\r\nHost: a\r\nx(y: b\r\n\r\n",
	"dotted name":            "GET /verify HTTP/1.1\r\nHost: a\r\nx.y-z: b\r\n\r\n",
	"underscore":             "GET /verify HTTP/1.1\r\nHost: a\r\nx_api-kEY: b\r\n\r\n",
	"dashes":                 "GET /verify HTTP/1.1\r\nHost: a\r\n-x--y-: b\r\n\r\n",
	"mixed case":             "GET /verify HTTP/1.1\r\nhOsT: a\r\nX-aPI-kEY: b\r\n\r\n",
	"blank value":            "GET /verify HTTP/1.1\r\nHost: a\r\nX: \t \r\n\r\n",
	"blanks around value":    "GET /verify HTTP/1.1\r\nHost: a\r\nX:\t b c \t\r\n\r\n",
	"NUL in value":           "GET /verify HTTP/1.1\r\nHost: a\r\nX: b\x00c\r\n\r\n",
	"control in value":       "GET /verify HTTP/1.1\r\nHost: a\r\nX: b\x07c\r\n\r\n",
	"UTF-8 in value":         "GET /verify HTTP/1.1\r\nHost: a\r\nX: ö\r\n\r\n",
	"repeated field":         "GET /verify HTTP/1.1\r\nHost: a\r\nX: 1\r\nx: 2\r\nY: 3\r\nX: 4\r\n\r\n",
	"pragma":                 "GET /verify HTTP/1.1\r\nHost: a\r\nPragma: no-cache\r\n\r\n",
	"cookies":                "GET /verify HTTP/1.1\r\nHost: a\r\nCookie: a=b; c=d\r\nCookie: e=f\r\n\r\n",
	"close":                  "GET /verify HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + get,
	"keep alive":             "GET /verify HTTP/1.1\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n" + get,
	"connection names field": "GET /verify HTTP/1.1\r\nHost: a\r\nConnection: x-api-key\r\nX-API-Key: a\r\n\r\n" + get,
	"upgrade":                "GET /verify HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n",
	"expect":                 "POST /verify HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
	"odd expectation":        "POST /verify HTTP/1.1\r\nHost: a\r\nExpect: more\r\nContent-Length: 2\r\n\r\n{}",
	"get with body":          "GET /verify HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}" + get,
	"get with no body":       "GET /verify HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n" + get,
	"post without length":    "POST /verify HTTP/1.1\r\nHost: a\r\n\r\n" + get,
	"post of nothing":        "POST /verify HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n" + get,
	"two lengths":            "POST /verify HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}" + get,
	"lengths that differ":    "POST /verify HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} " + get,
	"list of lengths":        "POST /verify HTTP/1.1\r\nHost: a\r\nContent-Length: 2, 2\r\n\r\n{}" + get,
	"signed length":          "POST /verify HTTP/1.1\r\nHost: a\r\nContent-Length: +2\r\n\r\n{}" + get,
	"negative length":        "POST /verify HTTP/1.1\r\nHost: a\r\nContent-Length: -2\r\n\r\n{}" + get,
	"long zeros":             "POST /verify HTTP/1.1\r\nHost: a\r\nContent-Length: 00000000002\r\n\r\n{}" + get,
	"short zeros":            "POST /verify HTTP/1.1\r\nHost: a\r\nContent-Length: 002\r\n\r\n{}" + get,
	"empty length":           "POST /verify HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n" + get,
	"chunked":                "POST /verify HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" + get,
	"chunked and length": "POST /verify HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" +
		"2\r\n{}\r\n0\r\n\r\n" + get,
	"odd transfer coding":    "POST /verify HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\nContent-Length: 2\r\n\r\n{}" + get,
	"hidden transfer coding": "POST /verify HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\tchunked\r\nContent-Length: 2\r\n\r\n{}" + get,
	"trailer":                "POST /verify HTTP/1.1\r\nHost: a\r\nTrailer: X\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n" + get,
	"body is a request":      "POST /verify HTTP/1.1\r\nHost: a\r\nContent-Length: 49\r\n\r\n" + get + get,
	"cut in line":            get[:9],
	"cut in header":          get[:30],
	"cut in body":            post[:len(post)-3],
	"little behind":          get + "GET",
	"little more behind":     get + "GET ",
	"little rubbish behind":  get + "0\r\n",
	"nothing":                "",
	"rubbish":                "\x16\x03\x01\x02\x00\x01\x00",
	"pipelined":              get + post + get + post,
	"pipelined, then others": get + post + strings.Replace(get, "/verify", "/api/me", 1) + post,
	"pipelined, then broken": get + post + "GET /verify HTTP/1.1\r\nHost: a\r\nX\r\n\r\n" + post,
	"many fields":            "GET /verify HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("X: y\r\n", 40) + "\r\n",
	"long field":             "GET /verify HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("y", 17<<10) + "\r\n\r\n" + get,
	"longest of ours":        "GET /verify HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("y", 7<<10) + "\r\n\r\n" + get,
	"endless field":          "GET /verify HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("y", 100<<10),
	"endless target":         "GET /verify?" + strings.Repeat("y", 100<<10),
	"large body":             "POST /verify HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\n\r\n" + strings.Repeat("y", 40_000) + get,
}

func TestSameAnswers(t *testing.T) {
	t.Parallel()
	servers := newPair(t, http.HandlerFunc(echo))
	for name, request := range wire {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := undated(exchange(t, servers.plain, request))
			if got := undated(exchange(t, servers.lane, request)); got != want {
				t.Errorf("answered\n%q\nwant\n%q", got, want)
			}
		})
	}
}

// However the network cuts a request, it is the same request.
func TestSameAnswersInPieces(t *testing.T) {
	t.Parallel()
	servers := newPair(t, http.HandlerFunc(echo))
	all := post + get
	want := undated(exchange(t, servers.plain, all))
	for at := 1; at < len(all); at += 3 {
		if got := undated(exchange(t, servers.lane, all[:at], all[at:])); got != want {
			t.Fatalf("cut at %d: answered\n%q\nwant\n%q", at, got, want)
		}
	}
}

// The table is of use only if ordinary requests take the lane, and only these.
func TestWhoTakesTheLane(t *testing.T) {
	t.Parallel()
	ours := map[string]bool{
		"get": true, "post": true, "slash": true, "query": true, "empty query": true, "two question marks": true, "bad escape in query": true,
		"host with port": true, "underscore": true, "dashes": true, "mixed case": true, "blank value": true, "blanks around value": true,
		"repeated field": true, "cookies": true, "keep alive": true, "post of nothing": true, "short zeros": true, "body is a request": true,
		"pipelined": true, "pipelined, then others": true, "pipelined, then broken": true, "longest of ours": true,
		"below": true, "below, posted": true, "below, two slashes": true, "below, dots": true,
		"little behind": true, "little rubbish behind": true, "little more behind": true,
	}
	unsure := map[string]bool{"cut in line": true, "cut in header": true, "cut in body": true, "nothing": true}
	for name, request := range wire {
		var p parsed
		want := foreign
		switch {
		case ours[name]:
			want = complete
		case unsure[name]:
			want = incomplete
		}
		if got := p.parse([]byte(request), paths, under); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func FuzzSameAnswers(f *testing.F) {
	for _, request := range wire {
		f.Add([]byte(request))
	}
	servers := newPair(f, http.HandlerFunc(echo))
	f.Fuzz(func(t *testing.T, request []byte) {
		var p parsed
		if p.parse(request, paths, under) == foreign {
			return // net/http has it from the first byte
		}
		want := undated(exchange(t, servers.plain, string(request)))
		if got := undated(exchange(t, servers.lane, string(request))); got != want {
			t.Errorf("answered\n%q\nwant\n%q", got, want)
		}
	})
}
