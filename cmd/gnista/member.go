package main

import (
	"fmt"

	"gnista/account"
	"gnista/account/member"
	"gnista/tariff"
)

// joining is how drivers get accounts of their own.
type joining struct {
	DriversSignUp  *bool  `help:"Let drivers open accounts by themselves, by an address of mail. --demo does so unless this says otherwise." negatable:""`
	DriversAccount string `help:"Kind of account that they open: postpaid, by card or invoice, or prepaid." enum:"postpaid,prepaid" default:"postpaid"`
	DriversCredit  int64  `help:"The most that such a postpaid account may owe, in whole units of the currency." default:"500"`
}

// terms are those of the accounts that drivers open; nil is that they open none.
func (x joining) terms(currency string, demo bool) (*member.Terms, error) {
	if x.DriversCredit < 1 {
		return nil, fmt.Errorf("--drivers-credit must be 1 or more")
	}
	if x.DriversSignUp != nil && !*x.DriversSignUp || x.DriversSignUp == nil && !demo {
		return nil, nil
	}
	digits, err := tariff.Digits(currency)
	if err != nil {
		return nil, fmt.Errorf("--currency: %w", err)
	}
	credit := x.DriversCredit
	for range digits {
		credit *= 10
	}
	return &member.Terms{Kind: account.Kind(x.DriversAccount), Currency: currency, CreditLimit: credit}, nil
}

// newMembers puts together where drivers are let in.
func (a *app) newMembers(o options) {
	a.members = &member.Desk{Store: a.db, Unknown: a.db, Book: a.accounts, Tokens: a.tokens, Shown: o.ShowLinks, SignUp: o.SignUp, Queue: member.NewQueue(), Now: o.Now, Log: o.Log}
	if o.Mailer != nil {
		a.members.Mail = o.Mailer
	}
}
