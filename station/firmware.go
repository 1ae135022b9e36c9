package station

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"gnista"
)

// UpdateFirmware orders a station to fetch and install firmware. With a signature it is a secure
// update. (OCPP 1.6 §5.19, security whitepaper L01, OCPP 2.x L01, L02)
type UpdateFirmware struct {
	Number        int // of the [Transfer]
	Location      string
	RetrieveAt    time.Time // not before; zero is at once
	InstallAt     time.Time // not before; zero is when it is there
	Retries       int       // 0 leaves it to the station
	RetryInterval time.Duration
	Signature     string // in base64
	Certificate   string // of who signed it, in PEM
}

func (UpdateFirmware) Answers() (a Answer) { return a }

func (o UpdateFirmware) Told() Told {
	within := 24 * time.Hour
	return Told{Kind: "firmware", Note: shownLocation(o.Location), Effect: effectTransfer(o.Number), Within: within}
}

// Check finds what no station could follow.
func (o UpdateFirmware) Check() error {
	if err := checkLocation("location", o.Location); err != nil {
		return err
	}
	if (o.Signature == "") != (o.Certificate == "") {
		return gnista.Invalidf("signature", "and signingCertificate go together")
	}
	if _, err := base64.StdEncoding.DecodeString(o.Signature); err != nil {
		return gnista.Invalidf("signature", "is not base64")
	}
	if o.Certificate != "" {
		if block, _ := pem.Decode([]byte(o.Certificate)); block == nil || block.Type != "CERTIFICATE" {
			return gnista.Invalidf("signingCertificate", "is not a certificate in PEM")
		}
	}
	return checkRetries(o.Retries, o.RetryInterval)
}

func checkRetries(retries int, interval time.Duration) error {
	if retries < 0 {
		return gnista.Invalidf("retries", "is negative")
	}
	if interval < 0 {
		return gnista.Invalidf("retryInterval", "is negative")
	}
	return nil
}

// PublishFirmware orders a local controller to fetch firmware and offer it to its stations.
// (OCPP 2.x L03)
type PublishFirmware struct {
	Number        int // of the [Transfer]
	Location      string
	Checksum      string // MD5 of the file, in hexadecimal
	Retries       int
	RetryInterval time.Duration
}

func (PublishFirmware) Answers() (a Answer) { return a }

func (o PublishFirmware) Told() Told {
	return Told{Kind: "publish-firmware", Note: shownLocation(o.Location), Effect: effectTransfer(o.Number), Within: 24 * time.Hour}
}

// Check finds what no station could follow.
func (o PublishFirmware) Check() error {
	if err := checkLocation("location", o.Location); err != nil {
		return err
	}
	if err := checkMD5(o.Checksum); err != nil {
		return err
	}
	return checkRetries(o.Retries, o.RetryInterval)
}

func checkMD5(sum string) error {
	if b, err := hex.DecodeString(sum); err != nil || len(b) != 16 {
		return gnista.Invalidf("checksum", "is not an MD5 sum in hexadecimal")
	}
	return nil
}

// UnpublishFirmware orders a local controller to offer firmware no longer. (OCPP 2.x L04)
type UnpublishFirmware struct{ Checksum string }

func (UnpublishFirmware) Answers() (a Answer) { return a }
func (o UnpublishFirmware) Check() error      { return checkMD5(o.Checksum) }
func (o UnpublishFirmware) Told() Told        { return Told{Kind: "unpublish-firmware", Note: o.Checksum} }

// Update orders a station to install firmware and keeps how far it is. Invalid, NotFound, Offline.
func (n *Network) Update(ctx context.Context, id gnista.StationID, o UpdateFirmware) (Transfer, Answer, error) {
	s, err := n.Store.Station(ctx, id)
	if err != nil {
		return Transfer{}, Answer{}, err
	}
	if o.RetrieveAt.IsZero() {
		o.RetrieveAt = n.Now()
	}
	t := Transfer{Station: id, Kind: FirmwareUpdate, Location: shownLocation(o.Location), Before: s.Firmware, DueAt: o.RetrieveAt}
	return n.begin(ctx, t, func(t Transfer) Order[Answer] { o.Number = t.Number; return o })
}

// Publish orders a local controller to offer firmware and keeps how far it is. Invalid, NotFound, Offline.
func (n *Network) Publish(ctx context.Context, id gnista.StationID, o PublishFirmware) (Transfer, Answer, error) {
	t := Transfer{Station: id, Kind: FirmwarePublish, Location: shownLocation(o.Location), DueAt: n.Now()}
	return n.begin(ctx, t, func(t Transfer) Order[Answer] { o.Number = t.Number; return o })
}

// installed ends an update of which the station says no more than that it has other firmware now.
func (n *Network) installed(ctx context.Context, id gnista.StationID, firmware string) error {
	return n.change(ctx, id, Installed, "the station has booted with firmware "+firmware, func(open []Transfer) []*Transfer {
		return each(open, func(t Transfer) bool {
			begun := t.State == Installing || t.State == InstallRebooting || t.State == Downloaded
			return t.Kind == FirmwareUpdate && begun && firmware != "" && t.Before != firmware
		})
	})
}

// MaxFirmware is the most bytes of a firmware file.
const MaxFirmware = 1 << 30

// AddFirmware keeps a file that stations can fetch. Invalid.
func (n *Network) AddFirmware(ctx context.Context, name string, r io.Reader) (File, error) {
	if name == "" || utf8.RuneCountInString(name) > maxText || strings.ContainsAny(name, "/\\") || strings.HasPrefix(name, ".") {
		return File{}, gnista.Invalidf("name", "must be a file name of 1 to %d characters", maxText)
	}
	f := File{ID: n.NewID(), Kind: FirmwareFile, Name: name, Key: n.NewID(), At: n.Now()}
	return n.keep(ctx, f, r, MaxFirmware)
}

// keep stores a file and what is known of it.
func (n *Network) keep(ctx context.Context, f File, r io.Reader, limit int64) (_ File, err error) {
	f.Size, f.SHA256, f.MD5, err = n.Disk.Put(f.ID, r, limit)
	if err != nil {
		return File{}, err
	}
	if f.Size == 0 {
		err = gnista.Invalidf("body", "is empty")
	} else {
		err = n.Transfers.AddFile(ctx, f)
	}
	if err != nil {
		n.Disk.Remove(f.ID)
		return File{}, err
	}
	return f, nil
}

// FetchURL is where stations fetch a file. Conflict where we do not know how they reach us.
func (n *Network) FetchURL(f File) (string, error) {
	base, err := n.base()
	return fmt.Sprintf("%s%s%s/%s/%s", base, FetchPath, f.ID, f.Key, strings.ReplaceAll(f.Name, " ", "%20")), err
}

// RemoveFile deletes a file. NotFound.
func (n *Network) RemoveFile(ctx context.Context, id string) error {
	if err := n.Transfers.DeleteFile(ctx, id); err != nil {
		return err
	}
	return n.Disk.Remove(id)
}
