package archtest

import (
	"bufio"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	mostLineLength = 140
	mostMethods    = 40
)

// sources calls do for each Go file of the tree, tests included.
func sources(t *testing.T, do func(path string)) {
	t.Helper()
	count := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		name := entry.Name()
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && (name == "build" || name == "testdata" || name[0] == '.'):
			return filepath.SkipDir
		case !entry.IsDir() && strings.HasSuffix(name, ".go"):
			count++
			do(path)
		}
		return nil
	})
	if err != nil || count < 200 {
		t.Fatalf("read %d files: %v", count, err)
	}
}

// A tab counts as one character, as it does for whoever counts what they type.
func TestLinesAreShort(t *testing.T) {
	t.Parallel()
	sources(t, func(path string) {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close() //nolint:errcheck // only read
		lines := bufio.NewScanner(file)
		for n := 1; lines.Scan(); n++ {
			if length := utf8.RuneCountInString(lines.Text()); length > mostLineLength {
				t.Errorf("%s:%d has %d characters, more than %d", path, n, length, mostLineLength)
			}
		}
		if err := lines.Err(); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	})
}

func TestTypesHaveFewMethods(t *testing.T) {
	t.Parallel()
	methods := map[string]int{}
	sources(t, func(path string) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil {
				dir, err := filepath.Rel(root, filepath.Dir(path))
				if err != nil {
					t.Fatal(err)
				}
				methods[filepath.ToSlash(dir)+"."+receiver(f.Recv.List[0].Type)]++
			}
		}
	})
	for name, n := range methods {
		if n > mostMethods {
			t.Errorf("%s has %d methods, more than %d", name, n, mostMethods)
		}
	}
}

// receiver returns the name of the type that the method belongs to.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	default:
		return ""
	}
}

// domain packages hold rules that do not depend on the transport of a request.
var domain = []string{"keys", "verify", "imports", "incidents", "transfers", "ratelimit", "usage", "audit", "nodes", "errs"}

func TestTheDomainKnowsNoHTTP(t *testing.T) {
	t.Parallel()
	for name, p := range packages(t) {
		if top, _, _ := strings.Cut(name, "/"); !slices.Contains(domain, top) {
			continue
		}
		for _, imported := range p.Imports {
			if imported == "net/http" || strings.HasPrefix(imported, "net/http/") {
				t.Errorf("%s imports %s", name, imported)
			}
		}
	}
}
