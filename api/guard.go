package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/access"
	"gnista/charging"
	"gnista/fault"
	"gnista/station"
	"gnista/token"
)

// right is what somebody must be allowed to do for an operation.
type right struct {
	Verb access.Verb
	Area access.Area
}

// areas are the parts of the system that the operations with a tag are of.
var areas = map[string]access.Area{
	"Stations": access.Stations, "Commands": access.Stations, "Settings": access.Stations, "Firmware": access.Stations, "Logs": access.Stations, "Checks": access.Stations,
	"Campaigns": access.Stations, "Security": access.Stations, "Sites": access.Stations, "Events": access.Stations,
	"Power":        access.Power,
	"Transactions": access.Charging, "Reservations": access.Charging, "Drivers": access.Charging,
	"Faults": access.Faults, "Remedies": access.Faults, "Uptime": access.Faults,
	"Tokens": access.Customers, "Customers": access.Customers, "Accounts": access.Customers,
	"Tariffs": access.Tariffs,
	"Billing": access.Money, "Invoices": access.Money, "Ledger": access.Money, "Payments": access.Money, "Reconciliation": access.Money,
	"Certificates": access.Setup, "Alerts": access.Setup,
	"Users": access.Users, "Audit": access.Audit,
}

// rights are those of operations that their method and tag do not tell.
var rights = map[string]right{
	"quote-tariff": {access.See, access.Tariffs}, "quote-station": {access.See, access.Tariffs}, "check-tariff": {access.See, access.Tariffs},
	"simulate-transaction": {access.See, access.Tariffs}, "simulate-tariff": {access.See, access.Tariffs},
	"create-checkout": {access.Act, access.Charging}, "cancel-checkout": {access.Act, access.Charging}, "list-checkouts": {access.See, access.Charging}, "get-checkout": {access.See, access.Charging},
	"decide-transaction": {access.Change, access.Money},
}

// acting are the tags of which a POST influences what goes on.
var acting = []string{"Commands", "Faults", "Remedies"}

// everybody are the operations for which it is enough to have signed in.
var everybody = []string{"get-me", "change-my-password", "list-my-sessions", "end-my-session"}

// rightOf is what somebody must be allowed to do for an operation. ok is false where nobody has said.
func rightOf(op *huma.Operation) (r right, ok bool) {
	if r, ok := rights[op.OperationID]; ok {
		return r, true
	}
	for _, tag := range op.Tags {
		if r.Area, ok = areas[tag]; ok {
			break
		}
	}
	r.Verb = access.Change
	if op.Method == http.MethodGet {
		r.Verb = access.See
	} else if op.Method == http.MethodPost && slices.ContainsFunc(op.Tags, func(tag string) bool { return slices.Contains(acting, tag) }) {
		r.Verb = access.Act
	}
	return r, ok
}

// guardedOp is an operation as a request is recognised as one.
type guardedOp struct {
	right
	id       string
	template []string // segments of the path
	query    []string // names of what it reads of the query
	free     bool     // everybody who has signed in may
}

// operations are those of the API that need somebody, by the pattern of the mux. The description of each tells what
// must be allowed, as x-right.
func operations(api huma.API) map[string]guardedOp {
	all := map[string]guardedOp{}
	for path, item := range api.OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Get, item.Put, item.Post, item.Delete, item.Patch} {
			if op == nil || len(op.Security) == 0 {
				continue
			}
			r, told := rightOf(op)
			if free := slices.Contains(everybody, op.OperationID); told || free {
				op.Extensions = maps.Clone(op.Extensions)
				if op.Extensions == nil {
					op.Extensions = map[string]any{}
				}
				op.Extensions["x-right"] = string(r.Verb) + " " + string(r.Area)
				if free {
					op.Extensions["x-right"] = "signed in"
				}
			}
			var query []string
			for _, p := range op.Parameters {
				if p.In == "query" {
					query = append(query, p.Name)
				}
			}
			all[op.Method+" "+path] = guardedOp{r, op.OperationID, strings.Split(path, "/"), query, slices.Contains(everybody, op.OperationID)}
		}
	}
	return all
}

// value is the part of a path that stands for a name in the template.
func (op guardedOp) value(r *http.Request, name string) string {
	parts := strings.Split(r.URL.EscapedPath(), "/")
	for i, t := range op.template {
		if t == "{"+name+"}" && i < len(parts) {
			v, _ := url.PathUnescape(parts[i])
			return v
		}
	}
	return ""
}

// guarded lets operations be done by who may, and writes down what is changed.
func (s *Server) guarded(mux *http.ServeMux, api huma.API) http.Handler {
	all := operations(api)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, pattern := mux.Handler(r)
		op, ok := all[pattern]
		if !ok {
			mux.ServeHTTP(w, r)
			return
		}
		actor := actorOf(r.Context())
		at, err := s.place(r, op)
		if err != nil {
			s.Log.Error("it could not be found out where an operation is", "operation", op.id, "err", err)
			problem(w, http.StatusInternalServerError, "an internal error; the log has more")
			return
		}
		if !op.free && !actor.Can(op.Verb, op.Area, "") && !actor.Can(op.Verb, op.Area, at.site) {
			problem(w, http.StatusForbidden, s.forbidden(actor, op))
			return
		}
		if r.Method == http.MethodGet {
			mux.ServeHTTP(w, r)
			return
		}
		s.recorded(w, r, op, actor, at, mux)
	})
}

// forbidden says what is missing.
func (s *Server) forbidden(a access.Actor, op guardedOp) string {
	if sites, all := a.Sites(op.Verb, op.Area); !all && len(sites) > 0 {
		return fmt.Sprintf("%s is allowed to %s %s at some sites only: name one of them, or one of its stations", a.Name, op.Verb, op.Area)
	}
	return fmt.Sprintf("%s is not allowed to %s %s", a.Name, op.Verb, op.Area)
}

// place is where an operation is.
type place struct {
	station gnista.StationID
	site    string
}

// asked is what the query of a request says where the operation reads that: what it does not read limits nothing.
func (op guardedOp) asked(r *http.Request, name string) string {
	if !slices.Contains(op.query, name) {
		return ""
	}
	return r.URL.Query().Get(name)
}

// place finds out where an operation is: at the site or station that its path or query names, or that the
// transaction, fault or incident is of that it names.
func (s *Server) place(r *http.Request, op guardedOp) (p place, err error) {
	id := op.value(r, "id")
	p.station, p.site = gnista.StationID(op.value(r, "station")), op.value(r, "site")
	switch first := op.template[3]; {
	case p.station != "" || p.site != "":
	case first == "sites":
		p.site = id
	case first == "transactions" && id != "":
		var t charging.Transaction
		t, err = s.Transactions.Store.Transaction(r.Context(), id)
		p.station = t.Station
	case first == "faults" && id != "":
		var f fault.Fault
		f, err = s.Faults.Store.Fault(r.Context(), id)
		p.station, p.site = f.Station, f.Site
	case first == "incidents" && id != "":
		var i fault.Incident
		i, err = s.Faults.Incidents.Incident(r.Context(), id)
		p.station, p.site = i.Station, i.Site
	default:
		p.station, p.site = gnista.StationID(op.asked(r, "station")), op.asked(r, "site")
	}
	if err == nil && p.station != "" {
		var x station.Station
		x, err = s.Network.Store.Station(r.Context(), p.station)
		p.site = x.Site // whatever else is said of it
	}
	if gnista.CodeOf(err) == gnista.NotFound {
		err = nil
	}
	return p, err
}

const (
	maxAudited = 64 << 10 // bytes of what was asked for that are looked at
	maxInput   = 4000     // characters of it that are kept
	maxReason  = 500
)

// recorded does an operation between two lines of the trail: what was asked for, and what came of it.
func (s *Server) recorded(w http.ResponseWriter, r *http.Request, op guardedOp, a access.Actor, at place, next http.Handler) {
	reason := r.Header.Get("X-Reason")
	if text, err := url.PathUnescape(reason); err == nil {
		reason = text
	}
	e := access.Entry{
		At: s.Now(), User: a.ID, Name: a.Name, Action: op.id, Station: at.station, Site: at.site, Path: shorten(r.URL.Path, maxReason), Reason: shorten(reason, maxReason),
		Stage: access.Asked, Remote: s.client(r),
	}
	head, err := io.ReadAll(io.LimitReader(r.Body, maxAudited))
	if err != nil {
		problem(w, http.StatusBadRequest, "the body could not be read")
		return
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), r.Body), r.Body}
	e.Input = input(head)
	asked, err := s.Trail.AddAuditEntry(r.Context(), e)
	if err != nil { // nothing is changed that is not written down
		s.Log.Error("the trail of changes could not be written, so nothing is changed", "operation", op.id, "err", err)
		problem(w, http.StatusInternalServerError, "an internal error; the log has more")
		return
	}
	c := &counting{ResponseWriter: w}
	defer func() {
		e.At, e.Stage, e.Status, e.Of, e.Input, e.Reason = s.Now(), access.Result, c.code(), asked.Seq, "", ""
		if _, err := s.Trail.AddAuditEntry(context.WithoutCancel(r.Context()), e); err != nil {
			s.Log.Error("what came of a change could not be written down", "operation", op.id, "line", asked.Seq, "err", err)
		}
	}()
	next.ServeHTTP(c, r)
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

// input is what was asked for as it is kept: JSON without secrets, with UIDs masked; of anything else how much it was.
func input(body []byte) string {
	if len(body) == 0 {
		return ""
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return fmt.Sprintf("%d bytes or more that are no JSON", len(body))
	}
	text, err := json.Marshal(hide("", v))
	if err != nil {
		return ""
	}
	return shorten(string(text), maxInput)
}

// hide takes out of a value what nobody is to read.
func hide(key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			v[k] = hide(k, x)
		}
		return v
	case []any:
		for i, x := range v {
			v[i] = hide(key, x)
		}
		return v
	case string:
		k := strings.ToLower(key)
		for _, secret := range []string{"password", "secret", "pin", "key", "auth", "p256dh", "csr"} {
			if strings.Contains(k, secret) {
				return "…"
			}
		}
		if k == "uid" || k == "token" || k == "idtag" || k == "idtoken" {
			return token.Mask(v)
		}
	}
	return v
}

func shorten(s string, most int) string {
	if r := []rune(strings.ToValidUTF8(s, "\uFFFD")); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// actorKey is that of who makes a request, in its context.
type actorKey struct{}

// sessionKey is that of the id of the session by which they have signed in, likewise.
type sessionKey struct{}

// sessionOf is the id of the session of a request; empty where there is none.
func sessionOf(ctx context.Context) string {
	id, _ := ctx.Value(sessionKey{}).(string)
	return id
}

// actorOf is who makes a request; nobody without rights where that is not known.
func actorOf(ctx context.Context) access.Actor {
	a, _ := ctx.Value(actorKey{}).(access.Actor)
	return a
}

// whoDoes is by whom something is done: the user who has signed in, or else, as with the admin token, whom the request
// names.
func whoDoes(ctx context.Context, named string) string {
	if a := actorOf(ctx); a.ID != "" {
		return a.Name
	}
	return named
}
