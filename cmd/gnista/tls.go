package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"time"

	"gnista/gateway"
	"gnista/pki"
	"gnista/station"
)

// transport are the settings of how stations connect.
type transport struct {
	TLSListen          string   `help:"Address for stations, API and pages over TLS: security profile 2. None when empty." name:"tls-listen"`
	MTLSListen         string   `help:"Address for stations with a certificate of their own: security profile 3. None when empty." name:"mtls-listen"`
	TLSCert            []string `help:"Files with our certificate and those of its authorities: one with an ECDSA and one with an RSA key serve all stations. Newer files are used without a restart." name:"tls-cert" placeholder:"FILE"`
	TLSKey             []string `help:"Files with the keys of the certificates, in the same order." name:"tls-key" placeholder:"FILE"`
	TLSName            []string `help:"Names under which stations reach us, the fully qualified one first: our own authorities certify them where there is no --tls-cert." name:"tls-name" placeholder:"NAME"`
	TLSLegacy          bool     `help:"Let stations with OCPP 1.6 in that know TLS 1.0 or 1.1 only. Not safe." name:"tls-legacy"`
	ClientCA           string   `help:"File with authorities that stations' certificates come from, beside our own." name:"client-ca" placeholder:"FILE"`
	Operator           string   `help:"Organisation that stations' certificates must name; any when empty." name:"operator"`
	TLSURL             string   `help:"Where stations reach --tls-listen, as in wss://charge.example/ocpp." name:"tls-url" placeholder:"URL"`
	MTLSURL            string   `help:"Where stations reach --mtls-listen." name:"mtls-url" placeholder:"URL"`
	TLSProxy           bool     `help:"A proxy in front of --listen does TLS: who comes that way has security profile 2." name:"tls-proxy"`
	Proxies            []string `help:"Networks of proxies, whose addresses many stations share." default:"127.0.0.0/8,::1/128"`
	StationRate        float64  `help:"Connections in a second that one station may try, in the long run; 0 is no limit." default:"1"`
	AddressRate        float64  `help:"Connections in a second that one address may try, in the long run; 0 is no limit." default:"50"`
	RejectSubprotocols bool     `help:"Answer a station that speaks no version of ours with an HTTP error, instead of a connection that is closed."`
	Compression        bool     `help:"Compress messages where a station offers to (permessage-deflate)." negatable:"" default:"true"`
}

// fill checks the settings and puts them among the options.
func (t *transport) fill(o *options) error {
	if t.TLSListen == "" && t.MTLSListen == "" && (len(t.TLSCert) > 0 || t.ClientCA != "") {
		return errors.New("--tls-cert and --client-ca are for --tls-listen and --mtls-listen, of which there is none")
	}
	if (t.TLSListen != "" || t.MTLSListen != "") && len(t.TLSCert) == 0 && len(t.TLSName) == 0 {
		return errors.New("TLS needs --tls-cert and --tls-key, or --tls-name")
	}
	if len(t.TLSCert) != len(t.TLSKey) {
		return fmt.Errorf("there are %d --tls-cert and %d --tls-key; each certificate has a key", len(t.TLSCert), len(t.TLSKey))
	}
	for i, name := range t.TLSCert { // said before anything is opened
		if _, err := tls.LoadX509KeyPair(name, t.TLSKey[i]); err != nil {
			return fmt.Errorf("reading the certificate %s with the key %s: %w", name, t.TLSKey[i], err)
		}
	}
	o.Proxies = []netip.Prefix{}
	for _, text := range t.Proxies {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return fmt.Errorf("--proxies: %q is not a network, as in 10.0.0.0/8", text)
		}
		o.Proxies = append(o.Proxies, p.Masked())
	}
	o.Addresses = map[station.Profile]string{}
	for p, text := range map[station.Profile]string{station.TLSBasic: t.TLSURL, station.TLSMutually: t.MTLSURL} {
		if text == "" {
			continue
		}
		if u, err := url.Parse(text); err != nil || u.Scheme != "wss" || u.Host == "" {
			return fmt.Errorf("%q is not an address for stations, as in wss://charge.example/ocpp", text)
		}
		o.Addresses[p] = text
	}
	if t.StationRate < 0 || t.AddressRate < 0 {
		return errors.New("--station-rate and --address-rate must not be negative")
	}
	o.Limits = gateway.DefaultLimits(o.Heartbeat)
	o.Limits.PerStation.PerSecond, o.Limits.PerAddress.PerSecond = t.StationRate, t.AddressRate
	o.Plain, o.Proxied, o.RejectSubprotocols, o.Operator = !t.Compression, t.TLSProxy, t.RejectSubprotocols, t.Operator
	return nil
}

// port is an address with TLS and what is served there.
type port struct {
	net.Listener
	handler http.Handler
}

// ports opens the addresses with TLS. What serves the API there needs an admin token as it does
// without.
func (t *transport) ports(ctx context.Context, a *app, from *sockets, token string, log *slog.Logger) (list []port, err error) {
	defer func() {
		if err != nil {
			for _, p := range list {
				p.Close()
			}
			list = nil
		}
	}()
	open := func(name, address string, trust gateway.Trust, h http.Handler) error {
		if address == "" {
			return nil
		}
		c := &gateway.TLS{Trust: trust, Legacy: t.TLSLegacy, Now: time.Now, Log: log}
		for i, name := range t.TLSCert {
			c.Pairs = append(c.Pairs, gateway.KeyPair{Certificate: name, Key: t.TLSKey[i]})
		}
		if len(c.Pairs) == 0 {
			c.Own = func() ([]tls.Certificate, error) { return a.ownCertificates(ctx, t.TLSName) }
		}
		config, err := c.Config()
		if err != nil {
			return err
		}
		l, err := from.listen(ctx, name, address)
		if err != nil {
			return err
		}
		list = append(list, port{a.gateway.ListenTLS(l, config), h})
		if at, ok := l.Addr().(*net.TCPAddr); trust == nil && token == "" && !(ok && at.IP.IsLoopback()) {
			return fmt.Errorf("others can reach %s, so an admin token is needed: set GNISTA_ADMIN_TOKEN", l.Addr())
		}
		return nil
	}
	if err := open("tls-listen", t.TLSListen, nil, a.handler); err != nil {
		return list, fmt.Errorf("--tls-listen: %w", err)
	}
	if t.MTLSListen == "" {
		return list, nil
	}
	trust, err := newTrust(a.ca, t.ClientCA)
	if err == nil {
		err = open("mtls-listen", t.MTLSListen, trust, a.gateway)
	}
	if err != nil {
		return list, fmt.Errorf("--mtls-listen: %w", err)
	}
	return list, nil
}

// ownCertificates are those that our own authorities issue, one of each algorithm.
func (a *app) ownCertificates(ctx context.Context, names []string) (list []tls.Certificate, err error) {
	for _, alg := range []pki.Algorithm{pki.ECDSA, pki.RSA} {
		c, err := a.ca.Server(context.WithoutCancel(ctx), alg, names)
		if err != nil {
			return nil, err
		}
		list = append(list, *c)
	}
	return list, nil
}

// trust are our own authorities and those of a file; what the latter issued is good until it expires.
type trust struct {
	ca     *pki.CA
	others [][]byte
}

func newTrust(ca *pki.CA, name string) (*trust, error) {
	t := &trust{ca: ca}
	if name == "" {
		return t, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("--client-ca: %w", err)
	}
	list, err := pki.ParseChain("certificates", string(text))
	if err != nil {
		return nil, fmt.Errorf("--client-ca: %s: %w", name, err)
	}
	for _, c := range list {
		t.others = append(t.others, c.Raw)
	}
	return t, nil
}

// Roots are all of them.
func (t *trust) Roots() *x509.CertPool {
	pool := t.ca.Roots().Clone()
	for _, der := range t.others {
		if c, err := x509.ParseCertificate(der); err == nil {
			pool.AddCert(c)
		}
	}
	return pool
}

// Check asks our own authorities about what they issued.
func (t *trust) Check(ctx context.Context, chain []*x509.Certificate) error {
	root := chain[len(chain)-1]
	for _, der := range t.others {
		if bytes.Equal(der, root.Raw) {
			return nil
		}
	}
	return t.ca.Check(ctx, chain)
}

// described is what is said of a port when the system starts.
func (p port) described(a *app) string {
	if p.handler == http.Handler(a.gateway) {
		return fmt.Sprintf("for stations with certificates on wss://%s/{stationId}", p.Addr())
	}
	return fmt.Sprintf("on https://%s/ and for stations on wss://%s/ocpp/{stationId}", p.Addr(), p.Addr())
}
