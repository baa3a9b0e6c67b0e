// Package check runs the rules with the code of the scanners that they are for.
package check
