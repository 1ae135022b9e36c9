package driver

import (
	"time"

	"gnista/charging"
	"gnista/checkout"
	"gnista/fault"
	"gnista/payment"
	"gnista/station"
)

// view is what a driver sees of a checkout.
type view = checkout.View

// ended is a checkout that is over and had no transaction.
func ended(c *view) Kind {
	switch {
	case c.Pay != nil && c.Pay.State == payment.DeclinedNow:
		return Declined
	case c.State == checkout.Failed:
		return NeverStarted
	case c.Reason == checkout.NotPaid:
		return NotPaid
	case c.Reason == checkout.ByDriver, c.Reason == checkout.ByOperator:
		return CalledOff
	}
	return NotPaid
}

// before is a checkout that does not charge yet.
func (s *Situation) before(c *view) Kind {
	if c.State == checkout.Paying {
		return Pay
	}
	if k := s.wrong(); k != "" {
		return k
	}
	if len(s.Plugged) > 0 && s.Condition == checkout.Free {
		return WrongOutlet
	}
	switch c.Order.Outcome {
	case checkout.Away:
		return Away
	case checkout.Unknown:
		return NoAnswer
	case checkout.Refused:
		if s.Condition == checkout.Free { // it may only want to see a car first
			return WaitsForCable
		}
		return SaidNo
	}
	plugged := s.Status == station.Preparing || s.Status == station.Finishing || s.Status == station.Occupied
	if stood := s.Now.Sub(s.Since); plugged && s.Status != station.Finishing && c.State == checkout.PlugIn && stood >= 0 && stood < agreeTime {
		return Starting
	}
	switch {
	case c.State == checkout.PlugIn && plugged, c.Order.Tried > 1 && plugged:
		return PlugAgain
	case c.State == checkout.PlugIn:
		return WaitsForCable
	case !c.PaidAt.IsZero() && s.Now.Sub(c.PaidAt) > startingFor && c.Order.Outcome == checkout.Sent:
		return NoAnswer
	}
	return Starting
}

// during is a transaction that goes on.
func (s *Situation) during(t *charging.Transaction) Kind {
	if s.Condition == checkout.Offline {
		return Away
	}
	if k := s.wrong(); k != "" && t.PowerW == 0 {
		return k
	}
	if !t.Authorised && t.Token.UID != "" {
		return NotAllowed
	}
	limited := s.Power != nil && s.Power.Limited
	switch t.Activity {
	case charging.SuspendedEV:
		return CarWaits
	case charging.SuspendedEVSE:
		if limited || s.Fault != nil && s.Fault.Key.Code == "PowerLimitExceeded" {
			return Shared
		}
		return StationWaits
	case charging.Charging:
		if limited {
			return Shared
		}
		return Charges
	}
	switch {
	case t.EnergyWh > 0: // it has charged, and the car is still plugged in
		return Stopping
	case s.Now.Sub(t.StartedAt) > plugTime:
		return PlugAgain
	}
	return Starting
}

// agreeTime is how long a car that has just been plugged in is given before that is said of a checkout that waits for it.
const agreeTime = time.Minute

// plugTime is how long cars and stations take to agree before a driver is asked to plug in anew.
const plugTime = 2 * time.Minute

// after is a transaction that has ended.
func (s *Situation) after(t *charging.Transaction) Kind {
	switch {
	case s.Fault != nil && s.Fault.Key.Code == "ConnectorLockFailure":
		return Stuck
	case !t.Authorised && t.EnergyWh == 0:
		return NotAllowed
	case t.FinishedAt.IsZero() && blocked(t):
		return Checked
	case t.EnergyWh == 0 && s.Cost.Amount == 0 && !t.FinishedAt.IsZero():
		if k := s.wrong(); k != "" {
			return k
		}
		return NothingToPay
	case s.Receipt != "":
		return Finished
	}
	return Stopping
}

func blocked(t *charging.Transaction) bool {
	for _, r := range t.Review {
		if r.Blocks() {
			return true
		}
	}
	return false
}

// money is what has become of it.
func (s *Situation) money() Money {
	t, c := s.Charge, s.Checkout
	switch {
	case c == nil && t == nil:
		return None
	case t != nil && t.FinishedAt.IsZero() && t.State == charging.Ended && blocked(t):
		return Open
	case c == nil && t.EnergyWh == 0 && t.State == charging.Ended && s.Cost.Amount == 0:
		return None
	case c == nil && t.Account == "":
		return None
	case c == nil:
		return Account
	case c.Payment == "":
		return Free
	case c.Pay == nil || c.Pay.Authorised == 0 && c.Pay.Captured == 0:
		return None
	case c.State == checkout.Cancelled || c.State == checkout.Failed, t != nil && c.State == checkout.Settled && s.Cost.Amount == 0:
		return Back
	case c.State == checkout.Settled:
		return Paid
	case c.Way == payment.ByHold:
		return SetAside
	}
	return Prepaid
}

// offers are what the driver can do.
func (s *Situation) offers(k Kind) (list []Offer) {
	t, c := s.Charge, s.Checkout
	switch {
	case t != nil && t.State == charging.Active && t.Authorised && k != Away:
		list = append(list, DoStop)
	case c != nil && c.State.Waiting() && c.State != checkout.Charging && t == nil:
		list = append(list, DoCancel)
	}
	switch k {
	case Stuck:
		list = append(list, DoUnlock)
	case Fixable:
		if s.Fault.Key.Code == "ConnectorLockFailure" || s.Entry.Remedy == fault.Unlock {
			list = append(list, DoUnlock)
		}
		list = append(list, DoRetry, DoOther)
	case Declined, NotPaid, CalledOff, NeverStarted:
		list = append(list, DoRetry, DoOther)
	case SwitchedOff, Broken, Closed, Taken, Reserved, NoAnswer, SaidNo:
		list = append(list, DoOther)
	case Away:
		if t == nil {
			list = append(list, DoOther)
		}
	}
	return list
}
