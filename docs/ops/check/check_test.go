// Package check reads the files that operators import, with Prometheus' own
// parsers. It is a separate module, so that the service does not depend on
// these parsers.
package check

import (
	"encoding/json"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

func TestAlertsAreWhatPrometheusTakes(t *testing.T) {
	t.Parallel()
	groups, faults := rulefmt.ParseFile("../alerts.yaml", false, model.LegacyValidation, parser.NewParser(parser.Options{}),
		slog.New(slog.DiscardHandler))
	for _, err := range faults {
		t.Error(err)
	}
	if groups == nil || len(groups.Groups) == 0 || len(groups.Groups[0].Rules) < 10 {
		t.Errorf("there are no rules: %v", groups)
	}
}

func TestDashboardQueriesParse(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	parse, count := parser.NewParser(parser.Options{}), 0
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			count++
			if _, err := parse.ParseExpr(strings.ReplaceAll(target.Expr, "$__rate_interval", "5m")); err != nil {
				t.Errorf("%s: %s: %v", p.Title, target.Expr, err)
			}
		}
	}
	if count < 20 {
		t.Errorf("%d queries", count)
	}
}
