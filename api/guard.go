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
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/access"
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
	"Certificates": access.Setup, "Alerts": access.Setup, "Server": access.Setup,
	"Users": access.Users, "Audit": access.Audit,
}

// rights are those of operations that their method and tag do not tell.
var rights = map[string]right{
	"quote-tariff": {access.See, access.Tariffs}, "quote-station": {access.See, access.Tariffs}, "check-tariff": {access.See, access.Tariffs},
	"quote-draft":          {access.See, access.Tariffs},
	"simulate-transaction": {access.See, access.Tariffs}, "simulate-tariff": {access.See, access.Tariffs},
	"create-checkout": {access.Act, access.Charging}, "cancel-checkout": {access.Act, access.Charging}, "list-checkouts": {access.See, access.Charging}, "get-checkout": {access.See, access.Charging},
	"decide-transaction": {access.Change, access.Money}, "get-customer-information": {access.See, access.Customers},
}

// inBody are the operations that the places which their body names are those of. For all others a body can only need
// more of who asks: what they do is where the path says.
var inBody = []string{"create-reservation", "create-checkout", "add-uptime-exclusion"}

// readings are what machines tell again and again: no change that somebody is asked about later, and too many.
var readings = []string{"read-site-meter"}

// acting are the tags of which a POST influences what goes on.
var acting = []string{"Commands", "Faults", "Remedies"}

// everybody are the operations for which it is enough to have signed in.
var everybody = []string{
	"get-me", "change-me", "change-my-password", "list-my-sessions", "end-my-session",
	"list-my-passkeys", "offer-my-passkey", "add-my-passkey", "rename-my-passkey", "remove-my-passkey",
}

// partial are lists that have, for who may see some sites only, what is there; no place has to be named.
var partial = []string{"list-stations", "count-stations", "list-station-kinds", "list-station-sites", "count-faults", "list-sites", "list-transactions", "list-faults", "export-faults", "list-incidents", "stream-events"}

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
	filters  []string // site and station, where a list can be asked for by them
	free     bool     // everybody who has signed in may
	silent   bool     // nothing is changed that somebody is asked about later
	partial  bool     // whoever asks gets what they may see
	mine     bool     // a driver does it to what is their own, and nobody else does
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
			if _, mine := op.Security[0][myScheme]; mine {
				op.Extensions = maps.Clone(op.Extensions)
				if op.Extensions == nil {
					op.Extensions = map[string]any{}
				}
				op.Extensions["x-right"] = "the driver's own"
				all[op.Method+" "+path] = guardedOp{id: op.OperationID, mine: true}
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
			g := guardedOp{right: r, id: op.OperationID, template: strings.Split(path, "/"), free: slices.Contains(everybody, op.OperationID)}
			g.partial = slices.Contains(partial, op.OperationID)
			g.silent = r.Verb == access.See || slices.Contains(readings, op.OperationID)
			for _, p := range op.Parameters {
				if op.Method == http.MethodGet && p.In == "query" && (p.Name == "site" || p.Name == "station") && !strings.Contains(path, "{") {
					g.filters = append(g.filters, p.Name)
				}
			}
			all[op.Method+" "+path] = g
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
		routed(r.Context(), pattern)
		op, ok := all[pattern]
		if !ok {
			mux.ServeHTTP(w, r)
			return
		}
		if of := driverOf(r.Context()).ID != ""; of || op.mine {
			if of && op.mine {
				mux.ServeHTTP(w, r)
			} else {
				problem(w, http.StatusForbidden, "drivers do what is under "+myAPI+", and nobody else does")
			}
			return
		}
		actor := actorOf(r.Context())
		everywhere := op.free || actor.Can(op.Verb, op.Area, "")
		if everywhere && op.silent {
			mux.ServeHTTP(w, r)
			return
		}
		most := maxAudited
		if !everywhere {
			most = maxScoped
		}
		head, err := begin(w, r, most)
		if err != nil {
			problem(w, http.StatusBadRequest, "the body could not be read")
			return
		}
		at, err := s.place(r, op, head)
		if err != nil && r.Context().Err() != nil {
			return // whoever asks has gone
		}
		if err != nil {
			s.Log.Error("it could not be found out where an operation is", "operation", op.id, "err", err)
			problem(w, http.StatusInternalServerError, "an internal error; the log has more")
			return
		}
		if !everywhere && !(op.partial && at.nowhere() && somewhere(actor, op)) && !at.within(actor, op, head) {
			problem(w, http.StatusForbidden, s.forbidden(actor, op))
			return
		}
		if op.silent {
			mux.ServeHTTP(w, r)
			return
		}
		s.recorded(w, r, op, actor, at, head, mux)
	})
}

const (
	maxAudited = 64 << 10 // bytes of what was asked for that are looked at
	maxScoped  = 1 << 20  // likewise, of who may not ask everywhere; no operation at one place takes more
)

// begin reads a body as far as it is looked at, and leaves all of it to be read.
func begin(w http.ResponseWriter, r *http.Request, most int) ([]byte, error) {
	c := http.NewResponseController(w)
	c.SetReadDeadline(time.Now().Add(uploadPause)) // where it cannot be set there is none
	defer c.SetReadDeadline(time.Time{})
	head, err := io.ReadAll(io.LimitReader(r.Body, int64(most)))
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), r.Body), r.Body}
	return head, err
}

// forbidden says what is missing.
func (s *Server) forbidden(a access.Actor, op guardedOp) string {
	if sites, all := a.Sites(op.Verb, op.Area); !all && len(sites) > 0 {
		return fmt.Sprintf("%s is allowed to %s %s at some sites only: name one of them, or one of its stations, and nothing elsewhere", a.Name, op.Verb, op.Area)
	}
	return fmt.Sprintf("%s is not allowed to %s %s", a.Name, op.Verb, op.Area)
}

// place is where an operation is.
type place struct {
	station gnista.StationID
	site    string
	sites   []string // all that somebody needs a right at who has none everywhere; one that is empty is no site's
}

// nowhere tells that no place is named.
func (p place) nowhere() bool { return len(p.sites) == 0 }

// somewhere tells whether somebody may do an operation at a site at least.
func somewhere(a access.Actor, op guardedOp) bool {
	sites, all := a.Sites(op.Verb, op.Area)
	return all || len(sites) > 0
}

// seen are the sites of which whoever asks may see what is of an area there; nil is all.
func seen(ctx context.Context, in access.Area) []string {
	sites, all := actorOf(ctx).Sites(access.See, in)
	if all {
		return nil
	}
	if sites == nil {
		sites = []string{}
	}
	return sites
}

// within tells whether somebody may do an operation at all the sites where it is. Where it is at none they may not, nor
// where its body is not known in whole.
func (p place) within(a access.Actor, op guardedOp, body []byte) bool {
	if len(p.sites) == 0 || len(body) >= maxScoped || len(body) > 0 && !json.Valid(body) {
		return false
	}
	return !slices.ContainsFunc(p.sites, func(site string) bool { return !a.Can(op.Verb, op.Area, site) })
}

// place finds out where an operation is: at the site or station that its path names, or where what the path names
// is; or, for a list, that it is asked for by. A body that names a place has an operation be there too.
func (s *Server) place(r *http.Request, op guardedOp, body []byte) (p place, err error) {
	ctx := r.Context()
	at := func(id gnista.StationID, site string) {
		if id != "" && err == nil {
			site, err = s.siteOf(ctx, id)
		}
		p.sites = append(p.sites, site)
		if p.station == "" && p.site == "" {
			p.station, p.site = id, site
		}
	}
	id := op.value(r, "id")
	switch find := s.finders()[op.template[3]]; {
	case op.value(r, "station") != "":
		at(gnista.StationID(op.value(r, "station")), "")
	case op.template[3] == "sites" && id != "":
		at("", id)
	case find != nil && id != "":
		station, site, failed := find(ctx, id)
		if failed != nil && gnista.CodeOf(failed) != gnista.NotFound {
			return p, failed
		}
		at(station, site)
	}
	q := r.URL.Query()
	for _, name := range op.filters {
		for _, v := range q[name] {
			if name == "site" && v != "" {
				at("", v)
			} else if v != "" {
				at(gnista.StationID(v), "")
			}
		}
	}
	if len(p.sites) > 0 || slices.Contains(inBody, op.id) {
		named(body, at)
	}
	return p, err
}

// siteOf is the site of a station; empty where it has none or is not known.
func (s *Server) siteOf(ctx context.Context, id gnista.StationID) (string, error) {
	x, err := s.Network.Store.Station(ctx, id)
	if err != nil && gnista.CodeOf(err) != gnista.NotFound {
		return "", err
	}
	return x.Site, nil
}

// uid is a UID as whoever asks may see it: its end only, for who may not see customers at the station.
func (s *Server) uid(ctx context.Context, id gnista.StationID, uid string) string {
	a := actorOf(ctx)
	if uid == "" || a.Can(access.See, access.Customers, "") {
		return uid
	}
	if sites, _ := a.Sites(access.See, access.Customers); len(sites) > 0 {
		if site, err := s.siteOf(ctx, id); err == nil && a.Can(access.See, access.Customers, site) {
			return uid
		}
	}
	return token.Mask(uid)
}

// finder finds the station or the site of what has an id. NotFound.
type finder func(ctx context.Context, id string) (gnista.StationID, string, error)

// finders are those of what paths name, by the first part of the path.
func (s *Server) finders() map[string]finder {
	return map[string]finder{
		"transactions": func(ctx context.Context, id string) (gnista.StationID, string, error) {
			x, err := s.Transactions.Store.Transaction(ctx, id)
			return x.Station, "", err
		},
		"reservations": func(ctx context.Context, id string) (gnista.StationID, string, error) {
			x, err := s.Transactions.Reservations.Reservation(ctx, id)
			return x.Station, "", err
		},
		"checkouts": func(ctx context.Context, id string) (gnista.StationID, string, error) {
			x, err := s.Desk.Store.Checkout(ctx, id)
			return x.Station, "", err
		},
		"commands": func(ctx context.Context, id string) (gnista.StationID, string, error) {
			x, err := s.Network.Commands.Command(ctx, id)
			return x.Station, "", err
		},
		"transfers": func(ctx context.Context, id string) (gnista.StationID, string, error) {
			x, err := s.Network.Transfers.Transfer(ctx, id)
			return x.Station, "", err
		},
		"faults": func(ctx context.Context, id string) (gnista.StationID, string, error) {
			x, err := s.Faults.Store.Fault(ctx, id)
			return x.Station, x.Site, err
		},
		"incidents": func(ctx context.Context, id string) (gnista.StationID, string, error) {
			x, err := s.Faults.Incidents.Incident(ctx, id)
			return x.Station, x.Site, err
		},
		"remedies": func(ctx context.Context, id string) (gnista.StationID, string, error) {
			x, err := s.Remedies.Store.Remedy(ctx, id)
			return x.Station, x.Site, err
		},
	}
}

// named tells of the stations and sites that a body names by itself. What is within is looked at by the operations
// that have it: the stations in the limits of a site are of that site.
func named(body []byte, at func(gnista.StationID, string)) {
	var top map[string]json.RawMessage
	if json.Unmarshal(body, &top) != nil {
		return
	}
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(top))) { // the station before the site
		var v string
		switch json.Unmarshal(top[name], &v); {
		case v == "":
		case strings.EqualFold(name, "site"):
			at("", v)
		case strings.EqualFold(name, "station"):
			at(gnista.StationID(v), "")
		}
	}
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
