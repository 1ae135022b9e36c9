package v2

import (
	"context"

	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

var logs = map[station.TransferKind]ocpp2.LogType{
	station.DiagnosticsLog: ocpp2.LogTypeDiagnosticsLog,
	station.SecurityLog:    ocpp2.LogTypeSecurityLog,
	station.DataLog:        ocpp2.LogTypeDataCollectorLog,
}

// OCPP 2.x N01.
func sendLog(ctx context.Context, s *gateway.Session, o station.SendLog) (station.Answer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.GetLog, ocpp2.GetLogRequest{
		LogType: logs[o.Kind], RequestID: o.Number, Retries: given(o.Retries), RetryInterval: given(int(o.RetryInterval.Seconds())),
		Log: ocpp2.LogParameters{RemoteLocation: o.Location, OldestTimestamp: atOrNil(o.From), LatestTimestamp: atOrNil(o.To)},
	})
	return answer(resp.Status, resp.StatusInfo), err
}

// uploads are the states of a log; what is not here has nothing to tell.
var uploads = map[ocpp2.UploadLogStatus]station.TransferState{
	ocpp2.UploadLogStatusUploading:             station.Uploading,
	ocpp2.UploadLogStatusUploaded:              station.Uploaded,
	ocpp2.UploadLogStatusUploadFailure:         station.TransferFailed,
	ocpp2.UploadLogStatusBadMessage:            station.TransferFailed,
	ocpp2.UploadLogStatusNotSupportedOperation: station.TransferFailed,
	ocpp2.UploadLogStatusPermissionDenied:      station.TransferFailed,
	ocpp2.UploadLogStatusAcceptedCanceled:      station.TransferCancelled,
}

// OCPP 2.x N01.FR.12.
func (a *Adapter) logStatus(ctx context.Context, s *gateway.Session, req ocpp2.LogStatusNotificationRequest, _ []ocppj.Violation) (ocpp2.LogStatusNotificationResponse, error) {
	return ocpp2.LogStatusNotificationResponse{}, a.Network.ReportTransfer(ctx, s.Station, station.TransferStatus{
		Kinds: []station.TransferKind{station.DiagnosticsLog, station.SecurityLog, station.DataLog}, Number: req.RequestID, State: uploads[req.Status],
		Detail: worded(string(req.Status), req.StatusInfo),
	})
}
