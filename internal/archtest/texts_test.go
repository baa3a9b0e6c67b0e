package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/internal/texts"
)

// takers are the functions that take the code of a text; further arguments are
// the names and values in it. Those of plain take texts without arguments only.
var (
	takers = []string{
		"New", "WithCode", "BadField", "Say", "Add", "Check", "Fault", "fault", "refuse", "wrong", "wrongCredential", "notValid", "refuseCSRF",
		"body",
	}
	plain = []string{"because", "unknown", "refused", "Unreadable", "Missing", "allow", "notFound"}
)

// silent are the folders whose texts are not in the catalogue: those of
// programs that embed us, and of tests.
var silent = []string{"examples/", "internal/parts/", "internal/e2e/", "internal/keystest/", "store/storetest/"}

var argument = regexp.MustCompile(`\{([a-z_]+)\}`)

func argumentsOf(text string) (names []string) {
	for _, found := range argument.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(names, found[1]) {
			names = append(names, found[1])
		}
	}
	slices.Sort(names)
	return names
}

// TestFaultsHaveTexts: whatever is said to be wrong has a text in the catalogue,
// which has the arguments that are given for it, and no text is left over.
func TestFaultsHaveTexts(t *testing.T) {
	t.Parallel()
	all, used := texts.In(texts.English).Section("errors"), map[string]bool{}
	sources(t, func(path string) {
		name := strings.TrimPrefix(path, root+"/")
		if strings.HasSuffix(path, "_test.go") || slices.ContainsFunc(silent, func(s string) bool { return strings.HasPrefix(name, s) }) {
			return
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if text, is := literal(n); is && all[text] != "" {
				used[text] = true
			}
			if call, is := n.(*ast.CallExpr); is {
				for _, fault := range faultsOf(call, all) {
					t.Errorf("%s: %s", files.Position(call.Pos()), fault)
				}
			}
			return true
		})
	})
	for code := range all {
		if !used[code] {
			t.Errorf("nothing says %q: remove it from the catalogue", code)
		}
	}
}

// TestWrongTextsAreNoticed: the test above sees what it is for.
func TestWrongTextsAreNoticed(t *testing.T) {
	t.Parallel()
	all := map[string]string{"too_long": "must have at most {most} characters", "empty": "must not be empty"}
	for code, wrong := range map[string]bool{
		`f.Add("name", "too_long", "most", 5)`: false, `f.Add("name", "too_long")`: true, `f.Add("name", "too_long", "max", 5)`: true,
		`f.Check(ok, "name", "empty")`: false, `f.Check(ok, "name", "empty", "most", 5)`: true,
		`errs.New(errs.Invalid, "this is no code")`: true, `because("too_long", "empty")`: true, `because("empty", "empty")`: false,
		`f.Add("name", "must be "+what)`: true, `errs.New(errs.Invalid, fmt.Sprintf("%d", 5))`: true, `f.Add("name", "is wrong here")`: true,
		`q.Fault("cursor", err.Error())`: true,
	} {
		call, err := parser.ParseExpr(code)
		if err != nil {
			t.Fatal(err)
		}
		if got := faultsOf(call.(*ast.CallExpr), all); (len(got) > 0) != wrong {
			t.Errorf("%s: %v", code, got)
		}
	}
}

func literal(n ast.Node) (string, bool) {
	l, is := n.(*ast.BasicLit)
	if !is || l.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(l.Value)
	return text, err == nil
}

// textAt is which argument of a call is a text.
var textAt = map[string]int{"errs.New": 1, "errs.BadField": 1, "errs.WithCode": 2, "f.Add": 1, "f.Check": 2, "q.Fault": 1}

// faultsOf is what is wrong with the texts that a call is given.
func faultsOf(call *ast.CallExpr, all map[string]string) (faults []string) {
	callee, of := "", ""
	switch f := call.Fun.(type) {
	case *ast.Ident:
		callee = f.Name
	case *ast.SelectorExpr:
		callee = f.Sel.Name
		if x, is := f.X.(*ast.Ident); is {
			of = x.Name
		}
	}
	if at, is := textAt[of+"."+callee]; is &&
		at < len(call.Args) && isMade(call.Args[at]) {
		faults = append(faults, callee+" is given a text that is put together: use a code with arguments")
	}
	for i, arg := range call.Args {
		text, is := literal(arg)
		switch {
		case !is || (!slices.Contains(takers, callee) && !slices.Contains(plain, callee)):
		case all[text] == "" && (of == "errs" || of == "f") && strings.Contains(text, " "):
			faults = append(faults, "say "+strconv.Quote(text)+" by a code of the catalogue")
		case all[text] == "":
		case slices.Contains(plain, callee) && len(argumentsOf(all[text])) > 0:
			faults = append(faults, callee+" has no arguments for "+text)
		case slices.Contains(takers, callee):
			if got := namesAfter(call.Args[i+1:]); !slices.Equal(got, argumentsOf(all[text])) && !isField(callee, i) {
				faults = append(faults, text+" takes "+strings.Join(argumentsOf(all[text]), ", ")+", not "+strings.Join(got, ", "))
			}
		}
	}
	return faults
}

// isMade reports whether the text is put together of parts.
func isMade(text ast.Expr) bool {
	switch text := text.(type) {
	case *ast.BinaryExpr:
		return true
	case *ast.CallExpr:
		f, is := text.Fun.(*ast.SelectorExpr)
		return is && (f.Sel.Name == "Sprintf" || f.Sel.Name == "Error")
	default:
		return false
	}
}

// isField reports whether the argument is the name of a field, or a value, and not a text.
func isField(callee string, i int) bool {
	return (i == 0 && (callee == "Add" || callee == "BadField" || callee == "Fault")) || (callee == "Check" && i < 2) ||
		(callee == "WithCode" && i == 1)
}

// namesAfter are the names before the values that follow a code.
func namesAfter(args []ast.Expr) (names []string) {
	for i := 0; i < len(args); i += 2 {
		name, _ := literal(args[i])
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// TestPageFaultsAreFaults: what pages say instead has the same arguments, or
// leaves some out.
func TestPageFaultsAreFaults(t *testing.T) {
	t.Parallel()
	for _, tag := range texts.Languages() {
		all := texts.In(tag).Section("errors")
		for code, text := range texts.In(tag).Section("page_errors") {
			if all[code] == "" {
				t.Errorf("%s: there is no fault %q", tag, code)
			}
			for _, name := range argumentsOf(text) {
				if !slices.Contains(argumentsOf(all[code]), name) {
					t.Errorf("%s: %s has no argument %s", tag, code, name)
				}
			}
		}
	}
}
