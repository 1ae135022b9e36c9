package watch

import "time"

// Limits are from when on something is the matter. Those of [DefaultLimits] are right for most.
type Limits struct {
	// Again is after how long something that is still the matter is reported again: less than what clears by itself takes.
	Again time.Duration

	// A station is away too long after Offline or, where it has been away before, after OfflineUsual percent of
	// the second longest of its absences within OfflineMemory, and after OfflineMost at the latest.
	Offline       time.Duration
	OfflineUsual  int
	OfflineMemory time.Duration
	OfflineMost   time.Duration

	// Deaf is how many orders in a row a station leaves unanswered that does not hear.
	Deaf int
	// Boots is how often a station starts within BootsIn that does so in a loop.
	Boots   int
	BootsIn time.Duration
	// A clock is wrong that is off by more than Clock in ClockMessages messages or more, over ClockOver.
	Clock         time.Duration
	ClockMessages int
	ClockOver     time.Duration

	// Zero is how many charges in a row, of less than ZeroWh each, are too many at one connector.
	Zero   int
	ZeroWh int64
	// NoCharge is how long a transaction that may charge can be without energy; StartWithin is how long after it
	// agreed to start one, with a car plugged in, a station may take.
	NoCharge    time.Duration
	StartWithin time.Duration
	// Starts is how many orders to start an EVSE fails in a row, within StartsIn, that cannot start.
	Starts   int
	StartsIn time.Duration

	// How long a car may stand with its plug in before it charges, while it takes nothing, and after it has charged.
	Preparing   time.Duration
	SuspendedEV time.Duration
	Finishing   time.Duration

	// A state of charge stands still that does not change over SoCStillWh. A register stands still that does not
	// change over RegisterStill while at least FlowingW flow.
	SoCStillWh    int64
	RegisterStill time.Duration
	FlowingW      int64
	// GapWh is by how much a register may rise between two transactions.
	GapWh int64

	// Expiring is how long before its end a certificate should have been renewed: that is begun 30 days before.
	Expiring time.Duration
	// DiskPercent is how much of the disk that has our data should be free, in percent.
	DiskPercent int
	// Payments is how many operations of a provider in a row may be without a known outcome.
	Payments int
	// Rejected is how often within RejectedIn a station may send the same that is rejected.
	Rejected   int
	RejectedIn time.Duration
}

// DefaultLimits are the usual ones.
func DefaultLimits() Limits {
	return Limits{
		Again:   30 * time.Minute,
		Offline: 15 * time.Minute, OfflineUsual: 150, OfflineMemory: 14 * 24 * time.Hour, OfflineMost: 26 * time.Hour,
		Deaf: 3, Boots: 5, BootsIn: 30 * time.Minute,
		Clock: 5 * time.Minute, ClockMessages: 3, ClockOver: 10 * time.Minute,
		Zero: 3, ZeroWh: 50, NoCharge: 10 * time.Minute, StartWithin: 5 * time.Minute, Starts: 3, StartsIn: 6 * time.Hour,
		Preparing: 30 * time.Minute, SuspendedEV: 12 * time.Hour, Finishing: 2 * time.Hour,
		SoCStillWh: 10_000, RegisterStill: 15 * time.Minute, FlowingW: 2000, GapWh: 1000,
		Expiring: 14 * 24 * time.Hour, DiskPercent: 10, Payments: 3, Rejected: 20, RejectedIn: time.Hour,
	}
}
