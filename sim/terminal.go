package sim

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gnista"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// Terminal is a payment terminal in a station of OCPP 2.1. (OCPP 2.1 C18 to C23)
type Terminal struct {
	Amount    float64 // that it sets aside for a card
	Increment float64 // and once more, when half of it is left; 0 is never
	Asks      bool    // whether a card may charge is asked of the central system
	Leaves    bool    // it leaves it to the central system to take what is due
	Outcome   string  // what becomes of what is due: Rejected or Failed; empty is that it is taken
}

// Card is a bank card.
type Card struct {
	Reference string // that the payment provider gives its payment
	Brand     string
	Last4     string
}

// directPayment is the type of the tokens of payments.
const directPayment = "DirectPayment"

// component of a terminal, and of codes for payments on the web.
const (
	paymentCtrlr     = "PaymentCtrlr"
	webPaymentsCtrlr = "WebPaymentsCtrlr"
)

// terminalSettings are the settings of limits, of a terminal, and of codes. mu is held.
func (s *Station) terminalSettings() []setting {
	if s.Version != gnista.V21 {
		return nil
	}
	var list []setting
	if s.CostLimits {
		list = append(list, ro("TxCtrlr", "SupportedLimits", kindMembers, "", "maxCost"))
	}
	if p := s.Terminal; p != nil {
		yes := strconv.FormatBool
		number := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
		list = append(list,
			ro(paymentCtrlr, "Enabled", kindBoolean, "", "true"), ro(paymentCtrlr, "AuthorizeDirectPayment", kindBoolean, "", yes(p.Asks)), ro(paymentCtrlr, "AuthorizationAmount", kindDecimal, "", number(p.Amount)),
			ro(paymentCtrlr, "IncrementalAuthorizationAmount", kindDecimal, "", number(p.Increment)), ro(paymentCtrlr, "SettlementByCSMS", kindBoolean, "", yes(p.Leaves)), ro(paymentCtrlr, "ReceiptByCSMS", kindBoolean, "", "true"),
		)
	}
	if s.Codes {
		list = append(list,
			rw(webPaymentsCtrlr, "Enabled", kindBoolean, "", "false"), rw(webPaymentsCtrlr, "URLTemplate", kindText, "", "").upTo(500), rw(webPaymentsCtrlr, "TOTPVersion", kindText, "", "v1").upTo(10),
			rw(webPaymentsCtrlr, "ValidityTime", kindInteger, "s", "30").between(1, 3600), rw(webPaymentsCtrlr, "Length", kindInteger, "", "8").between(1, 32), rw(webPaymentsCtrlr, "SharedSecret", kindText, "", "").upTo(255).hidden(),
		)
	}
	return list
}

// PayAndStart starts to charge with a card that is held to the terminal. Its error is a *[Refusal] when the central
// system does not let it. (OCPP 2.1 C18)
func (s *Station) PayAndStart(ctx context.Context, evse int, c Card) error {
	e, err := s.outlet(evse)
	if err != nil {
		return err
	}
	if s.Terminal == nil {
		return fmt.Errorf("station %s has no terminal", s.ID)
	}
	token := s.hold(c)
	if s.Terminal.Asks {
		if err := s.authorise(ctx, token); err != nil {
			return err
		}
	}
	s.mu.Lock()
	m, err := s.begin(e, token, 0)
	if err == nil {
		amount := s.Terminal.Amount
		m.transaction.pays, m.transaction.limit, m.limit = true, &amount, &amount // C18.FR.06
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return s.begun(ctx, e, m)
}

// hold sets an amount aside for a card.
func (s *Station) hold(c Card) Token {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.presenting == nil {
		s.presenting = map[string][]ocpp2.AdditionalInfo{}
	}
	s.presenting[c.Reference] = []ocpp2.AdditionalInfo{
		{Type: "PaymentBrand", AdditionalIDToken: c.Brand}, {Type: "CardBin", AdditionalIDToken: "424242"}, {Type: "CardLast4Digits", AdditionalIDToken: c.Last4},
	}
	return Token{UID: c.Reference, Type: directPayment}
}

// AuthoriseCard finds out whether a card that is held to the terminal may charge. (OCPP 2.1 C18.FR.04)
func (s *Station) AuthoriseCard(ctx context.Context, c Card) (accepted bool, err error) {
	s.prepare()
	err = s.authorise(ctx, s.hold(c))
	if _, refused := err.(*Refusal); refused {
		return false, nil
	}
	return err == nil, err
}

// CancelPayment tells that a payment at the terminal is given up before it has paid for anything. (OCPP 2.1 C19)
func (s *Station) CancelPayment(ctx context.Context, reference string) error {
	l, err := s.modern(ocppj.V21, "payments")
	if err != nil {
		return err
	}
	_, err = call(ctx, l, ocpp2.NotifySettlement, ocpp2.NotifySettlementRequest{PSPRef: reference, Status: ocpp2.PaymentStatusCanceled, SettlementTime: instant(s.Now())})
	return err
}

// limited takes in a limit of the cost that came with the answer to an event. mu is held. (OCPP 2.1 E16.FR.03)
func (s *Station) limitCost(m *message, limit *float64) {
	t := m.transaction
	e := s.evses[m.EVSE-1]
	if limit == nil || !s.CostLimits || e.transaction != t {
		return
	}
	own := *limit
	t.limit = &own
	s.enqueue(e, t, message{Event: Event{Kind: Updated}, cause: causeLimit, limit: &own})
	s.spend(e, t)
}

// spend looks at what a transaction has cost: a card has more set aside, and the limit is kept to. mu is held.
// (OCPP 2.1 C23.FR.01, E16.FR.05, E16.FR.14, E16.FR.15)
func (s *Station) spend(e *evse, t *transaction) {
	if t.limit == nil || t.cost == nil || e.transaction != t {
		return
	}
	if p := s.Terminal; t.pays && p.Increment > 0 && *t.cost > *t.limit-p.Increment/2 {
		more := *t.limit + p.Increment
		t.limit = &more
		s.enqueue(e, t, message{Event: Event{Kind: Updated}, cause: causeLimit, limit: &more})
	}
	spent := *t.cost >= *t.limit
	if spent == t.spent {
		return
	}
	t.spent = spent
	t.passed(s.Now())
	t.activity = StatusCharging
	why := causeActivity
	if spent {
		t.activity, why = StatusSuspendedEVSE, causeSpent
	}
	s.feed(e)
	s.enqueue(e, t, message{Event: Event{Kind: Updated}, cause: why})
}

// settlement tells what a payment at the terminal came to, when its transaction has ended and it is known what that
// costs. mu is held. (OCPP 2.1 C20, C21, C22)
func (s *Station) settlement(m *message, cost *float64) {
	t, p := m.transaction, s.Terminal
	if !t.pays || p == nil || p.Leaves || cost == nil {
		return
	}
	status := ocpp2.PaymentStatusSettled
	switch {
	case *cost == 0:
		status = ocpp2.PaymentStatusCanceled
	case p.Outcome != "":
		status = ocpp2.PaymentStatus(p.Outcome)
	}
	req := ocpp2.NotifySettlementRequest{PSPRef: t.token.UID, Status: status, SettlementAmount: *cost, SettlementTime: instant(s.Now()), TransactionID: t.name}
	s.start(func(ctx context.Context) {
		for {
			l, err := s.online()
			if err == nil {
				var resp ocpp2.NotifySettlementResponse
				if resp, err = call(ctx, l, ocpp2.NotifySettlement, req); err == nil {
					s.mu.Lock()
					s.receipt = resp.ReceiptURL
					s.mu.Unlock()
					return
				}
			}
			s.log.Warn("a settlement is told again", "reference", req.PSPRef, "err", err)
			if !sleep(ctx, 10*time.Second) {
				return
			}
		}
	})
}

// Receipt is where the last driver who paid at the terminal finds the receipt; empty where nobody has said.
func (s *Station) Receipt() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.receipt
}

// Code is the address in the QR code that the station shows at an EVSE; empty is none. (OCPP 2.1 C25)
func (s *Station) Code(evse int) string {
	s.prepare()
	s.mu.Lock()
	defer s.mu.Unlock()
	of := func(name string) string { return s.holds(webPaymentsCtrlr, name) }
	seconds, _ := strconv.Atoi(of("ValidityTime"))
	length, _ := strconv.Atoi(of("Length"))
	if of("Enabled") != "true" || of("TOTPVersion") != "v1" || seconds <= 0 {
		return ""
	}
	sum := hmac.New(sha256.New, []byte(of("SharedSecret")))
	sum.Write(binary.BigEndian.AppendUint64(nil, uint64(s.Now().Unix())/uint64(seconds)))
	hash := sum.Sum(nil)
	const alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	var code strings.Builder
	for i := range length {
		code.WriteByte(alphabet[int(hash[(int(hash[31]&15)+i)%32])%len(alphabet)])
	}
	return strings.NewReplacer("{chargingstationid}", string(s.ID), "{evse}", strconv.Itoa(evse), "{totp}", code.String(), "{version}", "v1").Replace(of("URLTemplate"))
}

// OCPP 2.1 C25.FR.22: nobody else begins at the EVSE while somebody pays.
func (*v2) webPaymentStarted(_ context.Context, l *link, req ocpp2.NotifyWebPaymentStartedRequest) (ocpp2.NotifyWebPaymentStartedResponse, error) {
	s := l.station
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.evses {
		if req.EVSEID == 0 || e.id == req.EVSEID {
			e.paying = s.Now().Add(time.Duration(req.Timeout) * time.Second)
		}
	}
	return ocpp2.NotifyWebPaymentStartedResponse{}, nil
}
