package mongo

import (
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/reminders"
)

type reminder struct {
	ID      string `bson:"_id"` // the user's id
	Stamp   `bson:",inline"`
	Through *time.Time `bson:"through"`
	Off     bool       `bson:"off"`
}

// Reminders returns the collection of reminders sent to users, by user.
func (s *logs) Reminders() keys.Collection[reminders.Reminder, keys.NoFilter] {
	return &collection[reminders.Reminder, keys.NoFilter, reminder]{
		store: s.engine, name: "reminders", descending: true, where: func(keys.NoFilter) bson.D { return bson.D{} },
		identify: func(r *reminders.Reminder) (string, int64) { return r.UserID, r.Revision },
		encode: func(r *reminders.Reminder) reminder {
			return reminder{r.UserID, stampOf(&r.Stamp), timeOf(r.Through), r.Off}
		},
		decode: func(d *reminder) (reminders.Reminder, error) {
			return reminders.Reminder{Stamp: d.domain(), UserID: d.ID, Through: timeIn(d.Through), Off: d.Off}, nil
		},
	}
}
