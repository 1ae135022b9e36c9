package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/account"
)

type payerView struct {
	ID        string               `json:"id,omitempty" readOnly:"true"`
	Kind      account.CustomerKind `json:"kind" enum:"private,company"`
	Name      string               `json:"name" maxLength:"100"`
	Number    string               `json:"number,omitempty" maxLength:"100" doc:"Registration number; a company needs one. That of somebody in Sweden must have a right check digit" example:"556036-0793"`
	VAT       string               `json:"vat,omitempty" maxLength:"100" doc:"VAT number" example:"SE556036079301"`
	Email     string               `json:"email,omitempty" maxLength:"100"`
	Address   account.Address      `json:"address,omitempty"`
	Language  string               `json:"language,omitempty" maxLength:"8" example:"sv"`
	Reference string               `json:"reference,omitempty" maxLength:"100" doc:"The buyer's, that invoices must bear"`
	Endpoint  string               `json:"endpoint,omitempty" maxLength:"60" doc:"Electronic address for invoices, with its scheme" example:"0007:5560360793"`
	Tariff    string               `json:"tariff,omitempty" maxLength:"100" doc:"Id of the tariff of its transactions"`
	CreatedAt *time.Time           `json:"createdAt,omitempty" readOnly:"true"`
	UpdatedAt *time.Time           `json:"updatedAt,omitempty" readOnly:"true"`
	ErasedAt  *time.Time           `json:"erasedAt,omitempty" readOnly:"true" doc:"When what tells who it was was taken away"`
}

func showPayer(c account.Customer) payerView {
	return payerView{
		c.ID, c.Kind, c.Name, c.Number, c.VAT, c.Email, c.Address, c.Language, c.Reference, c.Endpoint, c.Tariff, moment(c.CreatedAt), moment(c.UpdatedAt), moment(c.ErasedAt),
	}
}

// payerChange is what an operator says of a customer; what is left out is not changed.
type payerChange struct {
	Kind      *account.CustomerKind `json:"kind,omitempty" enum:"private,company"`
	Name      *string               `json:"name,omitempty" maxLength:"100"`
	Number    *string               `json:"number,omitempty" maxLength:"100"`
	VAT       *string               `json:"vat,omitempty" maxLength:"100"`
	Email     *string               `json:"email,omitempty" maxLength:"100"`
	Address   *account.Address      `json:"address,omitempty" doc:"Replaces all of it"`
	Language  *string               `json:"language,omitempty" maxLength:"8"`
	Reference *string               `json:"reference,omitempty" maxLength:"100"`
	Endpoint  *string               `json:"endpoint,omitempty" maxLength:"60"`
	Tariff    *string               `json:"tariff,omitempty" maxLength:"100"`
}

// UnmarshalJSON refuses null.
func (c *payerChange) UnmarshalJSON(text []byte) error {
	type plain payerChange
	return unmarshalChange(text, (*plain)(c))
}

type accountView struct {
	ID          string        `json:"id"`
	Customer    string        `json:"customer,omitempty" doc:"Id of the customer"`
	Holder      string        `json:"holder,omitempty" doc:"The name of the customer; only in the list"`
	Name        string        `json:"name,omitempty"`
	Kind        account.Kind  `json:"kind" enum:"prepaid,postpaid,roaming"`
	Currency    string        `json:"currency"`
	CreditLimit *gnista.Money `json:"creditLimit,omitempty" doc:"The most that a postpaid account may owe; absent: no limit"`
	Hold        *gnista.Money `json:"hold,omitempty" doc:"What is set aside when a charge starts"`
	Blocked     bool          `json:"blocked,omitempty"`
	BlockReason string        `json:"blockReason,omitempty"`
	Offline     bool          `json:"offline,omitempty" doc:"Its cards may charge where a station cannot ask us"`
	TermDays    int           `json:"termDays" doc:"Days that an invoice gives to pay"`
	Balance     *balanceView  `json:"balance,omitempty" doc:"Only where one account is shown"`
	CreatedAt   time.Time     `json:"createdAt"`
	UpdatedAt   time.Time     `json:"updatedAt"`
}

type balanceView struct {
	Deposit   gnista.Money  `json:"deposit" doc:"Paid in and not used"`
	Owed      gnista.Money  `json:"owed" doc:"Charged and not paid"`
	Held      gnista.Money  `json:"held" doc:"Set aside for charges that have not been settled"`
	Available *gnista.Money `json:"available,omitempty" doc:"What it can still pay for; absent: there is no bound"`
}

func showAccount(a account.Account) accountView {
	v := accountView{
		ID: a.ID, Customer: a.Customer, Name: a.Name, Kind: a.Kind, Currency: a.Currency, Blocked: a.Blocked, BlockReason: a.BlockReason, Offline: a.Offline, TermDays: a.TermDays,
		CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt,
	}
	if a.CreditLimit > 0 {
		m := a.Money(a.CreditLimit)
		v.CreditLimit = &m
	}
	if a.Hold > 0 {
		m := a.Money(a.Hold)
		v.Hold = &m
	}
	return v
}

// holders tells of accounts what their customers are called.
func (s *Server) holders(ctx context.Context, list []accountView) error {
	var ids []string
	for _, a := range list {
		if a.Customer != "" {
			ids = append(ids, a.Customer)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	customers, err := s.Accounts.Customers.Customers(ctx, account.CustomerFilter{IDs: ids, Limit: len(ids)})
	names := map[string]string{}
	for _, c := range customers {
		names[c.ID] = c.Name
	}
	for i, a := range list {
		list[i].Holder = names[a.Customer]
	}
	return err
}

// showBalance is an account with what the ledger says of it.
func (s *Server) showBalance(ctx context.Context, a account.Account, err error) (*body[accountView], error) {
	if err != nil {
		return nil, err
	}
	return answer(s.balanced(ctx, a))
}

// balanced is [Server.showBalance] of an account that was found.
func (s *Server) balanced(ctx context.Context, a account.Account) (accountView, error) {
	b, err := s.Accounts.Accounts.Balance(ctx, a.ID)
	v := showAccount(a)
	v.Balance = &balanceView{Deposit: a.Money(b.Deposit), Owed: a.Money(b.Owed), Held: a.Money(b.Held)}
	if amount, ok := a.Available(b); ok {
		m := a.Money(amount)
		v.Balance.Available = &m
	}
	return v, err
}

// amountOf is an amount of an account, which must be in its currency.
func amountOf(field string, m *gnista.Money, currency string, to *int64) error {
	if m == nil {
		return nil
	}
	if m.Currency != currency {
		return gnista.Invalidf(field+".currency", "%q is not the currency of the account, %s", m.Currency, currency)
	}
	*to = m.Amount
	return nil
}

type accountStart struct {
	Customer    string        `json:"customer,omitempty" maxLength:"100" doc:"Id of the customer; only a roaming account may be nobody's"`
	Name        string        `json:"name,omitempty" maxLength:"100"`
	Kind        account.Kind  `json:"kind" enum:"prepaid,postpaid,roaming" doc:"Is never changed"`
	Currency    string        `json:"currency" example:"SEK" doc:"ISO 4217; is never changed"`
	CreditLimit *gnista.Money `json:"creditLimit,omitempty"`
	Hold        *gnista.Money `json:"hold,omitempty"`
	Offline     bool          `json:"offline,omitempty"`
	TermDays    int           `json:"termDays,omitempty" minimum:"0" maximum:"365" doc:"0 or absent: 30"`
}

type accountChange struct {
	Name        *string       `json:"name,omitempty" maxLength:"100"`
	CreditLimit *gnista.Money `json:"creditLimit,omitempty" doc:"0 is no limit"`
	Hold        *gnista.Money `json:"hold,omitempty"`
	Blocked     *bool         `json:"blocked,omitempty"`
	BlockReason *string       `json:"blockReason,omitempty" maxLength:"100"`
	Offline     *bool         `json:"offline,omitempty"`
	TermDays    *int          `json:"termDays,omitempty" minimum:"1" maximum:"365"`
}

// UnmarshalJSON refuses null.
func (c *accountChange) UnmarshalJSON(text []byte) error {
	type plain accountChange
	return unmarshalChange(text, (*plain)(c))
}

// PayerPath is a customer or an account in a path.
type PayerPath struct {
	ID string `path:"id"`
}

func (s *Server) accounts(api huma.API) {
	s.payers(api)
	tags := []string{"Accounts"}
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/accounts", OperationID: "list-accounts", Summary: "List accounts", Description: "In the order in which they were made.", Tags: tags},
		func(ctx context.Context, in *struct {
			IDs      []string `query:"id,explode" maxItems:"200" doc:"Only these"`
			Customer string   `query:"customer" doc:"Only those of one customer"`
			Find     string   `query:"find" maxLength:"100" doc:"In its name or id, or in the name, mail address or number of the customer"`
			Paging
		}) (*body[page[accountView]], error) {
			after, err := in.after()
			if err != nil {
				return nil, err
			}
			list, err := s.Accounts.Accounts.Accounts(ctx, account.Filter{IDs: in.IDs, Customer: in.Customer, Text: in.Find, After: after, Limit: in.Limit})
			if err != nil {
				return nil, err
			}
			out := turn(in.Paging, list, showAccount, func(a account.Account) string { return a.ID })
			return answer(out, s.holders(ctx, out.Items))
		})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/accounts/{id}", OperationID: "get-account", Summary: "Show an account and its balance", Tags: tags},
		func(ctx context.Context, in *PayerPath) (*body[accountView], error) {
			a, err := s.Accounts.Accounts.Account(ctx, in.ID)
			return s.showBalance(ctx, a, err)
		})
	add(s, api, huma.Operation{Method: http.MethodPost, Path: "/accounts", OperationID: "create-account", Summary: "Open an account", Tags: tags, DefaultStatus: http.StatusCreated},
		func(ctx context.Context, in *struct{ Body accountStart }) (*body[accountView], error) {
			b := in.Body
			a := account.Account{Customer: b.Customer, Name: b.Name, Kind: b.Kind, Currency: b.Currency, Offline: b.Offline, TermDays: b.TermDays}
			if err := amountOf("creditLimit", b.CreditLimit, b.Currency, &a.CreditLimit); err != nil {
				return nil, err
			}
			if err := amountOf("hold", b.Hold, b.Currency, &a.Hold); err != nil {
				return nil, err
			}
			a, err := s.Accounts.CreateAccount(ctx, a)
			return s.showBalance(ctx, a, err)
		})
	add(s, api, huma.Operation{
		Method: http.MethodPatch, Path: "/accounts/{id}", OperationID: "change-account", Summary: "Change or block an account",
		Description: "What is left out is not changed. The cards of a blocked account may not charge.", Tags: tags,
	}, func(ctx context.Context, in *struct {
		PayerPath
		Body accountChange
	}) (*body[accountView], error) {
		known, err := s.Accounts.Accounts.Account(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		c := in.Body
		var limit, hold int64
		if err := amountOf("creditLimit", c.CreditLimit, known.Currency, &limit); err != nil {
			return nil, err
		}
		if err := amountOf("hold", c.Hold, known.Currency, &hold); err != nil {
			return nil, err
		}
		a, err := s.Accounts.UpdateAccount(ctx, in.ID, func(a *account.Account) {
			set(&a.Name, c.Name)
			set(&a.Blocked, c.Blocked)
			set(&a.BlockReason, c.BlockReason)
			set(&a.Offline, c.Offline)
			set(&a.TermDays, c.TermDays)
			if c.CreditLimit != nil {
				a.CreditLimit = limit
			}
			if c.Hold != nil {
				a.Hold = hold
			}
		})
		return s.showBalance(ctx, a, err)
	})
}

// payers are the operator's customers.
func (s *Server) payers(api huma.API) {
	tags := []string{"Customers"}
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/customers", OperationID: "list-customers", Summary: "List customers", Description: "In the order in which they were made.", Tags: tags},
		func(ctx context.Context, in *struct {
			Paging
			Find string `query:"find" maxLength:"100" doc:"Part of the name, mail address or a number"`
		}) (*body[page[payerView]], error) {
			after, err := in.after()
			if err != nil {
				return nil, err
			}
			list, err := s.Accounts.Customers.Customers(ctx, account.CustomerFilter{Text: in.Find, After: after, Limit: in.Limit})
			return answer(turn(in.Paging, list, showPayer, func(c account.Customer) string { return c.ID }), err)
		})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/customers/{id}", OperationID: "get-customer", Summary: "Show a customer", Tags: tags},
		func(ctx context.Context, in *PayerPath) (*body[payerView], error) {
			c, err := s.Accounts.Customers.Customer(ctx, in.ID)
			return answer(showPayer(c), err)
		})
	add(s, api, huma.Operation{Method: http.MethodPost, Path: "/customers", OperationID: "create-customer", Summary: "Register a customer", Tags: tags, DefaultStatus: http.StatusCreated},
		func(ctx context.Context, in *struct{ Body payerView }) (*body[payerView], error) {
			b := in.Body
			if err := s.knownTariff(ctx, "tariff", &b.Tariff); err != nil {
				return nil, err
			}
			c, err := s.Accounts.CreateCustomer(ctx, account.Customer{
				Kind: b.Kind, Name: b.Name, Number: b.Number, VAT: b.VAT, Email: b.Email, Address: b.Address, Language: b.Language, Reference: b.Reference,
				Endpoint: b.Endpoint, Tariff: b.Tariff,
			})
			return answer(showPayer(c), err)
		})
	add(s, api, huma.Operation{Method: http.MethodPatch, Path: "/customers/{id}", OperationID: "change-customer", Summary: "Change a customer", Description: "What is left out is not changed.", Tags: tags},
		func(ctx context.Context, in *struct {
			PayerPath
			Body payerChange
		}) (*body[payerView], error) {
			b := in.Body
			if err := s.knownTariff(ctx, "tariff", b.Tariff); err != nil {
				return nil, err
			}
			c, err := s.Accounts.UpdateCustomer(ctx, in.ID, func(c *account.Customer) {
				set(&c.Kind, b.Kind)
				set(&c.Name, b.Name)
				set(&c.Number, b.Number)
				set(&c.VAT, b.VAT)
				set(&c.Email, b.Email)
				set(&c.Address, b.Address)
				set(&c.Language, b.Language)
				set(&c.Reference, b.Reference)
				set(&c.Endpoint, b.Endpoint)
				set(&c.Tariff, b.Tariff)
			})
			return answer(showPayer(c), err)
		})
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/customers/{id}/erase", OperationID: "erase-customer", Summary: "Take away what tells who a customer is",
		Description: "Name, numbers, mail and address go, and the names and messages of the cards. The accounts are blocked, and what was charged stays for the books. It cannot be undone.", Tags: tags,
	}, func(ctx context.Context, in *PayerPath) (*body[payerView], error) {
		c, err := s.Accounts.Erase(ctx, in.ID)
		return answer(showPayer(c), err)
	})
}
