package texts

import (
	"strconv"
	"strings"
	"time"
)

// Time formats the time in UTC with the text "form."+form. That is a layout of the
// package time; the names of months and days come from the catalogue.
func (c *Catalogue) Time(form string, t time.Time) string {
	return c.layout(c.Text("form."+form), t.UTC())
}

func (c *Catalogue) layout(layout string, t time.Time) string {
	month, day := strconv.Itoa(int(t.Month())), strconv.Itoa(int(t.Weekday()))
	for _, part := range []struct{ mark, text string }{
		{"January", "month." + month}, {"Jan", "month_short." + month}, {"Mon", "weekday." + day},
	} {
		if before, after, found := strings.Cut(layout, part.mark); found {
			return c.layout(before, t) + c.Text(part.text) + c.layout(after, t)
		}
	}
	return t.Format(layout)
}

// digitsInGroup is the size of a digit group in a long number.
const digitsInGroup = 3

// Number formats an integer with its digits in groups.
func (c *Catalogue) Number(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	for i := len(digits) - digitsInGroup; i > 0; i -= digitsInGroup {
		digits = digits[:i] + c.Text("form.group") + digits[i:]
	}
	return digits
}

// Decimal formats a number with at most that many decimal places.
func (c *Catalogue) Decimal(x float64, digits int) string {
	text := strconv.FormatFloat(x, 'f', digits, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	return strings.Replace(text, ".", c.Text("form.decimal"), 1)
}
