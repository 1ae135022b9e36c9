package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/station"
)

// MonitorBody is a monitor, without what the station says of it.
type MonitorBody struct {
	ID          int                 `json:"id,omitempty" minimum:"0" doc:"The station's number for it; when setting one, that of the monitor to be replaced"`
	Variable    string              `json:"variable" minLength:"3" maxLength:"500" doc:"Component.Variable, as in EVSE#1.Power or Comp[instance].Var[instance]"`
	Kind        station.MonitorKind `json:"kind" enum:"above,below,delta,periodic,periodic-aligned,target-delta,target-delta-relative" doc:"periodic ones tell every value seconds; target ones are of OCPP 2.1"`
	Value       string              `json:"value" maxLength:"50" doc:"A decimal number, in the unit of the variable or in seconds"`
	Severity    int                 `json:"severity" minimum:"0" maximum:"9" doc:"0 (danger) to 9 (debug)"`
	Transaction bool                `json:"transaction,omitempty" doc:"Only during a transaction"`
	Interval    int                 `json:"interval,omitempty" minimum:"0" doc:"The values come in a stream, every so many seconds (OCPP 2.1)"`
	Values      int                 `json:"values,omitempty" minimum:"0" doc:"The values come in a stream, so many in a message (OCPP 2.1)"`
}

type monitorView struct {
	MonitorBody
	Origin     string     `json:"origin,omitempty" enum:"hard-wired,preconfigured,custom"`
	ReportedAt *time.Time `json:"reportedAt,omitempty" doc:"When the station last said that it has it"`
}

func showMonitor(m station.Monitor) monitorView {
	return monitorView{MonitorBody{m.ID, m.Variable, m.Kind, m.Value, m.Severity, m.Transaction, m.Interval, m.Values}, m.Origin, moment(m.ReportedAt)}
}

type monitorResult struct {
	ID       int                  `json:"id,omitempty"`
	Variable string               `json:"variable,omitempty"`
	Status   station.AnswerStatus `json:"status"`
	Detail   string               `json:"detail,omitempty" doc:"The station's own word"`
}

func monitorResults(list []station.MonitorResult, err error) (*body[page[monitorResult]], error) {
	out := page[monitorResult]{Items: make([]monitorResult, len(list))}
	for i, r := range list {
		out.Items[i] = monitorResult{r.ID, r.Variable, r.Status, r.Answer.Detail}
	}
	return answer(out, err)
}

func (s *Server) monitors(api huma.API) {
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/monitors", OperationID: "list-monitors", Summary: "List the rules by which a station tells of its variables", Tags: []string{"Stations"},
		Description: "OCPP 2.x. As far as they were set here or have been reported: POST …/monitors/read asks for a report.",
	}, func(ctx context.Context, in *StationPath) (*body[page[monitorView]], error) {
		if _, err := s.Network.Store.Station(ctx, in.Station); err != nil {
			return nil, err
		}
		list, err := s.Network.Monitors.Monitors(ctx, in.Station)
		return answer(turn(Paging{Limit: -1}, list, showMonitor, nil), err)
	})
	type setMonitors struct {
		Monitors []MonitorBody `json:"monitors" minItems:"1" maxItems:"100"`
	}
	command(s, api, "monitors", "Set rules by which a station tells of its variables", "OCPP 2.x. The result of each stands in its place.",
		func(ctx context.Context, id gnista.StationID, in setMonitors) (*body[page[monitorResult]], error) {
			list := make([]station.Monitor, len(in.Monitors))
			for i, m := range in.Monitors {
				list[i] = station.Monitor{
					ID: m.ID, Variable: m.Variable, Kind: m.Kind, Value: m.Value, Severity: m.Severity, Transaction: m.Transaction, Interval: m.Interval, Values: m.Values,
				}
			}
			return monitorResults(s.Network.SetMonitorsOn(ctx, id, list))
		})
	type clearMonitors struct {
		IDs []int `json:"ids" minItems:"1" maxItems:"100"`
	}
	command(s, api, "monitors/clear", "Remove rules by which a station tells of its variables", "OCPP 2.x.",
		func(ctx context.Context, id gnista.StationID, in clearMonitors) (*body[page[monitorResult]], error) {
			return monitorResults(s.Network.ClearMonitorsOn(ctx, id, in.IDs))
		})
	type readMonitors struct {
		Kinds     []station.MonitorKind `json:"kinds,omitempty" enum:"above,below,delta,periodic,periodic-aligned,target-delta,target-delta-relative" doc:"Absent is all; both thresholds are told for either, all deltas and all periodic ones likewise"`
		Variables []string              `json:"variables,omitempty" maxItems:"100" doc:"As in Component.Variable, or Component for all of its variables; absent is all"`
	}
	command(s, api, "monitors/read", "Have a station report the rules by which it tells of its variables", "OCPP 2.x. They are in the list when the command has happened.",
		func(ctx context.Context, id gnista.StationID, in *readMonitors) (*body[AnswerView], error) {
			var o station.ReadMonitors
			if in != nil {
				o.Kinds, o.Variables = in.Kinds, in.Variables
			}
			return told(s.Network.ReadMonitorsOf(ctx, id, o))
		})
	type monitoringBase struct {
		Base station.MonitorBase `json:"base" enum:"all,factory-default,hard-wired-only"`
	}
	command(s, api, "monitoring-base", "Go back to a set of rules by which a station tells of its variables", "OCPP 2.x.",
		func(ctx context.Context, id gnista.StationID, in monitoringBase) (*body[AnswerView], error) {
			return told(station.Give(ctx, s.Network, id, station.SetMonitorBase{Base: in.Base}))
		})
	type monitoringLevel struct {
		Severity int `json:"severity" minimum:"0" maximum:"9" doc:"The station tells only of what is as severe, or more: 0 is danger, 9 debug"`
	}
	command(s, api, "monitoring-level", "Set how severe things must be for a station to tell of them", "OCPP 2.x.",
		func(ctx context.Context, id gnista.StationID, in monitoringLevel) (*body[AnswerView], error) {
			return told(station.Give(ctx, s.Network, id, station.SetMonitorLevel{Severity: in.Severity}))
		})
}
