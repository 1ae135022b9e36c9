package pki

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"
	"time"

	"gnista"
	"gnista/station"
)

// How certificates of stations are renewed. A station renews its own a month before it expires (OCPP 2.x
// A03.FR.02); one that has not is asked then.
const (
	renewBefore = 30 * 24 * time.Hour
	renewAgain  = 24 * time.Hour // between two times that a station is asked
	renewBatch  = 500            // asked in one sweep, so that a sweep ends
	sweepAtOne  = 10             // stations that are told something at one time
)

// Renew asks a station to ask for a new certificate. (OCPP 2.x A02; 1.6 security whitepaper A02)
func (ca *CA) Renew(ctx context.Context, id gnista.StationID, use Use) (station.Answer, error) {
	return station.Give(ctx, ca.Network, id, AskRenewal{Use: use})
}

// Sweep does what is due: it asks stations to renew certificates that expire soon, and installs the next
// root on those that lack it.
func (ca *CA) Sweep(ctx context.Context) error {
	return errors.Join(ca.sweepRenewals(ctx), ca.sweepRoots(ctx))
}

func (ca *CA) sweepRenewals(ctx context.Context) error {
	now := ca.Now()
	list, err := ca.Store.Renewable(ctx, now.Add(renewBefore), now.Add(-renewAgain), 20*renewBatch)
	if err != nil {
		return fmt.Errorf("looking for certificates to renew: %w", err)
	}
	var due []Certificate
	for _, c := range list {
		if _, connected := ca.Network.Presence.Connection(c.Station); connected && len(due) < renewBatch {
			due = append(due, c)
		}
	}
	return each(ctx, due, func(c Certificate) error {
		if _, err := ca.Renew(ctx, c.Station, c.Use); err != nil && gnista.CodeOf(err) == gnista.Internal {
			return err
		}
		_, err := ca.Store.ChangeCertificate(ctx, c.Serial, func(c *Certificate) ([]gnista.Event, error) {
			c.AskedAt = now
			return []gnista.Event{ca.event("certificate.expiring", c.Station, c.Serial, map[string]any{"expiresAt": c.ExpiresAt})}, nil
		})
		return err
	})
}

// each does something for each of a list, for some at one time: stations may be slow to answer.
func each[T any](ctx context.Context, list []T, do func(T) error) error {
	var all sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	turns := make(chan struct{}, sweepAtOne)
	for _, v := range list {
		turns <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		all.Go(func() {
			defer func() { <-turns }()
			if err := do(v); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// Attempt is what came of installing the root of an authority on a station.
type Attempt struct {
	Authority string
	Station   gnista.StationID
	Done      bool // it has the root, or cannot have any
	Detail    string
	At        time.Time
}

const (
	rolloutAgain = 6 * time.Hour // between two attempts on one station
	rolloutBatch = 500           // stations in one sweep
)

// Rollout begins or stops installing the root of an authority on all stations in service. NotFound, Conflict.
func (ca *CA) Rollout(ctx context.Context, id string, on bool) (Authority, error) {
	var out Authority
	err := ca.Store.ChangeAuthorities(ctx, func(list []Authority) ([]Authority, []gnista.Event, error) {
		a, err := pick(list, id)
		if err != nil {
			return nil, nil, err
		}
		if on && (a.State == Old || a.State == Retired) {
			return nil, nil, gnista.Errorf(gnista.Conflict, "authority %s is %s; only the root of the next one or the current one is installed", id, a.State)
		}
		a.Rollout = on
		out = a
		return []Authority{a}, nil, nil
	})
	return out, err
}

func (ca *CA) sweepRoots(ctx context.Context) error {
	authorities, err := ca.Store.Authorities(ctx)
	if err != nil {
		return err
	}
	for _, a := range authorities {
		if !a.Rollout {
			continue
		}
		var due []gnista.StationID
		for after := gnista.StationID(""); len(due) < rolloutBatch; {
			list, err := ca.Store.Lacking(ctx, a.ID, ca.Now().Add(-rolloutAgain), after, rolloutBatch)
			if err != nil {
				return fmt.Errorf("looking for stations without the root of authority %s: %w", a.ID, err)
			}
			if len(list) == 0 {
				break
			}
			after = list[len(list)-1]
			for _, id := range list {
				if _, connected := ca.Network.Presence.Connection(id); connected {
					due = append(due, id)
				}
			}
		}
		err := each(ctx, due, func(id gnista.StationID) error {
			if _, err := ca.InstallRoot(ctx, id, a); err != nil && gnista.CodeOf(err) == gnista.Internal {
				return err
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// InstallRoot installs the root of an authority on a station. One that takes only what its present root has
// signed refuses it, and is given it so. (OCPP 2.x M05.FR.10, 1.6 security whitepaper M05.FR.09)
func (ca *CA) InstallRoot(ctx context.Context, id gnista.StationID, a Authority) (station.Answer, error) {
	said, err := ca.Install(ctx, id, Install{Use: CSMSRoot, Certificate: encode(a.Root())})
	if err == nil && said.Status == station.Refused && a.Link != nil {
		said, err = ca.Install(ctx, id, Install{Use: CSMSRoot, Certificate: encode(a.Link)})
	}
	t := Attempt{Authority: a.ID, Station: id, At: ca.Now(), Detail: short(said.Detail), Done: err == nil && said.Status == station.Done}
	if err != nil {
		t.Detail, t.Done = short(err.Error()), gnista.CodeOf(err) == gnista.Unsupported
	}
	if gnista.CodeOf(err) == gnista.Offline && err != nil {
		return said, err // nothing was tried
	}
	return said, errors.Join(err, ca.Store.SetAttempt(ctx, t))
}

// PEM is an authority as it is shown: its own certificate with those above it, the root that stations are to
// trust, and that root as the one before has certified it.
func (a Authority) PEM() (chain, root, link string) {
	chain = encode(append([][]byte{a.Certificate}, a.Above...)...)
	if a.Link != nil {
		link = encode(a.Link)
	}
	return chain, encode(a.Root()), link
}

// Subject is whose certificate an authority has.
func (a Authority) Subject() string {
	c, err := x509.ParseCertificate(a.Certificate)
	if err != nil {
		return ""
	}
	return c.Subject.String()
}

// PEM is a certificate in PEM.
func (c Certificate) PEM() string { return encode(c.DER) }
