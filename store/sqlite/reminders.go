package sqlite

import (
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/reminders"
)

// Reminders returns the collection of reminders sent to users, by user.
func (s *records) Reminders() keys.Collection[reminders.Reminder, keys.NoFilter] {
	return &table[reminders.Reminder, keys.NoFilter]{
		store: s.engine, name: "reminders", descending: true, where: func(keys.NoFilter) conditions { return conditions{} },
		columns:  names("id revision created_at updated_at through off"),
		identify: func(r *reminders.Reminder) (string, int64) { return r.UserID, r.Revision },
		values: func(r *reminders.Reminder) []any {
			return append(append([]any{r.UserID}, stampValues(&r.Stamp)...), putTime(r.Through), r.Off)
		},
		scan: func(row scanner, r *reminders.Reminder) error {
			return row.Scan(append(append([]any{&r.UserID}, stampColumns(&r.Stamp)...), timeColumn{&r.Through}, &r.Off)...)
		},
	}
}
