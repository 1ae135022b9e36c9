package station

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"gnista"
)

// DisplayMessage is a text on a station's screen (OCPP 2.x).
type DisplayMessage struct {
	ID          int
	Priority    string // always-front, in-front or normal-cycle
	State       string // in which the station shows it: charging, faulted, idle, unavailable, suspended, discharging; empty is any
	From, To    time.Time
	Transaction string // the station's name for it: only while that goes on; empty is always
	Display     string // component that shows it; empty is the main one
	Texts       []DisplayText
	ReportedAt  time.Time // when the station last said that it has it; zero when it never did
}

// DisplayText is one language of a message.
type DisplayText struct {
	Format   string `json:"format"` // ascii, html, uri, utf8 or qrcode
	Language string `json:"language,omitempty"`
	Content  string `json:"content"`
}

// Words of display messages.
var (
	displayPriorities = map[string]bool{"always-front": true, "in-front": true, "normal-cycle": true}
	displayStates     = map[string]bool{"": true, "charging": true, "faulted": true, "idle": true, "unavailable": true, "suspended": true, "discharging": true}
	displayFormats    = map[string]bool{"ascii": true, "html": true, "uri": true, "utf8": true, "qrcode": true}
)

const (
	maxDisplayText  = 1024 // characters; OCPP 2.0.1 allows 512
	maxDisplayTexts = 5    // OCPP 2.1: one and four more languages
)

// SetDisplay has a station show a message; one with the same ID is replaced. (OCPP 2.x O01, O02, O06)
type SetDisplay struct{ Message DisplayMessage }

func (SetDisplay) Answers() (a Answer) { return a }
func (o SetDisplay) Told() Told {
	return Told{Kind: "display-message", Note: fmt.Sprintf("%d %s", o.Message.ID, o.Message.Priority)}
}

// Check finds what no station could show.
func (o SetDisplay) Check() error {
	m := o.Message
	switch {
	case !displayPriorities[m.Priority]:
		return gnista.Invalidf("priority", "%q is not always-front, in-front or normal-cycle", m.Priority)
	case !displayStates[m.State]:
		return gnista.Invalidf("state", "%q is no state of a station", m.State)
	case !m.From.IsZero() && !m.To.IsZero() && !m.From.Before(m.To):
		return gnista.Invalidf("to", "is not after from")
	case len(m.Texts) == 0 || len(m.Texts) > maxDisplayTexts:
		return gnista.Invalidf("texts", "must have 1 to %d items", maxDisplayTexts)
	}
	for i, t := range m.Texts {
		if !displayFormats[t.Format] {
			return gnista.Invalidf(fmt.Sprintf("texts[%d].format", i), "%q is not ascii, html, uri, utf8 or qrcode", t.Format)
		}
		if n := utf8.RuneCountInString(t.Content); n == 0 || n > maxDisplayText {
			return gnista.Invalidf(fmt.Sprintf("texts[%d].content", i), "must have 1 to %d characters", maxDisplayText)
		}
	}
	return nil
}

// ClearDisplay has a station no longer show a message. (OCPP 2.x O05)
type ClearDisplay struct{ ID int }

func (ClearDisplay) Answers() (a Answer) { return a }
func (o ClearDisplay) Told() Told        { return Told{Kind: "clear-display-message", Note: fmt.Sprint(o.ID)} }

// ReadDisplays asks a station for its messages, which it then reports. (OCPP 2.x O03, O04)
type ReadDisplays struct {
	Number   int
	IDs      []int
	Priority string // empty is any
	State    string // empty is any
}

func (ReadDisplays) Answers() (a Answer) { return a }

func (o ReadDisplays) Told() Told {
	all := len(o.IDs) == 0 && o.Priority == "" && o.State == ""
	return Told{Kind: "read-display-messages", Effect: effectDisplays(o.Number, all)}
}

// Check finds a filter that fits nothing.
func (o ReadDisplays) Check() error {
	if o.Priority != "" && !displayPriorities[o.Priority] {
		return gnista.Invalidf("priority", "%q is not always-front, in-front or normal-cycle", o.Priority)
	}
	if !displayStates[o.State] {
		return gnista.Invalidf("state", "%q is no state of a station", o.State)
	}
	return nil
}

func effectDisplays(number int, all bool) string { return fmt.Sprintf("displays %d %t", number, all) }

// DisplayStore keeps the messages on stations' screens.
type DisplayStore interface {
	// PutDisplays stores messages over those with the same ids, as long as there are not more than most.
	PutDisplays(ctx context.Context, id gnista.StationID, list []DisplayMessage, most int) error
	// DeleteDisplays forgets the message with the number or, with 0, those that were not reported since.
	DeleteDisplays(ctx context.Context, id gnista.StationID, number int, since time.Time) error
	// Displays lists the messages of a station in the order of their ids.
	Displays(ctx context.Context, id gnista.StationID) ([]DisplayMessage, error)
}

// keptDisplays is the most messages that are kept of one station; real ones take a handful.
const keptDisplays = 1000

// Show has a station show a message, and keeps it if the station will. One without an ID is new.
func (n *Network) Show(ctx context.Context, id gnista.StationID, m DisplayMessage) (DisplayMessage, Answer, error) {
	if m.ID == 0 {
		if err := (SetDisplay{m}).Check(); err != nil {
			return m, Answer{}, err
		}
		number, err := n.Monitors.NextRequest(ctx)
		if err != nil {
			return m, Answer{}, err
		}
		m.ID = number
	}
	a, err := Give(ctx, n, id, SetDisplay{m})
	if err != nil || a.Status != Done {
		return m, a, err
	}
	return m, a, n.Displays.PutDisplays(ctx, id, []DisplayMessage{m}, keptDisplays)
}

// Hide has a station no longer show a message, and forgets it if the station does or has.
func (n *Network) Hide(ctx context.Context, id gnista.StationID, number int) (Answer, error) {
	a, err := Give(ctx, n, id, ClearDisplay{number})
	if err != nil || a.Status != Done && a.Status != NotKnown {
		return a, err
	}
	return a, n.Displays.DeleteDisplays(ctx, id, number, time.Time{})
}

// ReadDisplaysOf asks a station for its messages.
func (n *Network) ReadDisplaysOf(ctx context.Context, id gnista.StationID, o ReadDisplays) (Answer, error) {
	number, err := n.Monitors.NextRequest(ctx)
	if err != nil {
		return Answer{}, err
	}
	o.Number = number
	a, err := Give(ctx, n, id, o)
	if err == nil && a.Status == Empty && o.Told().Effect == effectDisplays(number, true) {
		err = n.Displays.DeleteDisplays(ctx, id, 0, n.Now())
	}
	return a, err
}

// ReportDisplays takes in a page of a report on messages. (OCPP 2.x O03.FR.04)
func (n *Network) ReportDisplays(ctx context.Context, id gnista.StationID, number int, last bool, list []DisplayMessage) error {
	for i := range list {
		m := &list[i]
		m.ReportedAt = n.Now()
		shorten(&m.Transaction, maxNameText)
		shorten(&m.Display, maxNameText)
		m.Texts = m.Texts[:min(len(m.Texts), maxDisplayTexts)]
		for k := range m.Texts {
			shorten(&m.Texts[k].Language, maxNameText)
			shorten(&m.Texts[k].Content, 4*maxDisplayText) // of four bytes each
		}
	}
	if err := n.Displays.PutDisplays(ctx, id, list, keptDisplays); err != nil || !last {
		return err
	}
	ended, err := n.settle(ctx, id, Happened, "the station has reported", effectDisplays(number, true), effectDisplays(number, false))
	if err != nil {
		return err
	}
	for _, c := range ended {
		if c.Effect == effectDisplays(number, true) {
			if err := n.Displays.DeleteDisplays(ctx, id, 0, c.At); err != nil {
				return err
			}
		}
	}
	return nil
}
