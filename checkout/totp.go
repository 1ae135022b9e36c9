package checkout

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"time"
)

// totpVersion is the one way in which one-time passwords are made. (OCPP 2.1 Part 2, Appendix on dynamic QR codes)
const totpVersion = "v1"

// totpAlphabet are the characters of one-time passwords.
const totpAlphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// totp is the one-time password of an interval, of length characters.
func totp(secret string, interval uint64, length int) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(binary.BigEndian.AppendUint64(nil, interval))
	sum := mac.Sum(nil)
	offset := int(sum[len(sum)-1] & 15)
	out := make([]byte, length)
	for i := range out {
		out[i] = totpAlphabet[int(sum[(offset+i)%len(sum)])%len(totpAlphabet)]
	}
	return string(out)
}

// interval is the number of the one that a time is in.
func interval(at time.Time, validity time.Duration) uint64 {
	return uint64(max(at.Unix(), 0)) / uint64(validity/time.Second)
}

// matching finds the interval whose password was given: the one of now, or the one before or after it, as clocks
// differ. It takes as long whatever was given.
func matching(secret, given string, now time.Time, validity time.Duration, length int) (at uint64, ok bool) {
	current := interval(now, validity)
	for _, n := range []uint64{current - 1, current, current + 1} {
		if subtle.ConstantTimeCompare([]byte(totp(secret, n, length)), []byte(given)) == 1 {
			at, ok = n, true
		}
	}
	return at, ok
}
