package billing

import "testing"

func TestTextsInSwedish(t *testing.T) {
	for text, want := range map[string]string{
		"Charge record 12":                      "Debitering 12",
		"Credit 13":                             "Kreditering 13",
		"Credit of invoice 7":                   "Kreditering av faktura 7",
		"Payment BG 5 for 6 for invoice 7":      "Betalning BG 5 for 6 för faktura 7",
		"Loss of invoice 7: gone":               "Kundförlust på faktura 7: gone",
		"Top-up OCR 123":                        "Insättning OCR 123",
		"Taken by stripe, payment p1":           "Draget av stripe, betalning p1",
		"Payment p1":                            "Betalning p1",
		"stripe: dispute-won dp_1":              "stripe: vunnen tvist dp_1",
		"stripe: it is known what tx_1 was for": "stripe: det är känt vad tx_1 gällde",
		"stripe: the bank kept a krona":         "stripe: the bank kept a krona", // who wrote it off said so
		"Charge record $1":                      "Charge record $1",
	} {
		if e := (Entry{Text: text}); e.TextIn("sv") != want || e.TextIn("en") != text {
			t.Errorf("%q is %q in Swedish", text, e.TextIn("sv"))
		}
	}
	for _, k := range []CauseKind{CauseRecord, CauseTopUp, CausePayout, CauseSettle, CausePayment, CauseFee, CauseLoss, CauseRound, CauseCredit, CauseProvider, CauseMovement, CauseWriteOff} {
		if k.swedish() == string(k) {
			t.Errorf("%s has no name in Swedish", k)
		}
	}
}
