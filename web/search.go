package web

import (
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
)

// searched matches the lists that can be searched.
var searched = regexp.MustCompile(`^/(keys|service-accounts|organizations/org_[0-9a-f]{32}/audit|provider/organizations|provider/users)$`)

// search handles the search box of a list. A key typed into it must not get into
// a URL, which histories, proxies and logs keep: search looks it up by its hash
// and shows its page.
func (p *keyPages) search(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	list := values.Get("list")
	if !searched.MatchString(list) {
		return errs.New(errs.NotFound, "no_search_list")
	}
	values.Del("list")
	values.Del(auth.CSRFField)
	for name, typed := range values {
		if key := p.Format.Within(strings.Join(typed, " ")); key != "" {
			return p.toKey(c, key)
		}
		if values.Get(name) == "" {
			values.Del(name)
		}
	}
	if len(values) > 0 {
		list += "?" + values.Encode()
	}
	c.Redirect(http.StatusSeeOther, list)
	return nil
}

// toKey shows the page of the key with this text, or says that no key has it.
func (p *keyPages) toKey(c *gin.Context, text string) error {
	k, err := p.Keys.KeyOf(c.Request.Context(), principal(c), text)
	switch {
	case errors.Is(err, errs.NotFound):
		c.Redirect(http.StatusSeeOther, "/keys?done=no_such_key")
	case errors.Is(err, errs.Invalid):
		c.Redirect(http.StatusSeeOther, "/keys?done=no_whole_key")
	case err != nil:
		return err
	default:
		c.Redirect(http.StatusSeeOther, "/keys/"+k.ID)
	}
	return nil
}
