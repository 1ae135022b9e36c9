package sim

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// publication is firmware that the station offers to others on its network, as a local controller
// does. What is below the line is guarded by the mu of the station.
type publication struct {
	id       int
	from     string
	checksum string // MD5, in hexadecimal
	retries  int
	interval time.Duration
	status   ocpp2.PublishFirmwareStatus // told last
	gone     bool                        // it is given up
}

// publish fetches firmware for others. (OCPP 2.x L03)
func (s *Station) publish(ctx context.Context, p *publication) {
	tell := func(status ocpp2.PublishFirmwareStatus) bool {
		s.mu.Lock()
		p.status = status
		gone := p.gone
		s.mu.Unlock()
		if !gone {
			s.note("published firmware", s.whenInService(ctx, func(l *link) error { return s.tellPublished(ctx, l, p, status) }))
		}
		return !gone && ctx.Err() == nil
	}
	if !tell(ocpp2.PublishFirmwareStatusDownloading) {
		return
	}
	var f file
	if err := persist(ctx, p.retries, p.interval, func() (err error) { f, err = s.fetch(ctx, p.from); return err }); err != nil {
		s.note("to fetch firmware", err)
		tell(ocpp2.PublishFirmwareStatusDownloadFailed)
		return
	}
	if !tell(ocpp2.PublishFirmwareStatusDownloaded) {
		return
	}
	if !strings.EqualFold(hex.EncodeToString(f.md5), p.checksum) {
		tell(ocpp2.PublishFirmwareStatusInvalidChecksum)
		return
	}
	if tell(ocpp2.PublishFirmwareStatusChecksumVerified) {
		tell(ocpp2.PublishFirmwareStatusPublished)
	}
}

// tellPublished tells how a publication goes on; published, also where. (OCPP 2.x L03.FR.04)
func (s *Station) tellPublished(ctx context.Context, l *link, p *publication, status ocpp2.PublishFirmwareStatus) error {
	req := ocpp2.PublishFirmwareStatusNotificationRequest{Status: status}
	if status != ocpp2.PublishFirmwareStatusIdle {
		req.RequestID = &p.id
	}
	if status == ocpp2.PublishFirmwareStatusPublished {
		req.Location = []string{fmt.Sprintf("http://%s.local/firmware/%s", strings.ToLower(string(s.ID)), p.checksum)}
	}
	_, err := call(ctx, l, ocpp2.PublishFirmwareStatusNotification, req)
	return err
}

// triggerPublication tells how the last publication goes on, or that there is none. (OCPP 2.x L03.FR.10,
// L03.FR.11)
func (s *Station) triggerPublication(ctx context.Context) error {
	l, err := s.online()
	if err != nil {
		return err
	}
	s.mu.Lock()
	p := s.publication
	if p == nil || p.status == ocpp2.PublishFirmwareStatusPublished {
		p = &publication{status: ocpp2.PublishFirmwareStatusIdle}
	}
	status := p.status
	s.mu.Unlock()
	return s.tellPublished(ctx, l, p, status)
}

func (*v2) publication(m *ocppj.Mux[*link]) {
	// OCPP 2.x L03.
	ocppj.Handle(m, ocpp2.PublishFirmware, func(_ context.Context, l *link, req ocpp2.PublishFirmwareRequest) (ocpp2.PublishFirmwareResponse, error) {
		s := l.station
		p := &publication{id: req.RequestID, from: req.Location, checksum: req.Checksum}
		p.retries, p.interval = s.retrying(req.Retries, req.RetryInterval)
		s.mu.Lock()
		if old := s.publication; old != nil {
			old.gone = true
		}
		s.publication = p
		s.mu.Unlock()
		l.afterwards(func(ctx context.Context) { s.publish(ctx, p) })
		return ocpp2.PublishFirmwareResponse{Status: ocpp2.GenericStatusAccepted}, nil
	})
	// OCPP 2.x L04.
	ocppj.Handle(m, ocpp2.UnpublishFirmware, func(_ context.Context, l *link, req ocpp2.UnpublishFirmwareRequest) (resp ocpp2.UnpublishFirmwareResponse, _ error) {
		s := l.station
		s.mu.Lock()
		defer s.mu.Unlock()
		p := s.publication
		switch {
		case p == nil || !strings.EqualFold(p.checksum, req.Checksum):
			resp.Status = ocpp2.UnpublishFirmwareStatusNoFirmware
		case p.status != ocpp2.PublishFirmwareStatusPublished:
			resp.Status = ocpp2.UnpublishFirmwareStatusDownloadOngoing
			if p.status == ocpp2.PublishFirmwareStatusDownloadFailed || p.status == ocpp2.PublishFirmwareStatusInvalidChecksum {
				resp.Status = ocpp2.UnpublishFirmwareStatusNoFirmware
			}
		default:
			resp.Status = ocpp2.UnpublishFirmwareStatusUnpublished
			s.publication = nil
		}
		return resp, nil
	})
}
