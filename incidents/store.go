package incidents

import "github.com/latchkey/latchkey/keys"

// Store stores incidents, newest first, and the pages of their keys, by id, together with
// the objects of package keys.
type Store interface {
	keys.Store
	Incidents() keys.Collection[Incident, keys.NoFilter]
	IncidentPages() keys.Collection[Page, keys.NoFilter]
}
