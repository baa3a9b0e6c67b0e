// Command sbom writes the software bill of materials of a Go binary in CycloneDX form:
// the modules that the go command recorded in it.
package main

import (
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime/debug"
)

type bom struct {
	Format      string      `json:"bomFormat"`
	SpecVersion string      `json:"specVersion"`
	Version     int         `json:"version"`
	Metadata    metadata    `json:"metadata"`
	Components  []component `json:"components"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Type    string `json:"type"`
	Name    string `json:"name"`
	Version string `json:"version"`
	Purl    string `json:"purl"`
}

func main() {
	const arguments = 3
	if len(os.Args) != arguments {
		fmt.Fprintln(os.Stderr, "usage: sbom BINARY VERSION")
		os.Exit(1)
	}
	if err := write(os.Stdout, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

// write writes the bill of materials of the binary, whose version is its module's.
func write(out io.Writer, binary, version string) error {
	built, err := buildinfo.ReadFile(binary)
	if err != nil {
		return err
	}
	b := bom{
		Format: "CycloneDX", SpecVersion: "1.6", Version: 1, Metadata: metadata{module("application", built.Main.Path, version)},
		Components: []component{module("library", "std", built.GoVersion)},
	}
	for _, m := range built.Deps {
		b.Components = append(b.Components, dependency(m, built.Main.Path, version))
	}
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(b)
}

// dependency returns the module linked in place of m. A module of the same repository
// comes from the checkout, so it has the release's version.
func dependency(m *debug.Module, main, version string) component {
	if m.Replace != nil && m.Replace.Version != "" {
		m = m.Replace
	}
	if m.Version == "(devel)" || m.Path == main+"/client" {
		return module("library", m.Path, version)
	}
	return module("library", m.Path, m.Version)
}

func module(kind, path, version string) component {
	return component{Type: kind, Name: path, Version: version, Purl: "pkg:golang/" + path + "@" + version}
}
