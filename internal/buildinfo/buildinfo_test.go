package buildinfo

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime/debug"
	"slices"
	"testing"
)

const hash = "0123456789abcdef0123456789abcdef01234567"

func TestChoose(t *testing.T) {
	t.Parallel()
	vcs := []debug.BuildSetting{{Key: "vcs.revision", Value: hash}, {Key: "vcs.time", Value: "2026-11-29T08:00:00Z"}}
	for _, tt := range []struct {
		name     string
		stamped  Build
		recorded *debug.BuildInfo
		want     Build
	}{
		{"nothing is known", Build{}, nil, Build{Version: "(devel)"}},
		{"a checkout without git", Build{}, &debug.BuildInfo{Main: debug.Module{Path: module, Version: "(devel)"}}, Build{Version: "(devel)"}},
		{
			"stamped by the build",
			Build{"v1.2.3", hash, "2026-11-30T08:00:00Z"},
			&debug.BuildInfo{Main: debug.Module{Path: module, Version: "(devel)"}, Settings: vcs},
			Build{"v1.2.3", hash, "2026-11-30T08:00:00Z"},
		},
		{
			"a version without a commit",
			Build{Version: "v1.2.3"},
			&debug.BuildInfo{Main: debug.Module{Path: module, Version: "(devel)"}, Settings: vcs},
			Build{"v1.2.3", hash, "2026-11-29T08:00:00Z"},
		},
		{
			"go build in a checkout",
			Build{},
			&debug.BuildInfo{Main: debug.Module{Path: module, Version: "v0.1.1-0.20261129080000-0123456789ab+dirty"}, Settings: vcs},
			Build{"v0.1.1-0.20261129080000-0123456789ab+dirty", hash, "2026-11-29T08:00:00Z"},
		},
		{"go install of a tag", Build{}, &debug.BuildInfo{Main: debug.Module{Path: module, Version: "v0.1.0"}}, Build{Version: "v0.1.0"}},
		{
			"go install of a commit",
			Build{},
			&debug.BuildInfo{Main: debug.Module{Path: module, Version: "v0.0.0-20261129080000-0123456789ab"}},
			Build{"v0.0.0-20261129080000-0123456789ab", "0123456789ab", "2026-11-29T08:00:00Z"},
		},
		{
			"a program that embeds the service",
			Build{},
			&debug.BuildInfo{
				Main: debug.Module{Path: "example.com/doors", Version: "v9.0.0"}, Deps: []*debug.Module{{Path: module, Version: "v0.1.0"}},
				Settings: vcs,
			},
			Build{Version: "v0.1.0"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := choose(tt.stamped, tt.recorded); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestString(t *testing.T) {
	t.Parallel()
	for want, b := range map[string]Build{
		"v0.1.0":              {Version: "v0.1.0"},
		"v0.1.0 (commit abc)": {Version: "v0.1.0", Commit: "abc"},
		"v0.1.0 (commit abc, 2026-11-29T08:00:00Z)": {"v0.1.0", "abc", "2026-11-29T08:00:00Z"},
	} {
		if got := b.String(); got != want {
			t.Errorf("%+v: %q, want %q", b, got, want)
		}
	}
}

// The linker says nothing when it is told to set a variable that does not exist.
func TestTheBuildStampsTheseVariables(t *testing.T) {
	t.Parallel()
	prefix := reflect.TypeFor[Build]().PkgPath() + "."
	want := []string{prefix + "commit", prefix + "date", prefix + "version"}
	text, err := os.ReadFile(filepath.Join("..", "..", "scripts", "build"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, found := range regexp.MustCompile(`-X[ =]'?([\w./-]+)=`).FindAllStringSubmatch(string(text), -1) {
		got = append(got, found[1])
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the build sets %v, want %v", got, want)
	}
}
