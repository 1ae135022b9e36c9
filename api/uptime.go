package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/fault/uptime"
)

type uptimeView struct {
	Site      string             `json:"site,omitempty" doc:"Id of the site"`
	Station   gnista.StationID   `json:"station,omitempty"`
	EVSE      int                `json:"evse,omitempty"`
	Connector int                `json:"connector,omitempty"`
	EVSEs     int                `json:"evses" doc:"That it is reckoned of; a connector or an EVSE is one"`
	Minutes   float64            `json:"minutes" doc:"That they were there, added up"`
	Down      float64            `json:"downMinutes" doc:"Of these, those in which they could not be used"`
	Excluded  float64            `json:"excludedMinutes" doc:"Of those, what is not counted"`
	Uptime    *float64           `json:"uptime,omitempty" doc:"(minutes − downMinutes + excludedMinutes) / minutes, in percent; absent where there was no time"`
	ByCause   map[string]float64 `json:"downByCause" doc:"Minutes by what it was: offline, faulted, unavailable, planned"`
	ByReason  map[string]float64 `json:"excludedByReason" doc:"Minutes by why they are not counted: planned, maintenance, force-majeure, grid, closed, unobserved"`
}

func minutes(d time.Duration) float64 { return math.Round(d.Minutes()*100) / 100 }

func each[K ~string](of map[K]time.Duration) map[string]float64 {
	list := make(map[string]float64, len(of))
	for k, d := range of {
		list[string(k)] = minutes(d)
	}
	return list
}

func showUptime(s uptime.Share) uptimeView {
	v := uptimeView{
		Site: s.Site, Station: s.Station, EVSE: s.EVSE.ID, Connector: s.Connector, EVSEs: s.Outlets, Minutes: minutes(s.Time), Down: minutes(s.Downtime()), Excluded: minutes(s.Excluded()),
		ByCause: each(s.Down), ByReason: each(s.Spared),
	}
	v.Uptime = rate(s.Percent())
	return v
}

// rate is a number in an answer; one that is none is left out.
func rate(x float64) *float64 {
	if math.IsNaN(x) {
		return nil
	}
	return &x
}

// Period is a stretch of time in a query that has a beginning and an end.
type Period struct {
	Since time.Time `query:"since" doc:"From then on; absent is the beginning of the month, in the time zone of the server"`
	Until time.Time `query:"until" doc:"Before then; absent is now"`
}

func (p Period) span(now time.Time, zone *time.Location) uptime.Span {
	if p.Until.IsZero() {
		p.Until = now
	}
	if p.Since.IsZero() {
		at := p.Until.In(zone)
		p.Since = time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, zone)
	}
	return uptime.Span{Since: p.Since, Until: p.Until}
}

type uptimeInput struct {
	Of      uptime.Of        `query:"of" default:"station" enum:"connector,evse,station,site" doc:"What it is reckoned of"`
	Site    string           `query:"site" doc:"Only this site"`
	Station gnista.StationID `query:"station" doc:"Only this station"`
	Period
	Paging
}

// shares reckons what is asked for, and tells the position of each.
func (s *Server) shares(ctx context.Context, in *uptimeInput) ([]uptime.Share, error) {
	q := uptime.Query{Of: in.Of, Filter: uptime.Filter{Site: in.Site, Station: in.Station, Limit: in.Limit}, Span: in.span(s.Now(), s.Zone)}
	position, err := in.after()
	if err != nil {
		return nil, err
	}
	switch fields := strings.Split(position, "\n"); {
	case position == "":
	case in.Of == uptime.OfSite:
		q.AfterSite = position
	case len(fields) == 3:
		q.After.Station = gnista.StationID(fields[0])
		var bad [2]error
		q.After.EVSE.ID, bad[0] = strconv.Atoi(fields[1])
		q.After.Connector, bad[1] = strconv.Atoi(fields[2])
		if bad[0] != nil || bad[1] != nil {
			return nil, in.wrong()
		}
	default:
		return nil, in.wrong()
	}
	return s.Uptime.Shares(ctx, q)
}

func positionOf(of uptime.Of) func(uptime.Share) string {
	return func(x uptime.Share) string {
		if of == uptime.OfSite {
			return x.Site
		}
		p := uptime.After(of, x)
		return fmt.Sprintf("%s\n%d\n%d", p.Station, p.EVSE.ID, p.Connector)
	}
}

func (s *Server) uptimes(api huma.API) {
	tags := []string{"Uptime"}
	const how = "Uptime is (minutes − downtime + excluded) / minutes. docs/uptime.md has the rules. What was before the station was known, or before uptime was recorded, is no part of it."
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/uptime", OperationID: "list-uptime", Summary: "List how much of a time outlets could be used", Description: how, Tags: tags},
		func(ctx context.Context, in *uptimeInput) (*body[page[uptimeView]], error) {
			list, err := s.shares(ctx, in)
			return answer(turn(in.Paging, list, showUptime, positionOf(in.Of)), err)
		})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/uptime/export", OperationID: "export-uptime", Summary: "How much of a time outlets could be used, as CSV", Tags: tags,
		Description: how + " All of what is asked for is in one table.",
		Responses:   map[string]*huma.Response{"200": {Description: "The table", Content: map[string]*huma.MediaType{"text/csv": {}}}},
	}, func(ctx context.Context, in *struct {
		Of      uptime.Of        `query:"of" default:"station" enum:"connector,evse,station,site" doc:"What it is reckoned of"`
		Site    string           `query:"site" doc:"Only this site"`
		Station gnista.StationID `query:"station" doc:"Only this station"`
		Period
	}) (*table, error) {
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		w.Write([]string{"site", "station", "evse", "connector", "evses", "minutes", "downMinutes", "excludedMinutes", "uptime", "offline", "faulted", "unavailable", "planned"})
		q := uptime.Query{Of: in.Of, Filter: uptime.Filter{Site: in.Site, Station: in.Station, Limit: 1000}, Span: in.span(s.Now(), s.Zone)}
		for rows := 0; ; {
			list, err := s.Uptime.Shares(ctx, q)
			if err != nil {
				return nil, err
			}
			for _, x := range list {
				w.Write(uptimeRow(x))
				q.After, q.AfterSite = uptime.After(in.Of, x), x.Site
			}
			if rows += len(list); rows > maxRows {
				return nil, gnista.Errorf(gnista.Conflict, "the table would have more than %d lines; ask for one site", maxRows)
			}
			if len(list) < q.Limit {
				break
			}
		}
		w.Flush()
		return &table{"text/csv; charset=utf-8", `attachment; filename="uptime.csv"`, b.Bytes()}, w.Error()
	})
	s.exclusions(api)
	s.openings(api)
}

// maxRows is how many lines a table may have.
const maxRows = 200_000

func uptimeRow(x uptime.Share) []string {
	n := func(d time.Duration) string { return strconv.FormatFloat(minutes(d), 'f', -1, 64) }
	percent := ""
	if p := x.Percent(); !math.IsNaN(p) {
		percent = strconv.FormatFloat(p, 'f', 3, 64)
	}
	row := []string{cell(x.Site), cell(string(x.Station)), strconv.Itoa(x.EVSE.ID), strconv.Itoa(x.Connector), strconv.Itoa(x.Outlets), n(x.Time), n(x.Downtime()), n(x.Excluded()), percent}
	for _, c := range []uptime.Cause{uptime.Offline, uptime.Faulted, uptime.Unavailable, uptime.Planned} {
		row = append(row, n(x.Down[c]))
	}
	return row
}

// cell is one that no spreadsheet takes for a formula.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

type exclusionView struct {
	ID        string           `json:"id"`
	Kind      uptime.Kind      `json:"kind" enum:"maintenance,force-majeure,grid"`
	Site      string           `json:"site,omitempty"`
	Station   gnista.StationID `json:"station,omitempty"`
	EVSE      int              `json:"evse,omitempty"`
	Since     time.Time        `json:"since"`
	Until     time.Time        `json:"until"`
	Note      string           `json:"note,omitempty"`
	By        string           `json:"by,omitempty"`
	CreatedAt time.Time        `json:"createdAt"`
}

func showExclusion(x uptime.Exclusion) exclusionView {
	return exclusionView{x.ID, x.Kind, x.Site, x.Station, x.EVSE, x.Since, x.Until, x.Note, x.By, x.CreatedAt}
}

type exclusionInput struct {
	Kind    uptime.Kind      `json:"kind" enum:"maintenance,force-majeure,grid" doc:"maintenance is a window that was reserved for work; force-majeure is what nobody could help; grid is that the grid gave no power"`
	Site    string           `json:"site,omitempty" doc:"Only at this site"`
	Station gnista.StationID `json:"station,omitempty" doc:"Only of this station"`
	EVSE    int              `json:"evse,omitempty" minimum:"1" maximum:"10000" doc:"Only of this EVSE of the station"`
	Since   time.Time        `json:"since"`
	Until   time.Time        `json:"until"`
	Note    string           `json:"note,omitempty" maxLength:"500" doc:"What happened; needed but for maintenance"`
	By      string           `json:"by,omitempty" maxLength:"100" doc:"Who says so, where nobody has signed in"`
}

func (s *Server) exclusions(api huma.API) {
	tags := []string{"Uptime"}
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/uptime/exclusions", OperationID: "list-uptime-exclusions", Summary: "List times that are not counted as downtime, the newest first", Tags: tags},
		func(ctx context.Context, in *struct {
			Paging
			Since time.Time `query:"since" doc:"That end after then"`
			Until time.Time `query:"until" doc:"That begin before then"`
		}) (*body[page[exclusionView]], error) {
			before, err := in.after()
			if err != nil {
				return nil, err
			}
			list, err := s.Uptime.Store.Exclusions(ctx, uptime.Span{Since: in.Since, Until: in.Until}, before, in.Limit)
			return answer(turn(in.Paging, list, showExclusion, func(x uptime.Exclusion) string { return x.ID }), err)
		})
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/uptime/exclusions", OperationID: "add-uptime-exclusion", Summary: "Say that a time is not to be counted as downtime", Tags: tags, DefaultStatus: http.StatusCreated,
		Description: "Everywhere, or at a site, a station or an EVSE. Only what is downtime anyway becomes excluded.",
	}, func(ctx context.Context, in *struct{ Body exclusionInput }) (*body[exclusionView], error) {
		b := in.Body
		x, err := s.Uptime.Exclude(ctx, uptime.Exclusion{Kind: b.Kind, Site: b.Site, Station: b.Station, EVSE: b.EVSE, Since: b.Since, Until: b.Until, Note: b.Note, By: whoDoes(ctx, b.By)})
		return answer(showExclusion(x), err)
	})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/uptime/exclusions/{id}", OperationID: "get-uptime-exclusion", Summary: "Show a time that is not counted", Tags: tags},
		func(ctx context.Context, in *struct {
			ID string `path:"id"`
		}) (*body[exclusionView], error) {
			x, err := s.Uptime.Store.Exclusion(ctx, in.ID)
			return answer(showExclusion(x), err)
		})
	add(s, api, huma.Operation{Method: http.MethodDelete, Path: "/uptime/exclusions/{id}", OperationID: "delete-uptime-exclusion", Summary: "Count a time again", Tags: tags, DefaultStatus: http.StatusNoContent},
		func(ctx context.Context, in *struct {
			ID string `path:"id"`
		}) (*struct{}, error) {
			return nil, s.Uptime.Store.DeleteExclusion(ctx, in.ID)
		})
}

type openingView struct {
	Days []int  `json:"days" nullable:"false" minItems:"1" maxItems:"7" doc:"1 is Monday, 7 is Sunday" example:"[1,2,3,4,5]"`
	From string `json:"from" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$" example:"06:00" doc:"Time of day at the site"`
	To   string `json:"to" pattern:"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$" example:"22:00" doc:"Time of day at the site; not after from is on the next day"`
}

type openingsView struct {
	Hours []openingView `json:"hours" nullable:"false" maxItems:"50" doc:"Empty is always"`
}

func (s *Server) openings(api huma.API) {
	tags := []string{"Sites"}
	show := func(list []uptime.Opening) openingsView {
		v := openingsView{[]openingView{}}
		clock := func(m int) string { return fmt.Sprintf("%02d:%02d", m/60, m%60) }
		for _, o := range list {
			v.Hours = append(v.Hours, openingView{o.Days, clock(o.From), clock(o.To)})
		}
		return v
	}
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/sites/{id}/opening-hours", OperationID: "get-opening-hours", Summary: "Show when a site is open", Tags: tags},
		func(ctx context.Context, in *SitePath) (*body[openingsView], error) {
			if _, err := s.Sites.Store.Site(ctx, in.ID); err != nil {
				return nil, err
			}
			list, err := s.Uptime.Store.Opening(ctx, in.ID)
			return answer(show(list), err)
		})
	add(s, api, huma.Operation{
		Method: http.MethodPut, Path: "/sites/{id}/opening-hours", OperationID: "set-opening-hours", Summary: "Say when a site is open", Tags: tags,
		Description: "Downtime while it is closed is excluded from its uptime.",
	}, func(ctx context.Context, in *struct {
		SitePath
		Body openingsView
	}) (*body[openingsView], error) {
		var list []uptime.Opening
		for _, o := range in.Body.Hours {
			minute := func(text string) int {
				h, m, _ := strings.Cut(text, ":") // as the pattern has it
				hours, _ := strconv.Atoi(h)
				minutes, _ := strconv.Atoi(m)
				return hours*60 + minutes
			}
			days := slices.Sorted(maps.Keys(setOf(o.Days)))
			list = append(list, uptime.Opening{Days: days, From: minute(o.From), To: minute(o.To)})
		}
		err := s.Uptime.Open(ctx, in.ID, list)
		return answer(show(list), err)
	})
}

func setOf(list []int) map[int]bool {
	set := map[int]bool{}
	for _, x := range list {
		set[x] = true
	}
	return set
}
