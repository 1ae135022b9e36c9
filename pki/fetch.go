package pki

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/crypto/ocsp"

	"gnista"
)

// Limits of what is asked of others. Stations give the addresses, so little is trusted to them.
const (
	fetchTime    = 8 * time.Second // for one address
	maxOCSP      = 16 << 10
	maxCRL       = 2 << 20
	maxURL       = 2000               // OCPP 2.1
	maxKept      = 2000               // answers in memory, of 16 kB at most
	keptFor      = 24 * time.Hour     // however long they say that they are good
	clockLeeway  = 5 * time.Minute    // between our clock and theirs
	maxAge       = 7 * 24 * time.Hour // of an answer that does not say how long it is good
	fetchesAtOne = 16                 // at one time, for all stations
)

// reserved are the addresses that no public responder has and that netip does not know by itself.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"),
}

// public tells whether an address is in the open internet.
func public(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsGlobalUnicast() && !a.IsPrivate() && !slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(a) })
}

// NewClient makes the client with which the addresses that stations give are asked. It reaches the open
// internet, by the address that a name has when it connects, and within our own network the hosts that are
// named only, each as host or host:port. It follows no one elsewhere and uses no proxy.
func NewClient(internal []string) *http.Client {
	open := net.Dialer{Timeout: fetchTime, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		if !public(at.Addr()) {
			return fmt.Errorf("%s is not in the open internet", at.Addr())
		}
		return nil
	}}
	known := net.Dialer{Timeout: fetchTime}
	return &http.Client{
		Timeout:       fetchTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			MaxResponseHeaderBytes: 16 << 10, MaxIdleConns: 16, IdleConnTimeout: 30 * time.Second, TLSHandshakeTimeout: fetchTime, DisableCompression: true,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				host, _, err := net.SplitHostPort(address)
				if err == nil && (slices.Contains(internal, host) || slices.Contains(internal, address)) {
					return known.DialContext(ctx, network, address)
				}
				return open.DialContext(ctx, network, address)
			},
		},
	}
}

// states asks others for the state of certificates.
type states struct {
	client *http.Client
	now    func() time.Time

	mu   sync.Mutex
	kept map[string]kept
	busy chan struct{}
}

type kept struct {
	body  []byte
	until time.Time
}

// fetch asks an address. Its answer may be no longer than limit.
func (s *states) fetch(ctx context.Context, address, kind string, body []byte, limit int64) ([]byte, error) {
	u, err := url.Parse(address)
	switch {
	case len(address) > maxURL || err != nil:
		return nil, fmt.Errorf("%.100q is no address", address)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil:
		return nil, fmt.Errorf("%.100q is not an address of the kind http or https", address)
	}
	select {
	case s.busy <- struct{}{}:
		defer func() { <-s.busy }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	method := http.MethodGet
	if body != nil {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		r.Header.Set("Content-Type", kind)
	}
	resp, err := s.client.Do(r)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // without the address, which the caller names
		}
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answers %s", resp.Status)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("its answer is longer than %d bytes", limit)
	}
	return text, err
}

// ocsp asks the responders in turn for the state of a certificate. With its issuer the answer is proved to
// come from there; without, whoever gets it has to do that.
func (s *states) ocsp(ctx context.Context, h Hash, issuer *x509.Certificate, addresses []string) (*ocsp.Response, error) {
	if err := h.check(); err != nil {
		return nil, err
	}
	request, err := h.request()
	if err != nil {
		return nil, err
	}
	err = gnista.Errorf(gnista.Refused, "there is nobody to ask for the state of certificate %s", h.Serial)
	for _, address := range addresses {
		label := strings.ToLower(strings.Join([]string{address, h.Algorithm, h.Name, h.Key, h.Serial}, " "))
		body, found := s.find(label)
		if !found {
			if body, err = s.fetch(ctx, address, "application/ocsp-request", request, maxOCSP); err != nil {
				err = gnista.Errorf(gnista.Refused, "the state of certificate %s could not be had from %.200q: %w", h.Serial, address, err)
				continue
			}
		}
		var answer *ocsp.Response
		if answer, err = s.read(body, h, issuer); err != nil {
			err = gnista.Errorf(gnista.Refused, "the answer of %.200q on certificate %s is not good: %w", address, h.Serial, err)
			continue
		}
		s.keep(label, body, answer.NextUpdate)
		return answer, nil
	}
	return nil, err
}

func (h Hash) request() ([]byte, error) {
	serial, _ := h.serial()
	return (&ocsp.Request{HashAlgorithm: hashes[h.Algorithm], IssuerNameHash: unhex(h.Name), IssuerKeyHash: unhex(h.Key), SerialNumber: serial}).Marshal()
}

// read reads an answer and holds it to what was asked.
func (s *states) read(body []byte, h Hash, issuer *x509.Certificate) (*ocsp.Response, error) {
	a, err := ocsp.ParseResponse(body, issuer)
	if err != nil {
		return nil, err
	}
	serial, _ := h.serial()
	now := s.now()
	switch {
	case a.SerialNumber.Cmp(serial) != 0:
		return nil, errors.New("it is about another certificate")
	case a.ThisUpdate.After(now.Add(clockLeeway)):
		return nil, errors.New("it is from the future")
	case !a.NextUpdate.IsZero() && a.NextUpdate.Before(now.Add(-clockLeeway)), a.NextUpdate.IsZero() && a.ThisUpdate.Before(now.Add(-maxAge)):
		return nil, errors.New("it is too old")
	}
	// Any certificate of the issuer could have signed it, if that were not asked.
	if c := a.Certificate; issuer != nil && c != nil && !bytes.Equal(c.Raw, issuer.Raw) {
		if !slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning) {
			return nil, errors.New("it is signed with a certificate that is not for that")
		}
		if now.Before(c.NotBefore) || now.After(c.NotAfter) {
			return nil, errors.New("it is signed with a certificate that is not valid now")
		}
	}
	return a, nil
}

func (s *states) find(label string) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.kept[label]
	return k.body, ok && s.now().Before(k.until)
}

// keep keeps an answer as long as it is good. When there are too many, some are dropped: those that are not
// good any more, or any.
func (s *states) keep(label string, body []byte, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if latest := now.Add(keptFor); until.After(latest) {
		until = latest
	}
	if !until.After(now) {
		return
	}
	if _, there := s.kept[label]; there {
		return
	}
	if len(s.kept) >= maxKept {
		for l, k := range s.kept {
			if !k.until.After(now) {
				delete(s.kept, l)
			}
		}
		for l := range s.kept {
			if len(s.kept) < maxKept {
				break
			}
			delete(s.kept, l)
		}
	}
	s.kept[label] = kept{body, until}
}

// crl looks a certificate up in the list of one of the addresses. The list is proved to be its issuer's.
// (OCPP 2.1 M07.FR.04)
func (s *states) crl(ctx context.Context, h Hash, issuer *x509.Certificate, addresses []string) (revoked bool, next time.Time, err error) {
	if err := h.check(); err != nil {
		return false, next, err
	}
	serial, _ := h.serial()
	err = gnista.Errorf(gnista.Refused, "there is no list that tells of certificate %s", h.Serial)
	for _, address := range addresses {
		var body []byte
		if body, err = s.fetch(ctx, address, "", nil, maxCRL); err != nil {
			err = gnista.Errorf(gnista.Refused, "the list %.200q could not be had: %w", address, err)
			continue
		}
		var list *x509.RevocationList
		if list, err = x509.ParseRevocationList(body); err == nil {
			err = list.CheckSignatureFrom(issuer)
		}
		if err == nil && list.NextUpdate.Before(s.now().Add(-clockLeeway)) {
			err = errors.New("it is too old")
		}
		if err != nil {
			err = gnista.Errorf(gnista.Refused, "the list %.200q is not good: %w", address, err)
			continue
		}
		for _, e := range list.RevokedCertificateEntries {
			if e.SerialNumber.Cmp(serial) == 0 {
				return true, list.NextUpdate, nil
			}
		}
		return false, list.NextUpdate, nil
	}
	return false, next, err
}
