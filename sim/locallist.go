package sim

import (
	"context"
	"strconv"
	"strings"
	"time"

	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// What a station keeps of cards at most.
const (
	maxListed   = 1000 // cards in the local list
	maxListSent = 250  // of them in one message
	maxCached   = 50   // cards in the cache
)

// card is what the station knows of a token by itself.
type card struct {
	token  Token
	status string    // as the central system says it
	group  string    // that it belongs to; empty is none
	until  time.Time // zero is for ever
}

// cards is what the station knows of tokens. It is guarded by the mu of the station.
type cards struct {
	version int // of the list; 0 is that there is none
	list    []card
	cache   []card // the one that was not used for longest is first
	asked   card   // the last that the central system was asked for
}

// cardRules are the settings for what is known of cards.
type cardRules struct {
	listed         bool // the local list is used
	cached         bool // the cache is used
	first          bool // what is known is used before the central system is asked
	offline        bool // and when it cannot be
	unknownOffline bool // unknown cards may charge then
}

func (t Token) same(u Token) bool {
	kind := func(t Token) string {
		if t.Type == "" {
			return string(ocpp2.IDTokenTypeISO14443)
		}
		return t.Type
	}
	return strings.EqualFold(t.UID, u.UID) && kind(t) == kind(u)
}

func find(list []card, t Token) *card {
	for i := range list {
		if list[i].token.same(t) {
			return &list[i]
		}
	}
	return nil
}

// cardOf is what the station knows of a token; nil is nothing. mu is held.
func (s *Station) cardOf(t Token) *card {
	if s.cards == nil {
		return nil
	}
	if c := find(s.cards.list, t); c != nil && s.settings.cards.listed {
		return c
	}
	if c := find(s.cards.cache, t); c != nil && s.settings.cards.cached && !c.over(s.Now()) {
		return c
	}
	return nil
}

func (c *card) over(now time.Time) bool { return !c.until.IsZero() && now.After(c.until) }

// groupOf is the group of a token, as far as the station knows. mu is held.
func (s *Station) groupOf(t Token) string {
	if c := s.cardOf(t); c != nil {
		return c.group
	}
	if s.cards != nil && s.cards.asked.token.same(t) {
		return s.cards.asked.group
	}
	return ""
}

// recognise decides on a token without the central system. When it cannot, decided is false.
// (OCPP 1.6 §3.5, OCPP 2.x C12, C13, C14, C15)
func (s *Station) recognise(t Token, online bool) (err error, decided bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rules := s.settings.cards
	if online && !rules.first || !online && !rules.offline {
		return nil, false
	}
	status := ""
	if c := s.cardOf(t); c != nil {
		if status = c.status; c.over(s.Now()) {
			status = "Expired"
		}
	}
	switch {
	case status == accepted:
		return nil, true
	case online:
		return nil, false // it may have changed: OCPP 2.x C12.FR.05, C14.FR.03
	case status == "" && rules.unknownOffline:
		return nil, true
	case status == "":
		return nil, false
	}
	s.totals.Refused++
	return &Refusal{t.UID, status}, true
}

const accepted = "Accepted"

// remember takes what the central system has said of a token into the cache. mu is held.
// (OCPP 1.6 §3.5.1, OCPP 2.x C10)
func (s *Station) remember(t Token, v verdict) {
	if t.UID == "" || v.status == "" {
		return
	}
	s.offer(offered{t.UID, v.price, v.rates})
	if s.cards == nil {
		s.cards = &cards{}
	}
	c := card{t, v.status, v.group, v.until}
	s.cards.asked = c
	if !s.settings.cards.cached || find(s.cards.list, t) != nil {
		return
	}
	if old := find(s.cards.cache, t); old != nil {
		*old = c
		return
	}
	if len(s.cards.cache) == maxCached {
		s.cards.cache = append(s.cards.cache[:0], s.cards.cache[1:]...)
	}
	s.cards.cache = append(s.cards.cache, c)
}

// clearCache forgets the cache, and tells whether there is one. (OCPP 1.6 §5.4, OCPP 2.x C11)
func (s *Station) clearCache() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cards != nil {
		s.cards.cache, s.cards.asked = nil, card{}
	}
	return s.settings.cards.cached
}

// changeList replaces or changes the local list; a card that is sent without a status is to be removed.
// (OCPP 1.6 §5.15, OCPP 2.x D01)
func (s *Station) changeList(version int, full bool, sent []card) (status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.cards
	if old == nil {
		old = &cards{}
	}
	const failed = "Failed"
	switch {
	case version <= 0 || len(sent) > maxListSent: // OCPP 2.x D01.FR.18
		return failed
	case !full && version <= old.version: // OCPP 2.x D01.FR.19
		return "VersionMismatch"
	}
	var list []card
	if !full {
		list = append(list, old.list...)
	}
	for i, c := range sent {
		if find(sent[:i], c.token) != nil || full && c.status == "" { // OCPP 2.x D01.FR.09
			return failed
		}
		at := -1
		for j := range list {
			if list[j].token.same(c.token) {
				at = j
			}
		}
		switch {
		case c.status == "" && at >= 0:
			list = append(list[:at], list[at+1:]...)
		case c.status == "":
		case at >= 0:
			list[at] = c
		default:
			list = append(list, c)
		}
	}
	if len(list) > maxListed {
		return failed
	}
	if s.cards == nil {
		s.cards = old
	}
	s.cards.list, s.cards.version = list, version
	if len(list) == 0 {
		s.cards.version = 0
	}
	return accepted
}

// ListVersion is the version of the local list; 0 is that there is none.
func (s *Station) ListVersion() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cards == nil {
		return 0
	}
	return s.cards.version
}

// Listed is the UIDs of the tokens in the local list.
func (s *Station) Listed() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var uids []string
	if s.cards != nil {
		for _, c := range s.cards.list {
			uids = append(uids, c.token.UID)
		}
	}
	return uids
}

// cardSettings are the settings for what is known of cards. mu is held.
func (s *Station) cardSettings() []setting {
	r := &s.settings.cards
	entries := 0
	if s.cards != nil {
		entries = len(s.cards.list)
	}
	list := []setting{
		s.flag(setting{key: "LocalAuthListEnabled", component: "LocalAuthListCtrlr", variable: "Enabled"}, &r.listed),
		s.flag(setting{key: "AuthorizationCacheEnabled", component: "AuthCacheCtrlr", variable: "Enabled"}, &r.cached),
		s.flag(setting{key: "LocalPreAuthorize", component: "AuthCtrlr", variable: "LocalPreAuthorize"}, &r.first),
		s.flag(setting{key: "LocalAuthorizeOffline", component: "AuthCtrlr", variable: "LocalAuthorizeOffline"}, &r.offline),
		s.flag(setting{key: "AllowOfflineTxForUnknownId", component: "AuthCtrlr", variable: "OfflineTxForUnknownIdEnabled"}, &r.unknownOffline),
		{key: "LocalAuthListMaxLength", kind: kindInteger, value: strconv.Itoa(maxListed)},
		{key: "SendLocalListMaxLength", component: "LocalAuthListCtrlr", variable: "ItemsPerMessage", kind: kindInteger, value: strconv.Itoa(maxListSent)},
		{component: "LocalAuthListCtrlr", variable: "BytesPerMessage", kind: kindInteger, value: "65536"},
		{component: "LocalAuthListCtrlr", variable: "Available", kind: kindBoolean, value: "true"},
		{component: "LocalAuthListCtrlr", variable: "Entries", kind: kindInteger, value: strconv.Itoa(entries)},
		{component: "AuthCacheCtrlr", variable: "Available", kind: kindBoolean, value: "true"},
	}
	return list
}

// flag completes a setting that is true or false. mu is held.
func (s *Station) flag(v setting, p *bool) setting {
	v.kind, v.value = kindBoolean, strconv.FormatBool(*p)
	v.write = func(text string) bool {
		b, err := strconv.ParseBool(strings.ToLower(text))
		if err == nil {
			*p = b
		}
		return err == nil
	}
	return v
}

// moment is a time of the wire that may be left out.
func moment(t *ocppj.DateTime) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.Time
}

func (*v16) locallist(m *ocppj.Mux[*link]) {
	// OCPP 1.6 §5.15.
	ocppj.Handle(m, ocpp16.SendLocalList, func(_ context.Context, l *link, req ocpp16.SendLocalListRequest) (ocpp16.SendLocalListResponse, error) {
		if !l.station.rules().listed {
			return ocpp16.SendLocalListResponse{Status: ocpp16.UpdateStatusNotSupported}, nil
		}
		var sent []card
		for _, d := range req.LocalAuthorizationList {
			c := card{token: Token{UID: d.IDTag}}
			if i := d.IDTagInfo; i != nil {
				c.status, c.group, c.until = string(i.Status), i.ParentIDTag, moment(i.ExpiryDate)
			}
			sent = append(sent, c)
		}
		status := l.station.changeList(req.ListVersion, req.UpdateType == ocpp16.UpdateTypeFull, sent)
		return ocpp16.SendLocalListResponse{Status: ocpp16.UpdateStatus(status)}, nil
	})
	// OCPP 1.6 §5.10.
	ocppj.Handle(m, ocpp16.GetLocalListVersion, func(_ context.Context, l *link, _ ocpp16.GetLocalListVersionRequest) (ocpp16.GetLocalListVersionResponse, error) {
		if !l.station.rules().listed {
			return ocpp16.GetLocalListVersionResponse{ListVersion: -1}, nil
		}
		return ocpp16.GetLocalListVersionResponse{ListVersion: l.station.ListVersion()}, nil
	})
	// OCPP 1.6 §5.4.
	ocppj.Handle(m, ocpp16.ClearCache, func(_ context.Context, l *link, _ ocpp16.ClearCacheRequest) (ocpp16.ClearCacheResponse, error) {
		if !l.station.clearCache() {
			return ocpp16.ClearCacheResponse{Status: ocpp16.ClearCacheStatusRejected}, nil
		}
		return ocpp16.ClearCacheResponse{Status: ocpp16.ClearCacheStatusAccepted}, nil
	})
}

func (*v2) locallist(m *ocppj.Mux[*link]) {
	// OCPP 2.x D01.
	ocppj.Handle(m, ocpp2.SendLocalList, func(_ context.Context, l *link, req ocpp2.SendLocalListRequest) (ocpp2.SendLocalListResponse, error) {
		if !l.station.rules().listed { // OCPP 2.x D01.FR.13
			return ocpp2.SendLocalListResponse{Status: ocpp2.SendLocalListStatusFailed}, nil
		}
		var sent []card
		for _, d := range req.LocalAuthorizationList {
			c := card{token: Token{d.IDToken.IDToken, string(d.IDToken.Type)}}
			if i := d.IDTokenInfo; i != nil {
				c.status, c.until = string(i.Status), moment(i.CacheExpiryDateTime)
				if i.GroupIDToken != nil {
					c.group = i.GroupIDToken.IDToken
				}
			}
			sent = append(sent, c)
		}
		status := l.station.changeList(req.VersionNumber, req.UpdateType == ocpp2.UpdateTypeFull, sent)
		return ocpp2.SendLocalListResponse{Status: ocpp2.SendLocalListStatus(status)}, nil
	})
	// OCPP 2.x D02.
	ocppj.Handle(m, ocpp2.GetLocalListVersion, func(_ context.Context, l *link, _ ocpp2.GetLocalListVersionRequest) (ocpp2.GetLocalListVersionResponse, error) {
		if !l.station.rules().listed {
			return ocpp2.GetLocalListVersionResponse{}, nil
		}
		return ocpp2.GetLocalListVersionResponse{VersionNumber: l.station.ListVersion()}, nil
	})
	// OCPP 2.x C11.
	ocppj.Handle(m, ocpp2.ClearCache, func(_ context.Context, l *link, _ ocpp2.ClearCacheRequest) (ocpp2.ClearCacheResponse, error) {
		if !l.station.clearCache() { // OCPP 2.x C11.FR.05
			return ocpp2.ClearCacheResponse{Status: ocpp2.ClearCacheStatusRejected}, nil
		}
		return ocpp2.ClearCacheResponse{Status: ocpp2.ClearCacheStatusAccepted}, nil
	})
}

func (s *Station) rules() cardRules {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings.cards
}
