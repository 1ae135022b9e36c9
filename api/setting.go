package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/station"
)

type keptSetting struct {
	Name       string     `json:"name" doc:"Key (OCPP 1.6), or Component.Variable (2.x)" example:"OCPPCommCtrlr.HeartbeatInterval"`
	CommonName string     `json:"commonName,omitempty" doc:"Its name over all versions, where it has one" example:"heartbeat-interval"`
	Attribute  string     `json:"attribute" enum:"Actual,Target,MinSet,MaxSet"`
	Value      string     `json:"value" doc:"As last reported; always empty for what is secret"`
	Secret     bool       `json:"secret,omitempty" doc:"The value is neither kept nor shown"`
	Wanted     *string    `json:"wanted,omitempty" doc:"What its template wants, or else what was last written here"`
	Type       string     `json:"type,omitempty" example:"integer"`
	Unit       string     `json:"unit,omitempty"`
	Min        string     `json:"min,omitempty"`
	Max        string     `json:"max,omitempty" doc:"Of a text or a list this is its greatest length"`
	Values     []string   `json:"values,omitempty" doc:"What it may be, or what its parts may be"`
	Mutability string     `json:"mutability,omitempty" enum:"ReadOnly,WriteOnly,ReadWrite"`
	MeaningEN  string     `json:"meaning,omitempty" doc:"What it is, in English"`
	MeaningSV  string     `json:"meaningSv,omitempty" doc:"What it is, in Swedish"`
	ReportedAt *time.Time `json:"reportedAt,omitempty"`
}

func showSetting(v station.Variable) keptSetting {
	out := keptSetting{
		Name: v.Setting(), Attribute: v.Attribute, Value: v.Value, Type: v.DataType, Unit: v.Unit, Min: v.Min, Max: v.Max, Mutability: v.Mutability,
		Secret: v.Mutability == station.WriteOnly || station.Secret(v.Name), ReportedAt: moment(v.ReportedAt),
	}
	if v.Values != "" {
		for value := range strings.SplitSeq(v.Values, ",") {
			out.Values = append(out.Values, strings.TrimSpace(value))
		}
	}
	if m := v.Meaning(); m != nil {
		out.CommonName, out.MeaningEN, out.MeaningSV = m.Name, m.English, m.Swedish
	}
	if v.Wanted != "" || !v.WantedAt.IsZero() {
		out.Wanted = &v.Wanted
	}
	return out
}

type settingChange struct {
	Name      string `json:"name" minLength:"1" maxLength:"500" doc:"Name over all versions, as in heartbeat-interval, or the version's own: a key (OCPP 1.6) or Component.Variable (2.x)"`
	Attribute string `json:"attribute,omitempty" enum:"Actual,Target,MinSet,MaxSet" doc:"Absent is Actual"`
	Value     string `json:"value" maxLength:"2500"`
}

type settingsChange struct {
	Settings []settingChange `json:"settings" minItems:"1" maxItems:"100" nullable:"false"`
	Force    bool            `json:"force,omitempty" doc:"Send also what should not work or is so already"`
	Verify   bool            `json:"verify,omitempty" doc:"Read back what was accepted"`
}

type settingResult struct {
	Name      string               `json:"name" doc:"As it was asked for"`
	Setting   string               `json:"setting" doc:"As the station has it"`
	Attribute string               `json:"attribute,omitempty"`
	Value     string               `json:"value,omitempty" doc:"As it was sent; absent for what is secret"`
	Status    station.AnswerStatus `json:"status" enum:"accepted,reboot-required,unchanged,rejected,read-only,unknown,unsupported,differs,unanswered" doc:"unchanged: it is so already, and nothing was sent; differs: the station accepted it and still says something else; unanswered: it was not sent, or not answered"`
	Detail    string               `json:"detail,omitempty"`
}

// written are the results of writing settings.
func written(list []station.Written, err error) (*body[page[settingResult]], error) {
	out := page[settingResult]{Items: make([]settingResult, len(list))}
	for i, w := range list {
		out.Items[i] = settingResult{w.Asked, w.Name, w.Attribute, w.Value, w.Status, w.Detail}
		if station.Secret(w.Name) {
			out.Items[i].Value = ""
		}
	}
	return answer(out, err)
}

func (s *Server) settings(api huma.API) {
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/settings", OperationID: "list-settings", Summary: "List the settings that a station has reported", Tags: []string{"Settings"},
		Description: "Configuration keys of OCPP 1.6 and variables of the device model of 2.x in one table. Nothing is asked of the station: POST settings/read does that.",
	}, func(ctx context.Context, in *struct {
		StationPath
		Component string `query:"component" doc:"Only of this component"`
		Name      string `query:"name" doc:"Only those with this in the name of the key or variable"`
		Writable  bool   `query:"writable" doc:"Only those that can be written"`
		Paging
	}) (*body[page[keptSetting]], error) {
		f := station.VariableFilter{Component: in.Component, Name: in.Name, Writable: in.Writable, Limit: in.Limit}
		if in.Cursor != "" {
			after, err := in.after()
			f.After = new(station.Variable)
			if err != nil || json.Unmarshal([]byte(after), f.After) != nil {
				return nil, in.wrong()
			}
		}
		list, err := s.Network.ListSettings(ctx, in.Station, f)
		return answer(turn(in.Paging, list, showSetting, func(v station.Variable) string {
			at, _ := json.Marshal(station.Variable{Component: v.Component, Instance: v.Instance, EVSE: v.EVSE, Name: v.Name, NameOf: v.NameOf, Attribute: v.Attribute})
			return string(at)
		}), err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodPatch, Path: "/stations/{station}/settings", OperationID: "write-settings", Summary: "Write settings to a station", Tags: []string{"Settings"},
		Description: "Each has a result of its own. What cannot work, as far as that is known, is refused before anything is sent.",
	}, func(ctx context.Context, in *struct {
		StationPath
		Body settingsChange
	}) (*body[page[settingResult]], error) {
		w := station.Writing{Force: in.Body.Force, Verify: in.Body.Verify}
		for _, c := range in.Body.Settings {
			w.List = append(w.List, station.Setting{Name: c.Name, Attribute: c.Attribute, Value: c.Value})
		}
		return written(s.Network.Write(ctx, in.Station, w))
	})
	type name struct {
		Name      string `json:"name"`
		Key       string `json:"key,omitempty" doc:"Of OCPP 1.6"`
		Variable  string `json:"variable,omitempty" doc:"Of OCPP 2.x"`
		Type      string `json:"type,omitempty"`
		Unit      string `json:"unit,omitempty"`
		MeaningEN string `json:"meaning,omitempty"`
		MeaningSV string `json:"meaningSv,omitempty"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/setting-names", OperationID: "list-setting-names", Summary: "List the names that settings have over all versions", Tags: []string{"Settings"},
	}, func(context.Context, *struct{}) (*body[page[name]], error) {
		out := page[name]{}
		for _, m := range station.Names() {
			out.Items = append(out.Items, name{m.Name, m.Key, m.Variable, m.DataType, m.Unit, m.English, m.Swedish})
		}
		return answer(out, nil)
	})
}

type deviationView struct {
	Name    string                `json:"name" doc:"As the template has it"`
	Setting string                `json:"setting" doc:"As the station has it"`
	Wanted  string                `json:"wanted"`
	Value   string                `json:"value" doc:"As last reported"`
	Why     station.DifferenceWhy `json:"why" enum:"value,unknown" doc:"value: it has another value; unknown: the station has told nothing of it"`
}

type driftView struct {
	Station  gnista.StationID `json:"station"`
	Template string           `json:"template,omitempty" doc:"Id of its template"`
	ReadAt   *time.Time       `json:"readAt,omitempty" doc:"When the station last told all of its settings"`
	Settings []deviationView  `json:"settings" nullable:"false" doc:"Those that are not as they are wanted"`
}

func showDrift(d station.Drift) driftView {
	v := driftView{Station: d.Station, Template: d.Template, ReadAt: moment(d.ReadAt), Settings: make([]deviationView, len(d.List))}
	for i, x := range d.List {
		v.Settings[i] = deviationView(x)
	}
	return v
}

// driftLook is how many stations one page of drift looks at.
const driftLook = 1000

func (s *Server) drift(api huma.API) {
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/drift", OperationID: "get-drift", Summary: "Compare the settings of a station with its template", Tags: []string{"Settings"},
	}, func(ctx context.Context, in *StationPath) (*body[driftView], error) {
		d, err := s.Network.Drift(ctx, in.Station)
		return answer(showDrift(d), err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/drift", OperationID: "list-drift", Summary: "List stations whose settings are not as their templates want them", Tags: []string{"Settings"},
		Description: "A page may have fewer than limit, and there may be more all the same: next tells.",
	}, func(ctx context.Context, in *struct{ Paging }) (*body[page[driftView]], error) {
		after, err := in.after()
		if err != nil {
			return nil, err
		}
		list, last, err := s.Network.Drifting(ctx, gnista.StationID(after), in.Limit, driftLook)
		out := page[driftView]{Items: make([]driftView, len(list))}
		for i, d := range list {
			out.Items[i] = showDrift(d)
		}
		if last != "" {
			out.Next = base64.RawURLEncoding.EncodeToString([]byte(last))
		}
		return answer(out, err)
	})
}
