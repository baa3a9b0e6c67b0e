package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/idempotency"
)

// resource reads, creates, changes and deletes one kind of object: T with the
// fields F in the domain, W with the settings S on the wire.
type resource[T, F, W, S any] struct {
	get    func(*gin.Context) (T, error)
	change func(c *gin.Context, revision int64, edit func(F) (F, error)) (T, error)
	remove func(c *gin.Context, revision int64) error

	path     func(*T) string
	revision func(*T) int64
	out      func(*T) W
	settings func(F) S
	fields   func(S) F
}

func (r resource[T, F, W, S]) getObject(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	object, err := r.get(c)
	return r.answer(c, object, err)
}

// patchObject handles PATCH and PUT; PUT replaces the settings.
func (r resource[T, F, W, S]) patchObject(c *gin.Context) error {
	at, err := revision(c)
	if err != nil {
		return err
	}
	change, err := merge[S](c)
	if err != nil {
		return err
	}
	object, err := r.change(c, at, edit(change, r.settings, r.fields))
	return r.answer(c, object, err)
}

func (r resource[T, F, W, S]) deleteObject(c *gin.Context) error {
	at, err := condition(c)
	if err != nil {
		return err
	}
	return deleted(c, r.remove(c, at))
}

// create binds the body to in and makes the object.
func (r resource[T, F, W, S]) create(c *gin.Context, keeper *idempotency.Keeper, in any, o object[T]) error {
	body, err := bind(c, in)
	if err != nil {
		return err
	}
	made, err := once(keeper, c, body, o)
	if err != nil {
		return err
	}
	return created(c, r.path(&made), r.revision(&made), r.out(&made))
}

// answer shows the object after an action, or returns the action's error.
func (r resource[T, F, W, S]) answer(c *gin.Context, object T, err error) error {
	if err != nil {
		return err
	}
	return show(c, http.StatusOK, r.revision(&object), r.out(&object))
}
