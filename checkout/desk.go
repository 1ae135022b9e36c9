package checkout

import (
	"context"
	"log/slog"
	"time"

	"gnista"
)

// Desk opens checkouts and brings them to their end.
type Desk struct {
	Now   func() time.Time
	NewID func() string
	Log   *slog.Logger
}

// Offer is what a driver is offered at an EVSE. NotFound.
func (d *Desk) Offer(ctx context.Context, station gnista.StationID, evse int) (Offer, error) {
	return Offer{}, gnista.Errorf(gnista.Unsupported, "not yet")
}

// Open opens a checkout. Invalid, NotFound, Conflict, Unsupported.
func (d *Desk) Open(ctx context.Context, r Request) (Checkout, error) {
	return Checkout{}, gnista.Errorf(gnista.Unsupported, "not yet")
}

// Find finds the checkout that has a key. NotFound, which does not tell why.
func (d *Desk) Find(ctx context.Context, key string) (Checkout, error) {
	return Checkout{}, gnista.Errorf(gnista.NotFound, "there is no such checkout")
}

// View is what the driver who has a key sees. NotFound.
func (d *Desk) View(ctx context.Context, key string) (View, error) {
	return View{}, gnista.Errorf(gnista.NotFound, "there is no such checkout")
}

// Cancel gives up a checkout that does not charge yet. NotFound, Conflict.
func (d *Desk) Cancel(ctx context.Context, key string) error {
	return gnista.Errorf(gnista.NotFound, "there is no such checkout")
}

// Stop ends the charging of a checkout. NotFound, Conflict.
func (d *Desk) Stop(ctx context.Context, key string) error {
	return gnista.Errorf(gnista.NotFound, "there is no such checkout")
}
