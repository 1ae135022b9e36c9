package billing

import "regexp"

// wording is how a text of an entry reads in Swedish.
type wording struct {
	english *regexp.Regexp
	swedish string
}

// wordings are those of all texts that the system makes.
var wordings = []wording{
	{regexp.MustCompile(`^Charge record (\d+)$`), "Debitering $1"},
	{regexp.MustCompile(`^Credit (\d+)$`), "Kreditering $1"},
	{regexp.MustCompile(`^Credit of invoice (\d+)$`), "Kreditering av faktura $1"},
	{regexp.MustCompile(`^Credit note of run (.+)$`), "Kreditnota av körning $1"},
	{regexp.MustCompile(`^Payment (.+) for invoice (\d+)$`), "Betalning $1 för faktura $2"},
	{regexp.MustCompile(`^Reminder of invoice (\d+)$`), "Påminnelse om faktura $1"},
	{regexp.MustCompile(`^Loss of invoice (\d+): (.+)$`), "Kundförlust på faktura $1: $2"},
	{regexp.MustCompile(`^Top-up (.+)$`), "Insättning $1"},
	{regexp.MustCompile(`^Payout (.+)$`), "Återbetalning av saldo $1"},
	{regexp.MustCompile(`^From the balance, payment (.+)$`), "Från saldot, betalning $1"},
	{regexp.MustCompile(`^Back to the balance, payment (.+)$`), "Åter till saldot, betalning $1"},
	{regexp.MustCompile(`^Taken by (\S+), payment (.+)$`), "Draget av $1, betalning $2"},
	{regexp.MustCompile(`^Given back by (\S+), payment (.+)$`), "Återbetalt av $1, betalning $2"},
	{regexp.MustCompile(`^Payment (\S+)$`), "Betalning $1"},
	{regexp.MustCompile(`^(\S+): it is known what (\S+) was for$`), "$1: det är känt vad $2 gällde"},
	{regexp.MustCompile(`^(\S+): capture (\S+)$`), "$1: betalning $2"},
	{regexp.MustCompile(`^(\S+): refund (\S+)$`), "$1: återbetalning $2"},
	{regexp.MustCompile(`^(\S+): dispute (\S+)$`), "$1: tvist $2"},
	{regexp.MustCompile(`^(\S+): dispute-won (\S+)$`), "$1: vunnen tvist $2"},
	{regexp.MustCompile(`^(\S+): payout (\S+)$`), "$1: utbetalning $2"},
	{regexp.MustCompile(`^(\S+): fee (\S+)$`), "$1: avgift $2"},
	{regexp.MustCompile(`^(\S+): adjustment (\S+)$`), "$1: justering $2"},
}

// TextIn is the text in a language, "sv" or "en". What people wrote stays as it is.
func (e Entry) TextIn(language string) string {
	if language != "sv" {
		return e.Text
	}
	for _, w := range wordings {
		if m := w.english.FindStringSubmatchIndex(e.Text); m != nil {
			return string(w.english.ExpandString(nil, w.swedish, e.Text, m))
		}
	}
	return e.Text
}

// swedish are the kinds of causes as vouchers have them, of which the books of a day have one each.
func (k CauseKind) swedish() string {
	switch k {
	case CauseRecord:
		return "debiteringar"
	case CauseTopUp:
		return "insättningar"
	case CausePayout:
		return "återbetalningar av saldon"
	case CauseSettle:
		return "betalt från saldon"
	case CausePayment:
		return "betalda fakturor"
	case CauseFee:
		return "påminnelseavgifter"
	case CauseLoss:
		return "kundförluster"
	case CauseRound:
		return "öresavrundning"
	case CauseCredit:
		return "kreditnotor"
	case CauseProvider:
		return "kort och Swish"
	case CauseMovement:
		return "betaltjänsternas rörelser"
	case CauseWriteOff:
		return "avskrivna differenser"
	}
	return string(k)
}
