package billing

import (
	"context"
	"fmt"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/tariff"
)

// Reservations finds what places were kept.
type Reservations interface {
	// Reservation finds a reservation. NotFound.
	Reservation(ctx context.Context, id string) (charging.Reservation, error)
	// Moved tells whether a station has kept another place instead of that of a reservation.
	Moved(ctx context.Context, id string) (bool, error)
}

// Expired makes the bill of a reservation that nobody came for. due is false where it costs nothing: it was
// used or given up, the station never kept the place, another place was kept instead, or no tariff has a
// price for it.
func (r *Records) Expired(ctx context.Context, x *charging.Reservation) (v tariff.Version, b tariff.Bill, due bool, err error) {
	if x.State != charging.ReservationExpired || x.Since.IsZero() {
		return v, b, false, nil
	}
	if moved, err := r.Reservations.Moved(ctx, x.ID); err != nil || moved {
		return v, b, false, err
	}
	if v, err = r.versionOf(ctx, x.Tariff, x.Case()); err != nil {
		if gnista.CodeOf(err) == gnista.NotFound {
			err = nil
		}
		return v, b, false, err
	}
	b, err = r.rateExpired(ctx, x, v, "")
	return v, b, err == nil && b.Total.Amount != 0, err
}

// rateExpired makes the bill of a reservation that nobody came for by a version, in the time zone that an
// earlier bill went by; empty is that of the station.
func (r *Records) rateExpired(ctx context.Context, x *charging.Reservation, v tariff.Version, zone string) (tariff.Bill, error) {
	free := gnista.Money{Currency: v.Currency}
	needs := v.Needs()
	if !needs.Reservation { // the least price is that of charging
		return tariff.Bill{Net: free, Tax: free, Total: free, NetPrices: v.Net}, nil
	}
	u := tariff.Usage{Expired: true, Segments: []tariff.Segment{reserved(*x, x.ExpiresAt)}}
	var err error
	if needs.Zone {
		if u.Zone, err = r.zone(ctx, x.Station, zone); err != nil {
			return tariff.Bill{}, err
		}
	}
	b, err := tariff.Rate(v, u)
	if u.Zone != nil {
		b.Zone = u.Zone.String()
	}
	return b, err
}

// takeExpired bills a reservation that expired, if there is something to pay.
func (r *Records) takeExpired(ctx context.Context, id string) error {
	x, err := r.Reservations.Reservation(ctx, id)
	if err != nil {
		return fmt.Errorf("billing reservation %s: %w", id, err)
	}
	v, b, due, err := r.Expired(ctx, &x)
	if err != nil {
		return fmt.Errorf("billing reservation %s: %w", id, err)
	}
	if !due {
		return nil
	}
	s := reserved(x, x.ExpiresAt)
	_, err = r.Store.Issue(ctx, Record{
		ID: r.NewID(), Reservation: x.ID, Station: x.Station, EVSE: gnista.EVSE{ID: x.EVSE}, Token: x.Token, Account: x.Account, Kind: Original, Payment: r.NewID(),
		StartedAt: s.From, EndedAt: s.To, TariffVersion: v.ID, Policy: tariff.Policy, Bill: b, IssuedAt: r.Now(),
	}, issued)
	return err
}

// billed tells whether a reservation has a record of its own: it expired before a transaction came of it
// after all, which does not pay for it once more.
func (r *Records) billed(ctx context.Context, reservation string) (bool, error) {
	_, err := r.Store.RecordOf(ctx, reservation)
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		return false, nil
	}
	return err == nil, err
}

// reserved is the time of a reservation: from when a station agreed, to the first place where it was moved,
// until somebody came or the reservation expired.
func reserved(x charging.Reservation, end time.Time) tariff.Segment {
	from, to := x.Since, end
	if from.IsZero() {
		from = x.CreatedAt
	}
	if x.ExpiresAt.Before(to) {
		to = x.ExpiresAt
	}
	if to.Before(from) {
		to = from
	}
	return tariff.Segment{From: from, To: to, Kind: tariff.Reserved}
}
