package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/fault/uptime"
)

// shareView is how many of some went well.
type shareView struct {
	Of      int      `json:"of"`
	Well    int      `json:"well"`
	Percent *float64 `json:"percent,omitempty" doc:"Absent where there were none"`
}

func shareOf(of, well int) shareView {
	v := shareView{Of: of, Well: well}
	if of > 0 {
		p := float64(int(float64(well)/float64(of)*100_000+0.5)) / 1000
		v.Percent = &p
	}
	return v
}

// timeView is how long something took on average.
type timeView struct {
	Of      int      `json:"of"`
	Seconds *float64 `json:"seconds,omitempty" doc:"On average; absent where there were none"`
}

func timeOf(of int, all time.Duration) timeView {
	v := timeView{Of: of}
	if of > 0 {
		s := float64((all / time.Duration(of)).Milliseconds()) / 1000
		v.Seconds = &s
	}
	return v
}

type figuresView struct {
	Group       string    `json:"group" doc:"Of by: all, a day, the id of a site, a station, STATION/EVSE, a version or VENDOR/MODEL; empty where that is not known"`
	FirstTime   shareView `json:"firstTimeSuccess" doc:"Visits whose first attempt led to a charge"`
	Starts      shareView `json:"startSuccess" doc:"Attempts to charge that led to a charge, of those who might"`
	Ends        shareView `json:"endSuccess" doc:"Charges that ended as somebody wanted them to"`
	Payments    shareView `json:"paymentSuccess" doc:"Drivers without a contract who tried to pay and could"`
	Tokens      shareView `json:"authorisationSuccess" doc:"Tokens that were accepted, of those that were asked for or charged with"`
	ToEnergy    timeView  `json:"timeToEnergy" doc:"From the beginning of a transaction until its meter showed energy; as exact as the meter is read"`
	Acknowledge timeView  `json:"timeToAcknowledge" doc:"Of faults that were opened then, until a person knew"`
	Repair      timeView  `json:"timeToRepair" doc:"Of faults that were opened then, until they were cleared"`
	EnergyWh    int64     `json:"energyWh"`
}

func showFigures(by uptime.GroupBy, f uptime.Figures, r uptime.Repair) figuresView {
	return figuresView{
		Group: groupName(by, f.Group), FirstTime: shareOf(f.Visits, f.AtOnce), Starts: shareOf(f.Attempts, f.Starts), Ends: shareOf(f.Charges, f.Well), Payments: shareOf(f.Paying, f.Paid),
		Tokens: shareOf(f.Asked, f.Accepted), ToEnergy: timeOf(f.Timed, f.ToEnergy), Acknowledge: timeOf(r.Acknowledged, r.ToAcknowledge), Repair: timeOf(r.Cleared, r.ToRepair), EnergyWh: f.EnergyWh,
	}
}

// groupName is the name of a group for people: a day is kept as its number since 1970.
func groupName(by uptime.GroupBy, name string) string {
	if by != uptime.ByDay {
		return name
	}
	n, err := strconv.Atoi(name)
	if err != nil {
		return name
	}
	return time.Unix(int64(n)*24*60*60, 0).UTC().Format(time.DateOnly)
}

// FigureInput is what key figures are asked for.
type FigureInput struct {
	By      uptime.GroupBy   `query:"by" default:"all" enum:"all,day,site,station,evse,version,model" doc:"What they are grouped by; days are those of UTC"`
	Site    string           `query:"site" doc:"Only this site"`
	Station gnista.StationID `query:"station" doc:"Only this station"`
	Period
}

func (in FigureInput) query(s *Server) uptime.FigureQuery {
	return uptime.FigureQuery{By: in.By, Site: in.Site, Station: in.Station, Span: in.span(s.Now(), s.Zone)}
}

func (s *Server) figures(api huma.API) {
	const how = "docs/key-figures.md says what is counted as an attempt, a visit and a charge."
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/key-figures", OperationID: "list-key-figures", Summary: "List how well drivers are served", Description: how, Tags: []string{"Uptime"}},
		func(ctx context.Context, in *struct {
			FigureInput
			Paging
		}) (*body[page[figuresView]], error) {
			q := in.query(s)
			q.Limit = in.Limit
			var err error
			if q.After, err = in.after(); err != nil {
				return nil, err
			}
			list, repairs, err := s.Uptime.Figures(ctx, q)
			return answer(turn(in.Paging, list, func(f uptime.Figures) figuresView { return showFigures(in.By, f, repairs[f.Group]) }, func(f uptime.Figures) string { return f.Group }), err)
		})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/key-figures/export", OperationID: "export-key-figures", Summary: "How well drivers are served, as CSV", Tags: []string{"Uptime"},
		Description: how + " Of each figure there are two columns: of how many, and how many of them went well or, of times, the average in seconds.",
		Responses:   map[string]*huma.Response{"200": {Description: "The table", Content: map[string]*huma.MediaType{"text/csv": {}}}},
	}, func(ctx context.Context, in *struct{ FigureInput }) (*table, error) {
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		header := []string{"group"}
		for _, name := range []string{"firstTimeSuccess", "startSuccess", "endSuccess", "paymentSuccess", "authorisationSuccess"} {
			header = append(header, name+".of", name+".well")
		}
		for _, name := range []string{"timeToEnergy", "timeToAcknowledge", "timeToRepair"} {
			header = append(header, name+".of", name+".seconds")
		}
		w.Write(append(header, "energyWh"))
		q := in.query(s)
		q.Limit = 1000
		for rows := 0; ; {
			list, repairs, err := s.Uptime.Figures(ctx, q)
			if err != nil {
				return nil, err
			}
			for _, f := range list {
				w.Write(figuresRow(showFigures(in.By, f, repairs[f.Group])))
				q.After = f.Group
			}
			if rows += len(list); rows > maxRows {
				return nil, gnista.Errorf(gnista.Conflict, "the table would have more than %d lines; ask for one site", maxRows)
			}
			if len(list) < q.Limit {
				break
			}
		}
		w.Flush()
		return &table{"text/csv; charset=utf-8", `attachment; filename="key-figures.csv"`, b.Bytes()}, w.Error()
	})
}

func figuresRow(v figuresView) []string {
	row := []string{cell(v.Group)}
	for _, x := range []shareView{v.FirstTime, v.Starts, v.Ends, v.Payments, v.Tokens} {
		row = append(row, strconv.Itoa(x.Of), strconv.Itoa(x.Well))
	}
	for _, x := range []timeView{v.ToEnergy, v.Acknowledge, v.Repair} {
		seconds := ""
		if x.Seconds != nil {
			seconds = strconv.FormatFloat(*x.Seconds, 'f', -1, 64)
		}
		row = append(row, strconv.Itoa(x.Of), seconds)
	}
	return append(row, strconv.FormatInt(v.EnergyWh, 10))
}
