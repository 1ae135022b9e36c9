package v16

import (
	"context"
	"errors"
	"slices"
	"strings"

	"gnista/gateway"
	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// OCPP 1.6 §5.8.
func readSettings(ctx context.Context, s *gateway.Session, o station.ReadSettings) ([]station.Setting, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.GetConfiguration, ocpp16.GetConfigurationRequest{Key: o.Names})
	if err != nil {
		return nil, err
	}
	list := make([]station.Setting, 0, len(resp.ConfigurationKey)+len(resp.UnknownKey))
	for _, k := range resp.ConfigurationKey {
		list = append(list, station.Setting{Name: asked(s, o.Names, k.Key), Value: k.Value, ReadOnly: k.Readonly, Status: station.Done})
	}
	for _, name := range resp.UnknownKey {
		list = append(list, station.Setting{Name: asked(s, o.Names, name), Status: station.NotKnown})
	}
	return list, nil
}

// asked is the name of a setting as it was asked for, in whatever letter case the station writes it
// (quirk Q21).
func asked(s *gateway.Session, names []string, key string) string {
	i := slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(name, key) })
	if i < 0 || names[i] == key {
		return key
	}
	s.Saw("Q21", "the setting %s is written %s", names[i], key)
	return names[i]
}

// OCPP 1.6 §5.3. There is a message for each setting; after one that is not answered the rest is not
// sent, while one that is answered with an error stops nothing (quirk Q22).
func writeSettings(ctx context.Context, s *gateway.Session, o station.WriteSettings) ([]station.Setting, error) {
	list := slices.Clone(o.List)
	for i, k := range list {
		resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.ChangeConfiguration, ocpp16.ChangeConfigurationRequest{Key: k.Name, Value: k.Value})
		e, told := errors.AsType[*ocppj.Error](err)
		if told {
			s.Saw("Q22", "ChangeConfiguration of %s is answered with %s", k.Name, e.Code)
		}
		if told && len(list) > 1 {
			list[i].Status, list[i].Detail = station.NotSupporting, e.Error()
			continue
		}
		if err != nil {
			return nil, err
		}
		a := answer(resp.Status)
		if a.Status == station.NotSupporting {
			a.Status = station.NotKnown // that is what NotSupported means here
		}
		list[i].Status, list[i].Detail = a.Status, a.Detail
	}
	return list, nil
}
