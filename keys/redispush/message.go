package redispush

import "strings"

const (
	version    = "1"
	mostMarks  = 50 // per message
	mostLength = 100
	mostBytes  = 2 * mostMarks * mostLength
)

// good reports whether the mark may be part of a message.
func good(mark string) bool {
	if mark == "" || len(mark) > mostLength {
		return false
	}
	for i := range len(mark) {
		if mark[i] <= ' ' || mark[i] > '~' {
			return false
		}
	}
	return true
}

// format encodes a message: the version, the sender, and the marks.
func format(node string, marks []string) string {
	return version + " " + node + " " + strings.Join(marks, " ")
}

// parse decodes a message. It ignores anything that is not exactly a message of this
// version: it may come from a newer node, or from anyone who can reach Redis.
func parse(text string) (node string, marks []string, ok bool) {
	if len(text) > mostBytes {
		return "", nil, false
	}
	words := strings.Split(text, " ")
	if len(words) < 3 || len(words) > 2+mostMarks || words[0] != version {
		return "", nil, false
	}
	for _, w := range words[1:] {
		if !good(w) {
			return "", nil, false
		}
	}
	return words[1], words[2:], true
}
