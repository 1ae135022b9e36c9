package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/station"
)

type stationView struct {
	ID          gnista.StationID `json:"id"`
	Name        string           `json:"name,omitempty"`
	State       station.State    `json:"state" enum:"accepted,pending,rejected"`
	Connected   bool             `json:"connected"`
	Version     gnista.Version   `json:"version,omitempty" doc:"OCPP version of the connection, or of the last boot"`
	Vendor      string           `json:"vendor,omitempty"`
	Model       string           `json:"model,omitempty"`
	Serial      string           `json:"serial,omitempty"`
	Firmware    string           `json:"firmware,omitempty"`
	Tariff      string           `json:"tariff,omitempty" doc:"Id of its tariff; absent: that of its site, or the default one"`
	Site        string           `json:"site,omitempty" doc:"Id of its site"`
	HasPassword bool             `json:"hasPassword"`
	Security    securityView     `json:"security"`
	Strict      bool             `json:"strict" doc:"What breaks the rules of its version is refused, but for the end of a transaction"`
	Mirror      string           `json:"mirror,omitempty" doc:"URL of the second back end that is shown what it sends"`

	Adaptations *station.Adaptations `json:"adaptations,omitempty" doc:"What is done otherwise for it, beside what is done for its model"`

	Remote         string          `json:"remote,omitempty" doc:"Address that it is connected from"`
	ConnectedSince *time.Time      `json:"connectedSince,omitempty"`
	SeenAt         *time.Time      `json:"seenAt,omitempty" doc:"When it last sent anything"`
	BootedAt       *time.Time      `json:"bootedAt,omitempty"`
	CreatedAt      time.Time       `json:"createdAt"`
	Connectors     []connectorView `json:"connectors" nullable:"false"`
	OpenFaults     int             `json:"openFaults"`
}

// securityView is how a station's connection is kept from others.
type securityView struct {
	Profile       station.Profile `json:"profile" doc:"The lowest security profile that it may connect with: 0 none, 1 password, 2 TLS and password, 3 TLS and certificate"`
	Last          station.Profile `json:"last" doc:"That it last connected with"`
	Next          station.Profile `json:"next,omitempty" doc:"That it was told to use and has not yet"`
	NextUntil     *time.Time      `json:"nextUntil,omitempty" doc:"When that is given up"`
	NewPassword   bool            `json:"newPassword,omitempty" doc:"It was told to use another password and has not shown that it does; the old one is good as well"`
	AcceptExpired bool            `json:"acceptExpired,omitempty" doc:"With an expired certificate it may connect, to renew it"`
}

type connectorView struct {
	EVSE            int            `json:"evse" doc:"0 is the station as a whole"`
	Connector       int            `json:"connector"`
	Status          station.Status `json:"status"`
	ErrorCode       string         `json:"errorCode,omitempty" doc:"As the station sent it"`
	VendorID        string         `json:"vendorId,omitempty"`
	VendorErrorCode string         `json:"vendorErrorCode,omitempty"`
	Info            string         `json:"info,omitempty"`
	At              time.Time      `json:"at"`
}

// view is a station as it is shown, with what its connection and its connectors add.
func (s *Server) view(ctx context.Context, x station.Station) (stationView, error) {
	v := stationView{
		ID: x.ID, Name: x.Name, State: x.State, Version: x.Version, Vendor: x.Vendor, Model: x.Model, Serial: x.Serial, Firmware: x.Firmware,
		Tariff: x.Tariff, Site: x.Site, HasPassword: x.Password.Set(), SeenAt: moment(x.SeenAt), BootedAt: moment(x.BootedAt), CreatedAt: x.CreatedAt,
		Security: securityView{x.Profile, x.LastProfile, x.NextProfile, moment(x.NextProfileUntil), x.NextPassword.Set(), x.AdmitExpired},
	}
	v.Strict, v.Mirror = x.Strict, x.Mirror.URL
	if x.Adaptations.Any() {
		v.Adaptations = &x.Adaptations
	}
	if c, ok := s.Presence.Connection(x.ID); ok {
		v.Connected, v.Version, v.Remote, v.ConnectedSince, v.SeenAt = true, c.Version, c.Remote, &c.Since, &c.SeenAt
	}
	var err error
	if v.OpenFaults, err = s.Network.Finder.OpenFaults(ctx, x.ID); err != nil {
		return v, err
	}
	list, err := s.Network.States.Connectors(ctx, x.ID)
	v.Connectors = make([]connectorView, len(list))
	for i, c := range list {
		v.Connectors[i] = connectorView{c.EVSE.ID, c.EVSE.Connector, c.Status, c.ErrorCode, c.VendorID, c.VendorCode, c.Info, c.At}
	}
	return v, err
}

// StationPath is the station in a path, percent-encoded.
type StationPath struct {
	Station gnista.StationID `path:"station" maxLength:"255" doc:"Identity of the station, percent-encoded"`
}

// stationChange is what an operator says of a station; what is left out is not changed.
type stationChange struct {
	Name     *string        `json:"name,omitempty" maxLength:"100"`
	State    *station.State `json:"state,omitempty" enum:"accepted,pending,rejected" doc:"Whether it is in service"`
	Password *string        `json:"password,omitempty" doc:"Its Basic-auth password of 16 to 64 characters, never shown again; empty takes it away"`
	Tariff   *string        `json:"tariff,omitempty" doc:"Id of its tariff; empty is that of its site, or the default one"`
	Site     *string        `json:"site,omitempty" doc:"Id of its site; empty is none"`

	SecurityProfile *station.Profile `json:"securityProfile,omitempty" minimum:"0" maximum:"3" doc:"The lowest that it may connect with. What the station itself uses is changed with the command security-profile"`
	AcceptExpired   *bool            `json:"acceptExpiredCertificate,omitempty" doc:"Whether it may connect with an expired certificate, to renew it"`
	Strict          *bool            `json:"strict,omitempty" doc:"Refuse what breaks the rules of its version, but for the end of a transaction"`
	Mirror          *mirrorChange    `json:"mirror,omitempty" doc:"A second back end that is shown what the station sends"`

	Adaptations *adaptationChange `json:"adaptations,omitempty" doc:"What is to be done otherwise for it, beside what is done for its model; what was said before is forgotten"`
}

// mirrorChange is where a station is to be mirrored to.
type mirrorChange struct {
	URL      string `json:"url" maxLength:"500" doc:"As in wss://host/path; the identity becomes another segment. Empty is none"`
	Password string `json:"password,omitempty" maxLength:"100" doc:"For Basic authentication there, never shown again"`
}

// UnmarshalJSON refuses null.
func (c *stationChange) UnmarshalJSON(text []byte) error {
	type plain stationChange
	return unmarshalChange(text, (*plain)(c))
}

// adaptationChange is what is to be done otherwise for a station.
type adaptationChange station.Adaptations

// UnmarshalJSON refuses null.
func (c *adaptationChange) UnmarshalJSON(text []byte) error {
	return unmarshalChange(text, (*station.Adaptations)(c))
}

// UnmarshalJSON refuses null.
func (c *mirrorChange) UnmarshalJSON(text []byte) error {
	type plain mirrorChange
	return unmarshalChange(text, (*plain)(c))
}

// apply checks the change and makes a function of it.
func (s *Server) apply(ctx context.Context, c stationChange) (func(*station.Station), error) {
	var password station.Password
	if c.Password != nil && *c.Password != "" {
		var err error
		if password, err = station.NewPassword(*c.Password); err != nil {
			return nil, err
		}
	}
	if err := s.knownTariff(ctx, "tariff", c.Tariff); err != nil {
		return nil, err
	}
	return func(x *station.Station) {
		set(&x.Strict, c.Strict)
		set(&x.Adaptations, (*station.Adaptations)(c.Adaptations))
		if c.Mirror != nil {
			x.Mirror = station.Mirror{URL: c.Mirror.URL, Password: c.Mirror.Password}
		}
		set(&x.Name, c.Name)
		set(&x.State, c.State)
		set(&x.Tariff, c.Tariff)
		set(&x.Site, c.Site)
		if c.Password != nil {
			x.Password, x.NextPassword = password, station.Password{}
		}
		set(&x.Profile, c.SecurityProfile)
		set(&x.AdmitExpired, c.AcceptExpired)
	}, nil
}

// set changes a field that a change names.
func set[T any](field, to *T) {
	if to != nil {
		*field = *to
	}
}

func (s *Server) stations(api huma.API) {
	s.listing(api)
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/stations/{station}", OperationID: "get-station", Summary: "Show a station", Tags: []string{"Stations"}},
		func(ctx context.Context, in *StationPath) (*body[stationView], error) {
			x, err := s.Network.Store.Station(ctx, in.Station)
			if err != nil {
				return nil, err
			}
			return answer(s.view(ctx, x))
		})
	type change struct {
		StationPath
		Body stationChange
	}
	put := func(create bool) func(context.Context, *change) (*body[stationView], error) {
		return func(ctx context.Context, in *change) (*body[stationView], error) {
			apply, err := s.apply(ctx, in.Body)
			if err != nil {
				return nil, err
			}
			x, err := s.Network.Change(ctx, in.Station, create, apply)
			if err != nil {
				return nil, err
			}
			return answer(s.view(ctx, x))
		}
	}
	add(s, api, huma.Operation{Method: http.MethodPut, Path: "/stations/{station}", OperationID: "put-station", Summary: "Register a station, or change one", Tags: []string{"Stations"}}, put(true))
	add(s, api, huma.Operation{Method: http.MethodPatch, Path: "/stations/{station}", OperationID: "change-station", Summary: "Change a station", Tags: []string{"Stations"}}, put(false))
	add(s, api, huma.Operation{
		Method: http.MethodDelete, Path: "/stations/{station}", OperationID: "delete-station", Summary: "Forget a station", Tags: []string{"Stations"},
		Description: "Its transactions and charge records stay.", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *StationPath) (*struct{}, error) {
		return nil, s.Network.Delete(ctx, in.Station)
	})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/messages", OperationID: "list-messages", Summary: "List the OCPP messages of a station, the newest first", Tags: []string{"Stations"},
		Description: "The log is bounded in age and size. UIDs of tokens are cut to their last four characters.",
	}, s.listMessages)
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/notices", OperationID: "list-notices", Summary: "List the device model events of a station, the newest first", Tags: []string{"Stations"},
		Description: "OCPP 2.x NotifyEvent.",
	}, s.listNotices)
}

func same[T any](v T) T { return v }

// ofStation registers a list of something of a station's, the newest first. What get lists stands
// behind the item at the position before.
func ofStation[T, U any](s *Server, api huma.API, op huma.Operation, get func(ctx context.Context, id gnista.StationID, before string, limit int) ([]T, error), show func(T) U, position func(T) string) {
	add(s, api, op, func(ctx context.Context, in *struct {
		StationPath
		Paging
	}) (*body[page[U]], error) {
		before, err := in.after()
		if err != nil {
			return nil, err
		}
		if _, err := s.Network.Store.Station(ctx, in.Station); err != nil {
			return nil, err
		}
		list, err := get(ctx, in.Station, before, in.Limit)
		return answer(turn(in.Paging, list, show, position), err)
	})
}

type messageView struct {
	ID        string    `json:"id" doc:"In the order of time"`
	At        time.Time `json:"at"`
	Direction string    `json:"direction" enum:"in,out" doc:"in is from the station"`
	Type      int       `json:"type" doc:"Message type number; 0 is no OCPP-J frame: a text, or, with the action connected or disconnected, what became of the connection"`
	MessageID string    `json:"messageId,omitempty"`
	Action    string    `json:"action,omitempty"`
	Text      string    `json:"text"`
}

func (s *Server) listMessages(ctx context.Context, in *struct {
	StationPath
	Action    string    `query:"action" maxLength:"60"`
	Direction string    `query:"direction" enum:"in,out" doc:"in is from the station"`
	MessageID string    `query:"messageId" maxLength:"100" doc:"A request and its answer have the same one"`
	Since     time.Time `query:"since"`
	Until     time.Time `query:"until" doc:"Before this"`
	Paging
}) (*body[page[messageView]], error) {
	before, err := in.below()
	if err != nil {
		return nil, err
	}
	if _, err := s.Network.Store.Station(ctx, in.Station); err != nil {
		return nil, err
	}
	f := station.MessageFilter{Action: in.Action, MessageID: in.MessageID, Since: in.Since, To: in.Until}
	if in.Direction != "" {
		out := in.Direction == "out"
		f.Outgoing = &out
	}
	position := func(m station.Message) string { return strconv.FormatInt(m.ID, 10) } // more digits than a number of JavaScript holds
	list, err := s.Messages.Messages(ctx, in.Station, f, before, in.Limit)
	return answer(turn(in.Paging, list, func(m station.Message) messageView {
		v := messageView{ID: position(m), At: m.At, Direction: "in", Type: m.Type, MessageID: m.MessageID, Action: m.Action, Text: m.Text}
		if m.Outgoing {
			v.Direction = "out"
		}
		return v
	}, position), err)
}

type noticeView struct {
	ID          string    `json:"id"`
	At          time.Time `json:"at" doc:"By the station's clock"`
	ReceivedAt  time.Time `json:"receivedAt"`
	EventID     int       `json:"eventId"`
	Component   string    `json:"component"`
	EVSE        int       `json:"evse,omitempty"`
	Connector   int       `json:"connector,omitempty"`
	Variable    string    `json:"variable"`
	Value       string    `json:"value"`
	Trigger     string    `json:"trigger"`
	Cleared     bool      `json:"cleared"`
	TechCode    string    `json:"techCode,omitempty"`
	TechInfo    string    `json:"techInfo,omitempty"`
	Transaction string    `json:"transaction,omitempty" doc:"The station's name for it"`
	Severity    *int      `json:"severity,omitempty" doc:"0 (danger) to 9 (debug); absent where the station does not say"`
	Origin      string    `json:"origin,omitempty" enum:"hard-wired,preconfigured,custom" doc:"Of the rule behind it"`
	Monitor     int       `json:"monitor,omitempty" doc:"Id of the monitor behind it"`
	Cause       *int      `json:"cause,omitempty" doc:"eventId of what led to it"`
}

// known is a number that is not negative.
func known(n int) *int {
	if n < 0 {
		return nil
	}
	return &n
}

func (s *Server) listNotices(ctx context.Context, in *struct {
	StationPath
	Paging
}) (*body[page[noticeView]], error) {
	before, err := in.after()
	if err != nil {
		return nil, err
	}
	if _, err := s.Network.Store.Station(ctx, in.Station); err != nil {
		return nil, err
	}
	list, err := s.Network.States.Notices(ctx, in.Station, before, in.Limit)
	return answer(turn(in.Paging, list, func(n station.Notice) noticeView {
		return noticeView{n.ID, n.At, n.ReceivedAt, n.EventID, n.Component, n.EVSE.ID, n.EVSE.Connector, n.Variable, n.Value, n.Trigger, n.Cleared, n.TechCode, n.TechInfo, n.Transaction, known(n.Severity), n.Origin, n.Monitor, known(n.Cause)}
	}, func(n station.Notice) string { return n.ID }), err)
}
