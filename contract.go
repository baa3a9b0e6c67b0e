// Package latchkey embeds the contract of Latchkey's HTTP API.
package latchkey

import (
	_ "embed"
	"slices"
)

//go:embed openapi.yaml
var document []byte

// Contract returns the OpenAPI document that describes the HTTP interface.
func Contract() []byte { return slices.Clone(document) }
