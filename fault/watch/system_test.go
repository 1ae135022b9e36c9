package watch_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/payment"
	"gnista/pki"
	"gnista/station"
)

func TestCertificates(t *testing.T) {
	w := newWorld(t)
	certify := func(id gnista.StationID, use pki.Use, days int) {
		n := w.id()
		c := pki.Certificate{ID: n, Serial: n, Use: use, Station: id, Subject: "CN", KeyHash: n, Delivery: pki.Accepted, IssuedAt: w.now, ExpiresAt: w.now.AddDate(0, 0, days)}
		w.must(w.AddCertificate(t.Context(), c, func([]pki.Certificate) error { return nil }))
	}
	certify("S1", pki.ForStation, 15)
	certify("S1", pki.ForV2G, 15)
	certify("", pki.ForServer, 20)
	w.open()
	w.after(36 * time.Hour)
	w.open("CertificateExpiring S1/0/0")
	if got := w.fact("CertificateExpiring S1/0/0", "days"); got != "13" {
		t.Error(got)
	}
	certify("S1", pki.ForStation, 100)
	w.after(14 * 24 * time.Hour)
	w.open("CertificateExpired S1/0/0", "CertificateExpiring /0/0")
	certify("S1", pki.ForV2G, 100)
	certify("", pki.ForServer, 100)
	w.after(10 * time.Minute)
	w.open()
}

func TestDisk(t *testing.T) {
	w := newWorld(t)
	w.free = 10
	w.open()
	w.free = 9
	w.open("DiskFull /0/0")
	w.restart()
	w.free = 11 // a little is not enough
	w.open("DiskFull /0/0")
	w.free = 12
	w.open()
	w.watch.Disk = func() (uint64, uint64, error) { return 0, 0, errors.New("no such folder") }
	if err := w.watch.Sweep(t.Context()); err == nil {
		t.Error("what cannot be looked at is passed over in silence")
	}
}

func TestPayments(t *testing.T) {
	w := newWorld(t)
	pay := func(provider string, s payment.OpState) {
		id := w.id()
		w.must(w.CreatePayment(t.Context(), payment.Begin(id, provider, "", "SEK", 100, w.now)))
		_, err := w.ChangePayment(t.Context(), id, w.now, func(c *payment.Change) error {
			c.Op.State, c.Op.SentAt, c.Op.UpdatedAt = s, w.now, w.now
			return nil
		})
		w.must(err)
	}
	for range 2 {
		pay("bank", payment.Unknown)
		pay("card", payment.Unknown)
	}
	pay("bank", payment.Sent)
	w.after(6 * time.Minute)
	w.open()
	pay("bank", payment.Unknown)
	w.after(4 * time.Minute)
	w.open()
	w.after(time.Minute)
	w.open("PaymentProviderDown /0/0")
	if got := w.fact("PaymentProviderDown /0/0", "name"); got != "bank" {
		t.Error(got)
	}
	pay("bank", payment.Declined) // which is an answer
	w.open()
}

func TestRejected(t *testing.T) {
	w := newWorld(t)
	reject := func(reason string, n int) {
		v := station.Verdict{Station: "S1", Cause: station.RejectedFrame, Reason: reason, Action: "StatusNotification", Count: n, FirstAt: w.now, LastAt: w.now}
		w.must(w.AddVerdicts(t.Context(), []station.Verdict{v}))
	}
	reject("a", 10)
	reject("b", 10)
	w.open()
	w.after(40 * time.Minute)
	reject("a", 9)
	w.open()
	w.after(30 * time.Minute)
	reject("a", 5) // 24 in all, and not within an hour
	w.open()
	w.after(10 * time.Minute)
	reject("a", 20)
	w.open("MessagesRejected S1/0/0")
	w.restart()
	w.open("MessagesRejected S1/0/0")
	w.after(61 * time.Minute)
	w.open()
}

// What cannot be reported is tried again, and keeps nothing else from being looked for.
func TestReportsThatFail(t *testing.T) {
	w := newWorld(t)
	w.free = 0
	w.lose("S1")
	w.after(time.Hour)
	w.reports.fail = errors.New("no store")
	if err := w.watch.Sweep(t.Context()); err == nil || !strings.Contains(err.Error(), "no store") {
		t.Errorf("got %v", err)
	}
	w.reports.fail = nil
	w.open("DiskFull /0/0", "Offline S1/0/0")
	w.reports.fail = errors.New("no store")
	w.find("S1")
	if err := w.watch.Sweep(t.Context()); err == nil {
		t.Error("no error")
	}
	w.reports.fail = nil
	w.open("DiskFull /0/0")
}

// Those that are more than a sweep has room for are found all the same, in pages.
func TestManyAway(t *testing.T) {
	w := newWorld(t)
	var ids []gnista.StationID
	for i := range 1203 {
		id := gnista.StationID(fmt.Sprintf("M%04d", i))
		ids = append(ids, id)
	}
	for _, id := range ids {
		w.station(id, func(*station.Station) {})
	}
	_, err := w.LoseLinks(t.Context(), ids, w.now)
	w.must(err)
	w.after(time.Hour)
	w.must(w.watch.Sweep(t.Context()))
	if n := len(w.reports.open); n != len(ids) {
		t.Errorf("%d are found", n)
	}
	w.restart()
	w.must(w.FindLinks(t.Context(), ids, w.now))
	w.must(w.watch.Sweep(t.Context()))
	if n := len(w.reports.open); n != 0 {
		t.Errorf("%d are left", n)
	}
}
