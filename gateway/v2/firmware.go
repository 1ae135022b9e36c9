package v2

import (
	"context"
	"strings"
	"time"

	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// OCPP 2.x L01.FR.11, L02.
func updateFirmware(ctx context.Context, s *gateway.Session, o station.UpdateFirmware) (station.Answer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.UpdateFirmware, ocpp2.UpdateFirmwareRequest{
		RequestID: o.Number, Retries: given(o.Retries), RetryInterval: given(int(o.RetryInterval.Seconds())),
		Firmware: ocpp2.Firmware{
			Location: o.Location, RetrieveDateTime: ocppj.At(o.RetrieveAt), InstallDateTime: atOrNil(o.InstallAt), Signature: o.Signature, SigningCertificate: o.Certificate,
		},
	})
	return answer(resp.Status, resp.StatusInfo), err
}

// OCPP 2.x L03.
func publishFirmware(ctx context.Context, s *gateway.Session, o station.PublishFirmware) (station.Answer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.PublishFirmware, ocpp2.PublishFirmwareRequest{
		RequestID: o.Number, Location: o.Location, Checksum: o.Checksum, Retries: given(o.Retries), RetryInterval: given(int(o.RetryInterval.Seconds())),
	})
	return answer(resp.Status, resp.StatusInfo), err
}

// OCPP 2.x L04.
func unpublishFirmware(ctx context.Context, s *gateway.Session, o station.UnpublishFirmware) (station.Answer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.UnpublishFirmware, ocpp2.UnpublishFirmwareRequest{Checksum: o.Checksum})
	return answer(resp.Status, nil), err
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

// updates are the states of an update; what is not here has nothing to tell.
var updates = map[ocpp2.FirmwareStatus]station.TransferState{
	ocpp2.FirmwareStatusDownloadScheduled:         station.TransferScheduled,
	ocpp2.FirmwareStatusDownloading:               station.Downloading,
	ocpp2.FirmwareStatusDownloadPaused:            station.DownloadPaused,
	ocpp2.FirmwareStatusDownloaded:                station.Downloaded,
	ocpp2.FirmwareStatusSignatureVerified:         station.Verified,
	ocpp2.FirmwareStatusInstallScheduled:          station.InstallScheduled,
	ocpp2.FirmwareStatusInstalling:                station.Installing,
	ocpp2.FirmwareStatusInstallRebooting:          station.InstallRebooting,
	ocpp2.FirmwareStatusInstalled:                 station.Installed,
	ocpp2.FirmwareStatusDownloadFailed:            station.TransferFailed,
	ocpp2.FirmwareStatusInvalidSignature:          station.TransferFailed,
	ocpp2.FirmwareStatusInstallVerificationFailed: station.TransferFailed,
	ocpp2.FirmwareStatusInstallationFailed:        station.TransferFailed,
}

// OCPP 2.x L01.FR.01.
func (a *Adapter) firmwareStatus(ctx context.Context, s *gateway.Session, req ocpp2.FirmwareStatusNotificationRequest, _ []ocppj.Violation) (ocpp2.FirmwareStatusNotificationResponse, error) {
	return ocpp2.FirmwareStatusNotificationResponse{}, a.Network.ReportTransfer(ctx, s.Station, station.TransferStatus{
		Kinds: []station.TransferKind{station.FirmwareUpdate}, Number: req.RequestID, State: updates[req.Status], Detail: worded(string(req.Status), req.StatusInfo),
	})
}

// publications are the states of firmware that a local controller offers.
var publications = map[ocpp2.PublishFirmwareStatus]station.TransferState{
	ocpp2.PublishFirmwareStatusDownloadScheduled: station.TransferScheduled,
	ocpp2.PublishFirmwareStatusDownloading:       station.Downloading,
	ocpp2.PublishFirmwareStatusDownloadPaused:    station.DownloadPaused,
	ocpp2.PublishFirmwareStatusDownloaded:        station.Downloaded,
	ocpp2.PublishFirmwareStatusChecksumVerified:  station.Verified,
	ocpp2.PublishFirmwareStatusPublished:         station.Published,
	ocpp2.PublishFirmwareStatusDownloadFailed:    station.TransferFailed,
	ocpp2.PublishFirmwareStatusInvalidChecksum:   station.TransferFailed,
	ocpp2.PublishFirmwareStatusPublishFailed:     station.TransferFailed,
}

// OCPP 2.x L03.
func (a *Adapter) publishFirmwareStatus(ctx context.Context, s *gateway.Session, req ocpp2.PublishFirmwareStatusNotificationRequest, _ []ocppj.Violation) (ocpp2.PublishFirmwareStatusNotificationResponse, error) {
	detail := worded(string(req.Status), req.StatusInfo)
	if len(req.Location) > 0 {
		detail += " " + strings.Join(req.Location, " ")
	}
	return ocpp2.PublishFirmwareStatusNotificationResponse{}, a.Network.ReportTransfer(ctx, s.Station, station.TransferStatus{
		Kinds: []station.TransferKind{station.FirmwarePublish}, Number: req.RequestID, State: publications[req.Status], Detail: detail,
	})
}
