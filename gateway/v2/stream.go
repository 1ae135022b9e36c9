package v2

import (
	"context"
	"math"
	"time"

	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// stream is a stream as a station describes it.
func stream(d ocpp2.ConstantStreamData) station.EventStream {
	s := station.EventStream{Number: d.ID, Monitor: d.VariableMonitoringID}
	if p := d.Params; p != nil {
		if p.Interval != nil {
			s.Interval = *p.Interval
		}
		if p.Values != nil {
			s.Values = *p.Values
		}
	}
	return s
}

// OCPP 2.1 N11.
func (a *Adapter) openStream(ctx context.Context, s *gateway.Session, req ocpp2.OpenPeriodicEventStreamRequest) (ocpp2.OpenPeriodicEventStreamResponse, error) {
	ok, err := a.Network.OpenStream(ctx, s.Station, stream(req.ConstantStreamData))
	resp := ocpp2.OpenPeriodicEventStreamResponse{Status: ocpp2.GenericStatusAccepted}
	if !ok { // OCPP 2.1 N11.FR.05
		resp = ocpp2.OpenPeriodicEventStreamResponse{Status: ocpp2.GenericStatusRejected, StatusInfo: &ocpp2.StatusInfo{ReasonCode: "NoMemory", AdditionalInfo: "too many streams are open"}}
	}
	return resp, err
}

// OCPP 2.1 N13.FR.02.
func (a *Adapter) closeStream(ctx context.Context, s *gateway.Session, req ocpp2.ClosePeriodicEventStreamRequest) (ocpp2.ClosePeriodicEventStreamResponse, error) {
	return ocpp2.ClosePeriodicEventStreamResponse{}, a.Network.CloseStream(ctx, s.Station, req.ID)
}

// OCPP 2.1 N15.FR.02, N15.FR.03.
func (a *Adapter) streamed(ctx context.Context, s *gateway.Session, req ocpp2.NotifyPeriodicEventStreamRequest) (ocppj.None, error) {
	var values []station.StreamValue
	for _, d := range req.Data {
		if math.Abs(d.T) < 1e9 { // seconds; others would be at no time that can be written
			values = append(values, station.StreamValue{At: req.Basetime.Add(time.Duration(d.T * float64(time.Second))).UTC(), Value: d.V})
		}
	}
	return ocppj.None{}, a.Network.Stream(ctx, s.Station, req.ID, req.Pending, values)
}

// OCPP 2.1 N14.FR.01.
func adjustStream(ctx context.Context, s *gateway.Session, o station.AdjustStream) (station.Answer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.AdjustPeriodicEventStream, ocpp2.AdjustPeriodicEventStreamRequest{
		ID: o.Number, Params: &ocpp2.PeriodicEventStreamParams{Interval: given(o.Interval), Values: given(o.Values)},
	})
	return answer(resp.Status, resp.StatusInfo), err
}

// OCPP 2.1 N12.
func readStreams(ctx context.Context, s *gateway.Session, _ station.ReadStreams) ([]station.EventStream, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.GetPeriodicEventStream, ocpp2.GetPeriodicEventStreamRequest{})
	list := make([]station.EventStream, len(resp.ConstantStreamData))
	for i, d := range resp.ConstantStreamData {
		list[i] = stream(d)
	}
	return list, err
}
