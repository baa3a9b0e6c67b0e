// Package check lints the chart, renders it as people use it, and compares what comes
// out with Kubernetes' own types. It is a module of its own, so that Helm and
// Kubernetes stay out of the service's dependencies.
package check
