package main

import (
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1/diagnostics"
	update "github.com/lorenzodonini/ocpp-go/ocpp2.0.1/firmware"
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1/iso15118"
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1/security"
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1/smartcharging"
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1/types"
)

func (s *station201) OnUpdateFirmware(r *update.UpdateFirmwareRequest) (*update.UpdateFirmwareResponse, error) {
	s.accept(order{do: func() error {
		return fetchFirmware(r.Firmware.Location, r.Firmware.SigningCertificate, r.Firmware.Signature, func(status string) error {
			_, err := s.FirmwareStatusNotification(update.FirmwareStatus(status), func(n *update.FirmwareStatusNotificationRequest) { n.RequestID = &r.RequestID })
			return err
		})
	}})
	return update.NewUpdateFirmwareResponse(update.UpdateFirmwareStatusAccepted), nil
}

func (s *station201) OnGetLog(r *diagnostics.GetLogRequest) (*diagnostics.GetLogResponse, error) {
	s.accept(order{do: func() error {
		return s.sendLog(r.Log.RemoteLocation, func(status string) error {
			_, err := s.LogStatusNotification(diagnostics.UploadLogStatus(status), r.RequestID)
			return err
		})
	}})
	return &diagnostics.GetLogResponse{Status: diagnostics.LogStatusAccepted, Filename: logName}, nil
}

func (s *station201) OnSetChargingProfile(r *smartcharging.SetChargingProfileRequest) (*smartcharging.SetChargingProfileResponse, error) {
	w := r.ChargingProfile
	p := profile{evse: r.EvseID, level: w.StackLevel, purpose: purpose(w.ChargingProfilePurpose), unit: string(w.ChargingSchedule[0].ChargingRateUnit), wire: *w}
	for _, x := range w.ChargingSchedule[0].ChargingSchedulePeriod {
		p.periods = append(p.periods, period{x.StartPeriod, x.Limit})
	}
	s.follow(w.ID, p)
	return smartcharging.NewSetChargingProfileResponse(smartcharging.ChargingProfileStatusAccepted), nil
}

// purpose is what OCPP 1.6 calls it.
func purpose(p types.ChargingProfilePurposeType) string {
	if p == types.ChargingProfilePurposeChargingStationMaxProfile {
		return whole
	}
	return string(p)
}

func (s *station201) OnClearChargingProfile(r *smartcharging.ClearChargingProfileRequest) (*smartcharging.ClearChargingProfileResponse, error) {
	if s.forget(func(id int, p profile) bool {
		c := r.ChargingProfileCriteria
		if r.ChargingProfileID != nil || c == nil {
			return r.ChargingProfileID != nil && id == *r.ChargingProfileID
		}
		return (c.EvseID == nil || p.evse == *c.EvseID) && (c.StackLevel == nil || p.level == *c.StackLevel) &&
			(c.ChargingProfilePurpose == "" || p.purpose == purpose(c.ChargingProfilePurpose))
	}) {
		return smartcharging.NewClearChargingProfileResponse(smartcharging.ClearChargingProfileStatusAccepted), nil
	}
	return smartcharging.NewClearChargingProfileResponse(smartcharging.ClearChargingProfileStatusUnknown), nil
}

// OnGetCompositeSchedule answers in the words of OCPP 2.0, as the library has no others.
func (s *station201) OnGetCompositeSchedule(r *smartcharging.GetCompositeScheduleRequest) (*smartcharging.GetCompositeScheduleResponse, error) {
	unit, list := s.composite(r.Duration)
	if len(list) == 0 {
		return smartcharging.NewGetCompositeScheduleResponse(smartcharging.GetCompositeScheduleStatusRejected, r.EvseID), nil
	}
	schedule := types.ChargingSchedule{Duration: &r.Duration, ChargingRateUnit: types.ChargingRateUnitType(unit)}
	for _, x := range list {
		schedule.ChargingSchedulePeriod = append(schedule.ChargingSchedulePeriod, types.ChargingSchedulePeriod{StartPeriod: x.start, Limit: x.limit})
	}
	return &smartcharging.GetCompositeScheduleResponse{
		Status: smartcharging.GetCompositeScheduleStatusAccepted, EvseID: r.EvseID,
		Schedule: &smartcharging.CompositeSchedule{StartDateTime: types.Now(), ChargingSchedule: &schedule},
	}, nil
}

// OnGetChargingProfiles reports what comes from the operator, which is all there is.
func (s *station201) OnGetChargingProfiles(r *smartcharging.GetChargingProfilesRequest) (*smartcharging.GetChargingProfilesResponse, error) {
	byEVSE := map[int][]types.ChargingProfile{}
	s.Lock()
	for _, p := range s.profiles {
		if r.EvseID == nil || *r.EvseID == p.evse {
			byEVSE[p.evse] = append(byEVSE[p.evse], p.wire.(types.ChargingProfile))
		}
	}
	s.Unlock()
	if len(byEVSE) == 0 {
		return smartcharging.NewGetChargingProfilesResponse(smartcharging.GetChargingProfileStatusNoProfiles), nil
	}
	s.accept(order{do: func() error {
		left := len(byEVSE)
		for evse, list := range byEVSE {
			left--
			if _, err := s.ReportChargingProfiles(r.RequestID, types.ChargingLimitSourceCSO, evse, list, func(n *smartcharging.ReportChargingProfilesRequest) { n.Tbc = left > 0 }); err != nil {
				return err
			}
		}
		return nil
	}})
	return smartcharging.NewGetChargingProfilesResponse(smartcharging.GetChargingProfileStatusAccepted), nil
}

// certify asks for a certificate.
func (s *station201) certify() error {
	csr, err := s.request()
	if err == nil {
		_, err = s.SignCertificate(csr, func(r *security.SignCertificateRequest) { r.CertificateType = types.ChargingStationCert })
	}
	return err
}

func (s *station201) OnCertificateSigned(r *security.CertificateSignedRequest) (*security.CertificateSignedResponse, error) {
	if !s.signed(r.CertificateChain) {
		return security.NewCertificateSignedResponse(security.CertificateSignedStatusRejected), nil
	}
	return security.NewCertificateSignedResponse(security.CertificateSignedStatusAccepted), nil
}

func (s *station201) OnInstallCertificate(r *iso15118.InstallCertificateRequest) (*iso15118.InstallCertificateResponse, error) {
	if !s.install(string(r.CertificateType), r.Certificate) {
		return iso15118.NewInstallCertificateResponse(iso15118.CertificateStatusRejected), nil
	}
	return iso15118.NewInstallCertificateResponse(iso15118.CertificateStatusAccepted), nil
}

func (s *station201) OnGetInstalledCertificateIds(r *iso15118.GetInstalledCertificateIdsRequest) (*iso15118.GetInstalledCertificateIdsResponse, error) {
	resp := iso15118.NewGetInstalledCertificateIdsResponse(iso15118.GetInstalledCertificateStatusNotFound)
	if len(r.CertificateTypes) == 0 {
		r.CertificateTypes = []types.CertificateUse{""}
	}
	for _, use := range r.CertificateTypes {
		for _, x := range s.installed(string(use)) {
			h := hash(x.cert)
			resp.Status = iso15118.GetInstalledCertificateStatusAccepted
			resp.CertificateHashDataChain = append(resp.CertificateHashDataChain, types.CertificateHashDataChain{
				CertificateType:     types.CertificateUse(x.use),
				CertificateHashData: types.CertificateHashData{HashAlgorithm: types.SHA256, IssuerNameHash: h.name, IssuerKeyHash: h.key, SerialNumber: h.serial},
			})
		}
	}
	return resp, nil
}

func (s *station201) OnDeleteCertificate(r *iso15118.DeleteCertificateRequest) (*iso15118.DeleteCertificateResponse, error) {
	h := r.CertificateHashData
	if !s.uninstall(hashes{h.IssuerNameHash, h.IssuerKeyHash, h.SerialNumber}) {
		return iso15118.NewDeleteCertificateResponse(iso15118.DeleteCertificateStatusNotFound), nil
	}
	return iso15118.NewDeleteCertificateResponse(iso15118.DeleteCertificateStatusAccepted), nil
}

func (s *station201) OnPublishFirmware(r *update.PublishFirmwareRequest) (*update.PublishFirmwareResponse, error) {
	return nil, unsupported(r)
}

func (s *station201) OnUnpublishFirmware(r *update.UnpublishFirmwareRequest) (*update.UnpublishFirmwareResponse, error) {
	return nil, unsupported(r)
}

func (s *station201) OnClearVariableMonitoring(r *diagnostics.ClearVariableMonitoringRequest) (*diagnostics.ClearVariableMonitoringResponse, error) {
	return nil, unsupported(r)
}

func (s *station201) OnCustomerInformation(r *diagnostics.CustomerInformationRequest) (*diagnostics.CustomerInformationResponse, error) {
	return nil, unsupported(r)
}

func (s *station201) OnGetMonitoringReport(r *diagnostics.GetMonitoringReportRequest) (*diagnostics.GetMonitoringReportResponse, error) {
	return nil, unsupported(r)
}

func (s *station201) OnSetMonitoringBase(r *diagnostics.SetMonitoringBaseRequest) (*diagnostics.SetMonitoringBaseResponse, error) {
	return nil, unsupported(r)
}

func (s *station201) OnSetMonitoringLevel(r *diagnostics.SetMonitoringLevelRequest) (*diagnostics.SetMonitoringLevelResponse, error) {
	return nil, unsupported(r)
}

func (s *station201) OnSetVariableMonitoring(r *diagnostics.SetVariableMonitoringRequest) (*diagnostics.SetVariableMonitoringResponse, error) {
	return nil, unsupported(r)
}
