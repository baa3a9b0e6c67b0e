package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/strictjson"
	"github.com/latchkey/latchkey/internal/text"
	"github.com/latchkey/latchkey/leaks"
	"github.com/latchkey/latchkey/leaks/github"
)

// Partners are scanners of secrets that show who they are. Those without a value are
// off.
type Partners struct {
	GitHub      *github.Keys
	GitLabToken string
	Signed      *leaks.Signed
}

// partnerHandlers serve scanners of secrets. Whoever cannot show that they are one is
// charged like other wrong credentials.
type partnerHandlers struct {
	Partners
	leaks    *leaks.Service
	throttle func(*gin.Context, *auth.Principal) error
}

func (h *partnerHandlers) routes() []route {
	anybody := auth.AllowAny()
	return []route{
		{"POST", "/leaks/github", anybody, h.byGitHub, partner, nil},
		{"POST", "/leaks/signed", anybody, h.bySignature, partner, nil},
		{"GET", "/leaks/gitlab/v1/revocable_token_types", anybody, h.gitLabTypes, partner, nil},
		{"POST", "/leaks/gitlab/v1/revoke_tokens", anybody, h.byGitLab, partner, nil},
	}
}

const signatureHeader = "Latchkey-Signature"

var errPartnerOff = errs.New(errs.NotFound, "leak_source_off")

// refused charges the address for a wrong credential.
func (h *partnerHandlers) refused(c *gin.Context, err error) error {
	if errors.Is(err, errs.Unauthenticated) {
		return errors.Join(h.throttle(c, auth.Nobody()), err)
	}
	return err
}

// partnerBody reads a body that is checked as it was sent.
func partnerBody(c *gin.Context) ([]byte, error) {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return nil, err
	}
	return httpx.Body(c.Request, jsonType)
}

// gitHubMatch is one match of GitHub's. Members that GitHub adds are ignored.
type gitHubMatch struct {
	Token string `json:"token"`
	Type  string `json:"type"`
	URL   string `json:"url"`
}

// mostMatches bounds one message of a partner.
const mostMatches = 1000

func readMatches[T any](body []byte) (matches []T, err error) {
	if json.Unmarshal(body, &matches) != nil || matches == nil {
		return nil, errs.New(errs.Invalid, "report_not_matches")
	}
	if len(matches) > mostMatches {
		return nil, errs.New(errs.Invalid, "too_many_matches", "most", mostMatches)
	}
	return matches, nil
}

func (h *partnerHandlers) byGitHub(c *gin.Context) error {
	if h.GitHub == nil {
		return errPartnerOff
	}
	identifier, signature := c.GetHeader(github.IdentifierHeader), c.GetHeader(github.SignatureHeader)
	if err := github.Shaped(identifier, signature); err != nil {
		return h.refused(c, err)
	}
	body, err := partnerBody(c)
	if err != nil {
		return err
	}
	if err := h.GitHub.Check(c.Request.Context(), identifier, signature, body); err != nil {
		return h.refused(c, err)
	}
	matches, err := readMatches[gitHubMatch](body)
	if err != nil {
		return err
	}
	found := make([]leaks.Find, len(matches))
	for i := range matches {
		found[i] = leaks.Find{Text: matches[i].Token, URL: matches[i].URL}
	}
	begin, err := h.acceptAll(c, leaks.GitHub, found)
	if err != nil {
		return err
	}
	defer begin()
	known, err := h.leaks.Labels(c.Request.Context(), found)
	if err != nil {
		return err
	}
	out := make([]client.GitHubLabel, len(matches))
	for i := range matches {
		digest := sha256.Sum256([]byte(matches[i].Token))
		out[i] = client.GitHubLabel{TokenHash: hex.EncodeToString(digest[:]), TokenType: matches[i].Type, Label: "false_positive"}
		if known[i] {
			out[i].Label = "true_positive"
		}
	}
	return answer(c, http.StatusOK, out)
}

// fitting keeps the finds that could be keys, with places that can be stored: one odd
// match must not cost the others.
func fitting(found []leaks.Find) []leaks.Find {
	kept := make([]leaks.Find, 0, len(found))
	for _, one := range found {
		if len(one.Text) > leaks.MaxText || strings.ContainsRune(one.Text, 0) {
			continue
		}
		place := []rune(strings.ReplaceAll(one.URL, "\x00", ""))
		one.URL = string(place[:min(len(place), leaks.MaxURL)])
		kept = append(kept, one)
	}
	return kept
}

// acceptAll accepts what was found in as many reports as it needs. Some of them may have
// been accepted if it fails: the partner sends all again, which changes nothing twice.
func (h *partnerHandlers) acceptAll(c *gin.Context, source leaks.Source, found []leaks.Find) (begin func(), err error) {
	var all []func()
	begin = func() {
		for _, one := range all {
			one()
		}
	}
	for found = fitting(found); len(found) > 0; {
		n := min(len(found), leaks.MaxKeys)
		one, err := h.leaks.Accept(c.Request.Context(), leaks.Sighting{Source: source, Finds: found[:n:n]})
		if err != nil {
			begin()
			return nil, err
		}
		all, found = append(all, one), found[n:]
	}
	return begin, nil
}

func (h *partnerHandlers) bySignature(c *gin.Context) error {
	if h.Signed == nil {
		return errPartnerOff
	}
	header := c.GetHeader(signatureHeader)
	if err := h.Signed.Fresh(header); err != nil {
		return h.refused(c, err)
	}
	body, err := partnerBody(c)
	if err != nil {
		return err
	}
	if err := h.Signed.Check(header, body); err != nil {
		return h.refused(c, err)
	}
	var in client.LeakReport
	if err := strictjson.Decode(body, &in); err != nil {
		return err
	}
	text.Members(&in)
	s := leaks.Sighting{Source: leaks.Partner, Note: in.Note, Finds: finds(in.Keys, in.URL)}
	if err := s.Check(); err != nil {
		return err
	}
	if err := h.Signed.First(c.Request.Context(), header); err != nil {
		return err
	}
	return acceptLeak(c, h.leaks, s)
}

// mayGitLab checks GitLab's token, which it sends with or without a scheme.
func (h *partnerHandlers) mayGitLab(c *gin.Context) error {
	if h.GitLabToken == "" {
		return errPartnerOff
	}
	sent := c.GetHeader("Authorization")
	if scheme, token, ok := strings.Cut(sent, " "); ok && strings.EqualFold(scheme, "Bearer") {
		sent = token
	}
	one, other := sha256.Sum256([]byte(sent)), sha256.Sum256([]byte(h.GitLabToken))
	if subtle.ConstantTimeCompare(one[:], other[:]) != 1 {
		return h.refused(c, errs.WithCode(errs.Unauthenticated, "authentication_failed", "report_token_wrong"))
	}
	return nil
}

func (h *partnerHandlers) gitLabTypes(c *gin.Context) error {
	if err := h.mayGitLab(c); err != nil {
		return err
	}
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	return answer(c, http.StatusOK, client.GitLabTypes{Types: []string{leaks.GitLabType}})
}

// gitLabToken is one finding of GitLab's. Members that GitLab adds are ignored.
type gitLabToken struct {
	Type     string `json:"type"`
	Token    string `json:"token"`
	Location string `json:"location"`
}

func (h *partnerHandlers) byGitLab(c *gin.Context) error {
	if err := h.mayGitLab(c); err != nil {
		return err
	}
	body, err := partnerBody(c)
	if err != nil {
		return err
	}
	tokens, err := readMatches[gitLabToken](body)
	if err != nil {
		return err
	}
	found := make([]leaks.Find, len(tokens))
	for i := range tokens {
		if tokens[i].Type != leaks.GitLabType {
			return errs.BadField("type", "token_type_unknown", "type", leaks.GitLabType)
		}
		found[i] = leaks.Find{Text: tokens[i].Token, URL: tokens[i].Location}
	}
	begin, err := h.acceptAll(c, leaks.GitLab, found)
	if err != nil {
		return err
	}
	defer begin()
	c.Status(http.StatusNoContent)
	return nil
}
