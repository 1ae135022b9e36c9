package sim

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gobwas/ws"

	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/ocpp/ocppws"
)

// way is one to reach a central system. What is empty is that of the station.
type way struct {
	url, identity, password string
	profile                 int // of security: 0 to 3
}

// network is what the central system has changed of the ways. It is guarded by the mu of the station.
type network struct {
	profile  int         // of the connection, or the next one
	fallback int         // the profile before it, until it has served; -1 is none
	slots    map[int]way // OCPP 2.x; without the one that the station came with
	order    []int       // of slots, to be tried one after the other
	next     []int       // the order after the next start; nil is no other
}

const (
	firstSlot = 1 // the way that the station came with
	maxSlots  = 4
)

// errReconnect is why a connection ends that is made anew at once.
var errReconnect = errors.New("the station connects in another way")

// profile is the security profile of the station.
func (s *Station) profile() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.profileNow()
}

// profileNow is profile with mu held.
func (s *Station) profileNow() int {
	if s.network != nil {
		return s.network.profile
	}
	return s.firstProfile()
}

// firstProfile is the one of the way that the station came with. mu is held.
func (s *Station) firstProfile() int {
	switch {
	case strings.HasPrefix(s.URL, "wss:") && s.certified():
		return 3
	case strings.HasPrefix(s.URL, "wss:"):
		return 2
	case s.password() != "":
		return 1
	}
	return 0
}

// certified tells whether the station has a certificate of its own. mu is held.
func (s *Station) certified() bool {
	return s.TLS != nil && (len(s.TLS.Certificates) > 0 || s.TLS.GetClientCertificate != nil) || s.keyring != nil && s.keyring.own.key != nil
}

// trusting tells whether the station has a root certificate for the central system. mu is held.
func (s *Station) trusting() bool {
	if s.TLS != nil && s.TLS.RootCAs != nil {
		return true
	}
	return s.keyring != nil && slices.ContainsFunc(s.keyring.roots, func(r root) bool { return r.use == ocpp2.InstallCertificateUseCSMSRootCertificate })
}

// able tells whether the station has what a security profile needs. mu is held.
// (OCPP 1.6 security whitepaper A05.FR.02–04, OCPP 2.x A05.FR.02, A05.FR.03)
func (s *Station) able(w way) bool {
	password := cmp.Or(w.password, s.password())
	return w.profile >= 0 && w.profile <= 3 && (w.profile != 1 && w.profile != 2 || password != "") && (w.profile < 2 || s.trusting()) && (w.profile < 3 || s.certified())
}

// net is where changes of the ways are kept. mu is held.
func (s *Station) net() *network {
	if s.network == nil {
		s.network = &network{profile: s.profileNow(), fallback: -1, order: []int{firstSlot}}
	}
	return s.network
}

// slot is one of the ways; false is that it is not set. mu is held.
func (s *Station) slot(n int) (way, bool) {
	if w, ok := s.net().slots[n]; ok || n != firstSlot {
		return w, ok
	}
	return way{profile: s.firstProfile()}, true
}

// ways are those to be tried, one after the other. mu is held.
func (s *Station) ways() []way {
	n := s.network
	if n == nil {
		return []way{{profile: s.profileNow()}}
	}
	if !s.traits.ownNames {
		list := []way{{profile: n.profile}}
		if n.fallback >= 0 {
			list = append(list, way{profile: n.fallback})
		}
		return list
	}
	if !s.booted && n.next != nil { // OCPP 2.x B10.FR.04
		n.order, n.next = n.next, nil
	}
	var list []way
	for _, id := range n.order {
		if w, ok := s.slot(id); ok {
			list = append(list, w)
		}
	}
	return list
}

// open opens a connection in the first way that works.
func (s *Station) open(ctx context.Context) (*ocppws.Socket, *bufio.Reader, error) {
	s.mu.Lock()
	list, password := s.ways(), s.password()
	s.mu.Unlock()
	if s.oddity != nil {
		return nil, nil, s.oddity
	}
	var failed error
	for _, w := range list {
		d := ocppws.Dialer{
			Identity: cmp.Or(w.identity, string(s.ID)), Password: cmp.Or(w.password, password), Protocols: []string{s.traits.protocol.Subprotocol()}, Dial: s.Dial, TLS: s.tls(),
			Compress: s.Compress,
		}
		if w.profile == 0 || w.profile == 3 {
			d.Password = ""
		}
		s.dialOddly(&d)
		to := cmp.Or(w.url, s.URL)
		if w.profile >= 2 {
			to = cmp.Or(w.url, s.SecureURL, "wss"+to[strings.Index(to, ":"):])
		}
		if s.habits.does("probe-first") {
			probe(ctx, d, to)
		}
		socket, r, _, err := d.Connect(ctx, to)
		if err == nil {
			s.reached(w)
			return socket, r, nil
		}
		failed = errors.Join(failed, fmt.Errorf("station %s cannot connect to %s with OCPP %s: %w", s.ID, to, s.Version, err))
	}
	return nil, nil, failed
}

// reached notes that a way works: what is less secure is given up. (OCPP 1.6 security whitepaper
// A05.FR.08, OCPP 2.x A05.FR.06)
func (s *Station) reached(w way) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.network
	if n == nil {
		return
	}
	n.profile, n.fallback = w.profile, -1
	n.order = slices.DeleteFunc(n.order, func(id int) bool {
		other, ok := s.slot(id)
		return !ok || other.profile < w.profile
	})
	for id, other := range n.slots {
		if other.profile < w.profile {
			delete(n.slots, id)
		}
	}
}

// reconnect connects anew.
func (s *Station) reconnect(ctx context.Context, l *link) {
	l.end(errReconnect, ws.StatusNormalClosure)
	s.mu.Lock()
	kept := s.leave != nil
	s.mu.Unlock()
	if !kept {
		s.note("to connect anew", s.enter(ctx))
	}
}

// networkSettings are the settings for connections. mu is held.
func (s *Station) networkSettings() []setting {
	profile := setting{key: "SecurityProfile", component: "SecurityCtrlr", variable: "SecurityProfile", kind: kindInteger, value: strconv.Itoa(s.profileNow())}
	if !s.traits.ownNames {
		profile.write = s.raiseProfile
	}
	order := []int{firstSlot}
	if n := s.network; n != nil {
		if order = n.order; n.next != nil {
			order = n.next
		}
	}
	var text []string
	for _, id := range order {
		text = append(text, strconv.Itoa(id))
	}
	return []setting{
		profile,
		{component: "OCPPCommCtrlr", variable: "NetworkConfigurationPriority", kind: kindSequence, value: strings.Join(text, ","), options: "1,2,3,4", restart: true, write: s.reorder},
		{component: "OCPPCommCtrlr", variable: "FileTransferProtocols", kind: kindMembers, value: "HTTP,HTTPS"},
		{key: "SupportedFileTransferProtocols", kind: kindMembers, value: "HTTP,HTTPS"},
	}
}

// raiseProfile sets a higher security profile and connects with it. mu is held.
// (OCPP 1.6 security whitepaper A05)
func (s *Station) raiseProfile(value string) bool {
	profile, err := strconv.Atoi(value)
	if err != nil || profile <= s.profileNow() || !s.able(way{profile: profile}) {
		return false
	}
	n := s.net()
	n.fallback, n.profile = n.profile, profile
	if l := s.link; l != nil {
		l.afterwards(func(ctx context.Context) { s.reconnect(ctx, l) })
	}
	return true
}

// reorder sets the order of the ways. mu is held. (OCPP 2.x A05.FR.02–04, A05.FR.10, B10.FR.01,
// B10.FR.02)
func (s *Station) reorder(value string) bool {
	var order []int
	for text := range strings.SplitSeq(value, ",") {
		id, err := strconv.Atoi(strings.TrimSpace(text))
		w, ok := s.slot(id)
		if err != nil || !ok || slices.Contains(order, id) || w.profile < s.profileNow() || w.profile > s.profileNow() && !s.able(w) {
			return false
		}
		order = append(order, id)
	}
	s.net().next = order
	return true
}

func (*v2) network(m *ocppj.Mux[*link]) {
	// OCPP 2.x B09.
	ocppj.Handle(m, ocpp2.SetNetworkProfile, func(_ context.Context, l *link, req ocpp2.SetNetworkProfileRequest) (ocpp2.SetNetworkProfileResponse, error) {
		s, d := l.station, req.ConnectionData
		u, err := url.Parse(d.OCPPCSMSURL)
		s.mu.Lock()
		defer s.mu.Unlock()
		if err != nil || u.Host == "" || u.Scheme != "ws" && u.Scheme != "wss" || u.Scheme == "ws" && d.SecurityProfile >= 2 || d.OCPPTransport != ocpp2.OCPPTransportJSON ||
			d.SecurityProfile > 3 || d.SecurityProfile < s.profileNow() || req.ConfigurationSlot < 1 || req.ConfigurationSlot > maxSlots {
			return ocpp2.SetNetworkProfileResponse{Status: ocpp2.SetNetworkProfileStatusRejected}, nil // OCPP 2.x B09.FR.02, B09.FR.04, B09.FR.05
		}
		n := s.net()
		if n.slots == nil {
			n.slots = map[int]way{}
		}
		n.slots[req.ConfigurationSlot] = way{d.OCPPCSMSURL, d.Identity, d.BasicAuthPassword, d.SecurityProfile}
		return ocpp2.SetNetworkProfileResponse{Status: ocpp2.SetNetworkProfileStatusAccepted}, nil
	})
}
