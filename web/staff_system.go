package web

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth/signing"
)

// System is the state of the service as the server reports it.
type System struct {
	Version  string
	Started  time.Time
	Facts    []SystemFact // of the node that answers
	Nodes    []SystemNode
	Keys     []signing.Key
	Settings []SystemSetting
	Now      time.Time
}

// SystemFact is one line about the node that answers. Name is the name of its
// label in the catalogue, under "system".
type SystemFact struct {
	Name  string
	Value string // the same in every language
	Text  string // or the name of a text under "system"
	Bad   bool
}

// SystemNode is one node of the service.
type SystemNode struct {
	ID, Name, Version string
	Started, LastPoll time.Time
	Fresh, Self       bool
}

// SystemSetting is a setting in force. Value is empty if the setting is secret.
type SystemSetting struct {
	Variable, Value, Meaning string
	Secret, Given            bool // Given: set, not the default
}

// Lag returns how long ago the node last knew of all changes.
func (n *SystemNode) Lag(now time.Time) time.Duration {
	return max(0, now.Sub(n.LastPoll)).Truncate(time.Millisecond)
}

func (p *staffPages) showSystem(c *gin.Context) error { return p.systemView(c, http.StatusOK, nil) }

func (p *staffPages) systemView(c *gin.Context, status int, wrong faults) error {
	out, err := p.Staff.System(c.Request.Context())
	if err != nil {
		return err
	}
	return p.show(c, status, "staff-system", view{
		Title: p.say(c, "system.title"), Faults: wrong,
		Notice: p.say(c, "staff.done_"+c.Query("done")),
		Data:   &out,
	})
}

func (p *staffPages) rotateSigningKey(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	if values.Get("sure") != "yes" {
		return p.systemView(c, http.StatusUnprocessableEntity, faults{"sure": p.say(c, "staff.sure")})
	}
	if err := p.Staff.RotateSigningKey(c.Request.Context()); err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, "/provider/system?done=rotated")
	return nil
}

// Signer returns the id of the key that signs now, or "" if there is none. Keys
// must be in order, newest first.
func (s *System) Signer() string {
	for i := range s.Keys {
		if k := &s.Keys[i]; !k.ActiveAt.After(s.Now) && k.RetireAt.After(s.Now) {
			return k.ID
		}
	}
	return ""
}
