package sim

import (
	"context"
	"fmt"
	"slices"

	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// modern is the connection of a station in service that speaks at least a version.
func (s *Station) modern(since ocppj.Version, what string) (*link, error) {
	s.prepare()
	if s.traits.protocol < since {
		return nil, fmt.Errorf("OCPP %s cannot tell of %s", s.Version, what)
	}
	return s.online()
}

// unable is that something does not go with what happens at an EVSE.
func (s *Station) unable(evse int, what string) error {
	return fmt.Errorf("at EVSE %d of station %s there is nothing for %s", evse, s.ID, what)
}

// LimitFromOutside is a limit that somebody else than the central system sets the station, or one
// EVSE: source is EMS, SO or Other. OCPP 1.6 cannot tell of it. (OCPP 2.x K11, K12)
func (s *Station) LimitFromOutside(ctx context.Context, evse int, limitW int64, source string) error {
	e, err := s.at(evse)
	if err != nil {
		return err
	}
	limit, now := float64(limitW), instant(s.Now())
	schedule := ocpp2.ChargingSchedule{
		ID: 1, ChargingRateUnit: ocpp2.ChargingRateUnitW, StartSchedule: &now, ChargingSchedulePeriod: []ocpp2.ChargingSchedulePeriod{{Limit: &limit}},
	}
	s.mu.Lock()
	s.dropOutside(e, source)
	s.kept.profiles = append(s.kept.profiles, &profile{evse: evse, source: ocpp2.ChargingLimitSource(source), set: s.Now(), ChargingProfile: ocpp2.ChargingProfile{
		ID: -1 - evse, ChargingProfilePurpose: ocpp2.ChargingProfilePurposeChargingStationExternalConstraints, ChargingProfileKind: ocpp2.ChargingProfileKindAbsolute,
		ChargingSchedule: []ocpp2.ChargingSchedule{schedule},
	}})
	detailed := s.holds("SmartChargingCtrlr", "NotifyChargingLimitWithSchedules") == "true"
	s.mu.Unlock()
	s.relimit()
	if s.traits.protocol < ocppj.V201 {
		return nil
	}
	l, err := s.online()
	if err != nil {
		return err
	}
	req := ocpp2.NotifyChargingLimitRequest{ChargingLimit: ocpp2.ChargingLimit{ChargingLimitSource: ocpp2.ChargingLimitSource(source)}, EVSEID: inside(evse)}
	if detailed { // K12.FR.03
		req.ChargingSchedule = []ocpp2.ChargingSchedule{schedule}
	}
	_, err = call(ctx, l, ocpp2.NotifyChargingLimit, req)
	return err
}

// EndLimitFromOutside takes such a limit away. (OCPP 2.x K13)
func (s *Station) EndLimitFromOutside(ctx context.Context, evse int, source string) error {
	e, err := s.at(evse)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.dropOutside(e, source)
	s.mu.Unlock()
	s.relimit()
	if s.traits.protocol < ocppj.V201 {
		return nil
	}
	l, err := s.online()
	if err != nil {
		return err
	}
	_, err = call(ctx, l, ocpp2.ClearedChargingLimit, ocpp2.ClearedChargingLimitRequest{ChargingLimitSource: ocpp2.ChargingLimitSource(source), EVSEID: inside(evse)})
	return err
}

// dropOutside forgets the limit of a source. mu is held.
func (s *Station) dropOutside(e *evse, source string) {
	k := s.memory()
	k.profiles = slices.DeleteFunc(k.profiles, func(p *profile) bool {
		return p.evse == e.id && string(p.source) == source && p.ChargingProfilePurpose == ocpp2.ChargingProfilePurposeChargingStationExternalConstraints
	})
}

// inside is an EVSE where the station as a whole is left out.
func inside(evse int) *int {
	if evse == 0 {
		return nil
	}
	return &evse
}
