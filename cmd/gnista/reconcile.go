package main

import (
	"fmt"
	"time"

	"gnista/payment"
)

// collecting is when what providers have is compared with what we have, and what is done about what is missing.
type collecting struct {
	ReconcileHour    int `help:"Hour of the day, 0 to 23, at which what providers of payments have is compared with what we have. -1 is never: by the API only." default:"3"`
	DunningTries     int `help:"How often an account whose card on file has not paid is charged again, at most once a day. Guests never are." default:"3"`
	DunningDays      int `help:"Days between these, and between the reminders that follow." default:"2"`
	DunningReminders int `help:"Reminders after that, as events for whoever sends them." default:"2"`
}

func (c collecting) check() error {
	switch {
	case c.ReconcileHour < -1 || c.ReconcileHour > 23:
		return fmt.Errorf("--reconcile-hour must be -1 to 23")
	case c.DunningTries < 0 || c.DunningTries > 10:
		return fmt.Errorf("--dunning-tries must be 0 to 10")
	case c.DunningDays < 1 || c.DunningDays > 60:
		return fmt.Errorf("--dunning-days must be 1 to 60")
	case c.DunningReminders < 0 || c.DunningReminders > 10:
		return fmt.Errorf("--dunning-reminders must be 0 to 10")
	}
	return nil
}

// reconcile sets up what compares us with providers, and what is done about what is missing.
func (a *app) reconcile(o options) {
	c := o.Collecting
	a.payments.Dunning = payment.Dunning{Tries: c.DunningTries, Apart: time.Duration(c.DunningDays) * 24 * time.Hour, Reminders: c.DunningReminders, Zone: o.Zone}
	a.reconciler = &payment.Reconciler{Payments: a.payments.Payments, Store: a.db, Hour: c.ReconcileHour, Zone: o.Zone, Nudge: make(chan struct{}, 1)}
}

func (a *app) unreconciled(err error) {
	a.log.Error("what providers have could not be compared and is tried again", "err", err)
}
