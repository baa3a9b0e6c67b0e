package texts_test

import (
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/texts"
)

func TestDatesAndNumbersHaveTheFormOfTheLanguage(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 31, 23, 5, 0, 0, time.FixedZone("", -3600)) // 1 April in UTC, a Wednesday
	for _, tt := range []struct{ language, form, want string }{
		{"en", "date", "1 Apr 2026"},
		{"en", "day", "1 Apr"},
		{"en", "day_time", "1 Apr 00:05"},
		{"en", "moment", "1 Apr 2026, 00:05 UTC"},
		{"en", "moment_long", "1 April 2026, 00:05 UTC"},
		{"en", "weekday", "Wed"},
		{"de", "date", "1.4.2026"},
		{"de", "day", "1.4."},
		{"de", "day_time", "1.4. 00:05"},
		{"de", "moment", "1.4.2026, 00:05 UTC"},
		{"de", "moment_long", "1. April 2026, 00:05 UTC"},
		{"de", "weekday", "Mi"},
	} {
		if got := texts.In(tt.language).Time(tt.form, at); got != tt.want {
			t.Errorf("%s in %s: %q, want %q", tt.form, tt.language, got, tt.want)
		}
	}
	for month := range time.December {
		at := time.Date(2026, month+1, 1, 0, 0, 0, 0, time.UTC)
		if got, want := texts.In("en").Time("moment_long", at), at.Format("2 January 2006, 15:04 UTC"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if got, want := texts.In("en").Time("date", at), at.Format("2 Jan 2006"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for _, tt := range []struct {
		language string
		n        uint64
		want     string
	}{
		{"en", 0, "0"},
		{"en", 999, "999"},
		{"en", 1234567, "1\u202f234\u202f567"},
		{"de", 1000, "1.000"},
		{"de", 18446744073709551615, "18.446.744.073.709.551.615"},
	} {
		if got := texts.In(tt.language).Number(tt.n); got != tt.want {
			t.Errorf("%d in %s: %q, want %q", tt.n, tt.language, got, tt.want)
		}
	}
	for _, tt := range []struct {
		language string
		x        float64
		digits   int
		want     string
	}{
		{"en", 1.25, 1, "1.2"},
		{"en", 10, 1, "10"},
		{"en", 100, 0, "100"},
		{"de", 1.5, 1, "1,5"},
		{"de", 20, 1, "20"},
	} {
		if got := texts.In(tt.language).Decimal(tt.x, tt.digits); got != tt.want {
			t.Errorf("%v in %s: %q, want %q", tt.x, tt.language, got, tt.want)
		}
	}
}
