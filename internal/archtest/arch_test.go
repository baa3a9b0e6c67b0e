// Package archtest checks the source tree against its design: which package may
// import which, how long files and functions may get, and that every exported
// name has a comment.
package archtest

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	module = "github.com/latchkey/latchkey"
	root   = "../.."
)

// outside is what the domain never sees, not by way of others either: HTTP
// frameworks, databases and templates.
var outside = []string{
	"github.com/gin-gonic/gin", "go.mongodb.org/mongo-driver", "modernc.org/sqlite", "database/sql", "html/template", "github.com/spf13/cobra",
	"github.com/redis/go-redis", "github.com/prometheus", "go.opentelemetry.io/otel/sdk",
}

// adapters lie inside a domain package and know the one driver that they are
// for; the domain does not import them.
var adapters = map[string]string{"ratelimit/redislimit": "github.com/redis/go-redis", "keys/redispush": "github.com/redis/go-redis"}

// arrows says which of our own packages each one may import beside those that
// lie inside its own directory and those of internal/, which are small and
// know none of the others. What is not here puts things together or tests, as
// internal/domain does.
var arrows = map[string][]string{
	"client":    {},
	"errs":      {},
	"ratelimit": {},
	"usage":     {},
	"audit":     {},
	"nodes":     {},
	"keys":      {"audit", "nodes", "ratelimit", "usage"},
	"verify":    {"keys", "nodes", "ratelimit", "usage"},
	"feed":      {"keys", "nodes", "ratelimit", "usage", "verify"},
	"edge":      {"client", "feed", "keys", "ratelimit", "usage", "verify"},
	"incidents": {"audit", "keys"},
	"imports":   {"audit", "keys", "nodes", "ratelimit"},
	"exports":   {"audit", "auth", "imports", "keys", "ratelimit"},
	"transfers": {"audit", "keys"},
	"auth":      {"audit", "keys", "ratelimit", "verify"},
	"reminders": {"auth", "keys"},
	"leaks":     {"audit", "auth", "keys"},
	"webhooks":  {"audit", "auth", "keys", "nodes"},
	"retention": {"audit", "incidents", "keys", "leaks"},
	"api": {
		"audit", "auth", "client", "exports", "feed", "imports", "incidents", "keys", "leaks", "nodes", "ratelimit", "transfers", "usage",
		"verify", "webhooks",
	},
	"web":   {"audit", "auth", "imports", "incidents", "keys", "leaks", "ratelimit", "reminders", "transfers", "usage", "verify", "webhooks"},
	"store": {"audit", "auth", "imports", "incidents", "keys", "leaks", "nodes", "ratelimit", "reminders", "transfers", "usage", "webhooks"},
	// httpx carries who acts, and from where, and gives verdicts their status; verifyjson and verdicts know the wire
	"internal": {"audit", "auth", "client", "ratelimit", "verify"},
}

// apart are packages that do not even import their neighbours.
var apart = []string{"store/mongo", "store/sqlite"}

// together are packages of internal/ that put others together: for measuring, for tests,
// and for manual pages.
var together = []string{"internal/bench", "internal/domain", "internal/manual"}

// testOnly packages are imported by tests, and by each other.
var testOnly = []string{
	"internal/keystest", "internal/parts", "internal/e2e", "internal/archtest", "store/storetest",
	"ratelimit/ratelimittest",
}

// listed is what the go command tells of a package.
type listed struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func packages(t *testing.T) map[string]listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,Deps", "./...", "./client/...")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := map[string]listed{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimPrefix(p.ImportPath, module+"/")] = p
	}
}

func TestArrows(t *testing.T) {
	t.Parallel()
	all := packages(t)
	for name := range arrows {
		if name != "internal" && all[name].ImportPath == "" {
			t.Errorf("there is no package %s; take it out of the table", name)
		}
	}
	for name, p := range all {
		top, _, _ := strings.Cut(name, "/")
		allowed, held := arrows[top]
		if !held || slices.Contains(testOnly, name) || slices.Contains(together, name) {
			continue
		}
		for _, imported := range p.Imports {
			own, ours := strings.CutPrefix(imported, module+"/")
			to, _, _ := strings.Cut(own, "/")
			inside := to == top && !slices.Contains(apart, name)
			if ours && !inside && !slices.Contains(allowed, to) && to != "errs" && (to != "internal" || top == "client") {
				t.Errorf("%s imports %s", name, own)
			}
		}
	}
	for name, p := range all {
		if top, _, _ := strings.Cut(name, "/"); !slices.Contains([]string{
			"keys", "verify", "incidents", "transfers",
			"ratelimit", "auth", "audit",
			"usage", "client", "nodes", "reminders", "leaks", "errs", "feed", "edge", "imports", "webhooks",
		}, top) {
			continue
		}
		for _, needed := range p.Deps {
			for _, forbidden := range outside {
				// database/sql/driver is a set of interfaces that ids implement.
				if needed != "database/sql/driver" && adapters[name] != forbidden && (needed == forbidden || strings.HasPrefix(needed, forbidden+"/")) {
					t.Errorf("%s needs %s", name, needed)
				}
			}
		}
	}
	for name, p := range all {
		for _, imported := range p.Imports {
			own := strings.TrimPrefix(imported, module+"/")
			if slices.Contains(testOnly, own) && !slices.Contains(testOnly, name) {
				t.Errorf("%s imports %s, which is for tests", name, own)
			}
		}
	}
}

// The drivers are known to their own stores alone.
func TestDriversStayInTheirStores(t *testing.T) {
	t.Parallel()
	for driver, homes := range map[string][]string{
		"go.mongodb.org/mongo-driver": {"store/mongo"}, "modernc.org/sqlite": {"store/sqlite"}, "database/sql": {"store/sqlite"},
		"github.com/redis/go-redis": {"ratelimit/redislimit", "keys/redispush", "internal/bench"},
	} {
		for name, p := range packages(t) {
			for _, imported := range p.Imports {
				if strings.HasPrefix(imported, driver) && !slices.Contains(homes, name) && !slices.Contains(testOnly, name) {
					t.Errorf("%s imports %s", name, imported)
				}
			}
		}
	}
}

const (
	mostFileLines     = 600
	mostFunctionLines = 80
)

func TestFilesAndFunctionsAreShortAndDocumented(t *testing.T) {
	t.Parallel()
	files, documented := token.NewFileSet(), map[string]bool{}
	count := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		name := entry.Name()
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && (name == "build" || name == "testdata" || name == "tools" || name[0] == '.'):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(files, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		count++
		dir := filepath.Dir(path)
		documented[dir] = documented[dir] || file.Doc != nil
		look(t, files, file)
		return nil
	})
	if err != nil || count < 50 {
		t.Fatalf("read %d files: %v", count, err)
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("no file of %s says what the package is for", dir)
		}
	}
}

func look(t *testing.T, files *token.FileSet, file *ast.File) {
	lines := func(n ast.Node) int { return files.Position(n.End()).Line - files.Position(n.Pos()).Line + 1 }
	if n := files.Position(file.FileEnd).Line; n > mostFileLines {
		t.Errorf("%s has %d lines", files.Position(file.Pos()).Filename, n)
	}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && lines(f) > mostFunctionLines {
			t.Errorf("%s: %s has %d lines", files.Position(f.Pos()), f.Name.Name, lines(f))
		}
		for _, name := range undocumented(d) {
			t.Errorf("%s: %s is exported and has no comment", files.Position(name.Pos()), name.Name)
		}
	}
}

// undocumented returns the exported names of the declaration that no comment
// stands before, behind, or above the group of.
func undocumented(d ast.Decl) (names []*ast.Ident) {
	add := func(name *ast.Ident, comments ...*ast.CommentGroup) {
		if name.IsExported() && !slices.ContainsFunc(comments, func(c *ast.CommentGroup) bool { return c != nil }) {
			names = append(names, name)
		}
	}
	if f, ok := d.(*ast.FuncDecl); ok && (f.Recv == nil || ast.IsExported(receiver(f.Recv.List[0].Type))) {
		add(f.Name, f.Doc)
	}
	group, ok := d.(*ast.GenDecl)
	if !ok {
		return names
	}
	for _, s := range group.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			add(s.Name, s.Doc, group.Doc)
		case *ast.ValueSpec:
			for _, name := range s.Names {
				add(name, s.Doc, s.Comment, group.Doc)
			}
		}
	}
	return names
}
