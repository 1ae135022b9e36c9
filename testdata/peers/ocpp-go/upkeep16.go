package main

import (
	"github.com/lorenzodonini/ocpp-go/ocpp1.6/certificates"
	"github.com/lorenzodonini/ocpp-go/ocpp1.6/extendedtriggermessage"
	update "github.com/lorenzodonini/ocpp-go/ocpp1.6/firmware"
	"github.com/lorenzodonini/ocpp-go/ocpp1.6/logging"
	"github.com/lorenzodonini/ocpp-go/ocpp1.6/securefirmware"
	"github.com/lorenzodonini/ocpp-go/ocpp1.6/security"
	"github.com/lorenzodonini/ocpp-go/ocpp1.6/smartcharging"
	"github.com/lorenzodonini/ocpp-go/ocpp1.6/types"
)

func (s *station16) OnUpdateFirmware(r *update.UpdateFirmwareRequest) (*update.UpdateFirmwareConfirmation, error) {
	s.accept(order{do: func() error {
		return fetchFirmware(r.Location, "", "", func(status string) error {
			_, err := s.FirmwareStatusNotification(update.FirmwareStatus(status))
			return err
		})
	}})
	return update.NewUpdateFirmwareConfirmation(), nil
}

func (s *station16) OnSignedUpdateFirmware(r *securefirmware.SignedUpdateFirmwareRequest) (*securefirmware.SignedUpdateFirmwareResponse, error) {
	s.accept(order{do: func() error {
		return fetchFirmware(r.Firmware.Location, r.Firmware.SigningCertificate, r.Firmware.Signature, func(status string) error {
			_, err := s.SignedUpdateFirmwareStatusNotification(securefirmware.FirmwareStatus(status), func(n *securefirmware.SignedFirmwareStatusNotificationRequest) { n.RequestID = &r.RequestID })
			return err
		})
	}})
	return &securefirmware.SignedUpdateFirmwareResponse{Status: securefirmware.UpdateFirmwareStatusAccepted}, nil
}

func (s *station16) OnGetDiagnostics(r *update.GetDiagnosticsRequest) (*update.GetDiagnosticsConfirmation, error) {
	s.accept(order{do: func() error {
		return s.sendLog(r.Location, func(status string) error {
			_, err := s.DiagnosticsStatusNotification(update.DiagnosticsStatus(status))
			return err
		})
	}})
	return &update.GetDiagnosticsConfirmation{FileName: logName}, nil
}

func (s *station16) OnGetLog(r *logging.GetLogRequest) (*logging.GetLogResponse, error) {
	s.accept(order{do: func() error {
		return s.sendLog(r.Log.RemoteLocation, func(status string) error {
			_, err := s.LogStatusNotification(logging.UploadLogStatus(status), r.RequestID)
			return err
		})
	}})
	return &logging.GetLogResponse{Status: logging.LogStatusAccepted, Filename: logName}, nil
}

func (s *station16) OnSetChargingProfile(r *smartcharging.SetChargingProfileRequest) (*smartcharging.SetChargingProfileConfirmation, error) {
	w := r.ChargingProfile
	p := profile{evse: r.ConnectorId, level: w.StackLevel, purpose: string(w.ChargingProfilePurpose), unit: string(w.ChargingSchedule.ChargingRateUnit)}
	for _, x := range w.ChargingSchedule.ChargingSchedulePeriod {
		p.periods = append(p.periods, period{x.StartPeriod, x.Limit})
	}
	s.follow(w.ChargingProfileId, p)
	return smartcharging.NewSetChargingProfileConfirmation(smartcharging.ChargingProfileStatusAccepted), nil
}

func (s *station16) OnClearChargingProfile(r *smartcharging.ClearChargingProfileRequest) (*smartcharging.ClearChargingProfileConfirmation, error) {
	if s.forget(func(id int, p profile) bool {
		if r.Id != nil {
			return id == *r.Id
		}
		return (r.ConnectorId == nil || p.evse == *r.ConnectorId) && (r.StackLevel == nil || p.level == *r.StackLevel) &&
			(r.ChargingProfilePurpose == "" || p.purpose == string(r.ChargingProfilePurpose))
	}) {
		return smartcharging.NewClearChargingProfileConfirmation(smartcharging.ClearChargingProfileStatusAccepted), nil
	}
	return smartcharging.NewClearChargingProfileConfirmation(smartcharging.ClearChargingProfileStatusUnknown), nil
}

func (s *station16) OnGetCompositeSchedule(r *smartcharging.GetCompositeScheduleRequest) (*smartcharging.GetCompositeScheduleConfirmation, error) {
	unit, list := s.composite(r.Duration)
	if len(list) == 0 {
		return smartcharging.NewGetCompositeScheduleConfirmation(smartcharging.GetCompositeScheduleStatusRejected), nil
	}
	schedule := types.ChargingSchedule{Duration: &r.Duration, ChargingRateUnit: types.ChargingRateUnitType(unit)}
	for _, x := range list {
		schedule.ChargingSchedulePeriod = append(schedule.ChargingSchedulePeriod, types.ChargingSchedulePeriod{StartPeriod: x.start, Limit: x.limit})
	}
	return &smartcharging.GetCompositeScheduleConfirmation{
		Status: smartcharging.GetCompositeScheduleStatusAccepted, ConnectorId: &r.ConnectorId, ScheduleStart: types.Now(), ChargingSchedule: &schedule,
	}, nil
}

func (s *station16) OnExtendedTriggerMessage(r *extendedtriggermessage.ExtendedTriggerMessageRequest) (*extendedtriggermessage.ExtendedTriggerMessageResponse, error) {
	if r.RequestedMessage != extendedtriggermessage.ExtendedTriggerMessageTypeSignChargingStationCertificate {
		return extendedtriggermessage.NewExtendedTriggerMessageResponse(extendedtriggermessage.ExtendedTriggerMessageStatusNotImplemented), nil
	}
	s.accept(order{do: func() error {
		csr, err := s.request()
		if err == nil {
			_, err = s.SignCertificate(csr)
		}
		return err
	}})
	return extendedtriggermessage.NewExtendedTriggerMessageResponse(extendedtriggermessage.ExtendedTriggerMessageStatusAccepted), nil
}

func (s *station16) OnCertificateSigned(r *security.CertificateSignedRequest) (*security.CertificateSignedResponse, error) {
	if !s.signed(r.CertificateChain) {
		return security.NewCertificateSignedResponse(security.CertificateSignedStatusRejected), nil
	}
	return security.NewCertificateSignedResponse(security.CertificateSignedStatusAccepted), nil
}

func (s *station16) OnInstallCertificate(r *certificates.InstallCertificateRequest) (*certificates.InstallCertificateResponse, error) {
	if !s.install(string(r.CertificateType), r.Certificate) {
		return certificates.NewInstallCertificateResponse(certificates.CertificateStatusRejected), nil
	}
	return certificates.NewInstallCertificateResponse(certificates.CertificateStatusAccepted), nil
}

func (s *station16) OnGetInstalledCertificateIds(r *certificates.GetInstalledCertificateIdsRequest) (*certificates.GetInstalledCertificateIdsResponse, error) {
	resp := certificates.NewGetInstalledCertificateIdsResponse(certificates.GetInstalledCertificateStatusNotFound)
	for _, x := range s.installed(string(r.CertificateType)) {
		h := hash(x.cert)
		resp.Status = certificates.GetInstalledCertificateStatusAccepted
		resp.CertificateHashData = append(resp.CertificateHashData, types.CertificateHashData{HashAlgorithm: types.SHA256, IssuerNameHash: h.name, IssuerKeyHash: h.key, SerialNumber: h.serial})
	}
	return resp, nil
}

func (s *station16) OnDeleteCertificate(r *certificates.DeleteCertificateRequest) (*certificates.DeleteCertificateResponse, error) {
	h := r.CertificateHashData
	if !s.uninstall(hashes{h.IssuerNameHash, h.IssuerKeyHash, h.SerialNumber}) {
		return certificates.NewDeleteCertificateResponse(certificates.DeleteCertificateStatusNotFound), nil
	}
	return certificates.NewDeleteCertificateResponse(certificates.DeleteCertificateStatusAccepted), nil
}
