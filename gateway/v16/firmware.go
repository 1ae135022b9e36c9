package v16

import (
	"context"
	"time"

	"gnista/gateway"
	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// OCPP 1.6 §5.19; with a signature the security whitepaper's L01.FR.11.
func updateFirmware(ctx context.Context, s *gateway.Session, o station.UpdateFirmware) (station.Answer, error) {
	if o.Signature == "" {
		_, err := ocppj.Call(ctx, &s.Conn, ocpp16.UpdateFirmware, ocpp16.UpdateFirmwareRequest{
			Location: o.Location, RetrieveDate: ocppj.At(o.RetrieveAt), Retries: given(o.Retries), RetryInterval: given(int(o.RetryInterval.Seconds())),
		})
		return station.Answer{Status: station.Done}, err // there is no other answer
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.SignedUpdateFirmware, ocpp16.SignedUpdateFirmwareRequest{
		RequestID: o.Number, Retries: given(o.Retries), RetryInterval: given(int(o.RetryInterval.Seconds())),
		Firmware: ocpp16.Firmware{
			Location: o.Location, RetrieveDateTime: ocppj.At(o.RetrieveAt), InstallDateTime: atOrNil(o.InstallAt), Signature: o.Signature, SigningCertificate: o.Certificate,
		},
	})
	return answer(resp.Status), err
}

// given is a number where there is one.
func given(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}

// atOrNil is a time where there is one.
func atOrNil(t time.Time) *ocppj.DateTime {
	if t.IsZero() {
		return nil
	}
	at := ocppj.At(t)
	return &at
}

// updates are the states of both kinds of update; what is not here has nothing to tell.
var updates = map[string]station.TransferState{
	"Downloaded": station.Downloaded, "DownloadFailed": station.TransferFailed, "Downloading": station.Downloading, "DownloadScheduled": station.TransferScheduled,
	"DownloadPaused": station.DownloadPaused, "InstallationFailed": station.TransferFailed, "Installing": station.Installing, "Installed": station.Installed,
	"InstallRebooting": station.InstallRebooting, "InstallScheduled": station.InstallScheduled, "InstallVerificationFailed": station.TransferFailed,
	"InvalidSignature": station.TransferFailed, "SignatureVerified": station.Verified,
}

// OCPP 1.6 §4.5.
func (a *Adapter) firmwareStatus(ctx context.Context, s *gateway.Session, req ocpp16.FirmwareStatusNotificationRequest, _ []ocppj.Violation) (ocpp16.FirmwareStatusNotificationResponse, error) {
	return ocpp16.FirmwareStatusNotificationResponse{}, a.Network.ReportTransfer(ctx, s.Station, station.TransferStatus{
		Kinds: []station.TransferKind{station.FirmwareUpdate}, State: updates[string(req.Status)], Detail: string(req.Status),
	})
}

// OCPP 1.6 security whitepaper L01.
func (a *Adapter) signedFirmwareStatus(ctx context.Context, s *gateway.Session, req ocpp16.SignedFirmwareStatusNotificationRequest, _ []ocppj.Violation) (ocpp16.SignedFirmwareStatusNotificationResponse, error) {
	return ocpp16.SignedFirmwareStatusNotificationResponse{}, a.Network.ReportTransfer(ctx, s.Station, station.TransferStatus{
		Kinds: []station.TransferKind{station.FirmwareUpdate}, Number: req.RequestID, State: updates[string(req.Status)], Detail: string(req.Status),
	})
}
