package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/power"
	"gnista/station"
)

// profileView is what came of a profile that was to be installed.
type profileView struct {
	Profile int      `json:"profile" doc:"Its number on the station"`
	Adapted []string `json:"adapted,omitempty" doc:"What was changed for the station's model"`
	AnswerView
}

// compositeView is what the profiles of an EVSE together come to.
type compositeView struct {
	Status   station.AnswerStatus `json:"status" enum:"accepted,scheduled,rejected,reboot-required,unknown,unsupported"`
	Detail   string               `json:"detail,omitempty" doc:"The station's own word"`
	EVSE     int                  `json:"evse"`
	Start    *time.Time           `json:"start,omitempty"`
	Duration int                  `json:"durationSeconds"`
	Unit     power.Unit           `json:"unit,omitempty"`
	Periods  []power.Period       `json:"periods" nullable:"false"`
}

// WantedProfile is a profile for a transaction that is to be started, or any with more said of it.
type WantedProfile struct {
	Profile power.Profile `json:"profile"`
	Supply  power.Supply  `json:"supply,omitempty" doc:"Needed where the station's model takes another unit only"`
}

// ProfilePath is a profile in a path.
type ProfilePath struct {
	StationPath
	ID int `path:"id" minimum:"-2147483648" maximum:"2147483647" doc:"Number of the profile"`
}

// wanted makes a profile of a request what is kept of it.
func (w *WantedProfile) wanted() (power.Wanted, error) {
	p := &w.Profile
	if err := kept("profile.validFrom", p.ValidFrom); err != nil {
		return power.Wanted{}, err
	}
	if err := kept("profile.validTo", p.ValidTo); err != nil {
		return power.Wanted{}, err
	}
	for i := range p.Schedules {
		if err := kept(fmt.Sprintf("profile.schedules[%d].start", i), p.Schedules[i].Start); err != nil {
			return power.Wanted{}, err
		}
	}
	return power.Wanted{Supply: w.Supply, Profile: *p}, nil
}

func (s *Server) profiles(api huma.API) {
	p := s.Power
	keptList(s, api, "profiles", "List the charging profiles of a station, the newest first",
		"Those that were installed, with what became of them, and those that the station reports besides.", p.Profiles, func(v power.Installed) string { return v.ID })
	type profileOrder struct {
		EVSE        int    `json:"evse,omitempty" minimum:"0" doc:"0 or absent is the station as a whole"`
		Transaction string `json:"transaction,omitempty" doc:"Id of the transaction that the profile is for; absent: the one that is active at the EVSE"`
		WantedProfile
	}
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/stations/{station}/profiles", OperationID: "install-profile", Summary: "Have a station follow a charging profile", Tags: []string{"Power"},
		Description: "The same id again replaces a profile. Limits are exact decimal numbers with one decimal at the most.",
	}, func(ctx context.Context, in *struct {
		StationPath
		Body profileOrder
	}) (*body[profileView], error) {
		w, err := in.Body.wanted()
		if err != nil {
			return nil, err
		}
		w.EVSE, w.Transaction = in.Body.EVSE, in.Body.Transaction
		x, a, err := p.Install(ctx, in.Station, w)
		return answer(profileView{x.Profile.ID, x.Adapted, AnswerView{a.Status, a.Detail, a.Outcome, a.Command}}, s.Network.Explain(ctx, in.Station, err))
	})
	add(s, api, huma.Operation{
		Method: http.MethodDelete, Path: "/stations/{station}/profiles/{id}", OperationID: "clear-profile", Summary: "Have a station forget a charging profile", Tags: []string{"Power"},
	}, func(ctx context.Context, in *ProfilePath) (*body[AnswerView], error) {
		return told(p.Clear(ctx, in.Station, power.Clear{ID: &in.ID}))
	})
	type profileClearing struct {
		EVSE       *int          `json:"evse,omitempty" minimum:"0" doc:"0 is the station itself"`
		Purpose    power.Purpose `json:"purpose,omitempty" enum:"station-max,default,transaction,priority,local-generation"`
		StackLevel *int          `json:"stackLevel,omitempty" minimum:"0" maximum:"2147483647"`
	}
	command(s, api, "profiles/clear", "Have a station forget the charging profiles that have all that is said", "",
		func(ctx context.Context, id gnista.StationID, in profileClearing) (*body[AnswerView], error) {
			return told(p.Clear(ctx, id, power.Clear{EVSE: in.EVSE, Purpose: in.Purpose, StackLevel: in.StackLevel}))
		})
	command(s, api, "profiles/read", "Have a station report its charging profiles", "Those that should be reported and are not are missing then (OCPP 2.x).",
		func(ctx context.Context, id gnista.StationID, given *power.ReadFilter) (*body[AnswerView], error) {
			var in power.ReadFilter
			set(&in, given)
			a, err := p.Read(ctx, id, in)
			return told(a, s.Network.Explain(ctx, id, err))
		})
	type valueChange struct {
		Values power.Values `json:"values"`
		Push   *bool        `json:"push,omitempty" doc:"false: the station is told when it asks; absent: true"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/stations/{station}/profiles/{id}/values", OperationID: "update-profile", Summary: "Change the values of a dynamic charging profile", Tags: []string{"Power"},
		Description: "What is left out is not changed (OCPP 2.1).",
	}, func(ctx context.Context, in *struct {
		ProfilePath
		Body valueChange
	}) (*body[AnswerView], error) {
		a, err := p.Update(ctx, in.Station, power.Update{ID: in.ID, Values: in.Body.Values}, in.Body.Push == nil || *in.Body.Push)
		return told(a, s.Network.Explain(ctx, in.Station, err))
	})
	type composition struct {
		EVSE     int        `json:"evse,omitempty" minimum:"0" doc:"0 or absent is the station as a whole"`
		Duration int        `json:"durationSeconds" minimum:"1" maximum:"2147483647" doc:"From now on"`
		Unit     power.Unit `json:"unit,omitempty" enum:"A,W"`
	}
	command(s, api, "composite-schedule", "Ask a station what its charging profiles together come to", "",
		func(ctx context.Context, id gnista.StationID, in composition) (*body[compositeView], error) {
			c, err := station.Give(ctx, s.Network, id, power.Compose{EVSE: in.EVSE, Duration: in.Duration, Unit: in.Unit})
			v := compositeView{Status: c.Status, Detail: c.Detail, EVSE: c.EVSE, Start: moment(c.Start), Duration: c.Duration, Unit: c.Unit, Periods: c.Periods}
			if v.Periods == nil {
				v.Periods = []power.Period{}
			}
			return answer(v, err)
		})
}
