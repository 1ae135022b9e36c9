package api

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/access"
	"gnista/station"
)

// StationFilter is which stations are meant.
type StationFilter struct {
	Text      string         `query:"q" json:"q,omitempty" maxLength:"100" doc:"In the id or the name, whatever the letter case"`
	Site      string         `query:"site" json:"site,omitempty" maxLength:"100" doc:"Id of the site"`
	State     station.State  `query:"state" json:"state,omitempty" enum:"accepted,pending,rejected"`
	Connected string         `query:"connected" json:"connected,omitempty" enum:"true,false"`
	Vendor    string         `query:"vendor" json:"vendor,omitempty" maxLength:"100"`
	Model     string         `query:"model" json:"model,omitempty" maxLength:"100"`
	Version   gnista.Version `query:"version" json:"version,omitempty" maxLength:"10" doc:"Of OCPP"`
	Firmware  string         `query:"firmware" json:"firmware,omitempty" maxLength:"100"`
	Connector station.Status `query:"connector" json:"connector,omitempty" maxLength:"30" doc:"Status that at least one of its connectors has"`
	Fault     string         `query:"fault" json:"fault,omitempty" enum:"true,false" doc:"Whether it has an open fault"`
}

func (f StationFilter) filter() station.Filter {
	return station.Filter{
		Text: f.Text, Site: f.Site, State: f.State, Connected: yes(f.Connected), Vendor: f.Vendor, Model: f.Model, Version: f.Version, Firmware: f.Firmware,
		Connector: f.Connector, Fault: yes(f.Fault),
	}
}

// matching is how many there are.
type matching struct {
	Stations int `json:"stations"`
}

type kindView struct {
	Vendor   string         `json:"vendor"`
	Model    string         `json:"model"`
	Firmware string         `json:"firmware"`
	Version  gnista.Version `json:"version" doc:"Of OCPP"`
	Stations int            `json:"stations"`
}

// mostKinds is how many kinds of stations are told of.
const mostKinds = 1000

type siteStations struct {
	Site     string       `json:"site" doc:"Id of the site; empty is none"`
	Name     string       `json:"name,omitempty"`
	Position *degreesView `json:"position,omitempty"`
	Stations int          `json:"stations"`
	Offline  int          `json:"offline" doc:"Not connected"`
	Faulted  int          `json:"faulted" doc:"With a connector that is out of order"`
	Charging int          `json:"charging" doc:"With a connector where a car charges"`
}

// listing are the operations by which stations are found.
func (s *Server) listing(api huma.API) {
	tags := []string{"Stations"}
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations", OperationID: "list-stations", Summary: "List stations", Tags: tags,
		Description: "Those that all of the filters let through. By seen, those that are away come by when they were last heard, and those that are connected are heard now.",
	}, func(ctx context.Context, in *struct {
		StationFilter
		IDs  []gnista.StationID `query:"id,explode" maxItems:"500" doc:"Only these"`
		Sort string             `query:"sort" enum:"id,-id,name,-name,site,-site,seen,-seen" default:"id" doc:"What they are in the order of; with - the other way round"`
		Paging
	}) (*body[page[stationView]], error) {
		f := in.filter()
		f.IDs, f.Sites = in.IDs, seen(ctx, access.Stations)
		f.Sort = station.Sort(in.Sort)
		if in.Sort[0] == '-' {
			f.Sort, f.Down = station.Sort(in.Sort[1:]), true
		}
		text, err := in.after()
		if err != nil {
			return nil, err
		}
		var after *station.Position
		if text != "" && json.Unmarshal([]byte(text), &after) != nil {
			return nil, in.wrong()
		}
		list, err := s.Network.Find(ctx, f, after, in.Limit)
		if err != nil {
			return nil, err
		}
		views := make([]stationView, 0, len(list))
		for _, p := range list {
			x, err := s.Network.Store.Station(ctx, p.ID)
			if gnista.CodeOf(err) == gnista.NotFound && err != nil {
				continue // deleted meanwhile
			}
			if err != nil {
				return nil, err
			}
			v, err := s.view(ctx, x)
			if err != nil {
				return nil, err
			}
			views = append(views, v)
		}
		out := turn(in.Paging, list, same, func(p station.Position) string {
			text, _ := json.Marshal(p) // texts always marshal
			return string(text)
		})
		return answer(page[stationView]{Items: views, Next: out.Next}, nil)
	})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/station-count", OperationID: "count-stations", Summary: "Count the stations that filters let through", Tags: tags},
		func(ctx context.Context, in *struct{ StationFilter }) (*body[matching], error) {
			f := in.filter()
			f.Sites = seen(ctx, access.Stations)
			n, err := s.Network.Count(ctx, f)
			return answer(matching{n}, err)
		})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/station-kinds", OperationID: "list-station-kinds", Summary: "List the vendors, models, firmwares and versions of stations, the most frequent first", Tags: tags,
		Description: "The first " + strconv.Itoa(mostKinds) + ".",
	}, func(ctx context.Context, in *struct {
		Site string `query:"site" doc:"Id of the site"`
	}) (*body[page[kindView]], error) {
		sites := seen(ctx, access.Stations)
		if in.Site != "" {
			sites = []string{in.Site}
		}
		list, err := s.Network.Finder.Kinds(ctx, sites, mostKinds)
		return answer(turn(Paging{Limit: -1}, list, func(k station.Kind) kindView { return kindView{k.Vendor, k.Model, k.Firmware, k.Version, k.Stations} }, nil), err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/station-sites", OperationID: "list-station-sites", Summary: "Tell of each site how its stations are", Tags: tags, Description: "For a map.",
	}, func(ctx context.Context, in *struct {
		Site string `query:"site" doc:"Id of the site; absent is all"`
	}) (*body[page[siteStations]], error) {
		list, err := s.stationSites(ctx, in.Site, seen(ctx, access.Stations))
		return answer(page[siteStations]{Items: list}, err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/events", OperationID: "list-station-events", Summary: "List what happened at a station, the newest first", Tags: tags,
		Description: "What whoever asks may see of it. A page may be shorter than its limit, and others follow.",
	}, func(ctx context.Context, in *struct {
		StationPath
		Paging
	}) (*body[page[gnista.Event]], error) {
		before, err := in.below()
		if err != nil {
			return nil, err
		}
		x, err := s.Network.Store.Station(ctx, in.Station)
		if err != nil {
			return nil, err
		}
		list, err := s.Network.Finder.StationEvents(ctx, in.Station, before, in.Limit)
		out := turn(in.Paging, list, same, func(ev gnista.Event) string { return strconv.FormatInt(ev.Seq, 10) })
		actor, seen := actorOf(ctx), []gnista.Event{}
		for _, ev := range out.Items {
			if actor.Can(access.See, areaOf(ev), "") || actor.Can(access.See, areaOf(ev), x.Site) {
				seen = append(seen, ev)
			}
		}
		out.Items = seen
		return answer(out, err)
	})
}

// stationSites tells of sites how their stations are, of one of them or of some (nil: all, and of those without a site last).
func (s *Server) stationSites(ctx context.Context, only string, some []string) ([]siteStations, error) {
	const many = 1000
	if only != "" {
		some = []string{only}
	}
	out := []siteStations{}
	at := map[string]int{}
	for after := ""; ; {
		sites, err := s.Sites.Store.Sites(ctx, after, many)
		if err != nil {
			return nil, err
		}
		for _, x := range sites {
			if after = x.ID; some == nil || slices.Contains(some, x.ID) {
				at[x.ID] = len(out)
				out = append(out, siteStations{Site: x.ID, Name: x.Name, Position: showDegrees(x.Position)})
			}
		}
		if len(sites) < many {
			break
		}
	}
	if some == nil {
		at[""] = len(out)
		out = append(out, siteStations{})
	}
	faulted, err := s.Network.Finder.StationsWith(ctx, station.Faulted)
	if err != nil {
		return nil, err
	}
	charging, err := s.Network.Finder.StationsWith(ctx, station.Charging)
	if err != nil {
		return nil, err
	}
	f := station.Filter{Sites: some, Sort: station.BySite}
	for after := (*station.Position)(nil); ; {
		list, err := s.Network.Finder.Positions(ctx, f, after, 5*many)
		if err != nil {
			return nil, err
		}
		for _, p := range list {
			i, known := at[p.Key]
			if !known {
				continue // a site of a moment ago
			}
			out[i].Stations++
			if faulted[p.ID] {
				out[i].Faulted++
			}
			if charging[p.ID] {
				out[i].Charging++
			}
			if _, here := s.Network.Presence.Connection(p.ID); !here {
				out[i].Offline++
			}
		}
		if len(list) < 5*many {
			break
		}
		after = &list[len(list)-1]
	}
	return out, nil
}
