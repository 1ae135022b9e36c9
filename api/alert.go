package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/fault"
	"gnista/fault/alert"
)

var alertTags = []string{"Alerts"}

// AlertPath is something of alerts in a path.
type AlertPath struct {
	ID string `path:"id" doc:"Its id"`
}

// alertSet is one kind of thing that an operator sets for alerts.
type alertSet[T any] struct {
	path, one string
	about     string // said of creating one
	list      func(ctx context.Context, after string, limit int) ([]T, error)
	find      func(ctx context.Context, id string) (T, error)
	add       func(ctx context.Context, v T) (T, error)
	change    func(ctx context.Context, id string, f func(*T)) (T, error)
	remove    func(ctx context.Context, id string) error
	id        func(T) string
}

// alertChange is what is said of such a thing; what is left out is not changed.
type alertChange[T any] interface {
	apply(*T)
	check() error
}

// setAlerts adds the operations of one kind, of which C is a change and V the view.
func setAlerts[C alertChange[T], T, V any](s *Server, api huma.API, x alertSet[T], view func(T) V) {
	many := strings.TrimPrefix(x.path, "/")
	add(s, api, huma.Operation{Method: http.MethodGet, Path: x.path, OperationID: "list-" + many, Summary: "List " + strings.ReplaceAll(many, "-", " "), Tags: alertTags},
		func(ctx context.Context, in *struct{ Paging }) (*body[page[V]], error) {
			after, err := in.after()
			if err != nil {
				return nil, err
			}
			list, err := x.list(ctx, after, in.Limit)
			return answer(turn(in.Paging, list, view, x.id), err)
		})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: x.path + "/{id}", OperationID: "get-" + x.one, Summary: "Show a " + strings.ReplaceAll(x.one, "-", " "), Tags: alertTags},
		func(ctx context.Context, in *AlertPath) (*body[V], error) {
			v, err := x.find(ctx, in.ID)
			return answer(view(v), err)
		})
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: x.path, OperationID: "create-" + x.one, Summary: "Add a " + strings.ReplaceAll(x.one, "-", " "), Description: x.about, Tags: alertTags, DefaultStatus: http.StatusCreated,
	}, func(ctx context.Context, in *struct{ Body C }) (*body[V], error) {
		if err := in.Body.check(); err != nil {
			return nil, err
		}
		var v T
		in.Body.apply(&v)
		v, err := x.add(ctx, v)
		return answer(view(v), err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodPatch, Path: x.path + "/{id}", OperationID: "change-" + x.one, Summary: "Change a " + strings.ReplaceAll(x.one, "-", " "), Description: "What is left out is not changed.", Tags: alertTags,
	}, func(ctx context.Context, in *struct {
		AlertPath
		Body C
	}) (*body[V], error) {
		if err := in.Body.check(); err != nil {
			return nil, err
		}
		v, err := x.change(ctx, in.ID, in.Body.apply)
		return answer(view(v), err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodDelete, Path: x.path + "/{id}", OperationID: "delete-" + x.one, Summary: "Forget a " + strings.ReplaceAll(x.one, "-", " "), Tags: alertTags, DefaultStatus: http.StatusNoContent,
		Description: "What something else names is not forgotten.",
	}, func(ctx context.Context, in *AlertPath) (*struct{}, error) { return nil, x.remove(ctx, in.ID) })
}

type (
	alertPersonView alert.Person
	alertGroupView  alert.Group
	rotaView        alert.Rota
	alertRouteView  alert.Route
	alertDigestView alert.Digest
)

type alertPersonChange struct {
	Name       *string         `json:"name,omitempty" maxLength:"100"`
	Language   *fault.Language `json:"language,omitempty" enum:"sv,en"`
	Zone       *string         `json:"zone,omitempty" maxLength:"100" example:"Europe/Stockholm" doc:"IANA name; empty is the operator's"`
	Technician *bool           `json:"technician,omitempty" doc:"They are told what to look at on the spot, and not what can be done from afar"`
}

// UnmarshalJSON refuses null.
func (c *alertPersonChange) UnmarshalJSON(text []byte) error {
	type plain alertPersonChange
	return unmarshalChange(text, (*plain)(c))
}

func (alertPersonChange) check() error { return nil }

func (c alertPersonChange) apply(p *alert.Person) {
	set(&p.Name, c.Name)
	set(&p.Language, c.Language)
	set(&p.Zone, c.Zone)
	set(&p.Technician, c.Technician)
}

type alertGroupChange struct {
	Name   *string   `json:"name,omitempty" maxLength:"100"`
	People *[]string `json:"people,omitempty" maxItems:"100" doc:"Ids"`
}

// UnmarshalJSON refuses null.
func (c *alertGroupChange) UnmarshalJSON(text []byte) error {
	type plain alertGroupChange
	return unmarshalChange(text, (*plain)(c))
}

func (alertGroupChange) check() error { return nil }

func (c alertGroupChange) apply(g *alert.Group) {
	set(&g.Name, c.Name)
	set(&g.People, c.People)
}

type rotaChange struct {
	Name      *string        `json:"name,omitempty" maxLength:"100"`
	Zone      *string        `json:"zone,omitempty" maxLength:"100" doc:"IANA name; empty is the operator's"`
	People    *[]string      `json:"people,omitempty" maxItems:"100" doc:"Ids, in their order"`
	From      *string        `json:"from,omitempty" example:"2026-03-02" doc:"Day on which the first of them begins"`
	Handover  *string        `json:"handover,omitempty" example:"08:00" doc:"Time of day at which turns change; absent is 08:00"`
	Days      *int           `json:"days,omitempty" minimum:"1" maximum:"366" doc:"Of each turn; absent is 7"`
	Overrides *[]alert.Cover `json:"overrides,omitempty" maxItems:"500" doc:"Who is on call instead for a while, or not there; the later in the list weighs more"`
}

// UnmarshalJSON refuses null.
func (c *rotaChange) UnmarshalJSON(text []byte) error {
	type plain rotaChange
	return unmarshalChange(text, (*plain)(c))
}

func (c rotaChange) check() error {
	if c.Overrides == nil {
		return nil
	}
	for i := range *c.Overrides {
		o := &(*c.Overrides)[i]
		if err := kept("overrides.from", &o.From); err != nil {
			return err
		}
		if err := kept("overrides.until", &o.Until); err != nil {
			return err
		}
	}
	return nil
}

func (c rotaChange) apply(r *alert.Rota) {
	if r.ID == "" {
		r.Handover, r.Days = "08:00", 7
	}
	set(&r.Name, c.Name)
	set(&r.Zone, c.Zone)
	set(&r.People, c.People)
	set(&r.From, c.From)
	set(&r.Handover, c.Handover)
	set(&r.Days, c.Days)
	set(&r.Overrides, c.Overrides)
}

type dutyView struct {
	Person string     `json:"person,omitempty" doc:"Id of who is on call; absent before the first turn, and where all are away"`
	Name   string     `json:"name,omitempty"`
	Until  *time.Time `json:"until,omitempty" doc:"End of the turn, or of the override"`
	Why    string     `json:"why,omitempty" enum:"turn,override,away" doc:"away: somebody stands in for who would have the turn"`
}

type alertRouteChange struct {
	Name        *string             `json:"name,omitempty" maxLength:"100"`
	Position    *int                `json:"position,omitempty" minimum:"0" maximum:"1000000" doc:"Routes are tried in this order"`
	Off         *bool               `json:"off,omitempty"`
	Sites       *[]string           `json:"sites,omitempty" maxItems:"200" doc:"Ids; none is all"`
	Severity    *fault.Severity     `json:"severity,omitempty" enum:"critical,high,medium,low,info" doc:"At least this bad"`
	Keys        *[]string           `json:"keys,omitempty" maxItems:"200" example:"[\"ocpp1.6/*\",\"*/ConnectorLockFailure\"]" doc:"Patterns of source and code; none is all"`
	Hours       *[]alert.DayHours   `json:"hours,omitempty" maxItems:"20" doc:"In which it must begin; none is always"`
	Zone        *string             `json:"zone,omitempty" maxLength:"100" doc:"IANA name, of the hours; empty is the operator's"`
	Levels      *[]alert.RouteLevel `json:"levels,omitempty" maxItems:"10" doc:"Who is told when, until somebody acknowledges it. A first level after some minutes tells only of what nobody has acknowledged by then"`
	Cleared     *bool               `json:"cleared,omitempty" doc:"Tell those who were told that it is over"`
	Continue    *bool               `json:"continue,omitempty" doc:"The routes behind it are tried as well"`
	Quiet       *[]alert.DayHours   `json:"quiet,omitempty" maxItems:"20" doc:"Hours in which what is to be told waits until they end"`
	QuietExcept *fault.Severity     `json:"quietExcept,omitempty" enum:"critical,high,medium,low,info" doc:"At least this bad does not wait; absent is critical"`
}

// UnmarshalJSON refuses null.
func (c *alertRouteChange) UnmarshalJSON(text []byte) error {
	type plain alertRouteChange
	return unmarshalChange(text, (*plain)(c))
}

func (alertRouteChange) check() error { return nil }

func (c alertRouteChange) apply(r *alert.Route) {
	set(&r.Name, c.Name)
	set(&r.Position, c.Position)
	set(&r.Off, c.Off)
	set(&r.Sites, c.Sites)
	set(&r.Severity, c.Severity)
	set(&r.Keys, c.Keys)
	set(&r.Hours, c.Hours)
	set(&r.Zone, c.Zone)
	set(&r.Levels, c.Levels)
	set(&r.Cleared, c.Cleared)
	set(&r.Continue, c.Continue)
	set(&r.Quiet, c.Quiet)
	set(&r.QuietExcept, c.QuietExcept)
}

type alertDigestChange struct {
	Name     *string           `json:"name,omitempty" maxLength:"100"`
	To       *[]alert.Receiver `json:"to,omitempty" maxItems:"100" doc:"Who is told"`
	Days     *[]string         `json:"days,omitempty" maxItems:"7" example:"[\"mon\"]" doc:"mon to sun; none is every day"`
	Time     *string           `json:"time,omitempty" example:"07:00" doc:"Of day; absent is 07:00"`
	Zone     *string           `json:"zone,omitempty" maxLength:"100" doc:"IANA name; empty is the operator's"`
	Sites    *[]string         `json:"sites,omitempty" maxItems:"200" doc:"Ids; none is all"`
	Severity *fault.Severity   `json:"severity,omitempty" enum:"critical,high,medium,low,info" doc:"At least this bad"`
	Empty    *bool             `json:"empty,omitempty" doc:"Send it when nothing is open, too"`
	Off      *bool             `json:"off,omitempty"`
}

// UnmarshalJSON refuses null.
func (c *alertDigestChange) UnmarshalJSON(text []byte) error {
	type plain alertDigestChange
	return unmarshalChange(text, (*plain)(c))
}

func (alertDigestChange) check() error { return nil }

func (c alertDigestChange) apply(g *alert.Digest) {
	if g.ID == "" {
		g.Time = "07:00"
	}
	set(&g.Name, c.Name)
	set(&g.To, c.To)
	set(&g.Days, c.Days)
	set(&g.Time, c.Time)
	set(&g.Zone, c.Zone)
	set(&g.Sites, c.Sites)
	set(&g.Severity, c.Severity)
	set(&g.Empty, c.Empty)
	set(&g.Off, c.Off)
}

type madeUpFault struct {
	Key      string           `json:"key" example:"ocpp1.6/ConnectorLockFailure" doc:"Source and code"`
	Severity fault.Severity   `json:"severity" enum:"critical,high,medium,low,info"`
	Site     string           `json:"site,omitempty" doc:"Id"`
	Station  gnista.StationID `json:"station,omitempty"`
	At       *time.Time       `json:"at,omitempty" doc:"When it is opened; absent is now"`
}

type plannedView struct {
	Route     string     `json:"route" doc:"Id"`
	RouteName string     `json:"routeName"`
	Level     int        `json:"level" doc:"From 1"`
	At        time.Time  `json:"at" doc:"When it would be told, while nobody acknowledges it"`
	Person    string     `json:"person,omitempty" doc:"Id"`
	Name      string     `json:"name,omitempty"`
	Channel   string     `json:"channel" doc:"Id"`
	Kind      alert.Kind `json:"kind" enum:"mail,webhook,push"`
	To        string     `json:"to" doc:"The address, masked"`
}

type planView struct {
	Items []plannedView `json:"items" nullable:"false"`
}

func (s *Server) alerts(api huma.API) {
	a := s.Alerts
	setAlerts[alertPersonChange](s, api, alertSet[alert.Person]{
		path: "/alert-people", one: "alert-person", about: "Where they are reached is said by their channels.",
		list: a.People, find: a.Person, add: a.AddPerson, change: a.ChangePerson, remove: a.DeletePerson, id: func(p alert.Person) string { return p.ID },
	}, func(p alert.Person) alertPersonView { return alertPersonView(p) })
	setAlerts[alertGroupChange](s, api, alertSet[alert.Group]{
		path: "/alert-groups", one: "alert-group",
		list: a.Groups, find: a.Group, add: a.AddGroup, change: a.ChangeGroup, remove: a.DeleteGroup, id: func(g alert.Group) string { return g.ID },
	}, func(g alert.Group) alertGroupView { return alertGroupView(g) })
	setAlerts[rotaChange](s, api, alertSet[alert.Rota]{
		path: "/rotas", one: "rota", about: "People are on call in turn, each for a number of days.",
		list: a.Rotas, find: a.Rota, add: a.AddRota, change: a.ChangeRota, remove: a.DeleteRota, id: func(r alert.Rota) string { return r.ID },
	}, func(r alert.Rota) rotaView { return rotaView(r) })
	setAlerts[alertRouteChange](s, api, alertSet[alert.Route]{
		path: "/alert-routes", one: "alert-route", about: "The first route that fits says who is told of a fault; those behind it are tried where it says continue.",
		list: func(ctx context.Context, after string, limit int) ([]alert.Route, error) {
			all, err := a.Routes(ctx)
			if i := slices.IndexFunc(all, func(r alert.Route) bool { return r.ID == after }); i >= 0 {
				all = all[i+1:]
			}
			return all[:min(limit, len(all))], err
		},
		find: a.Route, add: a.AddRoute, change: a.ChangeRoute, remove: a.DeleteRoute, id: func(r alert.Route) string { return r.ID },
	}, func(r alert.Route) alertRouteView { return alertRouteView(r) })
	setAlerts[alertDigestChange](s, api, alertSet[alert.Digest]{
		path: "/alert-digests", one: "alert-digest", about: "It tells of all open faults, each day or on some days of the week.",
		list: a.Digests, find: a.Digest, add: a.AddDigest, change: a.ChangeDigest, remove: a.DeleteDigest, id: func(g alert.Digest) string { return g.ID },
	}, func(g alert.Digest) alertDigestView { return alertDigestView(g) })
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/rotas/{id}/now", OperationID: "get-rota-now", Summary: "Tell who is on call", Tags: alertTags},
		func(ctx context.Context, in *struct {
			AlertPath
			At time.Time `query:"at" doc:"At this time; absent is now"`
		}) (*body[dutyView], error) {
			if in.At.IsZero() {
				in.At = s.Now()
			}
			d, err := a.OnCall(ctx, in.ID, in.At)
			if err != nil || d.Person == "" {
				return answer(dutyView{Until: moment(d.Until.UTC()), Why: d.Why}, err)
			}
			p, err := a.Person(ctx, d.Person)
			return answer(dutyView{d.Person, p.Name, moment(d.Until.UTC()), d.Why}, err)
		})
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/alert-routes/test", OperationID: "test-alert-routes", Summary: "Tell who would be told of a fault, and when", Tags: alertTags,
		Description: "The fault is made up, and nothing is sent.",
	}, func(ctx context.Context, in *struct{ Body madeUpFault }) (*body[planView], error) {
		k, ok := fault.ParseKey(in.Body.Key)
		if !ok {
			return nil, gnista.Invalidf("key", "%q is not a source and a code, as in ocpp1.6/ConnectorLockFailure", in.Body.Key)
		}
		if err := kept("at", in.Body.At); err != nil {
			return nil, err
		}
		at := s.Now()
		set(&at, in.Body.At)
		plan, err := a.Plan(ctx, alert.Subject{Kind: alert.OfFault, Key: k, Severity: in.Body.Severity, Site: in.Body.Site, Station: in.Body.Station}, at)
		v := planView{Items: make([]plannedView, len(plan))}
		for i, p := range plan {
			v.Items[i] = plannedView{p.Route.ID, p.Route.Name, p.Level, p.At, p.Person.ID, p.Person.Name, p.To.ID, p.To.Kind, p.To.Masked()}
		}
		return answer(v, err)
	})
	s.alertChannels(api)
	s.alertDeliveries(api)
}
