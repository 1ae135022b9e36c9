package api

import (
	"context"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/account"
	"gnista/account/member"
	"gnista/billing"
	"gnista/charging"
	"gnista/payment"
)

// myAccount is a driver as they see themselves.
type myAccount struct {
	ID        string               `json:"id"`
	Kind      account.CustomerKind `json:"kind" enum:"private,company"`
	Name      string               `json:"name"`
	Email     string               `json:"email"`
	Language  string               `json:"language,omitempty"`
	Address   account.Address      `json:"address"`
	CreatedAt time.Time            `json:"createdAt"`
	Accounts  []accountView        `json:"accounts" nullable:"false"`
}

func (s *Server) showMe(ctx context.Context, d holder) (myAccount, error) {
	v := myAccount{d.ID, d.Kind, d.Name, d.Email, d.Language, d.Address, d.CreatedAt, []accountView{}}
	list, err := s.accountsOf(ctx, d)
	for _, a := range list {
		b, err := s.balanced(ctx, a)
		if err != nil {
			return v, err
		}
		v.Accounts = append(v.Accounts, b)
	}
	return v, err
}

// myChange is what drivers say of themselves; what is left out is not changed.
type myChange struct {
	Name     *string          `json:"name,omitempty" minLength:"1" maxLength:"100"`
	Language *string          `json:"language,omitempty" enum:"sv,en"`
	Address  *account.Address `json:"address,omitempty" doc:"Replaces all of it"`
}

// UnmarshalJSON refuses null.
func (c *myChange) UnmarshalJSON(text []byte) error {
	type plain myChange
	return unmarshalChange(text, (*plain)(c))
}

func (s *Server) changeMe(ctx context.Context, d holder, c myChange) (holder, error) {
	if c.Name != nil && (!utf8.ValidString(*c.Name) || strings.ContainsRune(*c.Name, 0)) {
		return d, gnista.Invalidf("name", "is no text")
	}
	changed, err := s.Accounts.UpdateCustomer(ctx, d.ID, func(x *account.Customer) {
		set(&x.Name, c.Name)
		set(&x.Language, c.Language)
		set(&x.Address, c.Address)
	})
	if err == nil {
		d.Customer = changed
	}
	return d, err
}

// moveMe has a link sent to the address that a driver wants to have, and returns its path where links are shown.
func (s *Server) moveMe(r *http.Request, d holder, email, language string) (string, error) {
	email, err := member.CheckEmail(email)
	switch {
	case err != nil:
		return "", err
	case !s.Members.Open():
		return "", gnista.Errorf(gnista.Unsupported, "no mail is set up here, so nobody can be sent a link")
	case !s.rates.asks.allow(s.client(r), s.Now()) || !s.rates.links.allow(email, s.Now()):
		return "", tooOften()
	}
	secret, err := s.Members.AskMove(r.Context(), d.Customer, email, language, s.letters(language))
	if secret == "" {
		return "", err
	}
	return withLanguage(myPath+"/link/"+secret, language), err
}

// keeping is why somebody's account cannot be deleted yet.
type keeping string

// The reasons.
const (
	keepCharging  keeping = "charging"  // a car charges
	keepUnsettled keeping = "unsettled" // a charge has ended, and is not charged for yet
	keepOwed      keeping = "owed"      // something is owed
	keepHeld      keeping = "held"      // something is set aside
	keepDeposit   keeping = "deposit"   // there is money left that was paid in
)

// keeps is why a driver's account cannot be deleted yet; empty is that it can.
func (s *Server) keeps(ctx context.Context, d holder) (keeping, error) {
	open, err := s.chargingOf(ctx, d)
	if err != nil || len(open) > 0 {
		return keepCharging, err
	}
	tokens, err := s.tokensOf(ctx, d)
	if err != nil {
		return "", err
	}
	for _, k := range tokens {
		list, err := s.Transactions.Store.Transactions(ctx, charging.Filter{Token: k.ID.UID, State: charging.Ended, Limit: 100})
		if err != nil {
			return "", err
		}
		for _, t := range list {
			if t.Account == k.Account && (t.FinishedAt.IsZero() || t.Blocked()) {
				return keepUnsettled, nil
			}
			if t.Account != k.Account {
				continue
			}
			if _, err := s.Records.Store.RecordOf(ctx, t.ID); err != nil && gnista.CodeOf(err) == gnista.NotFound && t.EnergyWh > 0 && s.Now().Sub(t.FinishedAt) < time.Hour {
				return keepUnsettled, nil // it is being billed
			}
		}
	}
	accounts, err := s.accountsOf(ctx, d)
	if err != nil {
		return "", err
	}
	for _, a := range accounts {
		b, err := s.Accounts.Accounts.Balance(ctx, a.ID)
		switch {
		case err != nil:
			return "", err
		case b.Owed > 0:
			return keepOwed, nil
		case b.Held > 0:
			return keepHeld, nil
		case b.Deposit > 0:
			return keepDeposit, nil
		}
	}
	return "", nil
}

// eraseMe deletes a driver's account. Conflict with the reason where something stands against that.
func (s *Server) eraseMe(ctx context.Context, d holder) (keeping, error) {
	why, err := s.keeps(ctx, d)
	if err != nil || why != "" {
		return why, err
	}
	accounts, err := s.accountsOf(ctx, d)
	if err != nil {
		return "", err
	}
	for _, a := range accounts { // so that nothing begins any more
		if _, err := s.Accounts.UpdateAccount(ctx, a.ID, func(a *account.Account) { a.Blocked, a.BlockReason = true, byHolder }); err != nil {
			return "", err
		}
	}
	if why, err = s.keeps(ctx, d); err != nil || why != "" { // somebody was faster
		for _, a := range accounts {
			if _, late := s.Accounts.UpdateAccount(ctx, a.ID, func(x *account.Account) { x.Blocked, x.BlockReason = a.Blocked, a.BlockReason }); late != nil {
				return why, late
			}
		}
		return why, err
	}
	tokens, err := s.tokensOf(ctx, d)
	for _, k := range tokens {
		if err == nil {
			err = s.Tokens.Store.DeleteToken(ctx, k.ID)
		}
	}
	if err == nil {
		_, err = s.Accounts.Erase(ctx, d.ID)
	}
	return "", err
}

// myExport is all that is kept of a driver.
type myExport struct {
	ExportedAt time.Time        `json:"exportedAt"`
	Customer   payerView        `json:"customer"`
	Accounts   []accountView    `json:"accounts" nullable:"false"`
	Cards      []tokenView      `json:"cards" nullable:"false"`
	Mandates   []mandateView    `json:"cardsOnFile" nullable:"false"`
	Charges    []myCharge       `json:"charges" nullable:"false" doc:"With the cards that one has now"`
	Receipts   []receiptView    `json:"receipts" nullable:"false"`
	Invoices   []invoiceView    `json:"invoices" nullable:"false"`
	Payments   []myPayment      `json:"payments" nullable:"false"`
	Entries    []myEntry        `json:"entries" nullable:"false" doc:"Of the ledger"`
	Sessions   []exportedDevice `json:"sessions" nullable:"false"`
}

type exportedDevice struct {
	CreatedAt time.Time `json:"createdAt"`
	SeenAt    time.Time `json:"seenAt"`
	Agent     string    `json:"agent,omitempty"`
}

type myEntry struct {
	At     time.Time          `json:"at"`
	Text   string             `json:"text"`
	Kind   billing.LedgerKind `json:"kind" doc:"receivable: what is owed; deposit: what was paid in"`
	Amount gnista.Money       `json:"amount" doc:"Above 0 is debit, below 0 is credit"`
}

type myPayment struct {
	ID        string        `json:"id"`
	Account   string        `json:"account"`
	Provider  string        `json:"provider"`
	State     payment.State `json:"state"`
	Charge    string        `json:"charge,omitempty" doc:"Id of what was charged"`
	Due       gnista.Money  `json:"due"`
	Captured  gnista.Money  `json:"taken"`
	Refunded  gnista.Money  `json:"refunded"`
	CreatedAt time.Time     `json:"createdAt"`
}

// exportOf collects all that is kept of a driver.
func (s *Server) exportOf(ctx context.Context, d holder) (v myExport, err error) {
	v = myExport{
		ExportedAt: s.Now(), Customer: showPayer(d.Customer), Cards: []tokenView{}, Mandates: []mandateView{}, Charges: []myCharge{}, Receipts: []receiptView{}, Invoices: []invoiceView{}, Payments: []myPayment{},
		Entries: []myEntry{}, Sessions: []exportedDevice{},
	}
	me, err := s.showMe(ctx, d)
	v.Accounts = me.Accounts
	if err != nil {
		return v, err
	}
	tokens, err := s.tokensOf(ctx, d)
	if err != nil {
		return v, err
	}
	for _, k := range tokens {
		v.Cards = append(v.Cards, showToken(k))
		if err := s.exportCharges(ctx, k.ID.UID, k.Account, &v); err != nil {
			return v, err
		}
	}
	mandates, err := s.mandatesOf(ctx, d, true)
	if err != nil {
		return v, err
	}
	for _, m := range mandates {
		v.Mandates = append(v.Mandates, showMandate(m))
	}
	if err := s.everyRecord(ctx, d, func(r billing.Record) error {
		x, err := s.receipt(ctx, r)
		v.Receipts = append(v.Receipts, x)
		return err
	}); err != nil {
		return v, err
	}
	for _, a := range me.Accounts {
		if err := s.exportBooks(ctx, a.ID, &v); err != nil {
			return v, err
		}
	}
	sessions, err := s.Members.Store.DriverSessions(ctx, d.ID)
	for _, x := range sessions {
		v.Sessions = append(v.Sessions, exportedDevice{x.CreatedAt, x.SeenAt, x.Agent})
	}
	return v, err
}

const exported = 500 // of a page of what is exported

// exportCharges adds the transactions of a token that an account pays for.
func (s *Server) exportCharges(ctx context.Context, uid, of string, v *myExport) error {
	for before := ""; ; {
		list, err := s.Transactions.Store.Transactions(ctx, charging.Filter{Token: uid, Before: before, Limit: exported})
		if err != nil {
			return err
		}
		for _, t := range list {
			before = t.ID
			if t.Account != of {
				continue
			}
			x, err := s.showMyCharge(ctx, t)
			if err != nil {
				return err
			}
			v.Charges = append(v.Charges, x)
		}
		if len(list) < exported {
			return nil
		}
	}
}

// exportBooks adds the invoices, the payments and the entries of an account.
func (s *Server) exportBooks(ctx context.Context, id string, v *myExport) error {
	for before := int64(0); ; {
		list, err := s.Invoices.Store.Invoices(ctx, billing.InvoiceFilter{Account: id, Before: before, Limit: exported})
		if err != nil {
			return err
		}
		for _, x := range list {
			v.Invoices = append(v.Invoices, showInvoice(x))
			before = x.Number
		}
		if len(list) < exported {
			break
		}
	}
	for before := ""; ; {
		list, err := s.Payments.Store.Payments(ctx, payment.Filter{Account: id, Before: before, Limit: exported})
		if err != nil {
			return err
		}
		for _, p := range list {
			v.Payments = append(v.Payments, myPayment{p.ID, p.Account, p.Provider, p.State, p.Transaction, p.Money(p.Due), p.Money(p.Captured), p.Money(p.Refunded), p.CreatedAt})
			before = p.ID
		}
		if len(list) < exported {
			break
		}
	}
	for before := int64(0); ; {
		list, err := s.Ledger.Store.Entries(ctx, billing.EntryFilter{Party: &id, Before: before, Limit: exported})
		if err != nil {
			return err
		}
		for _, e := range list {
			before = e.Number
			for _, p := range e.Postings {
				if p.Account.Party == id {
					v.Entries = append(v.Entries, myEntry{e.At, e.Text, p.Account.Kind, gnista.Money{Amount: p.Amount, Currency: e.Currency}})
				}
			}
		}
		if len(list) < exported {
			return nil
		}
	}
}

func (s *Server) myself(api huma.API) {
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/my/account", OperationID: "my-account", Summary: "Show who one is, and one's accounts with their balances", Tags: myTags},
		func(ctx context.Context, _ *struct{}) (*body[myAccount], error) {
			return answer(s.showMe(ctx, driverOf(ctx)))
		})
	add(s, api, huma.Operation{Method: http.MethodPatch, Path: "/my/account", OperationID: "my-account-change", Summary: "Change one's name, language or address", Tags: myTags},
		func(ctx context.Context, in *struct{ Body myChange }) (*body[myAccount], error) {
			d, err := s.changeMe(ctx, driverOf(ctx), in.Body)
			if err != nil {
				return nil, err
			}
			return answer(s.showMe(ctx, d))
		})
	type myEmailAsk struct {
		Email    string `json:"email" minLength:"3" maxLength:"100"`
		Language string `json:"language,omitempty" enum:"sv,en" default:"sv" doc:"Of the mail"`
	}
	type myEmailAsked struct {
		Minutes int    `json:"minutes" doc:"That the link lives"`
		Link    string `json:"testLink,omitempty" doc:"The path of the link. In test mode only"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/my/account/email", OperationID: "my-email", Summary: "Have a link sent to another address, which becomes one's own when the link is used", Tags: myTags, DefaultStatus: http.StatusAccepted,
	}, func(ctx context.Context, in *struct{ Body myEmailAsk }) (*body[myEmailAsked], error) {
		link, err := s.moveMe(requestOf(ctx), driverOf(ctx), in.Body.Email, in.Body.Language)
		return answer(myEmailAsked{int(member.LinkFor / time.Minute), link}, err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/my/export", OperationID: "my-export", Summary: "Download all that is kept of oneself", Tags: myTags, Description: "For the rights to access and to portability of the GDPR, articles 15 and 20.",
	}, func(ctx context.Context, _ *struct{}) (*struct {
		Disposition string `header:"Content-Disposition"`
		Body        myExport
	}, error) {
		v, err := s.exportOf(ctx, driverOf(ctx))
		return &struct {
			Disposition string `header:"Content-Disposition"`
			Body        myExport
		}{`attachment; filename="my-data.json"`, v}, err
	})
	add(s, api, huma.Operation{
		Method: http.MethodDelete, Path: "/my/account", OperationID: "my-account-delete", Summary: "Delete oneself", Tags: myTags, DefaultStatus: http.StatusNoContent,
		Description: "What tells who one is, the cards, the sessions and the cards on file go; what was charged stays for the books, with nobody's name. It is refused while a car charges, something is owed, or money is left. It cannot be undone.",
	}, func(ctx context.Context, _ *struct{}) (*struct{}, error) {
		why, err := s.eraseMe(ctx, driverOf(ctx))
		if err == nil && why != "" {
			err = gnista.Errorf(gnista.Conflict, "the account cannot be deleted yet: %s", myEnglish["my-keep-"+string(why)])
		}
		return nil, err
	})
}
