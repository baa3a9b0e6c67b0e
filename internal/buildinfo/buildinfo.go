// Package buildinfo identifies the running build of Latchkey, from what the build stamped,
// or else from what the go command recorded.
package buildinfo

import (
	"regexp"
	"runtime/debug"
	"strings"
	"time"
)

const module = "github.com/latchkey/latchkey"

// Set only by the linker (-X). They are empty in builds that do not use scripts/build,
// such as go install.
var (
	version string
	commit  string
	date    string
)

// Build is one build. Commit and Date are empty if they are unknown.
type Build struct {
	Version string
	Commit  string // the full hash, or its first twelve digits
	Date    string // of the commit, RFC 3339 in UTC
}

// Current returns the running build.
func Current() Build {
	recorded, _ := debug.ReadBuildInfo()
	return choose(Build{version, commit, date}, recorded)
}

// String returns the build in one line for people.
func (b Build) String() string {
	var known []string
	if b.Commit != "" {
		known = append(known, "commit "+b.Commit)
	}
	if b.Date != "" {
		known = append(known, b.Date)
	}
	if len(known) == 0 {
		return b.Version
	}
	return b.Version + " (" + strings.Join(known, ", ") + ")"
}

// choose fills what was not stamped from what the go command recorded.
func choose(stamped Build, recorded *debug.BuildInfo) Build {
	found := read(recorded)
	if stamped.Version == "" {
		stamped.Version = found.Version
	}
	// Commit and date belong together: half of each would identify no commit.
	if stamped.Commit == "" && stamped.Date == "" {
		stamped.Commit, stamped.Date = found.Commit, found.Date
	}
	if stamped.Version == "" {
		stamped.Version = "(devel)"
	}
	return stamped
}

// read returns what the go command recorded. In a program that embeds the service, Latchkey
// is a dependency, and the commit is the program's.
func read(recorded *debug.BuildInfo) (b Build) {
	switch {
	case recorded == nil:
		return b
	case recorded.Main.Path != module:
		for _, m := range recorded.Deps {
			if m.Path == module {
				b.Version = m.Version
			}
		}
	default:
		b.Version = recorded.Main.Version
		for _, s := range recorded.Settings {
			switch s.Key {
			case "vcs.revision":
				b.Commit = s.Value
			case "vcs.time":
				b.Date = s.Value
			}
		}
	}
	if b.Commit == "" {
		b.Commit, b.Date = pseudo(b.Version)
	}
	return b
}

var pseudoVersion = regexp.MustCompile(`[-.](\d{14})-([0-9a-f]{12})(\+.*)?$`)

// pseudo extracts the commit from a version that the go command made up for a build without
// a tag.
func pseudo(version string) (commit, date string) {
	found := pseudoVersion.FindStringSubmatch(version)
	if found == nil {
		return "", ""
	}
	made, err := time.Parse("20060102150405", found[1])
	if err != nil {
		return "", ""
	}
	return found[2], made.Format(time.RFC3339)
}
