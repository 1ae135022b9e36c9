package station

import (
	"context"
	"errors"
	"time"

	"gnista"
)

// Outcome is how far an order has come.
type Outcome string

// The outcomes. The last four are final.
const (
	Sent     Outcome = "sent"     // the station has not answered yet
	Agreed   Outcome = "accepted" // the station says that it will; that it did has not shown yet
	Happened Outcome = "happened" // it was done
	Failed   Outcome = "failed"   // the station agreed, and then it could not be done
	Declined Outcome = "rejected" // the station will not, or cannot
	Unknown  Outcome = "unknown"  // the station did not answer, or nothing has shown that it did what it agreed to
)

// Command is an order that was given to a station, and what came of it.
type Command struct {
	ID         string
	Station    gnista.StationID
	Kind       string
	Note       string
	EVSE       int    // that it is for; 0 is the station, or any
	By         string // who gave it; empty where nobody has said
	Effect     string
	Outcome    Outcome
	Detail     string // the station's own word, or why
	At         time.Time
	AnsweredAt time.Time // zero when it did not answer
	EndedAt    time.Time // when the outcome became final; zero before
	Until      time.Time // when it becomes unknown by itself
}

// CommandStore keeps commands.
type CommandStore interface {
	AddCommand(ctx context.Context, c Command) error
	// AnswerCommand stores what the station said and, unless it has ended meanwhile, its outcome. It
	// returns what is stored then.
	AnswerCommand(ctx context.Context, c Command, ev gnista.Event) (Command, error)
	// SettleCommands ends the commands of a station that have one of the effects and have not ended, and
	// returns them as they were. The event, whose data is an object, is told of each with its kind.
	SettleCommands(ctx context.Context, id gnista.StationID, effects []string, o Outcome, detail string, at time.Time, ev gnista.Event) ([]Command, error)
	// ExpireCommands makes unknown what should have ended before now, with an event of each, and deletes what is
	// older than before.
	ExpireCommands(ctx context.Context, now, before time.Time) error
	// Command finds a command. NotFound.
	Command(ctx context.Context, id string) (Command, error)
	// Commands lists a station's commands, the newest first, behind the one with the id before.
	Commands(ctx context.Context, id gnista.StationID, before string, limit int) ([]Command, error)
}

const (
	answerTime  = 2 * time.Minute      // in which an answer has come, or none will
	commandsFor = 365 * 24 * time.Hour // that commands are kept
)

// open keeps an order that is about to be sent. Offline, NotFound.
func (n *Network) open(ctx context.Context, id gnista.StationID, told Told) (Command, error) {
	if _, connected := n.Presence.Connection(id); !connected {
		return Command{}, n.Explain(ctx, id, gnista.Errorf(gnista.Offline, "station %s is not connected", id))
	}
	now := n.Now()
	c := Command{
		ID: n.NewID(), Station: id, Kind: told.Kind, Note: told.Note, EVSE: told.EVSE, Effect: told.Effect, Outcome: Sent, At: now, By: Sender(ctx), Until: now.Add(answerTime),
	}
	return c, n.Commands.AddCommand(ctx, c)
}

// callError is an answer of a station that is an error, with the code of that.
type callError interface {
	error
	CallError() string
}

// maxDetail is how much of what a station said goes into an event.
const maxDetail = 500

// close keeps what a station said to an order, or that it did not.
func (n *Network) close(ctx context.Context, c *Command, told Told, said Answer, failed error) error {
	now := n.Now()
	c.AnsweredAt, c.EndedAt, c.Until, c.Detail = now, now, time.Time{}, said.Detail
	switch code := gnista.CodeOf(failed); {
	case failed != nil:
		c.Outcome, c.Detail = Declined, failed.Error()
		if code == gnista.Timeout || code == gnista.Internal {
			c.Outcome, c.AnsweredAt = Unknown, time.Time{}
		}
		if code == gnista.Internal {
			c.Detail = "an internal error"
		}
	case said.Status == Refused || said.Status == NotKnown || said.Status == NotSupporting:
		c.Outcome = Declined
	case told.Effect == "" && said.Status == Done, said.Status == Empty:
		c.Outcome = Happened
	default:
		within := told.Within
		if within == 0 {
			within = EffectTime
		}
		if said.Status == Scheduled || said.Status == NeedsReboot { // that can take as long as a car stays
			within = max(within, 24*time.Hour)
		}
		c.Outcome, c.EndedAt, c.Until = Agreed, time.Time{}, now.Add(within)
	}
	// What was sent was sent, also when nobody waits for the answer any more.
	data := map[string]any{"kind": c.Kind, "outcome": c.Outcome}
	if e, ok := errors.AsType[callError](failed); ok {
		data["errorCode"] = e.CallError()
	} else if failed == nil {
		data["answer"] = said.Status
	}
	if c.Outcome != Happened && c.Outcome != Agreed {
		data["detail"] = beginning(c.Detail, maxDetail)
	}
	kept, err := n.Commands.AnswerCommand(context.WithoutCancel(ctx), *c, n.event("station.command", c.Station, c.ID, data))
	if err == nil {
		*c = kept
	}
	return err
}

// Settle takes in that something has shown, or has failed to: the open commands with one of those
// effects end with the outcome. It writes nothing where there are none.
func (n *Network) Settle(ctx context.Context, id gnista.StationID, o Outcome, detail string, effects ...string) error {
	_, err := n.settle(ctx, id, o, detail, effects...)
	return err
}

// settle is Settle, and tells which commands have ended.
func (n *Network) settle(ctx context.Context, id gnista.StationID, o Outcome, detail string, effects ...string) ([]Command, error) {
	return n.Commands.SettleCommands(ctx, id, effects, o, detail, n.Now(), n.event("station.command", id, "", map[string]any{"outcome": o, "detail": beginning(detail, maxDetail)}))
}

// Sweep gives up what nothing was heard of in time, and deletes what is too old.
func (n *Network) Sweep(ctx context.Context) error {
	now := n.Now()
	return errors.Join(n.endReports(ctx), n.Commands.ExpireCommands(ctx, now, now.Add(-commandsFor)), n.sweepTransfers(ctx), n.sweepFiles(ctx),
		n.Customers.DeleteCustomerReports(ctx, now.Add(-customerFor)))
}
