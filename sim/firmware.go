package sim

import (
	"cmp"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"time"

	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// update is one of the firmware. What is below the line is guarded by the mu of the station.
type update struct {
	id         int // of the request; in OCPP 1.6 only when it is signed
	signed     bool
	from       string
	retrieve   time.Time
	install    time.Time
	retries    int
	interval   time.Duration
	signer     *x509.Certificate // nil is that nothing is to be checked
	signature  string
	cancel     context.CancelFunc
	status     ocpp2.FirmwareStatus // told last
	installing bool                 // it cannot be given up any more
}

// updateFirmware takes an update in hand, and tells whether it does. (OCPP 1.6 §5.19, OCPP 2.x L01, L02)
func (l *link) updateFirmware(u *update, certificate string) ocpp2.UpdateFirmwareStatus {
	s := l.station
	if certificate != "" { // OCPP 2.x L01.FR.21
		signer, err := s.signingCertificate(certificate)
		if err != nil { // OCPP 2.x L01.FR.02, L01.FR.22
			l.afterwards(func(ctx context.Context) {
				s.note("a security event", s.SecurityEvent(ctx, "InvalidFirmwareSigningCertificate", err.Error()))
			})
			return ocpp2.UpdateFirmwareStatusInvalidCertificate
		}
		u.signer = signer
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	status := ocpp2.UpdateFirmwareStatusAccepted
	if old := s.update; old != nil && old.cancel != nil {
		if old.installing {
			return ocpp2.UpdateFirmwareStatusRejected
		}
		old.cancel() // OCPP 2.x L01.FR.24
		s.reopen()
		status = ocpp2.UpdateFirmwareStatusAcceptedCanceled
	}
	ctx, cancel := context.WithCancel(s.ctx)
	s.update, u.cancel = u, cancel
	l.afterwards(func(context.Context) {
		defer cancel()
		s.install(ctx, u)
	})
	return status
}

// install fetches firmware, and runs it.
func (s *Station) install(ctx context.Context, u *update) {
	defer func() {
		s.mu.Lock()
		u.cancel, u.installing = nil, false
		if s.update == u {
			s.reopen()
		}
		s.mu.Unlock()
		s.tellAll(s.ctx, false)
	}()
	if wait := u.retrieve.Sub(s.Now()); wait > 0 { // OCPP 2.x L01.FR.13
		if !s.tellUpdate(ctx, u, ocpp2.FirmwareStatusDownloadScheduled) || !sleep(ctx, wait) {
			return
		}
	}
	if !s.tellUpdate(ctx, u, ocpp2.FirmwareStatusDownloading) {
		return
	}
	var image file
	if err := persist(ctx, u.retries, u.interval, func() (err error) { image, err = s.fetch(ctx, u.from); return err }); err != nil {
		s.note("to fetch firmware", err)
		s.tellUpdate(ctx, u, ocpp2.FirmwareStatusDownloadFailed)
		return
	}
	if !s.tellUpdate(ctx, u, ocpp2.FirmwareStatusDownloaded) {
		return
	}
	if u.signer != nil { // OCPP 2.x L01.FR.04, L01.FR.12
		if err := verify(u.signer, u.signature, image.sha256); err != nil {
			s.tellUpdate(ctx, u, ocpp2.FirmwareStatusInvalidSignature)
			s.note("a security event", s.SecurityEvent(ctx, "InvalidFirmwareSignature", err.Error())) // OCPP 2.x L01.FR.03
			return
		}
		if !s.tellUpdate(ctx, u, ocpp2.FirmwareStatusSignatureVerified) {
			return
		}
	}
	if !s.awaitInstallation(ctx, u) {
		return
	}
	if !s.tellUpdate(ctx, u, ocpp2.FirmwareStatusInstalling) || s.InstallTime > 0 && !sleep(ctx, s.InstallTime) {
		return
	}
	if s.FailInstallation != nil && s.FailInstallation(image.version) {
		s.tellUpdate(ctx, u, ocpp2.FirmwareStatusInstallationFailed)
		return
	}
	if !s.tellUpdate(ctx, u, ocpp2.FirmwareStatusInstallRebooting) { // OCPP 2.x L01.FR.15
		return
	}
	s.mu.Lock()
	s.installed = image.version
	s.reopen()
	s.mu.Unlock()
	s.restart(ctx, ReasonSoftReset, bootFirmwareUpdate, true)
	s.tellUpdate(ctx, u, ocpp2.FirmwareStatusInstalled)
	if u.signed || s.traits.ownNames {
		s.note("a security event", s.SecurityEvent(ctx, "FirmwareUpdated", image.version))
	}
}

// awaitInstallation waits for its time and for the end of all transactions. Others do not start
// meanwhile. (OCPP 2.x L01.FR.06, L01.FR.07, L01.FR.16)
func (s *Station) awaitInstallation(ctx context.Context, u *update) bool {
	if wait := u.install.Sub(s.Now()); wait > 0 {
		if !s.tellUpdate(ctx, u, ocpp2.FirmwareStatusInstallScheduled) || !sleep(ctx, wait) {
			return false
		}
	}
	s.mu.Lock()
	if ctx.Err() != nil {
		s.mu.Unlock()
		return false
	}
	busy := s.charging()
	for _, e := range s.evses {
		e.updating = true
	}
	s.mu.Unlock()
	s.note("an update of firmware", s.tellAll(ctx, false))
	if busy {
		if u.status != ocpp2.FirmwareStatusInstallScheduled && !s.tellUpdate(ctx, u, ocpp2.FirmwareStatusInstallScheduled) {
			return false
		}
		if s.until(ctx, func() bool { return !s.charging() }) != nil {
			return false
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u.installing = ctx.Err() == nil
	return u.installing
}

// reopen lets transactions start again. mu is held.
func (s *Station) reopen() {
	for _, e := range s.evses {
		e.updating = false
	}
}

// tellUpdate tells how an update goes on, when the station is in service. It is false when the update is
// to be given up.
func (s *Station) tellUpdate(ctx context.Context, u *update, status ocpp2.FirmwareStatus) bool {
	s.mu.Lock()
	u.status = status
	s.mu.Unlock()
	s.note("the status of firmware", s.whenInService(ctx, func(l *link) error { return s.dialect.firmwareStatus(ctx, l, u, status) }))
	return ctx.Err() == nil
}

// triggerUpdate tells how the last update goes on, or that there is none. (OCPP 2.x L01.FR.25, L01.FR.26)
func (s *Station) triggerUpdate(ctx context.Context, signed bool) error {
	l, err := s.online()
	if err != nil {
		return err
	}
	s.mu.Lock()
	u := s.update
	if u == nil || u.status == ocpp2.FirmwareStatusInstalled || u.status == "" {
		u = &update{status: ocpp2.FirmwareStatusIdle, signed: signed}
	}
	status := u.status
	s.mu.Unlock()
	return s.dialect.firmwareStatus(ctx, l, u, status)
}

// firmware is the version that runs. mu is held.
func (s *Station) firmware() string { return cmp.Or(s.installed, s.Firmware) }

// FirmwareVersion is the version that runs.
func (s *Station) FirmwareVersion() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.firmware()
}

// verify holds a signature in base64 to the hash of what was signed.
func verify(by *x509.Certificate, signature string, sum []byte) error {
	b, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return errors.New("the signature is not in base64")
	}
	switch key := by.PublicKey.(type) {
	case *rsa.PublicKey:
		if rsa.VerifyPSS(key, crypto.SHA256, sum, b, nil) == nil || rsa.VerifyPKCS1v15(key, crypto.SHA256, sum, b) == nil {
			return nil
		}
	case *ecdsa.PublicKey:
		if ecdsa.VerifyASN1(key, sum, b) {
			return nil
		}
	}
	return errors.New("the signature is not of this file")
}

// OCPP 1.6 §4.5, security whitepaper L01.FR.01. There are fewer words for firmware that is not signed.
func (*v16) firmwareStatus(ctx context.Context, l *link, u *update, status ocpp2.FirmwareStatus) error {
	if u.signed {
		req := ocpp16.SignedFirmwareStatusNotificationRequest{Status: ocpp16.SignedFirmwareStatus(status)}
		if status != ocpp2.FirmwareStatusIdle {
			req.RequestID = &u.id
		}
		_, err := call(ctx, l, ocpp16.SignedFirmwareStatusNotification, req)
		return err
	}
	word := ocpp16.FirmwareStatus(status)
	if !word.Valid(ocppj.V16) {
		return nil
	}
	_, err := call(ctx, l, ocpp16.FirmwareStatusNotification, ocpp16.FirmwareStatusNotificationRequest{Status: word})
	return err
}

func (*v16) firmware(m *ocppj.Mux[*link]) {
	// OCPP 1.6 §5.19; security whitepaper L01.FR.20.
	ocppj.Handle(m, ocpp16.UpdateFirmware, func(_ context.Context, l *link, req ocpp16.UpdateFirmwareRequest) (resp ocpp16.UpdateFirmwareResponse, _ error) {
		if l.station.profile() >= 2 {
			return resp, ocppj.Errorf(ocppj.NotSupported, "firmware must be signed")
		}
		u := &update{from: req.Location, retrieve: req.RetrieveDate.Time}
		u.retries, u.interval = l.station.retrying(req.Retries, req.RetryInterval)
		l.updateFirmware(u, "")
		return resp, nil
	})
	// OCPP 1.6 security whitepaper L01.
	ocppj.Handle(m, ocpp16.SignedUpdateFirmware, func(_ context.Context, l *link, req ocpp16.SignedUpdateFirmwareRequest) (ocpp16.SignedUpdateFirmwareResponse, error) {
		f := req.Firmware
		u := &update{id: req.RequestID, signed: true, from: f.Location, retrieve: f.RetrieveDateTime.Time, install: moment(f.InstallDateTime), signature: f.Signature}
		u.retries, u.interval = l.station.retrying(req.Retries, req.RetryInterval)
		return ocpp16.SignedUpdateFirmwareResponse{Status: ocpp16.UpdateFirmwareStatus(l.updateFirmware(u, f.SigningCertificate))}, nil
	})
}

// OCPP 2.x L01.FR.01, L01.FR.10, L01.FR.20.
func (*v2) firmwareStatus(ctx context.Context, l *link, u *update, status ocpp2.FirmwareStatus) error {
	req := ocpp2.FirmwareStatusNotificationRequest{Status: status}
	if status != ocpp2.FirmwareStatusIdle {
		req.RequestID = &u.id
	}
	_, err := call(ctx, l, ocpp2.FirmwareStatusNotification, req)
	return err
}

func (*v2) firmware(m *ocppj.Mux[*link]) {
	// OCPP 2.x L01, L02.
	ocppj.Handle(m, ocpp2.UpdateFirmware, func(_ context.Context, l *link, req ocpp2.UpdateFirmwareRequest) (ocpp2.UpdateFirmwareResponse, error) {
		f := req.Firmware
		u := &update{
			id: req.RequestID, signed: f.SigningCertificate != "", from: f.Location, retrieve: f.RetrieveDateTime.Time,
			install: moment(f.InstallDateTime), signature: f.Signature,
		}
		u.retries, u.interval = l.station.retrying(req.Retries, req.RetryInterval)
		return ocpp2.UpdateFirmwareResponse{Status: l.updateFirmware(u, f.SigningCertificate)}, nil
	})
}
