package parts

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Contract is the folder of the third-party tools that read openapi.yaml.
type Contract struct {
	tb   testing.TB
	root string
}

// NewContract returns the tools, or fails the test with instructions.
func NewContract(tb testing.TB) *Contract {
	tb.Helper()
	root, err := moduleRoot()
	if err != nil {
		tb.Fatal(err)
	}
	c := &Contract{tb, root}
	for _, tool := range []string{c.node("redocly"), c.Schemathesis()} {
		if _, err := os.Stat(tool); err != nil {
			tb.Fatalf("there is no %s: run `make contract` (%v)", tool, err)
		}
	}
	return c
}

// Document returns the path of openapi.yaml.
func (c *Contract) Document() string { return filepath.Join(c.root, "openapi.yaml") }

// Source returns the path of a file or folder of tools/contract.
func (c *Contract) Source(name string) string {
	return filepath.Join(c.root, "tools", "contract", name)
}

// Built returns a path below the folder for files made from the contract, which git
// ignores.
func (c *Contract) Built(name string) string { return filepath.Join(c.root, "build", "contract", name) }

// Schemathesis returns the path of the program.
func (c *Contract) Schemathesis() string { return c.Built("venv/bin/schemathesis") }

func (c *Contract) node(tool string) string { return c.Built("npm/node_modules/.bin/" + tool) }

// Node returns a command that runs a program of an npm package, or a file if tool is
// "", with a Node.js that is new enough for all of them: the one installed beside them,
// if there is one for this system.
func (c *Contract) Node(tool string, arguments ...string) *exec.Cmd {
	c.tb.Helper()
	found, err := filepath.Glob(c.Built("npm/node_modules/node-*-*/bin/node"))
	if err != nil {
		c.tb.Fatal(err)
	}
	path := Node(c.tb)
	if len(found) > 0 {
		path = found[0]
	}
	if tool != "" {
		arguments = append([]string{c.node(tool)}, arguments...)
	}
	cmd := exec.CommandContext(c.tb.Context(), path, arguments...) //nolint:gosec // G204: a tool that a test names
	cmd.Dir = c.Built("npm")
	cmd.Env = Environ("REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true", "NO_COLOR=1", "CI=true")
	return cmd
}
