package sqlite

import (
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/leaks"
)

// LeakReports returns the collection of reports that wait, oldest first.
func (s *records) LeakReports() keys.Collection[leaks.Report, keys.NoFilter] {
	return documents(s.engine, "leak_reports", false, func(r *leaks.Report) (string, *keys.Stamp) { return r.ID, &r.Stamp })
}

// Leaks returns the collection of leaks.
func (s *records) Leaks() keys.Collection[leaks.Leak, keys.NoFilter] {
	return documents(s.engine, "leaks", true, func(l *leaks.Leak) (string, *keys.Stamp) { return l.ID, &l.Stamp })
}

// Exposures returns the collection of exposures, by key.
func (s *records) Exposures() keys.Collection[leaks.Exposure, keys.NoFilter] {
	return documents(s.engine, "exposures", false, func(x *leaks.Exposure) (string, *keys.Stamp) { return x.ID, &x.Stamp })
}
