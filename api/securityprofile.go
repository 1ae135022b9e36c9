package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/station"
)

// Route is how a station reaches a central system. What OCPP 1.6 cannot be told is left out there.
type Route struct {
	Slot      int    `json:"slot,omitempty" minimum:"0" maximum:"1000" doc:"Of the station's network profiles (OCPP 2.x)"`
	URL       string `json:"url,omitempty" maxLength:"512" example:"wss://charge.example/ocpp" doc:"Of this system, without the identity (OCPP 2.x)"`
	Timeout   int    `json:"timeout,omitempty" minimum:"1" maximum:"3600" doc:"Seconds that the station waits for an answer (OCPP 2.x)"`
	Interface string `json:"interface,omitempty" maxLength:"20" example:"Wireless0" doc:"Of the station's network interfaces (OCPP 2.x); absent is Wired0"`
}

// security are the verbs by which a station's connection is made safer.
func (s *Server) security(api huma.API) {
	way := func(r Route) station.Route {
		return station.Route{Slot: r.Slot, URL: r.URL, Timeout: time.Duration(r.Timeout) * time.Second, Interface: r.Interface}
	}
	type raise struct {
		Profile station.Profile `json:"securityProfile" minimum:"1" maximum:"3" doc:"1: password; 2: TLS and password; 3: TLS and a certificate of the station's"`
		Route
	}
	command(s, api, "security-profile", "Move a station to a higher security profile",
		"The station may connect as before until it has connected with the new profile, and then no lower any more. When it has not after a day, the change is given up. Without a slot one is chosen, without a url this system's own is used.",
		func(ctx context.Context, id gnista.StationID, in raise) (*body[AnswerView], error) {
			return told(s.Network.ChangeProfile(ctx, id, in.Profile, way(in.Route)))
		})
	type network struct {
		Profile station.Profile `json:"securityProfile" minimum:"0" maximum:"3"`
		Route
		Identity string `json:"identity,omitempty" maxLength:"48" doc:"Of the station there (OCPP 2.1)"`
		Password string `json:"password,omitempty" maxLength:"64" doc:"Of the station there (OCPP 2.1)"`
	}
	command(s, api, "network-profile", "Store in a station how to reach a central system", "OCPP 2.x. It is used once its slot is among the priorities and the station has restarted.",
		func(ctx context.Context, id gnista.StationID, in network) (*body[AnswerView], error) {
			o := station.SetNetworkProfile{Profile: in.Profile, Route: way(in.Route), Identity: in.Identity, Password: in.Password}
			return told(station.Give(ctx, s.Network, id, o))
		})
	type password struct {
		Password string `json:"password,omitempty" maxLength:"64" doc:"Of 16 characters or more, 20 for OCPP 1.6 at most unless in hexadecimal digits; absent: one is made"`
	}
	type changed struct {
		AnswerView
		Password string `json:"password,omitempty" doc:"The password that was made, shown this once"`
	}
	command(s, api, "password", "Change the password of a station, there and here",
		"The old password is good until the station has connected with the new one, and stays if the station refuses.",
		func(ctx context.Context, id gnista.StationID, given *password) (*body[changed], error) {
			var in password
			set(&in, given)
			secret := in.Password
			if secret == "" {
				secret = station.GeneratePassword()
			}
			a, err := s.Network.ChangePassword(ctx, id, secret)
			out := changed{AnswerView: AnswerView{a.Status, a.Detail, a.Outcome, a.Command}}
			if in.Password == "" && a.Outcome != station.Declined {
				out.Password = secret
			}
			return answer(out, err)
		})
}
