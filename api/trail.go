package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/access"
	"gnista/station"
	"gnista/token"
)

type auditView struct {
	Seq     int64            `json:"seq" doc:"1, 2, … without gaps"`
	At      time.Time        `json:"at"`
	User    string           `json:"user,omitempty" doc:"Id; absent for the admin token, and for this machine where there are no users"`
	Name    string           `json:"name" doc:"Of who did it"`
	Action  string           `json:"action" doc:"The operation, as it is called in the description of the API"`
	Station gnista.StationID `json:"station,omitempty"`
	Site    string           `json:"site,omitempty"`
	Path    string           `json:"path"`
	Input   string           `json:"input,omitempty" doc:"What was asked for, without secrets and shortened"`
	Reason  string           `json:"reason,omitempty" doc:"That was given: header X-Reason, percent-encoded"`
	Stage   access.Stage     `json:"stage" enum:"asked,result"`
	Status  int              `json:"status,omitempty" doc:"Of the answer"`
	Of      int64            `json:"of,omitempty" doc:"Of a result: the line of what was asked"`
	Remote  string           `json:"remote" doc:"Address"`
	Hash    string           `json:"hash" doc:"Of the line and the hash before, in hexadecimal"`
}

func showAudit(e access.Entry) auditView {
	return auditView{e.Seq, e.At, e.User, e.Name, e.Action, e.Station, e.Site, e.Path, e.Input, e.Reason, e.Stage, e.Status, e.Of, e.Remote, e.Hash}
}

func (s *Server) trail(api huma.API) {
	tags := []string{"Audit"}
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/audit", OperationID: "list-audit", Summary: "List who has changed what, the newest first", Tags: tags,
		Description: "Each change has a line before it is made and one for what came of it.",
	}, func(ctx context.Context, in *struct {
		Paging
		User    string           `query:"user" doc:"Id"`
		Action  string           `query:"action"`
		Station gnista.StationID `query:"station"`
		Site    string           `query:"site"`
	}) (*body[page[auditView]], error) {
		below, err := in.below()
		if err != nil {
			return nil, err
		}
		list, err := s.Trail.AuditEntries(ctx, access.AuditFilter{User: in.User, Action: in.Action, Station: in.Station, Site: in.Site, Before: below, Limit: in.Limit})
		return answer(turn(in.Paging, list, showAudit, func(e access.Entry) string { return strconv.FormatInt(e.Seq, 10) }), err)
	})
	type verdict struct {
		Lines  int64  `json:"lines" doc:"That are as they were written, from the first on"`
		Last   string `json:"last" doc:"Hash of the last of them: kept elsewhere, it shows later whether lines were cut off"`
		Intact bool   `json:"intact"`
		Detail string `json:"detail,omitempty" doc:"What is wrong"`
	}
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/audit/check", OperationID: "check-audit", Summary: "Go through the whole trail of changes", Tags: tags},
		func(ctx context.Context, _ *struct{}) (*body[verdict], error) {
			lines, last, err := access.Check(ctx, s.Trail)
			v := verdict{Lines: lines, Last: last, Intact: err == nil}
			if gnista.CodeOf(err) == gnista.Conflict && err != nil {
				v.Detail, err = err.Error(), nil
			}
			return answer(v, err)
		})
}

const (
	maxInput  = 4000 // characters of what was asked for that are kept
	maxReason = 500
)

// recorded does an operation between two lines of the trail: what was asked for, and what came of it.
func (s *Server) recorded(w http.ResponseWriter, r *http.Request, op guardedOp, a access.Actor, at place, head []byte, next http.Handler) {
	reason := r.Header.Get("X-Reason")
	if text, err := url.PathUnescape(reason); err == nil {
		reason = text
	}
	e := access.Entry{
		At: s.Now(), User: a.ID, Name: a.Name, Action: op.id, Station: at.station, Site: at.site, Path: shorten(op.shown(r), maxReason), Reason: shorten(reason, maxReason),
		Stage: access.Asked, Remote: s.client(r),
	}
	e.Input = input(head[:min(len(head), maxAudited)], op.Area)
	asked, err := s.Trail.AddAuditEntry(r.Context(), e)
	if err != nil && r.Context().Err() != nil { // whoever asks has gone, and nothing is changed
		return
	}
	if err != nil { // nothing is changed that is not written down
		s.Log.Error("the trail of changes could not be written, so nothing is changed", "operation", op.id, "err", err)
		problem(w, http.StatusInternalServerError, "an internal error; the log has more")
		return
	}
	c := &counting{ResponseWriter: w}
	done := false
	defer func() {
		if !done { // it panics
			c.status = http.StatusInternalServerError
		}
		e.At, e.Stage, e.Status, e.Of, e.Input, e.Reason = s.Now(), access.Result, c.code(), asked.Seq, "", ""
		if _, err := s.Trail.AddAuditEntry(context.WithoutCancel(r.Context()), e); err != nil {
			s.Log.Error("what came of a change could not be written down", "operation", op.id, "line", asked.Seq, "err", err)
		}
	}()
	next.ServeHTTP(c, r)
	done = true
}

// shown is the path of a request with UIDs masked.
func (op guardedOp) shown(r *http.Request) string {
	parts := strings.Split(r.URL.EscapedPath(), "/")
	for i, p := range parts {
		parts[i], _ = url.PathUnescape(p)
		if i < len(op.template) && op.template[i] == "{uid}" {
			parts[i] = token.Mask(parts[i])
		}
	}
	return strings.Join(parts, "/")
}

// counting knows the status of an answer.
type counting struct {
	http.ResponseWriter
	status int
}

func (c *counting) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
	c.ResponseWriter.WriteHeader(status)
}

// Unwrap lets the controller of the answer through.
func (c *counting) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (c *counting) code() int {
	if c.status == 0 {
		return http.StatusOK
	}
	return c.status
}

// input is what was asked for as it is kept: JSON without secrets, with UIDs masked, and without what tells who a
// customer is, which must be forgotten with them; of anything else how much it was.
func input(body []byte, in access.Area) string {
	if len(body) == 0 {
		return ""
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if d.Decode(&v) != nil {
		if len(body) == maxAudited {
			return fmt.Sprintf("%d bytes or more", len(body))
		}
		return fmt.Sprintf("%d bytes that are no JSON", len(body))
	}
	text, err := json.Marshal(hide("", v, in == access.Customers))
	if err != nil {
		return ""
	}
	return shorten(string(text), maxInput)
}

var (
	// secrets are in the names of what is never kept; a key beside a value is the name of a setting.
	secrets = []string{"password", "passphrase", "secret", "pin", "key", "auth", "p256dh", "csr"}
	uids    = []string{"uid", "token", "tokens", "idtag", "parentidtag", "idtoken", "additionalidtoken", "identifier"}
	// persons tell who a customer is.
	persons = []string{"name", "number", "vat", "email", "street", "postalcode", "city", "address", "reference", "endpoint"}
)

const hidden = "…"

// hide takes out of a value what nobody is to read.
func hide(key string, v any, customers bool) any {
	k := strings.ToLower(key)
	switch v := v.(type) {
	case map[string]any:
		setting := secretSetting(v)
		for name, x := range v {
			switch lower := strings.ToLower(name); {
			case setting && (lower == "value" || lower == "attributevalue"):
				v[name] = hidden
			case lower == "key" && v["value"] != nil:
			default:
				v[name] = hide(name, x, customers)
			}
		}
	case []any:
		for i, x := range v {
			v[i] = hide(key, x, customers)
		}
	case string:
		switch {
		case k == "old", k == "new", slices.ContainsFunc(secrets, func(s string) bool { return strings.Contains(k, s) }), customers && slices.Contains(persons, k):
			return hidden
		case slices.Contains(uids, k):
			return token.Mask(v)
		}
		if scheme, rest, ok := strings.Cut(v, "://"); ok { // who may use an address is in front of its host
			host, _, _ := strings.Cut(rest, "/")
			if at := strings.LastIndexByte(host, '@'); at >= 0 {
				return scheme + "://" + hidden + rest[at:]
			}
		}
	}
	return v
}

// secretSetting tells whether an object is a setting, of any version of OCPP or of ours, that is a password or a key.
func secretSetting(v map[string]any) bool {
	for _, x := range v {
		switch x := x.(type) {
		case string:
			if station.Secret(x) {
				return true
			}
		case map[string]any: // a variable of OCPP 2.x
			if name, _ := x["name"].(string); station.Secret(name) {
				return true
			}
		}
	}
	return false
}

func shorten(s string, most int) string {
	if r := []rune(strings.ToValidUTF8(s, "\uFFFD")); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
