package api

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/token"
)

type tokenView struct {
	UID           string      `json:"uid" minLength:"1" maxLength:"255" doc:"Compared without case and separators"`
	Type          token.Type  `json:"type,omitempty" maxLength:"20" default:"ISO14443" example:"ISO14443" doc:"As in OCPP 2.1: ISO14443 and ISO15693 are RFID cards"`
	Label         string      `json:"label,omitempty" readOnly:"true" doc:"Its last four characters, as pages and exports for others show it"`
	Name          string      `json:"name,omitempty" maxLength:"100"`
	Account       string      `json:"account,omitempty" maxLength:"100" doc:"Id of the account that pays; absent: none"`
	Tariff        string      `json:"tariff,omitempty" maxLength:"100" doc:"Id of the tariff of its transactions"`
	Group         string      `json:"group,omitempty" maxLength:"255" doc:"Tokens of one group may stop each other's transactions"`
	Blocked       bool        `json:"blocked,omitempty"`
	BlockReason   string      `json:"blockReason,omitempty" maxLength:"100" doc:"Why it is blocked"`
	ValidFrom     *time.Time  `json:"validFrom,omitempty"`
	ExpiresAt     *time.Time  `json:"expiresAt,omitempty"`
	MaxConcurrent int         `json:"maxConcurrent,omitempty" minimum:"0" doc:"Transactions at one time; 0 or absent is no limit"`
	Offline       bool        `json:"offline,omitempty" doc:"May charge where a station cannot ask us: it is on the local lists of stations, if its account may be trusted for that"`
	Master        bool        `json:"master,omitempty" doc:"Stops any transaction on stations whose MasterPassGroupId is its group, and starts none"`
	Language      string      `json:"language,omitempty" maxLength:"8" example:"sv" doc:"Of the message, and of what stations show to its holder"`
	Message       string      `json:"message,omitempty" maxLength:"512" doc:"That a station shows to its holder (OCPP 2.x)"`
	Sites         []string    `json:"sites,omitempty" maxItems:"100" doc:"Ids of the sites that it may charge at; absent: all"`
	Limits        *limitsView `json:"limits,omitempty"`
	CreatedAt     *time.Time  `json:"createdAt,omitempty" readOnly:"true"`
	UpdatedAt     *time.Time  `json:"updatedAt,omitempty" readOnly:"true"`
}

type limitsView struct {
	SessionsPerDay   int           `json:"sessionsPerDay,omitempty" minimum:"0"`
	SessionsPerMonth int           `json:"sessionsPerMonth,omitempty" minimum:"0"`
	EnergyWhPerDay   int64         `json:"energyWhPerDay,omitempty" minimum:"0"`
	EnergyWhPerMonth int64         `json:"energyWhPerMonth,omitempty" minimum:"0"`
	AmountPerDay     *gnista.Money `json:"amountPerDay,omitempty" doc:"VAT included"`
	AmountPerMonth   *gnista.Money `json:"amountPerMonth,omitempty" doc:"VAT included, in the currency of amountPerDay"`
}

func (v *limitsView) limits() (token.Limits, error) {
	if v == nil {
		return token.Limits{}, nil
	}
	l := token.Limits{DaySessions: v.SessionsPerDay, MonthSessions: v.SessionsPerMonth, DayWh: v.EnergyWhPerDay, MonthWh: v.EnergyWhPerMonth}
	for _, x := range []struct {
		money *gnista.Money
		to    *int64
	}{{v.AmountPerDay, &l.DayAmount}, {v.AmountPerMonth, &l.MonthAmount}} {
		if x.money == nil {
			continue
		}
		if l.Currency != "" && l.Currency != x.money.Currency {
			return l, gnista.Invalidf("limits.amountPerMonth", "has another currency than amountPerDay")
		}
		*x.to, l.Currency = x.money.Amount, x.money.Currency
	}
	return l, nil
}

func showLimits(l token.Limits) *limitsView {
	if l == (token.Limits{}) {
		return nil
	}
	v := limitsView{SessionsPerDay: l.DaySessions, SessionsPerMonth: l.MonthSessions, EnergyWhPerDay: l.DayWh, EnergyWhPerMonth: l.MonthWh}
	if l.DayAmount > 0 {
		v.AmountPerDay = &gnista.Money{Amount: l.DayAmount, Currency: l.Currency}
	}
	if l.MonthAmount > 0 {
		v.AmountPerMonth = &gnista.Money{Amount: l.MonthAmount, Currency: l.Currency}
	}
	return &v
}

func showToken(k token.Token) tokenView {
	return tokenView{
		UID: k.ID.UID, Type: k.ID.Type, Label: token.Mask(k.ID.UID), Name: k.Name, Account: k.Account, Tariff: k.Tariff, Group: k.Group, Blocked: k.Blocked, BlockReason: k.BlockReason,
		ValidFrom: moment(k.ValidFrom), ExpiresAt: moment(k.ExpiresAt), MaxConcurrent: k.MaxConcurrent, Offline: k.Offline, Master: k.Master, Language: k.Language,
		Message: k.Message, Sites: k.Sites, Limits: showLimits(k.Limits), CreatedAt: moment(k.CreatedAt), UpdatedAt: moment(k.UpdatedAt),
	}
}

// token is what a new token is told to be.
func (b tokenView) token() (token.Token, error) {
	k := token.Token{
		ID: token.ID{UID: b.UID, Type: b.Type}, Name: b.Name, Account: b.Account, Tariff: b.Tariff, Group: b.Group, Blocked: b.Blocked, BlockReason: b.BlockReason, MaxConcurrent: b.MaxConcurrent,
		Offline: b.Offline, Master: b.Master, Language: b.Language, Message: b.Message, Sites: b.Sites,
	}
	for field, at := range map[string]*time.Time{"validFrom": b.ValidFrom, "expiresAt": b.ExpiresAt} {
		if err := kept(field, at); err != nil {
			return k, err
		}
	}
	set(&k.ValidFrom, b.ValidFrom)
	set(&k.ExpiresAt, b.ExpiresAt)
	var err error
	k.Limits, err = b.Limits.limits()
	return k, err
}

// TokenPath is a token in a path.
type TokenPath struct {
	UID  string     `path:"uid" maxLength:"255" doc:"In whatever way it is written"`
	Type token.Type `query:"type" doc:"Where one UID has several"`
}

func (p TokenPath) id() token.ID { return token.ID{UID: p.UID, Type: p.Type} }

// tokenChange is what an operator says of a token; what is left out is not changed.
type tokenChange struct {
	Name          *string     `json:"name,omitempty" maxLength:"100"`
	Account       *string     `json:"account,omitempty" maxLength:"100" doc:"Empty takes it away"`
	Tariff        *string     `json:"tariff,omitempty" maxLength:"100" doc:"Id of the tariff of its transactions; empty is none of its own"`
	Group         *string     `json:"group,omitempty" maxLength:"255"`
	Blocked       *bool       `json:"blocked,omitempty"`
	BlockReason   *string     `json:"blockReason,omitempty" maxLength:"100"`
	ValidFrom     *time.Time  `json:"validFrom,omitempty"`
	ExpiresAt     *time.Time  `json:"expiresAt,omitempty"`
	Expires       *bool       `json:"expires,omitempty" doc:"false takes the expiry away"`
	MaxConcurrent *int        `json:"maxConcurrent,omitempty" minimum:"0"`
	Offline       *bool       `json:"offline,omitempty"`
	Master        *bool       `json:"master,omitempty"`
	Language      *string     `json:"language,omitempty" maxLength:"8"`
	Message       *string     `json:"message,omitempty" maxLength:"512"`
	Sites         *[]string   `json:"sites,omitempty" maxItems:"100" doc:"An empty list is all sites"`
	Limits        *limitsView `json:"limits,omitempty" doc:"Replaces all limits"`
}

// UnmarshalJSON refuses null.
func (c *tokenChange) UnmarshalJSON(text []byte) error {
	type plain tokenChange
	return unmarshalChange(text, (*plain)(c))
}

// change makes of a token what is said.
func (c tokenChange) change() (func(*token.Token), error) {
	for field, at := range map[string]*time.Time{"validFrom": c.ValidFrom, "expiresAt": c.ExpiresAt} {
		if err := kept(field, at); err != nil {
			return nil, err
		}
	}
	limits, err := c.Limits.limits()
	return func(k *token.Token) {
		set(&k.Name, c.Name)
		set(&k.Account, c.Account)
		set(&k.Tariff, c.Tariff)
		set(&k.Group, c.Group)
		set(&k.Blocked, c.Blocked)
		set(&k.BlockReason, c.BlockReason)
		set(&k.ValidFrom, c.ValidFrom)
		set(&k.ExpiresAt, c.ExpiresAt)
		set(&k.MaxConcurrent, c.MaxConcurrent)
		set(&k.Offline, c.Offline)
		set(&k.Master, c.Master)
		set(&k.Language, c.Language)
		set(&k.Message, c.Message)
		set(&k.Sites, c.Sites)
		if len(k.Sites) == 0 {
			k.Sites = nil
		}
		if c.Limits != nil {
			k.Limits = limits
		}
		if c.Expires != nil && !*c.Expires {
			k.ExpiresAt = time.Time{}
		}
	}, err
}

func (s *Server) tokens(api huma.API) {
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/tokens", OperationID: "list-tokens", Summary: "List id tokens", Description: "In an order that says nothing of them.", Tags: []string{"Tokens"}},
		func(ctx context.Context, in *struct {
			Paging
			Account string `query:"account" doc:"Id of the account that pays"`
			Group   string `query:"group"`
			Find    string `query:"find" maxLength:"100" doc:"Part of the name of the token or of its group"`
			Blocked bool   `query:"blocked" doc:"Only those that are blocked"`
		}) (*body[page[tokenView]], error) {
			after, err := in.after()
			if err != nil {
				return nil, err
			}
			list, next, err := s.Tokens.Store.Tokens(ctx, token.Filter{Account: in.Account, Group: in.Group, Text: in.Find, Blocked: in.Blocked, After: after, Limit: in.Limit})
			return answer(turn(in.Paging, list, showToken, func(token.Token) string { return next }), err)
		})
	s.tables(api)
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/tokens/{uid}", OperationID: "get-token", Summary: "Show an id token", Tags: []string{"Tokens"}},
		func(ctx context.Context, in *TokenPath) (*body[tokenView], error) {
			k, err := s.Tokens.Store.Token(ctx, in.id())
			return answer(showToken(k), err)
		})
	add(s, api, huma.Operation{Method: http.MethodPost, Path: "/tokens", OperationID: "create-token", Summary: "Register an id token", Description: "It is then no longer among the unknown ones.", Tags: []string{"Tokens"}, DefaultStatus: http.StatusCreated},
		func(ctx context.Context, in *struct{ Body tokenView }) (*body[tokenView], error) {
			k, err := in.Body.token()
			if err != nil {
				return nil, err
			}
			if err := s.knownTariff(ctx, "tariff", &k.Tariff); err != nil {
				return nil, err
			}
			k, err = s.Tokens.Create(ctx, k)
			return answer(showToken(k), err)
		})
	add(s, api, huma.Operation{Method: http.MethodPatch, Path: "/tokens/{uid}", OperationID: "change-token", Summary: "Change an id token", Description: "What is left out is not changed.", Tags: []string{"Tokens"}},
		func(ctx context.Context, in *struct {
			TokenPath
			Body tokenChange
		}) (*body[tokenView], error) {
			change, err := in.Body.change()
			if err != nil {
				return nil, err
			}
			if err := s.knownTariff(ctx, "tariff", in.Body.Tariff); err != nil {
				return nil, err
			}
			k, err := s.Tokens.Update(ctx, in.id(), change)
			return answer(showToken(k), err)
		})
	add(s, api, huma.Operation{Method: http.MethodDelete, Path: "/tokens/{uid}", OperationID: "delete-token", Summary: "Forget an id token", Description: "Its transactions and records stay.", Tags: []string{"Tokens"}, DefaultStatus: http.StatusNoContent},
		func(ctx context.Context, in *TokenPath) (*struct{}, error) {
			return nil, s.Tokens.Store.DeleteToken(ctx, in.id())
		})
}

type importView struct {
	Done    bool       `json:"done" doc:"What the lines say was done; false of a dry run, and where a line is wrong and none is to be skipped"`
	Create  int        `json:"create"`
	Change  int        `json:"change"`
	Nothing int        `json:"nothing"`
	Errors  int        `json:"errors"`
	Lines   []lineSays `json:"lines" nullable:"false"`
}

type lineSays struct {
	Line    int          `json:"line" doc:"In the table; the header is line 1"`
	Token   string       `json:"token,omitempty" doc:"Its last four characters"`
	Action  token.Action `json:"action" enum:"create,change,nothing,error"`
	Changes []string     `json:"changes,omitempty" doc:"The columns that change"`
	Column  string       `json:"column,omitempty" doc:"That is wrong"`
	Reason  string       `json:"reason,omitempty"`
}

func showImport(r token.Import) importView {
	v := importView{r.Done, r.Count[token.Create], r.Count[token.Change], r.Count[token.Nothing], r.Count[token.Wrong], make([]lineSays, len(r.Lines))}
	for i, l := range r.Lines {
		v.Lines[i] = lineSays{l.Number, l.Token, l.Action, l.Changes, l.Column, l.Reason}
	}
	return v
}

// maxTable is how many bytes a table of tokens may have.
const maxTable = 10 << 20

// tables are tokens as CSV.
func (s *Server) tables(api huma.API) {
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/tokens/import", OperationID: "import-tokens", Summary: "Register and change id tokens from CSV",
		Description: "The first line names the columns, with the words of the API: uid, type, name, account, tariff, group, blocked, blockReason, validFrom, expiresAt, maxConcurrent, offline, master, " +
			"language, message, sites (with blanks between), sessionsPerDay, sessionsPerMonth, energyWhPerDay, energyWhPerMonth, amountPerDay, amountPerMonth (minor units) and currency. " +
			"Only uid is needed; columns that are left out change nothing. UTF-8; comma or semicolon.",
		Tags: []string{"Tokens"}, MaxBodyBytes: maxTable,
	}, func(ctx context.Context, in *struct {
		DryRun  bool   `query:"dryRun" doc:"Only tell what each line would do"`
		Skip    bool   `query:"skip" doc:"Pass over lines that are wrong; else none is taken when one is wrong"`
		RawBody []byte `contentType:"text/csv" required:"true"`
	}) (*body[importView], error) {
		r, err := s.Tokens.Import(ctx, in.RawBody, in.DryRun, in.Skip)
		return answer(showImport(r), err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/tokens/export", OperationID: "export-tokens", Summary: "All id tokens as CSV",
		Description: "It has the UIDs in full, as import takes them. Cells that a spreadsheet would take for formulas begin with an apostrophe, which import takes off again.", Tags: []string{"Tokens"},
		Responses: map[string]*huma.Response{"200": {Description: "The table", Content: map[string]*huma.MediaType{"text/csv": {}}}},
	}, func(ctx context.Context, _ *struct{}) (*table, error) {
		var b bytes.Buffer
		err := s.Tokens.Export(ctx, &b)
		return &table{"text/csv; charset=utf-8", `attachment; filename="tokens.csv"`, b.Bytes()}, err
	})
}

// table is an answer in CSV.
type table struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}
