package client

import (
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
)

const modulePath = "github.com/latchkey/latchkey/client"

// Version returns the version of this module in the running program, such as
// 1.2.0, or devel if the build does not say.
func Version() string { return version() }

var version = sync.OnceValue(func() string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return develVersion
	}
	return versionIn(build)
})

const develVersion = "devel"

func versionIn(build *debug.BuildInfo) string {
	for _, module := range append(build.Deps, &build.Main) {
		if module.Path == modulePath {
			if v := strings.TrimPrefix(module.Version, "v"); v != "" && v != "(devel)" {
				return v
			}
		}
	}
	return develVersion
}

// userAgent returns the User-Agent of a program called name.
func userAgent(name string) string {
	own := "latchkey-go/" + Version() + " (" + goVersion() + "; " + runtime.GOOS + "/" + runtime.GOARCH + ")"
	if name == "" {
		return own
	}
	return name + " " + own
}

// goVersion returns the Go release, such as go1.26.1, without experiments.
func goVersion() string {
	v, _, _ := strings.Cut(runtime.Version(), " ")
	return v
}
