// Package contract reads openapi.yaml with other people's tools: linters,
// clients that generators make from it and that run against the service, and
// schemathesis, which sends what the contract allows and what it does not. Its
// tests need tools that are installed on request: run `make contract`.
package contract
