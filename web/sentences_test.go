package web_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// speaking are the packages whose sentences pages show.
var speaking = []string{
	".", "../keys", "../verify", "../incidents", "../transfers", "../auth", "../auth/oidc", "../ratelimit/rule.go",
	"../reminders", "../usage/report.go", "../usage/ranking.go", "../internal/httpx", "../internal/idempotency",
}

// notSaid are functions whose texts no page shows: logs, and errors of our own.
var notSaid = []string{
	"fmt.Errorf", "errors.New", "panic", "InfoContext", "ErrorContext", "WarnContext", "DebugContext", "Info", "Warn",
	"Error", "regexp.MustCompile", "NewDesc", "HasPrefix",
}

// data are files whose texts are names of what is stored, or go into the log.
var data = []string{"seed.go", "poll.go", "marks.go"}

// noSentences are names of keys that things are sealed under, and the like.
var noSentences = []string{
	"sign-in token key", "a form kept over signing in",
	"one-time codes", "forgotten password", "second step of a sign-in", "sign up", "sign-in by a provider", "confirm again",
	"signers of tokens", "signed in by password", "service accounts",
	"Mac OS", "public, max-age=300", `Bearer realm="latchkey"`, `Basic realm="latchkey", charset="UTF-8"`,
}

var (
	twoWords = regexp.MustCompile(`\pL{2,},? \pL{2,}`)
	verb     = regexp.MustCompile(`%[sdqvw]`)
	markup   = regexp.MustCompile(`<\w|^default-src|=\(\)`)
)

// sentencesOf finds what a file says: texts of more than a word that are no
// markup, with %s for values, but for those that go into the log.
func sentencesOf(t *testing.T, file string) (all []string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	add := func(text string) {
		if text = strings.ReplaceAll(verb.ReplaceAllString(text, "%s"), "%%", "%"); twoWords.MatchString(text) && !markup.MatchString(text) {
			all = append(all, text)
		}
	}
	look := func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec, *ast.Field: // whose tags are no texts
			return false
		case *ast.CallExpr:
			if name := nameOf(n.Fun); slices.Contains(notSaid, name) && (name != "errors.New" || !strings.Contains(file, "ratelimit")) {
				return false
			}
		case *ast.BinaryExpr:
			if text, is := textOf(n); is && n.Op == token.ADD {
				add(text)
				return false
			}
		case *ast.BasicLit:
			if text, is := textOf(n); is {
				add(text)
			}
		}
		return true
	}
	for _, d := range parsed.Decls {
		if f, is := d.(*ast.FuncDecl); !is || f.Body == nil {
			ast.Inspect(d, look)
		} else {
			ast.Inspect(f.Body, look)
		}
	}
	return all
}

func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		if of, is := e.X.(*ast.Ident); is && (of.Name == "fmt" || of.Name == "errors" || of.Name == "regexp") {
			return of.Name + "." + e.Sel.Name
		}
		return e.Sel.Name
	default:
		return ""
	}
}

// textOf is what the expression says; is is false where it is no text.
func textOf(e ast.Expr) (text string, is bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		left, isLeft := textOf(e.X)
		right, isRight := textOf(e.Y)
		if !isLeft {
			left = "%s"
		}
		if !isRight {
			right = "%s"
		}
		return left + right, isLeft || isRight
	default:
		return "", false
	}
}

// TestSentencesAreInTheCatalogue: what the domain and the forms say of what is
// wrong has its place in the catalogue, under the sentence that the API tells, and
// the catalogue has none that nobody says.
func TestSentencesAreInTheCatalogue(t *testing.T) {
	t.Parallel()
	texts := readTexts(t)
	said := map[string]bool{}
	for _, from := range speaking {
		files := []string{from}
		if filepath.Ext(from) != ".go" {
			var err error
			if files, err = filepath.Glob(from + "/*.go"); err != nil {
				t.Fatal(err)
			}
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") || slices.Contains(data, filepath.Base(file)) {
				continue
			}
			for _, text := range sentencesOf(t, file) {
				if slices.Contains(noSentences, text) {
					continue
				}
				said[text] = true
				if _, has := texts["errors"][text]; !has {
					t.Errorf("%s says %q: put it into internal/texts/en.json, under errors", file, text)
				}
			}
		}
	}
	for text, shown := range texts["errors"] {
		if !said[text] {
			t.Errorf("nobody says %q", text)
		}
		if shown != "" && strings.Count(shown, "%s") > strings.Count(text, "%s") {
			t.Errorf("%q has other values than %q", shown, text)
		}
	}
	if len(said) < 150 {
		t.Errorf("only %d sentences were found", len(said))
	}
}
