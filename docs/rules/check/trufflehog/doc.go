// Package trufflehog runs the detector of docs/rules/trufflehog.yaml with trufflehog's own
// engine, beside the detectors that trufflehog has. It is a separate module, because
// gitleaks and trufflehog need different versions of what both need.
package trufflehog
