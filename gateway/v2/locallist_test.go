package v2

import (
	"encoding/json"
	"testing"
	"time"

	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/token"
)

// The domain splits lists by what it takes us to say them. (OCPP 2.x D01.FR.11)
func TestListBytes(t *testing.T) {
	at := ocppj.At(time.Date(2026, 12, 31, 23, 59, 59, 999_999_999, time.UTC))
	one := ocpp2.AuthorizationData{IDTokenInfo: &ocpp2.IDTokenInfo{
		Status: ocpp2.AuthorizationStatusBlocked, CacheExpiryDateTime: &at, GroupIDToken: &ocpp2.IDToken{Type: ocpp2.IDTokenTypeCentral},
	}}
	text, err := json.Marshal(one)
	if err != nil || len(text)+1 > token.EntryBytes {
		t.Errorf("an entry without texts is %d bytes, %v: %s", len(text), err, text)
	}
	text, err = json.Marshal([]any{2, "01234567-0123-0123-0123-0123456789ab", "SendLocalList", ocpp2.SendLocalListRequest{
		VersionNumber: 1<<31 - 1, UpdateType: ocpp2.UpdateTypeDifferential, LocalAuthorizationList: []ocpp2.AuthorizationData{},
	}})
	if err != nil || len(text)+len(`,"localAuthorizationList":[]`) > token.MessageBytes {
		t.Errorf("a message without entries is %d bytes, %v: %s", len(text), err, text)
	}
}
