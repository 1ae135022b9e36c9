package sim

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// upload is one of a log. What is below the line is guarded by the mu of the station.
type upload struct {
	id          int  // of the request
	diagnostics bool // asked for with GetDiagnostics of OCPP 1.6, which has no ids
	to, name    string
	content     []byte
	retries     int
	interval    time.Duration
	cancel      context.CancelFunc    // nil when it is over
	status      ocpp2.UploadLogStatus // told last
}

// upload takes an upload in hand in place of one that goes on, and tells whether there was one.
// (OCPP 1.6 §5.9, OCPP 2.x N01)
func (l *link) upload(u *upload) (canceled bool) {
	s := l.station
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.uploading
	canceled = old != nil && old.cancel != nil
	ctx, cancel := context.WithCancel(s.ctx)
	s.uploading, u.cancel = u, cancel
	if canceled {
		old.cancel()
		old.cancel = nil
	}
	l.afterwards(func(context.Context) {
		defer cancel()
		if canceled { // OCPP 2.x N01.FR.20
			s.tellUpload(ctx, old, ocpp2.UploadLogStatusAcceptedCanceled)
		}
		s.tellUpload(ctx, u, ocpp2.UploadLogStatusUploading)
		err := persist(ctx, u.retries, u.interval, func() error { return s.send(ctx, u.to, u.name, u.content) })
		if ctx.Err() != nil {
			return
		}
		s.note("to upload a log", err)
		s.mu.Lock()
		u.cancel = nil
		s.mu.Unlock()
		s.tellUpload(ctx, u, uploadStatus(err))
	})
	return canceled
}

// uploadStatus is what came of an upload, in the words of OCPP 2.x N01.FR.10.
func uploadStatus(err error) ocpp2.UploadLogStatus {
	if err == nil {
		return ocpp2.UploadLogStatusUploaded
	}
	refused, ok := errors.AsType[*transferError](err)
	switch {
	case errors.Is(err, errProtocol), ok && (refused.status == 405 || refused.status == 501):
		return ocpp2.UploadLogStatusNotSupportedOperation
	case ok && (refused.status == 401 || refused.status == 403):
		return ocpp2.UploadLogStatusPermissionDenied
	case ok && refused.status == 400:
		return ocpp2.UploadLogStatusBadMessage
	}
	return ocpp2.UploadLogStatusUploadFailure
}

func (s *Station) tellUpload(ctx context.Context, u *upload, status ocpp2.UploadLogStatus) {
	s.mu.Lock()
	u.status = status
	s.mu.Unlock()
	s.note("the status of a log", s.whenInService(ctx, func(l *link) error { return s.dialect.logStatus(ctx, l, u, status) }))
}

// triggerUpload tells how the upload goes on, or that there is none.
func (s *Station) triggerUpload(ctx context.Context, diagnostics bool) error {
	l, err := s.online()
	if err != nil {
		return err
	}
	s.mu.Lock()
	u := s.uploading
	if u == nil || u.cancel == nil || u.diagnostics != diagnostics {
		u = &upload{status: ocpp2.UploadLogStatusIdle, diagnostics: diagnostics}
	}
	status := u.status
	s.mu.Unlock()
	return s.dialect.logStatus(ctx, l, u, status)
}

// diagnosticsLog is what the station can tell of itself.
func (s *Station) diagnosticsLog() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	now := s.Now()
	line := func(format string, a ...any) {
		fmt.Fprintf(&b, "%s %s\n", now.UTC().Format(time.RFC3339), fmt.Sprintf(format, a...))
	}
	line("station %s, %s %s, serial %s, firmware %s, OCPP %s", s.ID, s.vendor(), s.model(), s.Serial, s.firmware(), s.Version)
	for _, e := range s.evses {
		r := s.read(e)
		line("EVSE %d: %s, register %d Wh, power %d W, fault %q", e.id, s.statusOf(e), r.RegisterWh, r.PowerW, faultText(e.faults))
	}
	for _, v := range s.listSettings() {
		if v.key != "" && !v.secret {
			line("setting %s = %s", v.key, v.value)
		}
	}
	line("frames sent %d, received %d, errors %d, events that wait %d", s.totals.Sent, s.totals.Received, s.totals.Errors, len(s.queue))
	return []byte(b.String())
}

// securityLog is the security events from one time to another; zero is any.
func (s *Station) securityLog(from, to time.Time) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	for _, e := range s.securityEvents {
		if e.at.Before(from) || !to.IsZero() && e.at.After(to) {
			continue
		}
		fmt.Fprintf(&b, "%s %s %s\n", e.at.UTC().Format(time.RFC3339), e.kind, e.info)
	}
	return []byte(b.String())
}

func (s *Station) logName(kind string) string {
	return fmt.Sprintf("%s-%s.log", kind, s.Now().UTC().Format("20060102T150405Z"))
}

// log is the content of a log and its name; false is one that the station does not have.
func (s *Station) logOf(kind string, from, to time.Time) (content []byte, name string, ok bool) {
	switch kind {
	case string(ocpp2.LogTypeDiagnosticsLog):
		return s.diagnosticsLog(), s.logName("diagnostics"), true
	case string(ocpp2.LogTypeSecurityLog):
		return s.securityLog(from, to), s.logName("security"), true
	}
	return nil, "", false
}

// OCPP 1.6 §4.4, security whitepaper N01.
func (*v16) logStatus(ctx context.Context, l *link, u *upload, status ocpp2.UploadLogStatus) error {
	if u.diagnostics {
		word := ocpp16.DiagnosticsStatus(status)
		if !word.Valid(ocppj.V16) {
			word = ocpp16.DiagnosticsStatusUploadFailed
		}
		_, err := call(ctx, l, ocpp16.DiagnosticsStatusNotification, ocpp16.DiagnosticsStatusNotificationRequest{Status: word})
		return err
	}
	req := ocpp16.LogStatusNotificationRequest{Status: ocpp16.UploadLogStatus(status)}
	if !req.Status.Valid(ocppj.V16) {
		req.Status = ocpp16.UploadLogStatusUploadFailure
	}
	if status != ocpp2.UploadLogStatusIdle {
		req.RequestID = &u.id
	}
	_, err := call(ctx, l, ocpp16.LogStatusNotification, req)
	return err
}

func (*v16) logs(m *ocppj.Mux[*link]) {
	// OCPP 1.6 §5.9. The location is a folder.
	ocppj.Handle(m, ocpp16.GetDiagnostics, func(_ context.Context, l *link, req ocpp16.GetDiagnosticsRequest) (ocpp16.GetDiagnosticsResponse, error) {
		s := l.station
		u := &upload{diagnostics: true, to: req.Location}
		u.content, u.name, _ = s.logOf(string(ocpp2.LogTypeDiagnosticsLog), moment(req.StartTime), moment(req.StopTime))
		u.retries, u.interval = s.retrying(req.Retries, req.RetryInterval)
		l.upload(u)
		return ocpp16.GetDiagnosticsResponse{FileName: u.name}, nil
	})
	// OCPP 1.6 security whitepaper N01.
	ocppj.Handle(m, ocpp16.GetLog, func(_ context.Context, l *link, req ocpp16.GetLogRequest) (ocpp16.GetLogResponse, error) {
		s, ok := l.station, false
		u := &upload{id: req.RequestID, to: req.Log.RemoteLocation}
		if u.content, u.name, ok = s.logOf(string(req.LogType), moment(req.Log.OldestTimestamp), moment(req.Log.LatestTimestamp)); !ok {
			return ocpp16.GetLogResponse{Status: ocpp16.LogStatusRejected}, nil
		}
		u.retries, u.interval = s.retrying(req.Retries, req.RetryInterval)
		resp := ocpp16.GetLogResponse{Status: ocpp16.LogStatusAccepted, Filename: u.name}
		if l.upload(u) {
			resp.Status = ocpp16.LogStatusAcceptedCanceled
		}
		return resp, nil
	})
}

// OCPP 2.x N01.FR.07.
func (d *v2) logStatus(ctx context.Context, l *link, u *upload, status ocpp2.UploadLogStatus) error {
	req := ocpp2.LogStatusNotificationRequest{Status: status}
	if status != ocpp2.UploadLogStatusIdle {
		req.RequestID = &u.id
	}
	_, err := call(ctx, l, ocpp2.LogStatusNotification, req)
	return err
}

func (*v2) logs(m *ocppj.Mux[*link]) {
	// OCPP 2.x N01.
	ocppj.Handle(m, ocpp2.GetLog, func(_ context.Context, l *link, req ocpp2.GetLogRequest) (ocpp2.GetLogResponse, error) {
		s, ok := l.station, false
		u := &upload{id: req.RequestID, to: req.Log.RemoteLocation}
		if u.content, u.name, ok = s.logOf(string(req.LogType), moment(req.Log.OldestTimestamp), moment(req.Log.LatestTimestamp)); !ok {
			return ocpp2.GetLogResponse{Status: ocpp2.LogStatusRejected}, nil // OCPP 2.x N01.FR.05
		}
		u.retries, u.interval = s.retrying(req.Retries, req.RetryInterval)
		resp := ocpp2.GetLogResponse{Status: ocpp2.LogStatusAccepted, Filename: u.name}
		if l.upload(u) { // OCPP 2.x N01.FR.12
			resp.Status = ocpp2.LogStatusAcceptedCanceled
		}
		return resp, nil
	})
}
