package cli

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"go.yaml.in/yaml/v4"

	"github.com/latchkey/latchkey/client"
)

// Formats of the output.
const (
	formatTable = "table"
	formatJSON  = "json"
	formatYAML  = "yaml"
	formatCSV   = "csv"
)

func (o options) check() error {
	switch o.output {
	case formatTable, formatJSON, formatYAML, formatCSV:
		return nil
	default:
		return Usagef("--output is table, json, yaml or csv, not %q", o.output)
	}
}

// column is one property of the objects in a table or CSV file.
type column[T any] struct {
	name string
	of   func(*T) any
}

// view is how objects of one kind are shown. Tables and CSV files have its columns;
// JSON and YAML have everything, as in the API.
type view[T any] struct {
	id      func(*T) string
	columns []column[T]
}

func (v view[T]) names() []string {
	names := make([]string, len(v.columns))
	for i, c := range v.columns {
		names[i] = c.name
	}
	return names
}

// row returns the cells of an object.
func (v view[T]) row(item *T, cell func(any) string) []string {
	cells := make([]string, len(v.columns))
	for i, c := range v.columns {
		cells[i] = cell(c.of(item))
	}
	return cells
}

// rowsAtOnce are how many rows of a table are aligned with each other.
const rowsAtOnce = 200

// printAll prints objects as they come.
func printAll[T any](a *app, v view[T], all iter.Seq2[T, error]) error {
	if a.options.quiet {
		return forEach(all, func(item *T) error {
			_, err := fmt.Fprintln(a.Out, v.id(item))
			return err
		})
	}
	switch a.options.output {
	case formatJSON:
		return printJSON(a.Out, all)
	case formatYAML:
		return forEach(all, func(item *T) error { return writeYAML(a.Out, []T{*item}) })
	case formatCSV:
		return printCSV(a.Out, v, all)
	default:
		return printTable(a.Out, v, all)
	}
}

func forEach[T any](all iter.Seq2[T, error], do func(*T) error) error {
	for item, err := range all {
		if err != nil {
			return err
		}
		if err := do(&item); err != nil {
			return err
		}
	}
	return nil
}

// each yields the items of a slice.
func each[T any](items []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}

// listed yields the items of a list that was read at once.
func listed[T any](items []T, err error) iter.Seq2[T, error] {
	if err == nil {
		return each(items)
	}
	return func(yield func(T, error) bool) {
		var none T
		yield(none, err)
	}
}

// atMost ends a list early; 0 does not.
func atMost[T any](all iter.Seq2[T, error], most int) iter.Seq2[T, error] {
	if most <= 0 {
		return all
	}
	return func(yield func(T, error) bool) {
		n := 0
		for item, err := range all {
			if n++; !yield(item, err) || n == most {
				return
			}
		}
	}
}

func printJSON[T any](out io.Writer, all iter.Seq2[T, error]) error {
	separator := "["
	err := forEach(all, func(item *T) error {
		text, err := json.MarshalIndent(item, "  ", "  ")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%s\n  %s", separator, text)
		separator = ","
		return err
	})
	if err != nil {
		return err
	}
	if separator == "[" {
		_, err = fmt.Fprintln(out, "[]")
	} else {
		_, err = fmt.Fprintln(out, "\n]")
	}
	return err
}

func printCSV[T any](out io.Writer, v view[T], all iter.Seq2[T, error]) error {
	w := csv.NewWriter(out)
	if err := w.Write(v.names()); err != nil {
		return err
	}
	if err := forEach(all, func(item *T) error { return w.Write(v.row(item, plain)) }); err != nil {
		return err
	}
	w.Flush()
	return w.Error()
}

func printTable[T any](out io.Writer, v view[T], all iter.Seq2[T, error]) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if _, err := fmt.Fprintln(w, strings.ToUpper(strings.Join(v.names(), "\t"))); err != nil {
		return err
	}
	rows := 0
	err := forEach(all, func(item *T) error {
		if rows++; rows%rowsAtOnce == 0 {
			if err := w.Flush(); err != nil {
				return err
			}
		}
		_, err := fmt.Fprintln(w, strings.Join(v.row(item, shown), "\t"))
		return err
	})
	if err != nil {
		return err
	}
	return w.Flush()
}

// printOne prints one object; a table has a line for each property.
func printOne[T any](a *app, v view[T], item T) error {
	if a.options.quiet {
		_, err := fmt.Fprintln(a.Out, v.id(&item))
		return err
	}
	switch a.options.output {
	case formatJSON:
		text, err := json.MarshalIndent(item, "", "  ")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.Out, "%s\n", text)
		return err
	case formatYAML:
		return writeYAML(a.Out, item)
	case formatCSV:
		return printCSV(a.Out, v, each([]T{item}))
	}
	w := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
	for _, c := range v.columns {
		if _, err := fmt.Fprintf(w, "%s\t%s\n", strings.ToUpper(c.name), shown(c.of(&item))); err != nil {
			return err
		}
	}
	return w.Flush()
}

// writeYAML writes what JSON would have, in the same order.
func writeYAML(out io.Writer, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil { // JSON is YAML
		return err
	}
	block(&document)
	text, err = yaml.Marshal(&document)
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}

// block makes YAML of one line per value of JSON.
func block(n *yaml.Node) {
	n.Style = 0
	for _, inside := range n.Content {
		block(inside)
	}
}

// shown is a value as people read it: on one line, without what moves the cursor.
func shown(v any) string {
	text := plain(v)
	if text == "" {
		return "-"
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// plain is a value as programs read it.
func plain(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case *string:
		if v != nil {
			return *v
		}
	case bool:
		return strconv.FormatBool(v)
	case time.Time:
		if !v.IsZero() {
			return v.UTC().Format(time.RFC3339)
		}
	case *time.Time:
		if v != nil {
			return plain(*v)
		}
	case []string:
		return strings.Join(v, " ")
	case *client.Rule:
		if v != nil {
			return ruleText(*v)
		}
	case *client.Quota:
		if v != nil {
			return fmt.Sprintf("%d/%s", v.Requests, v.Per)
		}
	case *client.Duration:
		if v != nil {
			return v.String()
		}
	default:
		return fmt.Sprint(v)
	}
	return ""
}

func ruleText(r client.Rule) string {
	if r.Burst == 0 || r.Burst == r.Requests {
		return fmt.Sprintf("%d/%s", r.Requests, r.Per)
	}
	return fmt.Sprintf("%d/%s:%d", r.Requests, r.Per, r.Burst)
}
