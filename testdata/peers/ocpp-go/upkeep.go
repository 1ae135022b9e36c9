package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
)

const (
	logName   = "station.log"
	whole     = "ChargePointMaxProfile" // purposes of profiles, as both versions call them here
	byDefault = "TxDefaultProfile"
)

// upkeep is what the station keeps for its operator: charging profiles, roots and its certificate.
type upkeep struct {
	sync.Mutex
	profiles map[int]profile // by their numbers
	roots    []root
	trusted  *x509.CertPool // of TLS
	key      *ecdsa.PrivateKey
	proof    *tls.Certificate
}

// profile is a charging profile, of which only the first schedule counts.
type profile struct {
	evse, level   int
	purpose, unit string
	periods       []period
	wire          any // as it came
}

type period struct {
	start int
	limit float64
}

type root struct {
	use  string
	cert *x509.Certificate
}

// follow takes in a profile.
func (u *upkeep) follow(id int, p profile) {
	u.Lock()
	defer u.Unlock()
	if u.profiles == nil {
		u.profiles = map[int]profile{}
	}
	u.profiles[id] = p
}

// forget forgets the profiles that are so, and tells whether there were any.
func (u *upkeep) forget(so func(id int, p profile) bool) (found bool) {
	u.Lock()
	defer u.Unlock()
	for id, p := range u.profiles {
		if so(id, p) {
			delete(u.profiles, id)
			found = true
		}
	}
	return found
}

// composite is what holds for a transaction at the EVSE in the time.
func (u *upkeep) composite(duration int) (unit string, list []period) {
	u.Lock()
	defer u.Unlock()
	highest := -1.0
	for _, p := range u.profiles {
		if p.purpose == whole {
			highest = p.periods[0].limit
		}
	}
	for _, p := range u.profiles {
		if p.purpose != byDefault {
			continue
		}
		unit = p.unit
		for _, x := range p.periods {
			if highest >= 0 {
				x.limit = min(x.limit, highest)
			}
			if x.start < duration {
				list = append(list, x)
			}
		}
	}
	return unit, list
}

// fetchFirmware fetches firmware and tells how far it is. With a certificate there is a signature of it.
func fetchFirmware(location, certificate, signature string, tell func(status string) error) error {
	if err := tell("Downloading"); err != nil {
		return err
	}
	resp, err := http.Get(location)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	file, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("fetching firmware: %s", resp.Status)
	}
	sum := sha256.Sum256(file)
	steps := []string{"Downloaded", "Installing", "Installed"}
	if certificate != "" {
		steps = []string{"Downloaded", "SignatureVerified", "Installing", "Installed"}
		if err := proved(file, certificate, signature); err != nil {
			steps = []string{"Downloaded", "InvalidSignature"}
		}
	}
	for _, status := range steps {
		if err := tell(status); err != nil {
			return err
		}
	}
	say(line{Event: "fetched", Status: hex.EncodeToString(sum[:])})
	return nil
}

// proved tells whether the file is signed by whose certificate it is.
func proved(file []byte, certificate, signature string) error {
	block, _ := pem.Decode([]byte(certificate))
	if block == nil {
		return errors.New("that is no certificate")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err
	}
	text, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return err
	}
	return cert.CheckSignature(x509.ECDSAWithSHA256, file, text)
}

// sendLog sends the log and tells how far it is.
func (d *desk) sendLog(location string, tell func(status string) error) error {
	if err := tell("Uploading"); err != nil {
		return err
	}
	r, err := http.NewRequest(http.MethodPut, strings.TrimSuffix(location, "/")+"/"+logName, strings.NewReader("the log of "+d.id))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode >= 300 {
		return fmt.Errorf("sending the log: %s", resp.Status)
	}
	if err := tell("Uploaded"); err != nil {
		return err
	}
	say(line{Event: "uploaded", Status: logName})
	return nil
}

// request makes a key and asks for a certificate of it.
func (d *desk) request() (csr string, err error) {
	d.Lock()
	defer d.Unlock()
	if d.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return "", err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: d.id, Organization: []string{vendor}}}, d.key)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})), err
}

// signed takes in the certificate that was asked for, if it is of the key and from whom the station trusts.
func (d *desk) signed(chain string) bool {
	d.Lock()
	defer d.Unlock()
	var list []*x509.Certificate
	c := tls.Certificate{PrivateKey: d.key}
	for rest := []byte(chain); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		x, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return d.refuse(err)
		}
		list, c.Certificate = append(list, x), append(c.Certificate, block.Bytes)
	}
	if len(list) == 0 || d.key == nil || !d.key.PublicKey.Equal(list[0].PublicKey) || list[0].Subject.CommonName != d.id {
		return d.refuse(errors.New("it is not what was asked for"))
	}
	if d.trusted != nil {
		middle := x509.NewCertPool()
		for _, x := range list[1:] {
			middle.AddCert(x)
		}
		if _, err := list[0].Verify(x509.VerifyOptions{Roots: d.trusted, Intermediates: middle, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
			return d.refuse(err)
		}
	}
	d.proof = &c
	say(line{Event: "certified", Status: list[0].SerialNumber.Text(16)})
	return true
}

func (d *desk) refuse(why error) bool {
	fmt.Fprintln(os.Stderr, "peer-ocpp-go: a certificate is refused:", why)
	return false
}

// install takes in a root.
func (u *upkeep) install(use, text string) bool {
	u.Lock()
	defer u.Unlock()
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return false
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil || !cert.IsCA {
		return false
	}
	for _, r := range u.roots {
		if r.use == use && bytes.Equal(r.cert.Raw, block.Bytes) {
			return true
		}
	}
	u.roots = append(u.roots, root{use, cert})
	return true
}

// hashes name a certificate.
type hashes struct{ name, key, serial string }

func hash(c *x509.Certificate) hashes {
	name, key := sha256.Sum256(c.RawIssuer), sha256.Sum256(publicKey(c))
	return hashes{hex.EncodeToString(name[:]), hex.EncodeToString(key[:]), c.SerialNumber.Text(16)}
}

// publicKey is the key alone, without what says of which kind it is.
func publicKey(c *x509.Certificate) []byte {
	var info struct {
		Kind pkix.AlgorithmIdentifier
		Key  asn1.BitString
	}
	if _, err := asn1.Unmarshal(c.RawSubjectPublicKeyInfo, &info); err != nil {
		return nil
	}
	return info.Key.Bytes
}

// uninstall takes a root away, if there is such a one.
func (u *upkeep) uninstall(h hashes) bool {
	u.Lock()
	defer u.Unlock()
	for i, r := range u.roots {
		if hash(r.cert) == h {
			u.roots = append(u.roots[:i:i], u.roots[i+1:]...)
			return true
		}
	}
	return false
}

// installed are the roots for a use, for any where it is empty.
func (u *upkeep) installed(use string) (list []root) {
	u.Lock()
	defer u.Unlock()
	for _, r := range u.roots {
		if use == "" || r.use == use {
			list = append(list, r)
		}
	}
	return list
}

// maintain has the station looked after by its operator, until it is told to restart. Then it
// connects to the next address, where there is one.
func (p *peer) maintain() error {
	for i, url := range p.urls {
		p.url = url
		if err := p.arrive(i > 0); err != nil {
			return err
		}
		say(line{Event: "ready"})
		if i == len(p.urls)-1 {
			break
		}
		if err := p.restart(); err != nil {
			return err
		}
	}
	if _, err := p.told("reset"); err != nil {
		return err
	}
	return p.leave()
}
