package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// firstStart fills an empty store: catalogue, tiers, an organization and, last,
// the first admin. It returns the admin's password if it generated one. On a
// store with users it only completes the catalogue, and the rest if a command
// created a user before the first start. If nodes start at once, each object is
// still created only once.
func (a *app) firstStart(ctx context.Context) (password string, err error) {
	system := auth.System()
	some, err := a.People.Users.List(ctx, system, auth.UserFilter{}, keys.Page{Limit: 1})
	if err != nil {
		return "", fmt.Errorf("look for users: %w", err)
	}
	empty := len(some) == 0
	tiers, err := a.Keys.Tiers(ctx, keys.Page{Limit: 1}) // the default tier cannot be deleted
	if err != nil {
		return "", fmt.Errorf("look for tiers: %w", err)
	}
	if err := a.Keys.Seed(ctx, system, empty || len(tiers) == 0); err != nil {
		return "", err
	}
	if !empty {
		return "", nil
	}
	password = a.config.adminPassword
	if password == "" {
		password = rand.Text()
	}
	first, err := a.People.Users.Create(ctx, system, "", auth.UserFields{
		Email: a.config.adminEmail, Name: "Administrator",
		Password: password, IsAdmin: true,
	})
	if errors.Is(err, errs.Conflict) {
		return "", nil // another node created the admin and printed the password
	}
	if err != nil {
		return "", fmt.Errorf("make the first admin (LATCHKEY_ADMIN_EMAIL, LATCHKEY_ADMIN_PASSWORD): %w", err)
	}
	// Someone trying the service creates and owns the first accounts.
	_, err = a.People.Members.Add(ctx, system, keys.FirstOrganization, first.ID, auth.Owner)
	if err != nil && !errors.Is(err, errs.Conflict) && !errors.Is(err, errs.NotFound) {
		return "", fmt.Errorf("make the first admin an owner of the first organization: %w", err)
	}
	if a.config.adminPassword != "" {
		return "", nil
	}
	return password, nil
}
