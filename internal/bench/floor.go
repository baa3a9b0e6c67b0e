package main

import (
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/time/rate"
)

// floorAnswer has the size of Latchkey's answer to a valid key.
type floorAnswer struct {
	Valid       bool              `json:"valid"`
	Code        string            `json:"code"`
	KeyID       string            `json:"key_id"`
	Name        string            `json:"name"`
	Environment string            `json:"environment"`
	Account     map[string]string `json:"service_account"`
	OrgID       string            `json:"organization_id"`
	Tier        string            `json:"tier"`
	Scopes      []string          `json:"scopes"`
	ExpiresAt   *time.Time        `json:"expires_at"`
	Metadata    struct{}          `json:"metadata"`
	RateLimit   floorLimit        `json:"rate_limit"`
	Quota       floorLimit        `json:"quota"`
}

type floorLimit struct {
	Limit     int    `json:"limit"`
	Remaining int    `json:"remaining"`
	Reset     string `json:"reset_after"`
}

// floor does the minimum of a verification service: decode, hash, look up in a map, ask one
// limiter, encode. It has no rules, no store and no tenants.
type floor struct {
	known   map[[sha256.Size]byte]string
	limiter *rate.Limiter
}

func newFloor(secrets []string, redisAddress string) http.Handler {
	f := &floor{known: make(map[[sha256.Size]byte]string, len(secrets)), limiter: rate.NewLimiter(1e12, 1e9)}
	for _, s := range secrets {
		f.known[sha256.Sum256([]byte(s))] = "key_01a20bf73a6272e1a23eac79d9506291"
	}
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	if redisAddress != "" {
		engine.Use(counting(redisAddress))
	}
	engine.POST("/verify", f.post)
	engine.GET("/verify", f.get)
	return engine
}

func (f *floor) post(c *gin.Context) {
	var in struct {
		Key    string   `json:"key"`
		Scopes []string `json:"scopes"`
	}
	if err := json.NewDecoder(io.LimitReader(c.Request.Body, 1<<20)).Decode(&in); err != nil {
		c.Status(http.StatusBadRequest)
		return
	}
	f.answer(c, in.Key)
}

func (f *floor) get(c *gin.Context) { f.answer(c, c.GetHeader("X-API-Key")) }

func (f *floor) answer(c *gin.Context, key string) {
	id, known := f.known[sha256.Sum256([]byte(key))]
	if !known || !f.limiter.Allow() {
		c.Status(http.StatusUnauthorized)
		return
	}
	answer := floorAnswer{
		Valid: true, Code: "VALID", KeyID: id, Name: "benchmark key", Environment: "live",
		Account: map[string]string{"id": "sa_01a20bfc254874149c0899a4b59d351d", "name": "benchmark account", "external_id": "", "metadata": ""},
		OrgID:   "org_00000000000070008000000000000001", Tier: "benchmark", Scopes: []string{"invoices:read"},
		RateLimit: floorLimit{100, 99, "0.6s"}, Quota: floorLimit{100000, 99999, "2026-12-01T00:00:00Z"},
	}
	if c.Request.Method == http.MethodGet { // the holder of the key gets less
		answer.Name, answer.Account = "", nil
	}
	body, err := json.Marshal(answer)
	if err != nil {
		c.Status(http.StatusInternalServerError)
		return
	}
	c.Data(http.StatusOK, "application/json", body)
}
