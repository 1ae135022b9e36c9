package v16

import (
	"context"

	"gnista"
	"gnista/gateway"
	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// OCPP 1.6 §5.9 for diagnostics, which every station knows; the security whitepaper's K01 for the
// security log.
func sendLog(ctx context.Context, s *gateway.Session, o station.SendLog) (station.Answer, error) {
	switch o.Kind {
	case station.DiagnosticsLog:
		resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.GetDiagnostics, ocpp16.GetDiagnosticsRequest{
			Location: o.Location, StartTime: atOrNil(o.From), StopTime: atOrNil(o.To), Retries: given(o.Retries), RetryInterval: given(int(o.RetryInterval.Seconds())),
		})
		if err == nil && resp.FileName == "" {
			return station.Answer{Status: station.Refused, Detail: "the station has no diagnostics"}, nil
		}
		return station.Answer{Status: station.Done, Detail: resp.FileName}, err
	case station.SecurityLog:
		resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.GetLog, ocpp16.GetLogRequest{
			LogType: ocpp16.LogTypeSecurityLog, RequestID: o.Number, Retries: given(o.Retries), RetryInterval: given(int(o.RetryInterval.Seconds())),
			Log: ocpp16.LogParameters{RemoteLocation: o.Location, OldestTimestamp: atOrNil(o.From), LatestTimestamp: atOrNil(o.To)},
		})
		return answer(resp.Status), err
	}
	return station.Answer{}, gnista.Errorf(gnista.Unsupported, "OCPP 1.6 has no log of the kind %q", o.Kind)
}

// uploads are the states of both kinds of log; what is not here has nothing to tell.
var uploads = map[string]station.TransferState{
	"Uploading": station.Uploading, "Uploaded": station.Uploaded, "UploadFailed": station.TransferFailed, "UploadFailure": station.TransferFailed,
	"BadMessage": station.TransferFailed, "NotSupportedOperation": station.TransferFailed, "PermissionDenied": station.TransferFailed,
}

// OCPP 1.6 §4.4.
func (a *Adapter) diagnosticsStatus(ctx context.Context, s *gateway.Session, req ocpp16.DiagnosticsStatusNotificationRequest, _ []ocppj.Violation) (ocpp16.DiagnosticsStatusNotificationResponse, error) {
	return ocpp16.DiagnosticsStatusNotificationResponse{}, a.Network.ReportTransfer(ctx, s.Station, station.TransferStatus{
		Kinds: []station.TransferKind{station.DiagnosticsLog}, State: uploads[string(req.Status)], Detail: string(req.Status),
	})
}

// OCPP 1.6 security whitepaper N01.
func (a *Adapter) logStatus(ctx context.Context, s *gateway.Session, req ocpp16.LogStatusNotificationRequest, _ []ocppj.Violation) (ocpp16.LogStatusNotificationResponse, error) {
	return ocpp16.LogStatusNotificationResponse{}, a.Network.ReportTransfer(ctx, s.Station, station.TransferStatus{
		Kinds: []station.TransferKind{station.SecurityLog, station.DiagnosticsLog}, Number: req.RequestID, State: uploads[string(req.Status)], Detail: string(req.Status),
	})
}
