package v2

import (
	"context"

	"gnista"
	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// The words of the versions for what the domain says of display messages.
var (
	displayPriorities = map[string]ocpp2.MessagePriority{
		"always-front": ocpp2.MessagePriorityAlwaysFront, "in-front": ocpp2.MessagePriorityInFront, "normal-cycle": ocpp2.MessagePriorityNormalCycle,
	}
	displayStates = map[string]ocpp2.MessageState{
		"charging": ocpp2.MessageStateCharging, "faulted": ocpp2.MessageStateFaulted, "idle": ocpp2.MessageStateIdle, "unavailable": ocpp2.MessageStateUnavailable,
		"suspended": ocpp2.MessageStateSuspended, "discharging": ocpp2.MessageStateDischarging,
	}
	displayFormats = map[string]ocpp2.MessageFormat{
		"ascii": ocpp2.MessageFormatASCII, "html": ocpp2.MessageFormatHTML, "uri": ocpp2.MessageFormatURI, "utf8": ocpp2.MessageFormatUTF8, "qrcode": ocpp2.MessageFormatQRCODE,
	}
	domainPriorities = inverse(displayPriorities)
	domainStates     = inverse(displayStates)
	domainFormats    = inverse(displayFormats)
)

// OCPP 2.x O01, O02, O06.
func setDisplay(ctx context.Context, s *gateway.Session, o station.SetDisplay) (station.Answer, error) {
	m := o.Message
	info := ocpp2.MessageInfo{ // OCPP 2.x O01.FR.04, O01.FR.05: no transaction, and times, where they are given
		ID: m.ID, Priority: displayPriorities[m.Priority], State: displayStates[m.State], StartDateTime: atOrNil(m.From), EndDateTime: atOrNil(m.To), TransactionID: m.Transaction,
	}
	if m.Display != "" {
		info.Display = &ocpp2.Component{Name: m.Display}
	}
	for i, t := range m.Texts {
		content := ocpp2.MessageContent{Format: displayFormats[t.Format], Language: t.Language, Content: t.Content}
		if i == 0 {
			info.Message = content
		} else if s.Version < ocppj.V21 {
			return station.Answer{}, gnista.Errorf(gnista.Unsupported, "OCPP %s shows a message in one language only", s.Version)
		} else {
			info.MessageExtra = append(info.MessageExtra, content)
		}
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.SetDisplayMessage, ocpp2.SetDisplayMessageRequest{Message: info})
	return answer(resp.Status, resp.StatusInfo), err
}

// OCPP 2.x O05.
func clearDisplay(ctx context.Context, s *gateway.Session, o station.ClearDisplay) (station.Answer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.ClearDisplayMessage, ocpp2.ClearDisplayMessageRequest{ID: o.ID})
	a := answer(resp.Status, resp.StatusInfo)
	if resp.Status == ocpp2.ClearMessageStatusUnknown {
		a.Status = station.NotKnown
	}
	return a, err
}

// OCPP 2.x O03, O04.
func readDisplays(ctx context.Context, s *gateway.Session, o station.ReadDisplays) (station.Answer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.GetDisplayMessages, ocpp2.GetDisplayMessagesRequest{
		RequestID: o.Number, ID: o.IDs, Priority: displayPriorities[o.Priority], State: displayStates[o.State],
	})
	a := answer(resp.Status, resp.StatusInfo)
	if resp.Status == ocpp2.GetDisplayMessagesStatusUnknown { // OCPP 2.x O03.FR.03: it has none that fits
		a.Status = station.Empty
	}
	return a, err
}

// OCPP 2.x O03.FR.04, O04.FR.05.
func (a *Adapter) displayReport(ctx context.Context, s *gateway.Session, req ocpp2.NotifyDisplayMessagesRequest) (ocpp2.NotifyDisplayMessagesResponse, error) {
	list := make([]station.DisplayMessage, len(req.MessageInfo))
	for i, m := range req.MessageInfo {
		d := station.DisplayMessage{ID: m.ID, Priority: domainPriorities[m.Priority], State: domainStates[m.State], Transaction: m.TransactionID}
		if m.StartDateTime != nil {
			d.From = m.StartDateTime.Time
		}
		if m.EndDateTime != nil {
			d.To = m.EndDateTime.Time
		}
		if m.Display != nil {
			d.Display = m.Display.Name
		}
		for _, t := range append([]ocpp2.MessageContent{m.Message}, m.MessageExtra...) {
			d.Texts = append(d.Texts, station.DisplayText{Format: domainFormats[t.Format], Language: t.Language, Content: t.Content})
		}
		list[i] = d
	}
	return ocpp2.NotifyDisplayMessagesResponse{}, a.Network.ReportDisplays(ctx, s.Station, req.RequestID, !continued(req.TBC), list)
}
