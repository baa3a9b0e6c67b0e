package incidents

import "github.com/latchkey/latchkey/keys"

// Store keeps incidents, newest first, and the pages of their keys, by id,
// beside the objects of package keys.
type Store interface {
	keys.Store
	Incidents() keys.Collection[Incident, keys.NoFilter]
	IncidentPages() keys.Collection[Page, keys.NoFilter]
}
