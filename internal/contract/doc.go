// Package contract checks openapi.yaml with third-party tools: linters, generated clients
// that run against the service, and schemathesis, which sends what the contract allows and
// what it does not. Its tests need tools that are installed on request: run `make
// contract`.
package contract
