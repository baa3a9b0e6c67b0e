// Package latchkey holds the contract of Latchkey's HTTP interface.
package latchkey

import (
	_ "embed"
	"slices"
)

//go:embed openapi.yaml
var document []byte

// Contract returns the OpenAPI document that describes the HTTP interface.
func Contract() []byte { return slices.Clone(document) }
