package source

import (
	"path"
	"strings"
	"time"

	"github.com/latchkey/latchkey/errs"
)

var awsFormat = Format{
	Name:  "aws",
	About: "API Gateway's CSV of keys or get-api-keys --include-values, with get-usage-plans and get-usage-plan-keys",
	lists: []string{"items", "item", "usageplans"},
	start: func() reader {
		return &awsReader{plans: map[string]awsPlan{}, files: map[string][]string{}}
	},
}

// awsReader reads keys, usage plans, and the keys of plans. The latter do not name their
// plan: their file is named after it, or there is only one.
type awsReader struct {
	kept  kept
	plans map[string]awsPlan
	files map[string][]string // that list the key as one of a plan, by id of the key
}

type awsPlan struct {
	name               string
	throttled, counted bool
	rate, burst        float64
	most               int64
	period             string
}

func (*awsReader) single() bool           { return false }
func (*awsReader) whole(rec *record) bool { return awsKind(rec) != "" }

func awsKind(rec *record) string {
	switch {
	case rec.has("throttle"), rec.has("quota"), rec.has("apistages"):
		return "plan"
	case rec.has("id", "type"):
		return "plan key"
	case rec.has("key", "name"), rec.has("id", "value"), rec.has("id", "enabled"), rec.has("id", "stagekeys"):
		return "key"
	default:
		return ""
	}
}

func (r *awsReader) gather(rec *record) error {
	id := rec.text("id")
	switch awsKind(rec) {
	case "plan":
		plan := awsPlan{name: rec.text("name")}
		if throttle := rec.object("throttle"); throttle != nil {
			plan.rate, plan.throttled = throttle.number("ratelimit")
			plan.burst, _ = throttle.number("burstlimit")
			rec.also(throttle)
		}
		if quota := rec.object("quota"); quota != nil {
			plan.most, plan.counted = quota.integer("limit")
			plan.period = quota.text("period")
			rec.also(quota)
		}
		r.plans[id] = plan
		return r.kept.add(id, plan.name)
	case "plan key":
		r.files[id] = append(r.files[id], rec.place.File)
		return r.kept.add(id)
	}
	return nil
}

func (r *awsReader) take(rec *record, out *output) {
	kind := awsKind(rec)
	out.known = kind != ""
	if kind != "key" {
		return
	}
	row := Row{
		Place: rec.place, ID: rec.text("id"), Name: rec.text("name"), Owner: Owner{ID: rec.text("customerid")},
		Secret: Secret(rec.text("value", "key")), CreatedAt: rec.time("createddate"), Disabled: !rec.flag(true, "enabled"),
		Metadata: rec.rest("id", "name", "value", "key", "enabled", "createddate", "lastupdateddate", "usageplanids", "customerid"),
	}
	if row.Secret == "" && rec.fault.IsZero() {
		out.problem(rec, row.ID, errs.Say("import_aws_no_value"))
		return
	}
	r.plan(rec, &row)
	out.add(rec, row)
}

// plan gives the row the limits of its first plan and notes the others.
func (r *awsReader) plan(rec *record, row *Row) {
	ids := rec.strings("usageplanids")
	for _, file := range r.files[row.ID] {
		id, ok := r.planOf(file)
		if !ok {
			row.note("import_plan_unknown", "file", path.Base(file))
			continue
		}
		ids = append(ids, id)
	}
	for i, id := range ids {
		plan, known := r.plans[id]
		switch {
		case i > 0:
			row.note("import_plan_left", "plan", clip(id))
		case !known:
			row.Tier = id
		default:
			row.Tier = plan.name
			plan.apply(row)
		}
	}
}

// planOf returns the plan after which the file is named, or the only one.
func (r *awsReader) planOf(file string) (string, bool) {
	found := ""
	for id := range r.plans {
		if len(r.plans) == 1 {
			return id, true
		}
		if id != "" && len(id) > len(found) && strings.Contains(path.Base(file), id) {
			found = id
		}
	}
	return found, found != ""
}

func (p awsPlan) apply(row *Row) {
	if p.throttled {
		row.limit(p.rate, time.Second, int64(p.burst))
	}
	if !p.counted {
		return
	}
	switch strings.ToUpper(p.period) {
	case "DAY":
		row.allowance(p.most, wholeDay)
	case "MONTH":
		row.allowance(p.most, longMonth)
	default:
		row.allowance(p.most, 7*wholeDay)
	}
}
