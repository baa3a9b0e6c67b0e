package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/usage"
	"github.com/latchkey/latchkey/verify"
)

// usageHandlers report what keys were used for.
type usageHandlers struct {
	keys    *keys.Service
	now     func() time.Time
	reports *usage.Reports
}

func (h *usageHandlers) routes() []route {
	return []route{
		{"GET", "/api/usage", auth.HasScope(keys.ReadUsage), h.getUsage, guarded, nil},
		{"GET", "/api/keys/:id/usage", auth.HasScope(keys.ReadUsage), h.getKeyUsage, guarded, nil},
		{"GET", "/api/keys/:id/refusals", auth.HasScope(keys.ReadUsage), h.listRefusals, guarded, nil},
	}
}

// standardSpan is the span of a report if from is not given.
const standardSpan = 24 * time.Hour

func (h *usageHandlers) getUsage(c *gin.Context) error {
	q := httpx.NewQuery(c.Request)
	asked := h.usageQuery(q, usage.ByKey, usage.ByAccount, usage.ByOutcome, usage.ByScope)
	asked.OrganizationIDs = narrowed(principal(c).Organizations(keys.ReadUsage), q.Text("organization_id"))
	asked.AccountID = q.Text("service_account_id")
	asCSV := wantsCSV(c.Request, q)
	if err := q.Err(); err != nil {
		return err
	}
	var err error
	if asked.ExceptAccounts, err = h.keys.Elsewhere(c.Request.Context(), principal(c), keys.ReadUsage); err != nil {
		return err
	}
	report, err := h.report(c.Request.Context(), asked)
	if err != nil {
		return err
	}
	if asCSV {
		return sendCSV(c, &report)
	}
	return answer(c, http.StatusOK, report)
}

func (h *usageHandlers) getKeyUsage(c *gin.Context) error {
	q := httpx.NewQuery(c.Request)
	asked := h.usageQuery(q, usage.ByOutcome, usage.ByScope)
	asCSV := wantsCSV(c.Request, q)
	if err := q.Err(); err != nil {
		return err
	}
	ctx := c.Request.Context()
	k, err := h.keys.KeyToRead(ctx, principal(c), c.Param("id"), keys.ReadUsage)
	if err != nil {
		return err
	}
	asked.KeyID = k.ID
	out := client.KeyUsage{}
	if out.UsageReport, err = h.report(ctx, asked); err != nil {
		return err
	}
	if asCSV {
		return sendCSV(c, &out.UsageReport)
	}
	if out.Predecessor, err = h.predecessor(ctx, principal(c), &k); err != nil {
		return err
	}
	if out.Scopes, err = h.scopesAsked(ctx, &k); err != nil {
		return err
	}
	return answer(c, http.StatusOK, out)
}

// narrowed limits the organizations that the caller may see, nil for all, to the
// one asked for. Another organization has no usage rather than an error.
func narrowed(own []string, asked string) []string {
	switch {
	case asked == "":
		return own
	case own == nil || slices.Contains(own, asked):
		return []string{asked}
	default:
		return []string{}
	}
}

// usageQuery reads the parameters that both reports share.
func (h *usageHandlers) usageQuery(q *httpx.Query, groupings ...usage.Grouping) usage.Query {
	names := make([]string, len(groupings))
	for i, g := range groupings {
		names[i] = string(g)
	}
	out := usage.Query{From: q.Time("from"), Until: q.Time("to"), Grouping: usage.Grouping(q.OneOf("group_by", names...))}
	interval := q.OneOf("interval", "minute", "hour", "day")
	if out.Until.IsZero() {
		out.Until = h.now().UTC().Truncate(time.Millisecond)
	}
	if out.From.IsZero() {
		out.From = out.Until.Add(-standardSpan)
	}
	switch {
	case interval != "":
		out.Interval = levelOf(interval)
	case out.Grouping == usage.ByScope:
		out.Interval = usage.Days
	default:
		out.Interval = usage.LevelFor(out.Until.Sub(out.From))
	}
	out.Check(q.Fault)
	return out
}

func levelOf(interval string) usage.Level {
	switch interval {
	case "minute":
		return usage.Minutes
	case "hour":
		return usage.Hours
	default:
		return usage.Days
	}
}

func (h *usageHandlers) report(ctx context.Context, q usage.Query) (client.UsageReport, error) {
	points, err := h.reports.Report(ctx, q)
	if err != nil {
		return client.UsageReport{}, err
	}
	out := client.UsageReport{
		From: q.Interval.Floor(q.From), To: q.Until.UTC(), Interval: q.Interval.String(),
		GroupBy: textOut(string(q.Grouping)), Items: make([]client.UsagePoint, 0, len(points)),
	}
	for i := range points {
		out.Items = append(out.Items, pointsOut(&points[i], q.Grouping)...)
	}
	return out, nil
}

// pointsOut returns one point, or one per code if the report groups by code.
func pointsOut(p *usage.Point, by usage.Grouping) []client.UsagePoint {
	if by != usage.ByOutcome {
		one := client.UsagePoint{Start: p.At, Total: p.Counts.Total(), Codes: map[string]uint64{}}
		if by != usage.NotGrouped {
			one.Group = &p.Group
		}
		for o, n := range p.Counts {
			if n > 0 {
				one.Codes[string(verify.CodeOf(usage.Outcome(o)))] = n
			}
		}
		return []client.UsagePoint{one}
	}
	var all []client.UsagePoint
	for _, code := range verify.Codes() {
		if n := p.Counts[code.Outcome()]; n > 0 {
			name := string(code)
			all = append(all, client.UsagePoint{Start: p.At, Group: &name, Total: n, Codes: map[string]uint64{name: n}})
		}
	}
	return all
}

// predecessor reports how much a rotated key is still used.
func (h *usageHandlers) predecessor(ctx context.Context, who keys.Actor, k *keys.Key) (*client.Predecessor, error) {
	if k.RotatedFrom == "" {
		return nil, nil
	}
	before, err := h.keys.KeyToRead(ctx, who, k.RotatedFrom, keys.ReadUsage)
	if errors.Is(err, errs.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	recent, err := h.reports.Recent(ctx, before.ID, h.now())
	if err != nil {
		return nil, err
	}
	return &client.Predecessor{
		KeyID: before.ID, UsesLastHour: recent.LastHour, UsesLast24Hours: recent.LastDay,
		LastUsedAt: timeOut(before.LastUsedAt), LastUsedIP: textOut(before.LastUsedIP),
	}, nil
}

func (h *usageHandlers) scopesAsked(ctx context.Context, k *keys.Key) ([]client.ScopeUse, error) {
	granted, err := h.keys.ScopesOf(ctx, k)
	if err != nil {
		return nil, err
	}
	now := h.now()
	asked, err := h.reports.LastAsked(ctx, k.ID, now)
	if err != nil {
		return nil, err
	}
	all := make([]client.ScopeUse, len(granted))
	for i, scope := range granted {
		all[i].Scope = scope
		if on, ok := asked[scope]; ok {
			all[i].LastAskedOn = textOut(on.Format(time.DateOnly))
		}
	}
	return all, nil
}

func (h *usageHandlers) listRefusals(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	k, err := h.keys.KeyToRead(c.Request.Context(), principal(c), c.Param("id"), keys.ReadUsage)
	if err != nil {
		return err
	}
	last, err := h.reports.Refusals(c.Request.Context(), k.ID)
	if err != nil {
		return err
	}
	page := client.List[client.Refusal]{Items: make([]client.Refusal, len(last))}
	for i := range last {
		r := &last[i]
		page.Items[i] = client.Refusal{At: r.At, Code: string(verify.CodeOf(r.Outcome)), Detail: r.Detail}
		if r.Address.IsValid() {
			page.Items[i].IP = textOut(r.Address.String())
		}
		if r.Method != "" {
			page.Items[i].Method = textOut(r.Method)
		}
		if r.Path != "" {
			page.Items[i].Path = textOut(r.Path)
		}
	}
	return answer(c, http.StatusOK, page)
}

// wantsCSV reads the format parameter, which takes precedence over Accept.
func wantsCSV(r *http.Request, q *httpx.Query) bool {
	format := q.OneOf("format", "json", "csv")
	return format == "csv" || (format == "" && strings.Contains(r.Header.Get("Accept"), csvType))
}
