package web

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/internal/texts"
	"github.com/latchkey/latchkey/usage"
	"github.com/latchkey/latchkey/verify"
)

// Sizes of charts, in the units of their view box.
const (
	chartWidth  = 720
	chartHeight = 220
	chartLeft   = 52
	chartTop    = 10
	chartBottom = 26
	chartTicks  = 4
	mostLabels  = 8
	mostSeries  = 6
)

// chart is a stacked bar chart over time, with a table of the same numbers.
// Colours are classes, so that the theme sets them without inline styles; see
// docs/decisions/0014.
type chart struct {
	ID          string
	Title       string
	Summary     string // for readers who cannot see the chart
	Unit        string // span of one bar: day, hour or minute
	Series      []series
	Bars        []bar
	Ticks       []tick
	Labels      []label
	Width       int
	Height      int
	Empty       bool
	Left, Right int
}

type series struct {
	Name  string
	Href  string
	Class string
	Total uint64
}

type bar struct {
	At     time.Time
	Title  string
	Values []uint64
	Total  uint64
	Parts  []rectangle
}

type rectangle struct {
	Class      string
	X, Y, W, H string
}

type tick struct {
	Y    string
	Text string
}

type label struct {
	X    string
	Text string
}

// span is the period that a chart covers.
type span struct {
	from, until time.Time
	level       usage.Level
}

func (s span) slots() int { return int(s.until.Sub(s.level.Floor(s.from))/s.level.Unit()) + 1 }

// outcomeGroups returns the series of a chart by outcome.
func outcomeGroups() []struct {
	class string
	codes []verify.Code
} {
	return []struct {
		class string
		codes []verify.Code
	}{
		{"valid", []verify.Code{verify.Valid}},
		{"scope", []verify.Code{verify.InsufficientScope, verify.AddressNotAllowed, verify.PlainHTTP}},
		{"limit", []verify.Code{verify.RateLimited, verify.QuotaExceeded}},
		{"dead", []verify.Code{verify.Revoked, verify.Expired, verify.Disabled, verify.NotYetValid}},
		{"unknown", []verify.Code{verify.Missing, verify.Malformed, verify.NotFound}},
	}
}

// byOutcome charts points by how verifications ended, across all groups.
func (p *site) byOutcome(c *gin.Context, id, title string, s span, points []usage.Point) chart {
	groups := outcomeGroups()
	all := make([]series, len(groups))
	for i, g := range groups {
		all[i] = series{Name: p.say(c, "outcome."+g.class), Class: g.class}
	}
	values := make([][]uint64, s.slots())
	for i := range values {
		values[i] = make([]uint64, len(groups))
	}
	for i := range points {
		slot := slotOf(s, points[i].At)
		if slot < 0 || slot >= len(values) {
			continue
		}
		for g := range groups {
			for _, code := range groups[g].codes {
				values[slot][g] += points[i].Counts[code.Outcome()]
			}
		}
	}
	return draw(p.language(c), id, title, s, all, values)
}

// byGroup charts the largest groups of a ranking, and the others as one series.
func (p *site) byGroup(c *gin.Context, id, title string, s span, found *usage.Ranking, name func(group string) series) chart {
	all := make([]series, 0, mostSeries)
	for i, group := range found.Groups {
		one := name(group)
		one.Class = fmt.Sprintf("s%d", i)
		all = append(all, one)
	}
	if found.Others {
		all = append(all, series{Name: p.say(c, "usage.others"), Class: fmt.Sprintf("s%d", len(all))})
	}
	return draw(p.language(c), id, title, s, all, found.Totals)
}

func slotOf(s span, at time.Time) int {
	return int(at.Sub(s.level.Floor(s.from)) / s.level.Unit())
}

// draw lays out the chart. It leaves out series whose total is zero.
func draw(say *texts.Catalogue, id, title string, s span, all []series, values [][]uint64) chart {
	c := chart{ID: id, Title: title, Width: chartWidth, Height: chartHeight, Left: chartLeft, Right: chartWidth}
	var kept []int
	for i := range all {
		for _, v := range values {
			all[i].Total += v[i]
		}
		if all[i].Total > 0 {
			kept = append(kept, i)
			c.Series = append(c.Series, all[i])
		}
	}
	c.Empty = len(kept) == 0
	var highest uint64
	for i, v := range values {
		b := bar{At: s.level.Floor(s.from).Add(time.Duration(i) * s.level.Unit())}
		for _, k := range kept {
			b.Values = append(b.Values, v[k])
			b.Total += v[k]
		}
		highest = max(highest, b.Total)
		c.Bars = append(c.Bars, b)
	}
	c.Unit = s.level.String()
	c.scale(say, highest, s.level)
	var told []string
	for _, one := range c.Series {
		told = append(told, one.Name+" "+say.Number(one.Total))
	}
	c.Summary = strings.Join(told, ", ")
	return c
}

// scale positions everything in the chart.
func (c *chart) scale(say *texts.Catalogue, highest uint64, level usage.Level) {
	top := round(highest)
	height, width := float64(chartHeight-chartTop-chartBottom), float64(chartWidth-chartLeft)
	for i := range chartTicks + 1 {
		value := top * float64(i) / chartTicks
		c.Ticks = append(c.Ticks, tick{number(chartTop + height*(1-float64(i)/chartTicks)), short(say, value)})
	}
	step := width / float64(max(1, len(c.Bars)))
	gap := min(step*0.25, 12)
	every := max(1, (len(c.Bars)+mostLabels-1)/mostLabels)
	for i := range c.Bars {
		b := &c.Bars[i]
		x, y := chartLeft+float64(i)*step, chartTop+height
		b.Title = moment(say, b.At, level) + ": " + say.Number(b.Total)
		for s, v := range b.Values {
			h := height * float64(v) / top
			if v > 0 {
				h = max(h, 0.6)
				y -= h
				b.Parts = append(b.Parts, rectangle{c.Series[s].Class, number(x + gap/2), number(y), number(step - gap), number(h)})
			}
		}
		if i%every == 0 {
			c.Labels = append(c.Labels, label{number(x + step/2), moment(say, b.At, level)})
		}
	}
}

func moment(say *texts.Catalogue, at time.Time, level usage.Level) string {
	if level == usage.Days {
		return say.Time("day", at)
	}
	return say.Time("day_time", at)
}

// round returns the next higher number that reads well on an axis.
func round(n uint64) float64 {
	if n == 0 {
		return chartTicks
	}
	power := math.Pow(10, math.Floor(math.Log10(float64(n))))
	for _, step := range []float64{1, 2, 4, 5, 8, 10} {
		if top := step * power; top >= float64(n) {
			return max(top, chartTicks)
		}
	}
	return 10 * power
}

func number(x float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.1f", x), "0"), ".")
}

// short formats a number for an axis.
func short(say *texts.Catalogue, x float64) string {
	switch {
	case x >= 1e6:
		return say.Decimal(x/1e6, 1) + "M"
	case x >= 1e3:
		return say.Decimal(x/1e3, 1) + "k"
	default:
		return say.Decimal(x, 1)
	}
}
