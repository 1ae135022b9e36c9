package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/power"
	"gnista/station"
)

// derAnswer is what a station says to a control.
type derAnswer struct {
	Status     station.AnswerStatus `json:"status" enum:"accepted,scheduled,rejected,reboot-required,unknown,unsupported"`
	Detail     string               `json:"detail,omitempty" doc:"The station's own word"`
	Superseded []string             `json:"superseded,omitempty" doc:"Ids of controls in whose place it holds; its own where another holds"`
}

func (s *Server) der(api huma.API) {
	p := s.Power
	keptList(s, api, "der-controls", "List the controls of the grid operator on a station, the newest first", "Those that were set, with what became of them, and those that the station reports besides (OCPP 2.1).",
		func(ctx context.Context, id gnista.StationID, before string, limit int) ([]power.DERControl, error) {
			return power.List[power.DERControl](ctx, p, id, before, limit)
		}, func(v power.DERControl) string { return v.ID })
	keptList(s, api, "der-alarms", "List when the grid kept a station from what it should do, the newest first", "OCPP 2.1.",
		func(ctx context.Context, id gnista.StationID, before string, limit int) ([]power.DERAlarm, error) {
			return power.List[power.DERAlarm](ctx, p, id, before, limit)
		}, func(v power.DERAlarm) string { return v.ID })
	keptList(s, api, "der-events", "List when controls of the grid operator began and ended, the newest first", "OCPP 2.1.",
		func(ctx context.Context, id gnista.StationID, before string, limit int) ([]power.DEREvent, error) {
			return power.List[power.DEREvent](ctx, p, id, before, limit)
		}, func(v power.DEREvent) string { return v.ID })

	command(s, api, "der-controls", "Have a station follow a control of the grid operator", "The part that the type needs has to be there, and no other (OCPP 2.1).",
		func(ctx context.Context, id gnista.StationID, in power.DERControl) (*body[derAnswer], error) {
			if err := kept("start", in.Start); err != nil {
				return nil, err
			}
			a, err := p.SetDER(ctx, id, in)
			return answer(derAnswer(a), err)
		})
	type path struct {
		StationPath
		Control string `path:"control" maxLength:"36"`
		Default bool   `query:"default" doc:"It is a default one"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodDelete, Path: "/stations/{station}/der-controls/{control}", OperationID: "clear-der-control", Summary: "Have a station forget a control of the grid operator", Tags: []string{"Power"},
	}, func(ctx context.Context, in *path) (*body[AnswerView], error) {
		return told(p.ClearDER(ctx, in.Station, power.ClearDER{Control: in.Control, Default: in.Default}))
	})
	type derClearing struct {
		Default bool          `json:"default,omitempty" doc:"true: those that are default; false: those that are scheduled"`
		Type    power.DERType `json:"type,omitempty" enum:"enter-service,freq-droop,fixed-pf-absorb,fixed-pf-inject,fixed-var,gradients,limit-max-discharge,freq-watt,hf-must-trip,hf-may-trip,hv-must-trip,hv-mom-cess,hv-may-trip,lf-must-trip,lv-must-trip,lv-mom-cess,lv-may-trip,power-monitoring-must-trip,volt-var,volt-watt,watt-pf,watt-var"`
	}
	command(s, api, "der-controls/clear", "Have a station forget controls of the grid operator", "OCPP 2.1.",
		func(ctx context.Context, id gnista.StationID, in derClearing) (*body[AnswerView], error) {
			return told(p.ClearDER(ctx, id, power.ClearDER{Default: in.Default, Type: in.Type}))
		})
	command(s, api, "der-controls/read", "Have a station report the controls of the grid operator", "Those that should be reported and are not are missing then (OCPP 2.1).",
		func(ctx context.Context, id gnista.StationID, given *power.DERFilter) (*body[AnswerView], error) {
			var in power.DERFilter
			set(&in, given)
			a, err := p.ReadDER(ctx, id, in)
			return told(a, s.Network.Explain(ctx, id, err))
		})
}
