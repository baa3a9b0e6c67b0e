package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"
	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/keys"
)

// calendarPages show which keys expire when, and serve calendar feeds.
type calendarPages struct{ *site }

func (p *calendarPages) mount(g *gin.RouterGroup) {
	g.GET("/calendar", p.member(p.showCalendar))
	g.POST("/calendar/feed", p.member(p.renewFeed))
	g.POST("/calendar/feed/end", p.member(p.endFeed))
	g.GET("/calendar/feed/:token", p.open(p.feed))
}

const mostExpiries = 300 // keys in the calendar and its feed

// calendarPage lists the keys that end, by month.
type calendarPage struct {
	Months []month
	Feed   bool   // the user has a feed address
	URL    string // of a new feed, shown only once
	Next   string // cursor of the next page, "" on the last
	Most   int64  // keys that a feed holds at most
}

type month struct {
	Name string
	Days []day
}

type day struct {
	At   time.Time
	Keys []keys.Key
}

// ending returns the keys with an end that the actor may see, earliest end first.
func (p *calendarPages) ending(c *gin.Context, who *auth.Principal, after string) (keys.Found, error) {
	q := keys.KeyQuery{ExpiringBefore: time.Now().AddDate(10, 0, 0), Order: keys.EndFirst}
	return p.Keys.FindKeys(c.Request.Context(), who, q, keys.Page{After: after, Limit: mostExpiries})
}

func (p *calendarPages) calendarView(c *gin.Context, token string) error {
	who := principal(c)
	found, err := p.ending(c, who, c.Query("after"))
	if err != nil {
		return err
	}
	out := calendarPage{Months: p.months(c, found.Keys), Next: found.Next, Most: mostExpiries}
	if out.Feed, err = p.People.Calendars.Has(c.Request.Context(), who); err != nil {
		return err
	}
	if token != "" {
		out.URL = p.BaseURL + "/calendar/feed/" + token + ".ics"
	}
	return p.show(c, http.StatusOK, "calendar", view{Title: p.say(c, "calendar.title"), Notice: p.say(c, "done."+c.Query("done")), Data: out})
}

// months groups keys, which are sorted by end, by month and day.
func (p *calendarPages) months(c *gin.Context, found []keys.Key) (all []month) {
	for _, k := range found {
		at := k.EndsAt()
		if name := p.with(c, "calendar.month", p.say(c, "month."+strconv.Itoa(int(at.Month()))), at.Year()); len(all) == 0 ||
			all[len(all)-1].Name != name {
			all = append(all, month{Name: name})
		}
		m := &all[len(all)-1]
		if date := at.Truncate(24 * time.Hour); len(m.Days) == 0 || !m.Days[len(m.Days)-1].At.Equal(date) {
			m.Days = append(m.Days, day{At: date})
		}
		d := &m.Days[len(m.Days)-1]
		d.Keys = append(d.Keys, k)
	}
	return all
}

func (p *calendarPages) showCalendar(c *gin.Context) error { return p.calendarView(c, "") }

func (p *calendarPages) renewFeed(c *gin.Context) error {
	if _, err := form(c); err != nil {
		return err
	}
	token, err := p.People.Calendars.Renew(c.Request.Context(), principal(c))
	if err != nil {
		return err
	}
	return p.calendarView(c, token)
}

func (p *calendarPages) endFeed(c *gin.Context) error {
	if _, err := form(c); err != nil {
		return err
	}
	if err := p.People.Calendars.End(c.Request.Context(), principal(c)); err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, "/calendar?done=feed_ended")
	return nil
}

// feed serves the calendar to programs that know its secret address.
func (p *calendarPages) feed(c *gin.Context) error {
	if err := p.throttle(c); err != nil {
		return err
	}
	token, _ := strings.CutSuffix(c.Param("token"), ".ics")
	who, err := p.People.Calendars.Holder(c.Request.Context(), token)
	if err != nil {
		return err
	}
	page, err := p.ending(c, who, "")
	if err != nil {
		return err
	}
	found := page.Keys
	cal := ics.NewCalendar()
	cal.SetMethod(ics.MethodPublish)
	say := languageOf(c, who)
	cal.SetProductId("-//Latchkey//Expiries//" + strings.ToUpper(say.Language()))
	cal.SetXWRCalName(say.Text("calendar.name"))
	for i := range found {
		k := &found[i]
		e := cal.AddEvent(k.ID + "@latchkey")
		e.SetDtStampTime(k.UpdatedAt)
		e.SetStartAt(k.EndsAt())
		e.SetEndAt(k.EndsAt())
		what, err := say.Say("calendar.event", k.Name)
		if err != nil {
			return err
		}
		e.SetSummary(what)
		e.SetDescription(k.Start + "…" + k.Last4)
		e.SetURL(p.BaseURL + "/keys/" + k.ID)
	}
	spoken(c, say)
	c.Data(http.StatusOK, "text/calendar; charset=utf-8", []byte(cal.Serialize()))
	return nil
}
