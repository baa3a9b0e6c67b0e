// Package contract reads openapi.yaml as others do: with linters, with clients
// that generators make of it and that are driven against a running service, and
// with schemathesis, which sends what the contract allows and what it does not.
// Its tests need tools that are installed on request: run `make contract`.
package contract
