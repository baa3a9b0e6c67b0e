package usage

import "time"

// row is what was counted of one subject in one minute.
type row struct {
	Subject
	minute int64 // Unix time of its beginning
	counts [MaxOutcomes]uint32
	scopes []scopeCount // each once
}

type scopeCount struct {
	name string
	n    uint64
}

type rowKey struct {
	keyID          string
	organizationID string
	minute         int64
}

func (w *row) key() rowKey { return rowKey{w.KeyID, w.OrganizationID, w.minute} }

// addScope adds to the scope's count; a key is asked for few.
func (w *row) addScope(name string, n uint64) {
	for i := range w.scopes {
		if w.scopes[i].name == name {
			w.scopes[i].n += n
			return
		}
	}
	w.scopes = append(w.scopes, scopeCount{name, n})
}

// merge adds the row to the one of its key, or puts it there.
func merge(into map[rowKey]*row, w *row) {
	there := into[w.key()]
	if there == nil {
		into[w.key()] = w
		return
	}
	for i, n := range w.counts {
		there.counts[i] += n
	}
	for _, s := range w.scopes {
		there.addScope(s.name, s.n)
	}
}

// pagesOf turns rows into what is added to the store: each counts for its key,
// account and organization, by minute, hour and day, and for the scopes that
// were asked for by day.
func pagesOf(rows []*row, oldest time.Time) []Page {
	p := paging{pages: map[pageKey]int{}}
	for _, w := range rows {
		at := time.Unix(w.minute, 0).UTC()
		if at.Before(oldest) {
			at = oldest
		}
		var counts Counts
		counts.add(&w.counts)
		for _, level := range []Level{Minutes, Hours, Days} {
			if w.KeyID != "" {
				p.add(Page{Kind: OfKey, Level: level, Subject: w.Subject}, at, &counts)
				p.add(Page{Kind: OfAccount, Level: level, Subject: Subject{AccountID: w.AccountID, OrganizationID: w.OrganizationID}}, at, &counts)
			}
			p.add(Page{Kind: OfOrganization, Level: level, Subject: Subject{OrganizationID: w.OrganizationID}}, at, &counts)
		}
		for _, scope := range w.scopes {
			p.add(Page{Kind: OfScope, Level: Days, Subject: w.Subject, Scope: scope.name}, at, &Counts{Allowed: scope.n})
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

// paging gathers the cells of each page.
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
