package server

import (
	"slices"
	"testing"

	"github.com/latchkey/latchkey/internal/buildinfo"
	"github.com/latchkey/latchkey/web"
)

func TestTheSystemPageTellsTheBuild(t *testing.T) {
	t.Parallel()
	shown, err := built(t, database(t)).system(t.Context())
	if err != nil || shown.Version != buildinfo.Current().Version {
		t.Fatalf("version %q: %v", shown.Version, err)
	}
	for _, name := range []string{"commit", "date"} {
		if !slices.ContainsFunc(shown.Facts, func(f web.SystemFact) bool { return f.Name == name && f.Value+f.Text != "" }) {
			t.Errorf("no %s in %+v", name, shown.Facts)
		}
	}
}
