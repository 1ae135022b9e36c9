package sim

import (
	"context"
	"fmt"
	"time"

	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// aside are the commands about customers, about the state of a transaction, and those of vendors.
func (d *v2) aside(m *ocppj.Mux[*link]) {
	ocppj.Handle(m, ocpp2.CustomerInformation, d.customerInformation)
	ocppj.Handle(m, ocpp2.GetTransactionStatus, d.getTransactionStatus)
	ocppj.Handle(m, ocpp2.DataTransfer, d.dataTransfer)
}

// KeepCustomer lets the station know something about a customer: by the UID of a card, the serial
// number of a certificate, or another identifier.
func (s *Station) KeepCustomer(who, data string) {
	s.prepare()
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.memory()
	if k.customers == nil {
		k.customers = map[string]string{}
	}
	k.customers[who] = data
}

// customerPage is the most characters of one page about a customer. OCPP 2.x N09.
const customerPage = 512

// OCPP 2.x N09, N10.
func (d *v2) customerInformation(_ context.Context, l *link, req ocpp2.CustomerInformationRequest) (ocpp2.CustomerInformationResponse, error) {
	s := l.station
	var who []string
	if req.IDToken != nil {
		who = append(who, req.IDToken.IDToken)
	}
	if req.CustomerCertificate != nil {
		who = append(who, req.CustomerCertificate.SerialNumber)
	}
	if req.CustomerIdentifier != "" {
		who = append(who, req.CustomerIdentifier)
	}
	switch {
	case len(who) != 1: // N09.FR.09
		return ocpp2.CustomerInformationResponse{Status: ocpp2.CustomerInformationStatusInvalid}, nil
	case !req.Report && !req.Clear: // N09.FR.07
		return ocpp2.CustomerInformationResponse{Status: ocpp2.CustomerInformationStatusRejected}, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	data := s.known(who[0])
	if req.Clear && s.kept != nil { // N10.FR.03, N10.FR.06
		delete(s.kept.customers, who[0])
	}
	if !req.Report {
		data = "what was known of the customer is forgotten"
	}
	var parts []string
	for runes := []rune(data); len(runes) > 0; {
		n := min(customerPage, len(runes))
		parts, runes = append(parts, string(runes[:n])), runes[n:]
	}
	l.afterwards(func(ctx context.Context) {
		for i, part := range parts {
			page := ocpp2.NotifyCustomerInformationRequest{RequestID: req.RequestID, SeqNo: i, GeneratedAt: instant(s.Now()), Data: part}
			if more := i < len(parts)-1; more {
				page.TBC = &more
			}
			if _, err := call(ctx, l, ocpp2.NotifyCustomerInformation, page); err != nil {
				s.note("information about a customer", err)
				return
			}
		}
	})
	return ocpp2.CustomerInformationResponse{Status: ocpp2.CustomerInformationStatusAccepted}, nil
}

// known is what the station knows of a customer. mu is held. OCPP 2.x N09.FR.05, N09.FR.06.
func (s *Station) known(who string) string {
	data := ""
	if s.kept != nil {
		data = s.kept.customers[who]
	}
	for _, e := range s.evses {
		if t := e.transaction; t != nil && t.token.UID == who {
			data += fmt.Sprintf("\ntransaction %s at EVSE %d since %s", t.name, e.id, t.began.UTC().Format(time.RFC3339))
		}
	}
	if data == "" {
		return "nothing is known of the customer"
	}
	return data
}

// OCPP 2.x E14.
func (*v2) getTransactionStatus(_ context.Context, l *link, req ocpp2.GetTransactionStatusRequest) (resp ocpp2.GetTransactionStatusResponse, _ error) {
	s := l.station
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.queue {
		if req.TransactionID == "" || m.transaction.name == req.TransactionID {
			resp.MessagesInQueue = true
		}
	}
	if req.TransactionID != "" { // E14.FR.06
		_, t := s.transactionNamed(req.TransactionID)
		ongoing := t != nil
		resp.OngoingIndicator = &ongoing
	}
	return resp, nil
}
