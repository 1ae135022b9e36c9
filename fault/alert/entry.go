package alert

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"gnista"
)

// The kinds of entries.
const (
	people  = "person"
	groups  = "group"
	rotas   = "rota"
	routes  = "route"
	digests = "digest"
)

// What there may be of each kind, and how long texts are.
const (
	mostEntries  = 1000
	mostChannels = 5000
	mostReceived = 100 // members of a group, receivers of a level
	mostName     = 100
)

// Entry is something that an operator has set: a person, a group, a rota, a route or a digest, as JSON.
type Entry struct {
	Kind string
	ID   string
	Data []byte
}

// EntryStore keeps entries.
type EntryStore interface {
	// AlertEntry finds an entry. NotFound.
	AlertEntry(ctx context.Context, kind, id string) (Entry, error)
	// AlertEntries lists those of a kind in the order of their ids, behind after.
	AlertEntries(ctx context.Context, kind, after string, limit int) ([]Entry, error)
	// AddAlertEntry keeps a new entry. Conflict where there are most of its kind.
	AddAlertEntry(ctx context.Context, x Entry, most int) error
	// ChangeAlertEntry changes the data of an entry in one SQL transaction. NotFound.
	ChangeAlertEntry(ctx context.Context, kind, id string, f func(data []byte) ([]byte, error)) error
	// DeleteAlertEntry forgets an entry. NotFound.
	DeleteAlertEntry(ctx context.Context, kind, id string) error
}

// checked is an entry that can say what is wrong with it.
type checked interface{ check(d *directory) error }

func decode[T any](x Entry) (T, error) {
	var v T
	err := json.Unmarshal(x.Data, &v)
	if err != nil {
		err = fmt.Errorf("reading the %s %s: %w", x.Kind, x.ID, err)
	}
	return v, err
}

// find reads an entry. NotFound.
func find[T any](ctx context.Context, s EntryStore, kind, id string) (T, error) {
	x, err := s.AlertEntry(ctx, kind, id)
	if err != nil {
		var none T
		return none, err
	}
	return decode[T](x)
}

// list reads entries of a kind in the order of their ids.
func list[T any](ctx context.Context, s EntryStore, kind, after string, limit int) ([]T, error) {
	items, err := s.AlertEntries(ctx, kind, after, limit)
	out := make([]T, 0, len(items))
	for _, x := range items {
		v, bad := decode[T](x)
		if bad != nil {
			return nil, bad
		}
		out = append(out, v)
	}
	return out, err
}

// add keeps a new entry.
func add[T checked](ctx context.Context, a *Alerts, kind, id string, v T) error {
	d, err := a.directory(ctx)
	if err == nil {
		err = v.check(d)
	}
	if err != nil {
		return err
	}
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return a.Store.AddAlertEntry(ctx, Entry{kind, id, data}, mostEntries)
}

// change changes an entry.
func change[T any, P interface {
	*T
	checked
}](ctx context.Context, a *Alerts, kind, id string, f func(P)) (out T, err error) {
	d, err := a.directory(ctx)
	if err != nil {
		return out, err
	}
	err = a.Store.ChangeAlertEntry(ctx, kind, id, func(data []byte) ([]byte, error) {
		out, err = decode[T](Entry{kind, id, data})
		if err != nil {
			return nil, err
		}
		f(&out)
		if err := P(&out).check(d); err != nil {
			return nil, err
		}
		return json.Marshal(out)
	})
	return out, err
}

// Receiver is who is told: one of them.
type Receiver struct {
	Person  string `json:"person,omitempty" doc:"Id of a person"`
	Group   string `json:"group,omitempty" doc:"Id of a group"`
	Rota    string `json:"rota,omitempty" doc:"Id of a rota: who is on call when it is told"`
	Channel string `json:"channel,omitempty" doc:"Id of a channel, as of a webhook that belongs to no person"`
}

// directory is all that an operator has set.
type directory struct {
	people   map[string]Person
	groups   map[string]Group
	rotas    map[string]Rota
	routes   []Route // in their order
	digests  []Digest
	channels []Channel
}

// directory reads what is set.
func (a *Alerts) directory(ctx context.Context) (*directory, error) {
	d := &directory{people: map[string]Person{}, groups: map[string]Group{}, rotas: map[string]Rota{}}
	all, err := list[Person](ctx, a.Store, people, "", mostEntries)
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		d.people[p.ID] = p
	}
	teams, err := list[Group](ctx, a.Store, groups, "", mostEntries)
	if err != nil {
		return nil, err
	}
	for _, g := range teams {
		d.groups[g.ID] = g
	}
	calls, err := list[Rota](ctx, a.Store, rotas, "", mostEntries)
	if err != nil {
		return nil, err
	}
	for _, r := range calls {
		d.rotas[r.ID] = r
	}
	if d.routes, err = list[Route](ctx, a.Store, routes, "", mostEntries); err != nil {
		return nil, err
	}
	slices.SortStableFunc(d.routes, Route.order)
	if d.digests, err = list[Digest](ctx, a.Store, digests, "", mostEntries); err != nil {
		return nil, err
	}
	d.channels, err = a.Store.Channels(ctx, ChannelFilter{Limit: mostChannels})
	return d, err
}

// checkReceivers tells what is wrong with a list of receivers.
func (d *directory) checkReceivers(field string, list []Receiver) error {
	if len(list) == 0 || len(list) > mostReceived {
		return gnista.Invalidf(field, "has 1 to %d receivers", mostReceived)
	}
	for i, r := range list {
		at := fmt.Sprintf("%s[%d]", field, i)
		given := 0
		for _, x := range []string{r.Person, r.Group, r.Rota, r.Channel} {
			if x != "" {
				given++
			}
		}
		_, person := d.people[r.Person]
		_, group := d.groups[r.Group]
		_, rota := d.rotas[r.Rota]
		channel := slices.ContainsFunc(d.channels, func(c Channel) bool { return c.ID == r.Channel })
		switch {
		case given != 1:
			return gnista.Invalidf(at, "names exactly one of person, group, rota and channel")
		case r.Person != "" && !person:
			return gnista.Invalidf(at+".person", "there is no person %q", r.Person)
		case r.Group != "" && !group:
			return gnista.Invalidf(at+".group", "there is no group %q", r.Group)
		case r.Rota != "" && !rota:
			return gnista.Invalidf(at+".rota", "there is no rota %q", r.Rota)
		case r.Channel != "" && !channel:
			return gnista.Invalidf(at+".channel", "there is no channel %q", r.Channel)
		}
	}
	return nil
}

// used tells what names a receiver, so that it is not forgotten; empty is nothing.
func (d *directory) used(r Receiver) string {
	for _, g := range d.groups {
		if r.Person != "" && slices.Contains(g.People, r.Person) {
			return "the group " + g.Name
		}
	}
	for _, x := range d.rotas {
		if r.Person != "" && (slices.Contains(x.People, r.Person) || slices.ContainsFunc(x.Overrides, func(o Cover) bool { return o.Person == r.Person })) {
			return "the rota " + x.Name
		}
	}
	for _, x := range d.routes {
		for _, l := range x.Levels {
			if slices.Contains(l.To, r) {
				return "the route " + x.Name
			}
		}
	}
	for _, x := range d.digests {
		if slices.Contains(x.To, r) {
			return "the digest " + x.Name
		}
	}
	return ""
}

// named checks a name that people gave.
func named(field, s string) error {
	if strings.TrimSpace(s) == "" || utf8.RuneCountInString(s) > mostName || strings.ContainsFunc(s, unicode.IsControl) {
		return gnista.Invalidf(field, "has 1 to %d characters, none of them a control character", mostName)
	}
	return nil
}
