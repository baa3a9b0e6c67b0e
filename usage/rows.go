package usage

import "time"

// row is the count of one subject in one minute.
type row struct {
	Subject
	minute int64 // Unix time of its start
	counts [MaxOutcomes]uint32
	scopes []scopeCount // each scope once
}

type scopeCount struct {
	name string
	n    uint64
}

// addScope adds to the scope's count; a key has few requested scopes.
func (w *row) addScope(name string, n uint64) {
	for i := range w.scopes {
		if w.scopes[i].name == name {
			w.scopes[i].n += n
			return
		}
	}
	w.scopes = append(w.scopes, scopeCount{name, n})
}

// pagesOf turns rows into pages to add to the store. Each row counts for its key,
// account and organization by minute, hour and day, and for requested scopes by day.
func pagesOf(rows []*row, oldest time.Time) []Page {
	p := paging{pages: map[pageKey]int{}}
	for _, w := range rows {
		at := time.Unix(w.minute, 0).UTC()
		if at.Before(oldest) {
			at = oldest
		}
		var counts Counts
		counts.add(&w.counts)
		p.count(w.Subject, at, &counts, []Level{Minutes, Hours, Days})
		for _, scope := range w.scopes {
			p.add(Page{Kind: OfScope, Level: Days, Subject: w.Subject, Scope: scope.name}, at, &Counts{Allowed: scope.n})
		}
	}
	return p.list
}

// count adds the counts to the pages of the subject's key, account and organization.
func (p *paging) count(of Subject, at time.Time, counts *Counts, levels []Level) {
	for _, level := range levels {
		if of.KeyID != "" {
			p.add(Page{Kind: OfKey, Level: level, Subject: of}, at, counts)
			p.add(Page{Kind: OfAccount, Level: level, Subject: Subject{AccountID: of.AccountID, OrganizationID: of.OrganizationID}}, at, counts)
		}
		p.add(Page{Kind: OfOrganization, Level: level, Subject: Subject{OrganizationID: of.OrganizationID}}, at, counts)
	}
}

// Tally is the count of one subject at one time from a source other than a Meter.
type Tally struct {
	Subject
	At     time.Time         `json:"at"`
	Counts Counts            `json:"counts"` // indexed by outcome
	Scopes map[string]uint64 `json:"scopes"` // requests by granted scope
}

// PagesOf turns tallies into pages to add to the store. levels returns the levels at
// which tallies of a time are counted.
func PagesOf(tallies []Tally, levels func(at time.Time) []Level) []Page {
	p := paging{pages: map[pageKey]int{}}
	for i := range tallies {
		t := &tallies[i]
		at := t.At.UTC()
		p.count(t.Subject, at, &t.Counts, levels(at))
		for scope, n := range t.Scopes {
			p.add(Page{Kind: OfScope, Level: Days, Subject: t.Subject, Scope: scope}, at, &Counts{Allowed: n})
		}
	}
	return p.list
}

type pageKey struct {
	kind  Kind
	level Level
	owner string
	start int64
}

// paging collects the cells of each page.
type paging struct {
	pages map[pageKey]int
	list  []Page
}

func (p *paging) add(page Page, at time.Time, counts *Counts) {
	page.Start = page.Level.page(at)
	key := pageKey{page.Kind, page.Level, page.Owner(), page.Start.Unix()}
	i, found := p.pages[key]
	if !found {
		i = len(p.list)
		p.pages[key] = i
		page.Cells = map[Cell]uint64{}
		p.list = append(p.list, page)
	}
	slot := int(at.Sub(page.Start) / page.Level.Unit())
	for o, n := range counts {
		if n > 0 {
			p.list[i].Cells[cellOf(slot, Outcome(o))] += n
		}
	}
}
