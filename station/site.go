package station

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"gnista"
)

// Site is a place with stations. Its time zone is the one that times of day in tariffs are of.
type Site struct {
	ID        string
	Name      string
	Zone      string  // IANA name, as in "Europe/Stockholm"; empty is the operator's
	Tariff    string  // id of the tariff of its stations; empty is none of its own
	Position  Degrees // zero where nobody has said
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Degrees are a position on earth, in millionths of a degree north and east.
type Degrees struct{ North, East int }

func (d Degrees) check() error {
	if d.North < -90e6 || d.North > 90e6 || d.East < -180e6 || d.East > 180e6 {
		return gnista.Invalidf("position", "is not on earth: latitudes are -90 to 90, longitudes -180 to 180")
	}
	return nil
}

// SiteStore keeps sites.
type SiteStore interface {
	// Site finds a site. NotFound.
	Site(ctx context.Context, id string) (Site, error)
	// Sites lists up to limit sites in the order of their ids, behind after.
	Sites(ctx context.Context, after string, limit int) ([]Site, error)
	// CreateSite adds a site.
	CreateSite(ctx context.Context, s Site) error
	// UpdateSite changes a site in one SQL transaction. NotFound.
	UpdateSite(ctx context.Context, id string, change func(*Site) error) (Site, error)
	// DeleteSite removes a site that has no stations. NotFound, Conflict.
	DeleteSite(ctx context.Context, id string) error
	// StationZone is the name of the time zone of a station's site; empty where it has none.
	StationZone(ctx context.Context, id gnista.StationID) (string, error)
}

// Sites are the operator's.
type Sites struct {
	Store SiteStore
	Local *time.Location // where a site or a station has no zone
	Now   func() time.Time
	NewID func() string

	zones sync.Map // name → *time.Location
}

// Create adds a site. Invalid.
func (s *Sites) Create(ctx context.Context, x Site) (Site, error) {
	if err := x.check(); err != nil {
		return Site{}, err
	}
	x.ID, x.CreatedAt = s.NewID(), s.Now()
	x.UpdatedAt = x.CreatedAt
	return x, s.Store.CreateSite(ctx, x)
}

// Update changes a site. NotFound, Invalid.
func (s *Sites) Update(ctx context.Context, id string, change func(*Site)) (Site, error) {
	return s.Store.UpdateSite(ctx, id, func(x *Site) error {
		change(x)
		x.ID, x.UpdatedAt = id, s.Now()
		return x.check()
	})
}

// Zone is the time zone that a station's tariffs go by.
func (s *Sites) Zone(ctx context.Context, id gnista.StationID) (*time.Location, error) {
	name, err := s.Store.StationZone(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.zone(name)
}

// SiteZone is the time zone of a site. NotFound.
func (s *Sites) SiteZone(ctx context.Context, id string) (*time.Location, error) {
	x, err := s.Store.Site(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.zone(x.Zone)
}

func (s *Sites) zone(name string) (*time.Location, error) {
	if name == "" {
		return s.Local, nil
	}
	if zone, ok := s.zones.Load(name); ok {
		return zone.(*time.Location), nil
	}
	zone, err := loadZone(name)
	if err == nil {
		s.zones.Store(name, zone)
	}
	return zone, err
}

func (x Site) check() error {
	if strings.TrimSpace(x.Name) == "" || utf8.RuneCountInString(x.Name) > 100 {
		return gnista.Invalidf("name", "must have 1 to 100 characters")
	}
	if err := x.Position.check(); err != nil || x.Zone == "" {
		return err
	}
	if _, err := loadZone(x.Zone); err != nil {
		return gnista.Invalidf("zone", "%v", err)
	}
	return nil
}

// loadZone finds a time zone by its IANA name. What this machine takes for its own zone is none.
func loadZone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" || len(name) > 100 {
		return nil, fmt.Errorf(`%q is not the name of a time zone, like "Europe/Stockholm"`, name)
	}
	return zone, nil
}
