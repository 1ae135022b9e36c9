package sim

import (
	"context"
	"slices"

	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// driversView are the commands about what a driver sees: messages and costs.
func (d *v2) driversView(m *ocppj.Mux[*link]) {
	ocppj.Handle(m, ocpp2.SetDisplayMessage, d.setDisplayMessage)
	ocppj.Handle(m, ocpp2.GetDisplayMessages, d.getDisplayMessages)
	ocppj.Handle(m, ocpp2.ClearDisplayMessage, d.clearDisplayMessage)
	ocppj.Handle(m, ocpp2.CostUpdated, d.costUpdated)
}

// messages are those that are to be shown; what has run out is not kept. mu is held. OCPP 2.x
// O01.FR.07, O02.FR.02.
func (s *Station) messages() []ocpp2.MessageInfo {
	if s.kept == nil {
		return nil
	}
	s.kept.messages = slices.DeleteFunc(s.kept.messages, func(m ocpp2.MessageInfo) bool {
		_, t := s.transactionNamed(m.TransactionID)
		return m.TransactionID != "" && t == nil || m.EndDateTime != nil && !s.Now().Before(m.EndDateTime.Time)
	})
	return s.kept.messages
}

// shown is how many messages there are. mu is held.
func (s *Station) shown() int { return len(s.messages()) }

// Messages are the texts that the station is to show, in the order in which they came.
func (s *Station) Messages() []string {
	s.prepare()
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for _, m := range s.messages() {
		list = append(list, m.Message.Content)
	}
	return list
}

// OCPP 2.x O01, O02, O06.
func (d *v2) setDisplayMessage(_ context.Context, l *link, req ocpp2.SetDisplayMessageRequest) (resp ocpp2.SetDisplayMessageResponse, _ error) {
	s, m := l.station, req.Message
	s.mu.Lock()
	defer s.mu.Unlock()
	_, t := s.transactionNamed(m.TransactionID)
	list := slices.Clone(s.messages())
	list = slices.DeleteFunc(list, func(x ocpp2.MessageInfo) bool { // O01.FR.16, O06.FR.01
		front := ocpp2.MessagePriorityAlwaysFront
		return x.ID == m.ID || m.Priority == front && x.Priority == front
	})
	switch {
	case m.State == ocpp2.MessageStateSuspended, m.State == ocpp2.MessageStateDischarging: // O01.FR.02
		resp.Status = ocpp2.DisplayMessageStatusNotSupportedState
	case m.Message.Format != ocpp2.MessageFormatASCII && m.Message.Format != ocpp2.MessageFormatUTF8: // O01.FR.03
		resp.Status = ocpp2.DisplayMessageStatusNotSupportedMessageFormat
	case m.TransactionID != "" && t == nil: // O02.FR.01
		resp.Status = ocpp2.DisplayMessageStatusUnknownTransaction
	case len(list) >= displayCount, len(m.MessageExtra) > 0: // O01.FR.11, O01.FR.19
		resp.Status = ocpp2.DisplayMessageStatusRejected
	default:
		resp.Status = ocpp2.DisplayMessageStatusAccepted
		s.memory().messages = append(list, m)
	}
	return resp, nil
}

// OCPP 2.x O03, O04.
func (d *v2) getDisplayMessages(_ context.Context, l *link, req ocpp2.GetDisplayMessagesRequest) (resp ocpp2.GetDisplayMessagesResponse, _ error) {
	s := l.station
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []ocpp2.MessageInfo
	for _, m := range s.messages() {
		if (len(req.ID) == 0 || slices.Contains(req.ID, m.ID)) && (req.Priority == "" || req.Priority == m.Priority) && (req.State == "" || req.State == m.State) {
			found = append(found, m)
		}
	}
	if len(found) == 0 { // O03.FR.06, O04.FR.02
		resp.Status = ocpp2.GetDisplayMessagesStatusUnknown
		return resp, nil
	}
	resp.Status = ocpp2.GetDisplayMessagesStatusAccepted
	l.afterwards(func(ctx context.Context) {
		pages(ctx, s, "the messages that are shown", found, func(ctx context.Context, l *link, page []ocpp2.MessageInfo, _ int, more *bool) error {
			_, err := call(ctx, l, ocpp2.NotifyDisplayMessages, ocpp2.NotifyDisplayMessagesRequest{RequestID: req.RequestID, MessageInfo: page, TBC: more})
			return err
		})
	})
	return resp, nil
}

// OCPP 2.x O05.
func (*v2) clearDisplayMessage(_ context.Context, l *link, req ocpp2.ClearDisplayMessageRequest) (resp ocpp2.ClearDisplayMessageResponse, _ error) {
	s := l.station
	s.mu.Lock()
	defer s.mu.Unlock()
	resp.Status = ocpp2.ClearMessageStatusUnknown
	if i := slices.IndexFunc(s.messages(), func(m ocpp2.MessageInfo) bool { return m.ID == req.ID }); i >= 0 {
		s.kept.messages = slices.Delete(slices.Clone(s.kept.messages), i, i+1)
		resp.Status = ocpp2.ClearMessageStatusAccepted
	}
	return resp, nil
}

// OCPP 2.x I02.
func (*v2) costUpdated(_ context.Context, l *link, req ocpp2.CostUpdatedRequest) (ocpp2.CostUpdatedResponse, error) {
	s := l.station
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, t := s.transactionNamed(req.TransactionID); t != nil {
		t.cost = &req.TotalCost
		s.spend(e, t)
		if _, x := s.shownOf(req.TransactionID); x != nil {
			x.Cost = &req.TotalCost
		}
	}
	return ocpp2.CostUpdatedResponse{}, nil
}

// Cost is what the driver at an EVSE was last told that charging costs; ok is whether there was
// anything told.
func (s *Station) Cost(evse int) (cost float64, ok bool) {
	e, err := s.outlet(evse)
	if err != nil {
		return 0, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.transaction == nil || e.transaction.cost == nil {
		return 0, false
	}
	return *e.transaction.cost, true
}
