package api

import (
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
)

// route is one operation. It declares who may use it; the domain decides which
// objects they may see and change.
type route struct {
	method     string
	path       string
	permission auth.Permission
	handle     func(*gin.Context) error
	access     access
	body       any // example for the form on a page, nil without a body
}

// access says what happens before the route's permission is checked.
type access int

const (
	guarded  access = iota // the chain authenticates the caller
	open                   // no credential is read
	asClient               // as open; the handler charges the client, or else the address
	free                   // as open, without throttling
	partner                // as free, with a large body; the handler charges who cannot show who they are
)

// routes returns the operations of openapi.yaml except /verify.
func (a *API) routes() []route {
	return slices.Concat(
		[]route{{"GET", "/api", auth.AllowAny(), a.root, guarded, nil}},
		(&serviceHandlers{edge: a.Edge, build: a.Build, health: a.Health, metrics: a.Metrics}).routes(),
		(&nodeHandlers{nodes: a.Nodes}).routes(),
		(&auditHandlers{audit: a.Audit}).routes(),
		(&usageHandlers{keys: a.Keys, now: a.Now, reports: a.Usage}).routes(),
		(&tokenHandlers{chain: a.Chain, format: a.Format, jwt: a.JWT, people: a.People}).routes(),
		a.sessions().routes(),
		(&oauthHandlers{throttle: a.throttle, edge: a.Edge, ring: a.Ring, server: a.OAuth}).routes(),
		(&signUpHandlers{people: a.People}).routes(),
		(&profileHandlers{people: a.People}).routes(),
		(&userHandlers{idempotency: a.Idempotency, people: a.People}).routes(),
		(&memberHandlers{idempotency: a.Idempotency, people: a.People}).routes(),
		(&invitationHandlers{people: a.People}).routes(),
		(&organizationHandlers{idempotency: a.Idempotency, keys: a.Keys}).routes(),
		(&accountHandlers{idempotency: a.Idempotency, keys: a.Keys}).routes(),
		(&transferHandlers{transfers: a.Transfers}).routes(),
		(&certificateHandlers{certificates: a.Certificates}).routes(),
		(&keyHandlers{idempotency: a.Idempotency, keys: a.Keys, now: a.Now}).routes(),
		(&incidentHandlers{incidents: a.Incidents, now: a.Now}).routes(),
		(&leakHandlers{oauth: a.OAuth, carrier: a.carrier(), leaks: a.Leaks}).routes(),
		(&partnerHandlers{Partners: a.Partners, leaks: a.Leaks, throttle: a.throttle}).routes(),
		(&webhookHandlers{idempotency: a.Idempotency, now: a.Now, webhooks: a.Webhooks}).routes(),
		(&importHandlers{edge: a.Edge, exports: a.Exports, imports: a.Imports, most: a.MaxUpload}).routes(),
		(&tierHandlers{idempotency: a.Idempotency, keys: a.Keys}).routes(),
		(&scopeHandlers{idempotency: a.Idempotency, keys: a.Keys}).routes(),
	)
}

func (a *API) djangoRoutes() []route {
	h := &djangoHandlers{sessions: a.sessions(), chain: a.Chain, csrf: a.CSRF, format: a.Format, people: a.People}
	return h.routes()
}

func (a *API) sessions() *sessionHandlers {
	return &sessionHandlers{chain: a.Chain, csrf: a.CSRF, people: a.People}
}
