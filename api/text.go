package api

// english are the texts of pages.
var english = map[string]string{
	"station": "Station",
	"outlet":  "Outlet", "card": "Card", "energy": "Energy", "receipt": "Receipt",
	"receipt-title": "Receipt", "number": "Number", "date": "Date", "seller": "Seller", "orgnr": "Reg. no.", "vatnr": "VAT no.", "start": "Start", "end": "End",
	"quantity": "Quantity", "price": "Price", "amount": "Amount", "net": "Net", "vat": "VAT", "vat-rate": "VAT rate", "to-pay": "Total, VAT included", "free-part": "of which free",
	"line-energy": "Energy", "line-time": "Charging time", "line-idle": "Standing idle", "line-start": "Start fee",
	"per-energy": "/kWh", "per-time": "/min", "per-idle": "/min", "per-start": "", "nothing": "Nothing was charged.",
	"sign-in": "Sign in", "sign-in-email": "E-mail", "sign-in-password": "Password", "sign-in-wrong": "The address and the password do not belong together.",
	"sign-in-often": "That was too often. Wait a minute and try again.", "sign-in-broken": "Nobody can sign in right now. Try again in a moment.", "sign-in-help": "Forgotten the password? An administrator can set a new one.",
	"unbuilt":       "The screens are not built. They are built with Node, like this:",
	"invoice-title": "Invoice", "credit-note-title": "Credit note", "credit-receipt-title": "Credit receipt", "reminder-title": "Reminder", "invoice-date": "Invoice date", "due": "Due", "was-due": "Was due",
	"payment-reference": "Reference (OCR)", "bankgiro": "Bankgiro", "f-tax": "Approved for F-tax", "buyer": "Customer", "buyer-reference": "Your reference", "period": "Period",
	"credits-invoice": "Credit of invoice", "refers": "Corrects invoices", "credits-receipt": "Credit of receipt", "replaces-receipt": "Replaces receipt", "corrects": "corrects", "page": "page", "pdf": "PDF",
	"to-pay-invoice": "To pay", "to-credit": "To your credit", "still-open": "Still to be paid", "reminder-fee": "Reminder fee", "reminder-fees": "Reminder fees", "paid-so-far": "Paid", "status": "Status",
	"pay-by": "Please pay by %s and state the reference %s.", "credit-note-is-yours": "The amount is to your credit and can be used for coming invoices.",
	"reminder-says":  "We have not received your payment of the invoice below. If you have paid in the last few days, please disregard this reminder.",
	"invoice-issued": "issued", "invoice-overdue": "overdue", "invoice-paid": "paid", "invoice-credited": "credited", "invoice-written-off": "written off",
	"supply": "Supply", "supply-charging": "Charging of an electric vehicle", "supply-reservation": "Reservation of a charging place", "meter-begin": "Meter, start", "meter-end": "Meter, end", "estimated": "share estimated", "added-part": "of which rounded up",
	"without-vat": "without VAT", "signed-values": "Signed meter values", "signed-values-are": "The meter has signed %d values of this charging; they can be downloaded where this receipt is shown.", "download": "Download",
	"line-reservation": "Reservation time", "line-reserving": "Reservation fee", "line-minimum": "Least price", "line-maximum": "Most price", "per-hour": "/h", "per-reservation": "/min", "per-reserving": "", "per-minimum": "", "per-maximum": "",
	"ack-title": "Take care of a fault", "ack-case": "case", "ack-button": "I take care of it", "ack-done": "Acknowledged by", "ack-over": "It is over.", "ack-nothing": "This link is not one of ours, or is too old.",
}

// swedish are the texts of pages.
var swedish = map[string]string{
	"station": "Station",
	"outlet":  "Uttag", "card": "Kort", "energy": "Energi", "receipt": "Kvitto",
	"receipt-title": "Kvitto", "number": "Nummer", "date": "Datum", "seller": "Säljare", "orgnr": "Org.nr", "vatnr": "Momsreg.nr", "start": "Start", "end": "Slut",
	"quantity": "Mängd", "price": "Pris", "amount": "Belopp", "net": "Netto", "vat": "Moms", "vat-rate": "Momssats", "to-pay": "Summa inklusive moms", "free-part": "varav fritt",
	"line-energy": "Energi", "line-time": "Laddtid", "line-idle": "Ståtid utan laddning", "line-start": "Startavgift",
	"per-energy": "/kWh", "per-time": "/min", "per-idle": "/min", "per-start": "", "nothing": "Inget debiterades.",
	"sign-in": "Logga in", "sign-in-email": "E-post", "sign-in-password": "Lösenord", "sign-in-wrong": "Adressen och lösenordet hör inte ihop.",
	"sign-in-often": "Det var för ofta. Vänta en minut och försök igen.", "sign-in-broken": "Ingen kan logga in just nu. Försök igen om en stund.", "sign-in-help": "Glömt lösenordet? En administratör kan sätta ett nytt.",
	"unbuilt":       "Gränssnittet är inte byggt. Det byggs med Node, så här:",
	"invoice-title": "Faktura", "credit-note-title": "Kreditfaktura", "credit-receipt-title": "Kreditkvitto", "reminder-title": "Betalningspåminnelse", "invoice-date": "Fakturadatum", "due": "Förfallodatum", "was-due": "Förföll",
	"payment-reference": "Referens (OCR)", "bankgiro": "Bankgiro", "f-tax": "Godkänd för F-skatt", "buyer": "Kund", "buyer-reference": "Er referens", "period": "Period",
	"credits-invoice": "Krediterar faktura", "refers": "Rättar fakturor", "credits-receipt": "Krediterar kvitto", "replaces-receipt": "Ersätter kvitto", "corrects": "rättar", "page": "sida", "pdf": "PDF",
	"to-pay-invoice": "Att betala", "to-credit": "Er till godo", "still-open": "Kvar att betala", "reminder-fee": "Påminnelseavgift", "reminder-fees": "Påminnelseavgifter", "paid-so-far": "Betalt", "status": "Status",
	"pay-by": "Betala senast %s och ange referensen %s.", "credit-note-is-yours": "Beloppet är er till godo och kan användas för kommande fakturor.",
	"reminder-says":  "Vi har inte fått er betalning av fakturan nedan. Har ni betalat de senaste dagarna kan ni bortse från den här påminnelsen.",
	"invoice-issued": "utställd", "invoice-overdue": "förfallen", "invoice-paid": "betald", "invoice-credited": "krediterad", "invoice-written-off": "avskriven",
	"supply": "Avser", "supply-charging": "Laddning av elfordon", "supply-reservation": "Bokning av laddplats", "meter-begin": "Mätare, start", "meter-end": "Mätare, slut", "estimated": "fördelningen uppskattad", "added-part": "varav avrundat uppåt",
	"without-vat": "exklusive moms", "signed-values": "Signerade mätvärden", "signed-values-are": "Mätaren har signerat %d värden för laddningen; de kan hämtas där kvittot visas.", "download": "Hämta",
	"line-reservation": "Bokad tid", "line-reserving": "Bokningsavgift", "line-minimum": "Lägsta pris", "line-maximum": "Högsta pris", "per-hour": "/h", "per-reservation": "/min", "per-reserving": "", "per-minimum": "", "per-maximum": "",
	"ack-title": "Ta hand om ett fel", "ack-case": "ärende", "ack-button": "Jag tar hand om det", "ack-done": "Kvitterat av", "ack-over": "Det är över.", "ack-nothing": "Länken är inte någon av våra, eller för gammal.",
}
