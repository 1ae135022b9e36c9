package v16

import (
	"context"
	"slices"

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
		list = append(list, station.Setting{Name: k.Key, Value: k.Value, ReadOnly: k.Readonly, Status: station.Done})
	}
	for _, name := range resp.UnknownKey {
		list = append(list, station.Setting{Name: name, Status: station.NotKnown})
	}
	return list, nil
}

// OCPP 1.6 §5.3. There is a message for each setting; after one that fails the rest is not sent.
func writeSettings(ctx context.Context, s *gateway.Session, o station.WriteSettings) ([]station.Setting, error) {
	list := slices.Clone(o.List)
	for i, k := range list {
		resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.ChangeConfiguration, ocpp16.ChangeConfigurationRequest{Key: k.Name, Value: k.Value})
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
