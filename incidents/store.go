package incidents

import "github.com/latchkey/latchkey/keys"

// Store keeps incidents, newest first, and the pages of their keys, by
// id.
type Store interface {
	Incidents() keys.Collection[Incident, keys.NoFilter]
	IncidentPages() keys.Collection[Page, keys.NoFilter]
}
