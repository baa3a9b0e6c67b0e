package leaks_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/leaks"
)

func TestThePatternFindsEveryKeyOfItsBrand(t *testing.T) {
	t.Parallel()
	for _, brand := range []string{"lk", "acme42"} {
		f, err := keys.NewFormat(brand)
		if err != nil {
			t.Fatal(err)
		}
		pattern := regexp.MustCompile(leaks.Pattern(f))
		for range 100 {
			for _, key := range []string{f.New(keys.Live).Reveal(), f.New(keys.Test).Reveal(), f.NewToken().Reveal()} {
				if pattern.FindString(`x="`+key+`"`) != key || pattern.MatchString(key[:len(key)-1]) || pattern.MatchString(key+"x") {
					t.Errorf("%s is not found as a whole", brand)
				}
			}
		}
	}
}

// TestTheRulesInTheManualAreThoseThatAreServed for the default brand. UPDATE_GOLDEN=yes
// writes them.
func TestTheRulesInTheManualAreThoseThatAreServed(t *testing.T) {
	t.Parallel()
	f := keystest.Format(t)
	for path, want := range map[string]string{
		"../docs/rules/gitleaks.toml": leaks.Gitleaks(f), "../docs/rules/trufflehog.yaml": leaks.Trufflehog(f),
	} {
		if os.Getenv("UPDATE_GOLDEN") != "" {
			if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Errorf("%s is not what is served: %v", path, err)
		}
		if !strings.Contains(want, leaks.RuleID) {
			t.Errorf("%s has another name", path)
		}
	}
}
