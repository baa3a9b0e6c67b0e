package web

import (
	"cmp"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// mostOwners bounds the members that a form lists. If there are more, the reader
// types an id.
const mostOwners = 200

// ownerChoice is the choice of a service account's owner: nobody, or a member of
// the organization.
type ownerChoice struct {
	Options []option // none if there are too many to list
	Chosen  string   // id of a user, "" for nobody
}

// owners lists the members of the organization, except one. The list includes the
// chosen owner even if they have left.
func (p *site) owners(c *gin.Context, organizationID, chosen, except string) (out ownerChoice, err error) {
	ctx, who := c.Request.Context(), principal(c)
	out.Chosen = chosen
	members, err := p.People.Members.List(ctx, who, organizationID, keys.Page{Limit: mostOwners + 1})
	if err != nil || len(members) > mostOwners {
		return out, err
	}
	out.Options = []option{{"", p.say(c, "account.nobody")}}
	known := chosen == ""
	for _, m := range members {
		if m.UserID == except {
			continue
		}
		u, err := p.People.Members.UserOf(ctx, who, m)
		if err != nil {
			return out, err
		}
		known = known || u.ID == chosen
		out.Options = append(out.Options, option{u.ID, nameAndAddress(&u)})
	}
	if !known {
		out.Options = append(out.Options, option{chosen, p.say(c, "account.owner_left")})
	}
	return out, nil
}

// nameAndAddress distinguishes users with the same name.
func nameAndAddress(u *auth.User) string {
	if u.Name == "" || u.Email == "" {
		return cmp.Or(u.Name, u.Email, u.ID)
	}
	return u.Name + ", " + u.Email
}

// memberName returns a user's name if the reader may see the organization's
// members. It is "" for nobody.
func (p *site) memberName(c *gin.Context, organizationID, userID string) (string, error) {
	ctx, who := c.Request.Context(), principal(c)
	if userID == "" || !who.May(keys.ReadMembers, organizationID) {
		return userID, nil
	}
	m, err := p.People.Members.Get(ctx, who, organizationID, userID)
	if errs.KindOf(err) == errs.NotFound {
		return p.say(c, "account.owner_left"), nil
	}
	if err != nil {
		return "", err
	}
	u, err := p.People.Members.UserOf(ctx, who, m)
	return cmp.Or(u.Name, u.Email), err
}

// owned lists what a departing member owns, and who may take it over.
type owned struct {
	Accounts    []keys.ServiceAccount // the newest
	More        bool
	Heirs       ownerChoice
	MayHandOver bool
}

func (p *site) ownedBy(c *gin.Context, organizationID, userID, heir string) (out owned, err error) {
	ctx, who := c.Request.Context(), principal(c)
	out.Accounts, err = p.Keys.Accounts(ctx, who, organizationID, keys.AccountFilter{OwnerID: userID}, keys.Page{Limit: pageSize + 1})
	if err != nil || len(out.Accounts) == 0 {
		return out, err
	}
	if len(out.Accounts) > pageSize {
		out.Accounts, out.More = out.Accounts[:pageSize], true
	}
	if out.MayHandOver = who.May(keys.WriteAccounts, organizationID); out.MayHandOver {
		out.Heirs, err = p.owners(c, organizationID, heir, userID)
	}
	return out, err
}

// removeWithHeir ends a membership after giving what the member owns to the heir,
// if one is chosen. It changes nothing if either step would be refused.
func (p *site) removeWithHeir(c *gin.Context, organizationID, userID, heir string) error {
	ctx, who := c.Request.Context(), principal(c)
	if heir != "" {
		if err := p.People.Members.CheckRemoval(ctx, who, organizationID, userID); err != nil {
			return err
		}
		if _, err := p.Keys.HandOver(ctx, who, organizationID, userID, heir); err != nil {
			return err
		}
	}
	return p.People.Members.Remove(ctx, who, organizationID, userID, keys.AnyRevision)
}
