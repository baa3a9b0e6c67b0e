package source

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// repeated reads as the text again and again, up to size bytes.
type repeated struct {
	text string
	size int64
	at   int64
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.at >= r.size {
		return 0, io.EOF
	}
	n := 0
	for n < len(p) && r.at < r.size {
		part := r.text[r.at%int64(len(r.text)):]
		c := copy(p[n:min(len(p), n+int(min(r.size-r.at, int64(len(part)))))], part)
		n, r.at = n+c, r.at+int64(c)
	}
	return n, nil
}

// long is a file of a begin, text repeated up to size bytes, and an end.
func long(name, begin, text string, size int64, end string) File {
	size -= size % int64(len(text))
	text = strings.Repeat(text, 1+8192/len(text))
	return File{Name: name, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader(begin), &repeated{text: text, size: size}, strings.NewReader(end))), nil
	}}
}

// TestLongLinesDoNotEndTheFile: what is behind a line of 16 MiB is still read, and memory
// stays small.
func TestLongLinesDoNotEndTheFile(t *testing.T) {
	const size = 16 << 20
	for _, tt := range []struct {
		name, format string
		file         File
		rows         int
		problem      string
	}{
		{"table", "csv", long("f", "key\nabc\n", "x", size, "\nabd\n"), 2, "f:3 the line is longer"},
		{"table, quoted", "csv", long("f", "key\nabc\n\"", "x", size, "\"\nabd\n"), 2, "f:3 the line is longer"},
		{"header", "csv", long("f", "key,", "x,", size, "\nabd\n"), 0, "f:1 the line is longer"},
		{"lines", "jsonl", long("f", "{\"key\":\"abc\"}\n{\"key\":\"", "x", size, "\"}\n{\"key\":\"abd\"}\n"), 2, "f:2 the line is longer"},
		{"first line", "jsonl", long("f", "{\"key\":\"", "x", size, "\"}\n{\"key\":\"abd\"}\n"), 1, "f:1 the line is longer"},
		{"list", "jsonl", long("f", "[{\"key\":\"abc\"},{\"key\":\"", "x", size, "\"},{\"key\":\"abd\"}]"), 1, "f a record is longer"},
		{"name", "jsonl", long("f", "[{\"key\":\"abc\"},{\"", "x", size, "\":1}]"), 1, "f a record is longer"},
		{
			"members", "unkey", long("f", "{\n\"keys\":[{\"keyId\":\"k\",\"start\":\"\",\"plaintext\":\"abc\"}],\"x\":\"", "x", size, "\"}"), 1,
			"f a record is longer",
		},
		{"depth", "jsonl", long("f", "[{\"key\":\"abc\"},", "[", size, ""), 1, "f "},
		{"depth of objects", "jsonl", long("f", "", "{\"a\":", size, ""), 0, "f"},
		{"yaml", "kong", long("f", "consumers:\n- username: a\n  keyauth_credentials:\n  - key: abc\n- username: ", "x", size,
			"\n- keyauth_credentials:\n  - key: abd\n"), 2, "f:5 the line is longer"},
		{
			"yaml of many lines", "kong", long("f", "consumers:\n- tags:\n", "  - x\n", size, "- keyauth_credentials:\n  - key: abd\n"), 1,
			"f:2 a record is longer",
		},
		{"columns", "csv", long("f", "key\n", "x,", 900_000, "\nabd\n"), 1, "f:2 the row has 450001 cells"},
		{"columns of the header", "csv", long("f", "key,", "x,", 900_000, "\nabd\n"), 0, "f:1 must have at most 1000 columns"},
		{"members of an object", "jsonl", long("f", "{\"key\":\"abc\"}\n{", "\"a\":1,", 900_000, "\"b\":1}\n"), 1, "f:2 a name occurs twice"},
		{"blank", "csv", long("f", "", " \n", size, "key\nabc\n"), 1, ""},
	} {
		var most uint64
		var rows int
		var problems []string
		watch := func() {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
		runtime.GC()
		err := Read(t.Context(), tt.format, []File{tt.file}, func(Row) error {
			rows++
			watch()
			return nil
		}, func(p Problem) error {
			watch()
			problems = append(problems, strings.Join(strings.Fields(p.Place.String()+" "+p.ID+" "+p.Fault.String()), " "))
			return nil
		})
		if err != nil || rows != tt.rows || (tt.problem == "") != (len(problems) == 0) || (tt.problem != "" && !strings.HasPrefix(problems[0],
			tt.problem)) {
			t.Errorf("%s: %d rows, %.300q, %v", tt.name, rows, problems, err)
		}
		if most > 160<<20 {
			t.Errorf("%s: %d MiB in use", tt.name, most>>20)
		}
	}
}

// TestLongObjectsInLines: lists of several pages, one on each line.
func TestLongObjectsInLines(t *testing.T) {
	t.Parallel()
	const key = `{"keyId":"k","start":"a","plaintext":"abc"}`
	page := `{"data":[` + strings.Repeat(key+",", 30_000) + key + "]}\n"
	rows, problems := read(t, "unkey", memory("f", page+page+page))
	if len(rows) != 3*30_001 || len(problems) > 0 {
		t.Errorf("%d rows, %q", len(rows), problems)
	}
}

func TestWhatIsNoTextIsNamed(t *testing.T) {
	t.Parallel()
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = w.Write([]byte("key\nabc\n"))
	_ = w.Close()
	for content, want := range map[string]string{
		zipped.String(): "gzip", "PK\x03\x04abc": "zip", "SQLite format 3\x00abc": "SQLite", "\xff\xfek\x00e\x00y\x00": "UTF-16",
		"\xfe\xff\x00k\x00e\x00y": "UTF-16", "k\x00e\x00y\x00\n\x00": "UTF-16", "": "empty", "\xef\xbb\xbf": "empty", " \r\n\t ": "empty",
		"7": "", "\"text\"": "", "null": "", "hello world\n": "nothing", "[]": "nothing in this file", "{}": "",
	} {
		for _, f := range Formats() {
			rows, problems := read(t, f.Name, memory("f", content))
			if len(rows) > 0 || len(problems) == 0 || (want != "nothing" && want != "" && !strings.Contains(problems[0], want)) {
				t.Errorf("%.20q as %s: %v, %q", content, f.Name, rows, problems)
			}
		}
	}
}

func TestLatin1IsRefusedByRow(t *testing.T) {
	t.Parallel()
	for _, content := range []string{
		"name,key\nM\xfcller,abc\nM\u00fcller,abd\n", "{\"name\":\"M\xfcller\",\"key\":\"abc\"}\n{\"name\":\"Müller\",\"key\":\"abd\"}\n",
		"[{\"name\":\"M\xfcller\",\"key\":\"abc\"},{\"name\":\"Müller\",\"key\":\"abd\"}]",
	} {
		rows, problems := read(t, "csv", memory("f", content))
		if len(rows) != 1 || rows[0].Name != "Müller" || len(problems) != 1 || !strings.Contains(problems[0], "Latin-1") {
			t.Errorf("%q: %v, %q", content, rows, problems)
		}
	}
}

func TestTablesAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, content string
		names         string // of the rows
		problems      string
	}{
		{"semicolons", "name;key\na;abc\n", "a", ""},
		{"tabs", "name\tkey\na\tabc\n", "a", ""},
		{"cell over lines", "name,key\n\"a\nb\",abc\nc,abd\n", "a\nb c", ""},
		{"quotes doubled", "name,key\n\"a\"\"b\",abc\n", "a\"b", ""},
		{"a stray quote costs one row", "name,key\na\",abc\nc,abd\nd,abe\n", "c d", "quote has no end"},
		{"two stray quotes", "name,key\na\",abc\nc\",abd\nd,abe\n", "d", "quotes are not as in CSV"},
		{"no end of the last line", "name,key\na,abc\nb,abd", "a", "no end"},
		{"formula", "name,key\n=1+1,abc\n", "=1+1", ""},
		{"too few cells", "name,key\na\nb,abc\n", "b", "1 cells"},
		{"too many cells", "name,key\na,abc,x\nb,abc\n", "b", "3 cells"},
		{"names in another form", "Name,KEY,Created-At,Expires At\na,abc,,\n", "a", ""},
		{"a column twice", "name,key,key\na,abc,abd\n", "", "a name occurs twice"},
		{"a column twice, once empty", "name,key,key\na,abc,\n", "a", ""},
		{"NULL", "name,key,tier\na,abc,\\N\n", "a", ""},
		{"cut off in a quote", "name,key\na,abc\n\"b", "a", "quote has no end"},
		{"blank lines", "\n\nname,key\n\na,abc\n\n", "a", ""},
		{"broken lines of JSON", "{\"name\":\"a\",\"key\":\"abc\"}\n{broken}\n[1]\n7\n{\"name\":\"b\",\"key\":\"abd\"}\n", "a b", "valid JSON"},
		{"broken first line of JSON", "{\"name\":}\n{\"name\":\"b\",\"key\":\"abd\"}\n", "b", "valid JSON"},
		{"objects over lines", "{\n\"name\":\"a\",\n\"key\":\"abc\"}\n{\n\"name\":\"b\",\"key\":\"abd\"}\n", "a b", ""},
		{"elements that are no objects", "[1,{\"name\":\"a\",\"key\":\"abc\"},null]", "a", "JSON object"},
		{"list cut off", "[{\"name\":\"a\",\"key\":\"abc\"},{\"name\":\"b\",", "a", "ends too early"},
		{"list cut off between", "[{\"name\":\"a\",\"key\":\"abc\"},", "a", "ends too early"},
		{"deep", "[{\"name\":\"a\",\"key\":\"abc\",\"metadata\":" + strings.Repeat("[", 40) + strings.Repeat("]", 40) +
			"},{\"name\":\"b\",\"key\":\"abd\"}]", "b", "levels"},
		{"duplicates in a list", "[{\"name\":\"a\",\"name\":\"a\",\"key\":\"abc\"},{\"name\":\"b\",\"key\":\"abd\"}]", "b", "twice"},
	} {
		rows, problems := read(t, "csv", memory("f", tt.content))
		var names []string
		for _, r := range rows {
			names = append(names, r.Name)
		}
		if got := strings.Join(names, " "); got != tt.names || !strings.Contains(strings.Join(problems, "\n"), tt.problems) ||
			(tt.problems == "") != (len(problems) == 0) {
			t.Errorf("%s: %q, %q", tt.name, got, problems)
		}
	}
}

// TestRowsAreTheSameInHalf: a file that is cut off anywhere gives some of its rows, each
// as in the whole, and says so. Nothing of a key or digest is in what it says.
func TestRowsAreTheSameInHalf(t *testing.T) {
	t.Parallel()
	for name, format := range map[string]string{
		"django.json": "django", "unkey.jsonl": "unkey", "betterauth.json": "better-auth", "betterauth.csv": "better-auth", "kong.yaml": "kong",
		"aws.csv": "aws", "aws_keys.json": "aws", "tyk.json": "tyk", "tyk_redis.json": "tyk", "apisix.json": "apisix", "apisix.yaml": "apisix",
		"own.csv": "csv", "own.jsonl": "jsonl", "unkey.json": "unkey",
	} {
		content, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		whole, _ := read(t, format, memory(name, string(content)))
		ids := map[string]bool{}
		for _, r := range whole {
			ids[r.ID+"|"+r.Name+"|"+r.Secret.Reveal()+"|"+string(r.Digest.Sum)] = true
		}
		secrets := secretsIn(string(content))
		for cut := 1; cut < len(content); cut += 7 {
			rows, problems := read(t, format, memory(name, string(content[:cut])))
			for _, r := range rows {
				if !ids[r.ID+"|"+r.Name+"|"+r.Secret.Reveal()+"|"+string(r.Digest.Sum)] {
					t.Errorf("%s cut at %d: %v is not in the whole", name, cut, r)
				}
			}
			if len(rows) < len(whole) && len(problems) == 0 && strings.HasSuffix(name, ".json") {
				t.Errorf("%s cut at %d: %d of %d rows, and no problem", name, cut, len(rows), len(whole))
			}
			for _, p := range problems {
				for _, s := range secrets {
					if strings.Contains(p, s) {
						t.Errorf("%s cut at %d says %q", name, cut, p)
					}
				}
			}
		}
	}
}

var secretive = regexp.MustCompile(`[A-Za-z0-9+/_=-]{20,}`)

// secretsIn returns what looks like keys and digests.
func secretsIn(content string) []string {
	var all []string
	for _, s := range secretive.FindAllString(content, -1) {
		if strings.ContainsAny(s, "0123456789") {
			all = append(all, s)
		}
	}
	return all
}

// TestManyRowsInLittleMemory reads 100,000 keys of which the file is never in memory.
func TestManyRowsInLittleMemory(t *testing.T) {
	for name, file := range manyFiles() {
		runtime.GC()
		var most uint64
		rows, problems := 0, 0
		err := Read(t.Context(), name, []File{file}, func(Row) error {
			if rows++; rows%20_000 == 0 {
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc)
			}
			return nil
		}, func(p Problem) error {
			if problems++; problems < 3 {
				t.Log(name, p.Place, p.Fault)
			}
			return nil
		})
		if err != nil || rows != manyRows || problems > 1 || most > 64<<20 {
			t.Errorf("%s: %d rows, %d problems, %d MiB, %v", name, rows, problems, most>>20, err)
		}
	}
}

func manyFiles() map[string]File {
	return map[string]File{
		"jsonl": many("{\"id\":\"%d\",\"key\":\"pay_%032d\",\"owner_id\":\"o\"}\n", "", ""),
		"csv":   many("%d,pay_%032d,o\n", "id,key,owner_id\n", ""),
		"kong":  many("- username: u%d\n  keyauth_credentials:\n  - key: pay_%032d\n", "consumers:\n", ""),
		"unkey": many("{\"keyId\":\"k%d\",\"start\":\"p\",\"plaintext\":\"pay_%032d\"},\n", "{\"keys\":[\n", "{}]}"),
	}
}

const manyRows = 100_000

func many(format, begin, end string) File {
	return File{Name: "f", Open: func() (io.ReadCloser, error) { return &numbered{format: format, left: []byte(begin), end: end}, nil }}
}

// numbered reads as many rows.
type numbered struct {
	format, end string
	left        []byte
	n           int
}

func (r *numbered) Close() error { return nil }

func (r *numbered) Read(p []byte) (int, error) {
	for len(r.left) < 4096 && r.n <= manyRows {
		if r.n++; r.n <= manyRows {
			r.left = fmt.Appendf(r.left, r.format, r.n, r.n)
		} else {
			r.left = append(r.left, r.end...)
		}
	}
	n := copy(p, r.left)
	r.left = append(r.left[:0], r.left[n:]...)
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// TestWhatKeysShareIsWorkedOutOnce: a consumer with thousands of keys and of plugins does
// not cost their product.
func TestWhatKeysShareIsWorkedOutOnce(t *testing.T) {
	t.Parallel()
	const n = 4000
	credentials := strings.Repeat(`{"key":"abc"},`, n-1) + `{"key":"abc"}`
	plugins := strings.Repeat(`{"name":"cors","config":{}},`, n) + `{"name":"rate-limiting","config":{"minute":5}}`
	rows, problems := read(t, "kong", memory("f", `{"username":"a","keyauth_credentials":[`+credentials+`],"plugins":[`+plugins+`]}`))
	if len(rows) != n || len(problems) > 0 || rows[n-1].RateLimit == nil || len(rows[0].Notes) != n {
		t.Errorf("kong: %d rows, %q", len(rows), problems)
	}
	inner := strings.Repeat(`{"id":"c","plugins":{"key-auth":{"key":"abc"}}},`, n-1) + `{"id":"c","plugins":{"key-auth":{"key":"abc"}}}`
	limit := `{"limit-count":{"count":1,"time_window":60}}`
	rows, problems = read(t, "apisix", memory("f", `{"username":"a","credentials":[`+inner+`],"plugins":`+limit+`}`))
	if len(rows) != n || len(problems) > 0 || rows[n-1].RateLimit == nil {
		t.Errorf("apisix: %d rows, %q", len(rows), problems)
	}
	policies := strings.Repeat(`"p",`, n) + `"p"`
	rows, problems = read(t, "tyk", memory("f", `{"key_id":"abc-def","data":{"rate":1,"per":1,"apply_policies":[`+policies+`]}}`))
	if len(rows) > 0 || len(problems) != 1 || !strings.Contains(problems[0], "more than 1000") {
		t.Errorf("tyk: %d rows, %q", len(rows), problems)
	}
}
