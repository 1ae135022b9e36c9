package alert

import (
	"context"
	"fmt"
	"time"

	"gnista"
	"gnista/fault"
)

// Person is somebody who is told. Where is said by the channels that belong to them.
type Person struct {
	ID         string         `json:"id"`
	Name       string         `json:"name"`
	Language   fault.Language `json:"language" enum:"sv,en"`
	Zone       string         `json:"zone,omitempty" doc:"IANA name, of the times that they are told; absent is the operator's"`
	Technician bool           `json:"technician,omitempty" doc:"They are told what to look at on the spot, and not what can be done from afar"`
	CreatedAt  time.Time      `json:"createdAt"`
}

func (p *Person) check(*directory) error {
	if err := named("name", p.Name); err != nil {
		return err
	}
	if p.Language != fault.Swedish && p.Language != fault.English {
		return gnista.Invalidf("language", "%q is neither sv nor en", p.Language)
	}
	return zoned("zone", p.Zone)
}

func zoned(field, zone string) error {
	if _, err := time.LoadLocation(zone); err != nil || zone == "Local" {
		return gnista.Invalidf(field, "%q is not the name of a time zone, as in Europe/Stockholm", zone)
	}
	return nil
}

// in is the zone of a name; an empty one is the operator's.
func (a *Alerts) in(zone string) *time.Location {
	if zone != "" {
		if l, err := time.LoadLocation(zone); err == nil {
			return l
		}
	}
	return a.Zone
}

// Group is people who are told together.
type Group struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	People    []string  `json:"people" nullable:"false" doc:"Ids"`
	CreatedAt time.Time `json:"createdAt"`
}

func (g *Group) check(d *directory) error {
	if err := named("name", g.Name); err != nil {
		return err
	}
	return d.checkPeople("people", g.People, mostReceived)
}

func (d *directory) checkPeople(field string, ids []string, most int) error {
	if len(ids) == 0 || len(ids) > most {
		return gnista.Invalidf(field, "has 1 to %d people", most)
	}
	for i, id := range ids {
		if _, ok := d.people[id]; !ok {
			return gnista.Invalidf(fmt.Sprintf("%s[%d]", field, i), "there is no person %q", id)
		}
	}
	return nil
}

// AddPerson keeps a new person. Invalid, Conflict.
func (a *Alerts) AddPerson(ctx context.Context, p Person) (Person, error) {
	p.ID, p.CreatedAt = a.NewID(), a.Now()
	return p, add(ctx, a, people, p.ID, &p)
}

// ChangePerson changes a person. NotFound, Invalid.
func (a *Alerts) ChangePerson(ctx context.Context, id string, f func(*Person)) (Person, error) {
	return change(ctx, a, people, id, f)
}

// Person finds a person. NotFound.
func (a *Alerts) Person(ctx context.Context, id string) (Person, error) {
	return find[Person](ctx, a.Store, people, id)
}

// People lists people in the order of their ids, behind after.
func (a *Alerts) People(ctx context.Context, after string, limit int) ([]Person, error) {
	return list[Person](ctx, a.Store, people, after, limit)
}

// DeletePerson forgets a person and their channels. Conflict while something names them.
func (a *Alerts) DeletePerson(ctx context.Context, id string) error {
	if err := a.unused(ctx, Receiver{Person: id}); err != nil {
		return err
	}
	theirs, err := a.Store.Channels(ctx, ChannelFilter{Person: id, Limit: mostChannels})
	if err != nil {
		return err
	}
	for _, c := range theirs {
		if err := a.DeleteChannel(ctx, c.ID); err != nil {
			return err
		}
	}
	return a.Store.DeleteAlertEntry(ctx, people, id)
}

// unused refuses to go on while something names a receiver. Conflict.
func (a *Alerts) unused(ctx context.Context, r Receiver) error {
	d, err := a.directory(ctx)
	if err != nil {
		return err
	}
	if by := d.used(r); by != "" {
		return gnista.Errorf(gnista.Conflict, "%s names it; change that first", by)
	}
	return nil
}

// AddGroup keeps a new group. Invalid, Conflict.
func (a *Alerts) AddGroup(ctx context.Context, g Group) (Group, error) {
	g.ID, g.CreatedAt = a.NewID(), a.Now()
	return g, add(ctx, a, groups, g.ID, &g)
}

// ChangeGroup changes a group. NotFound, Invalid.
func (a *Alerts) ChangeGroup(ctx context.Context, id string, f func(*Group)) (Group, error) {
	return change(ctx, a, groups, id, f)
}

// Group finds a group. NotFound.
func (a *Alerts) Group(ctx context.Context, id string) (Group, error) {
	return find[Group](ctx, a.Store, groups, id)
}

// Groups lists groups in the order of their ids, behind after.
func (a *Alerts) Groups(ctx context.Context, after string, limit int) ([]Group, error) {
	return list[Group](ctx, a.Store, groups, after, limit)
}

// DeleteGroup forgets a group. Conflict while something names it.
func (a *Alerts) DeleteGroup(ctx context.Context, id string) error {
	if err := a.unused(ctx, Receiver{Group: id}); err != nil {
		return err
	}
	return a.Store.DeleteAlertEntry(ctx, groups, id)
}
