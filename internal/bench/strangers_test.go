package main

import (
	"slices"
	"testing"

	"github.com/gin-gonic/gin"
)

// TestStrangersAskEveryRoute: the table of what strangers cost is made from the
// routes that are served, whose handlers it never calls.
func TestStrangersAskEveryRoute(t *testing.T) {
	t.Parallel()
	all := strangerRoutes()
	for _, want := range []string{
		"GET /verify", "POST /verify", "POST /api/token", "PATCH /api/keys/:id", "POST /api/password/reset",
		"POST /login", "GET /docs",
	} {
		if !slices.ContainsFunc(all, func(r gin.RouteInfo) bool { return r.Method+" "+r.Path == want }) {
			t.Errorf("%s is not asked", want)
		}
	}
	for _, slow := range slowByNature {
		if !slices.ContainsFunc(all, func(r gin.RouteInfo) bool { return r.Method+" "+r.Path == slow }) {
			t.Errorf("%s, which may take its time, is no route", slow)
		}
	}
}
