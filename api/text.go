package api

// english are the texts of pages.
var english = map[string]string{
	"title": "Gnista: charging stations", "stations": "Stations", "station": "Station", "charging-now": "Charging now", "finished": "Finished", "review": "Waiting for a decision",
	"no-stations": "No station has connected yet. Point one at the address below, with its identity as the last part:",
	"no-charging": "Nobody is charging.", "no-finished": "No transaction has been billed yet.",
	"connected": "connected", "offline": "offline", "pending": "waits to be accepted", "rejected": "rejected", "more": "Only the first 100 stations are shown; the API has all.",
	"outlet": "Outlet", "card": "Card", "time": "Time", "energy": "Energy", "power": "Power", "cost": "Cost", "started": "Started", "total": "Total", "receipt": "Receipt", "reason": "Reason",
	"live": "live", "reconnecting": "reconnecting…", "updated": "Updated", "api": "API description", "unauthorised-chip": "not authorised",
	"available": "Available", "occupied": "Occupied", "preparing": "Preparing", "charging": "Charging", "suspended-ev": "Paused by the car", "suspended-evse": "Paused by the station",
	"finishing": "Finishing", "reserved": "Reserved", "unavailable": "Out of service", "faulted": "Faulted", "idle": "Idle", "connected-activity": "Plugged in",
	"receipt-title": "Receipt", "number": "Number", "date": "Date", "seller": "Seller", "orgnr": "Reg. no.", "vatnr": "VAT no.", "start": "Start", "end": "End",
	"quantity": "Quantity", "price": "Price", "amount": "Amount", "net": "Net", "vat": "VAT", "vat-rate": "VAT rate", "to-pay": "Total, VAT included", "free-part": "of which free",
	"line-energy": "Energy", "line-time": "Charging time", "line-idle": "Standing idle", "line-start": "Start fee",
	"per-energy": "/kWh", "per-time": "/min", "per-idle": "/min", "per-start": "", "nothing": "Nothing was charged.",
	"orphan-stop": "end without a known start", "missing-start": "no start", "missing-stop": "no end", "missing-reading": "meter reading missing", "meter-reset": "meter went backwards",
	"meter-disagrees": "meter readings disagree", "implausible": "more energy than is possible", "unauthorised": "charged without authorisation", "unreadable": "last message not understood",
	"clock-skew": "station clock wrong", "conflicting-stop": "two ends disagree", "repaired-ref": "wrong transaction id repaired", "too-long": "lasted too long", "unsteady": "changed state too often", "missing-events": "events missing", "decided": "decided by a person",
}

// swedish are the texts of pages.
var swedish = map[string]string{
	"title": "Gnista: laddstationer", "stations": "Stationer", "station": "Station", "charging-now": "Laddar nu", "finished": "Avslutade", "review": "Väntar på beslut",
	"no-stations": "Ingen station har anslutit än. Rikta en mot adressen nedan, med dess identitet som sista del:",
	"no-charging": "Ingen laddar.", "no-finished": "Ingen laddning har debiterats än.",
	"connected": "ansluten", "offline": "inte ansluten", "pending": "väntar på att godkännas", "rejected": "avvisad", "more": "Bara de första 100 stationerna visas; API:t har alla.",
	"outlet": "Uttag", "card": "Kort", "time": "Tid", "energy": "Energi", "power": "Effekt", "cost": "Kostnad", "started": "Påbörjad", "total": "Summa", "receipt": "Kvitto", "reason": "Orsak",
	"live": "live", "reconnecting": "ansluter igen…", "updated": "Uppdaterad", "api": "API-beskrivning", "unauthorised-chip": "ej godkänd",
	"available": "Ledig", "occupied": "Upptagen", "preparing": "Förbereder", "charging": "Laddar", "suspended-ev": "Pausad av bilen", "suspended-evse": "Pausad av stationen",
	"finishing": "Avslutar", "reserved": "Reserverad", "unavailable": "Ur drift", "faulted": "Fel", "idle": "Stilla", "connected-activity": "Inkopplad",
	"receipt-title": "Kvitto", "number": "Nummer", "date": "Datum", "seller": "Säljare", "orgnr": "Org.nr", "vatnr": "Momsreg.nr", "start": "Start", "end": "Slut",
	"quantity": "Mängd", "price": "Pris", "amount": "Belopp", "net": "Netto", "vat": "Moms", "vat-rate": "Momssats", "to-pay": "Summa inklusive moms", "free-part": "varav fritt",
	"line-energy": "Energi", "line-time": "Laddtid", "line-idle": "Ståtid utan laddning", "line-start": "Startavgift",
	"per-energy": "/kWh", "per-time": "/min", "per-idle": "/min", "per-start": "", "nothing": "Inget debiterades.",
	"orphan-stop": "slut utan känd start", "missing-start": "start saknas", "missing-stop": "slut saknas", "missing-reading": "mätarvärde saknas", "meter-reset": "mätaren gick bakåt",
	"meter-disagrees": "mätarvärdena stämmer inte överens", "implausible": "mer energi än vad som är möjligt", "unauthorised": "laddat utan godkännande", "unreadable": "sista meddelandet gick inte att förstå",
	"clock-skew": "stationens klocka går fel", "conflicting-stop": "två slut säger olika", "repaired-ref": "fel transaktionsnummer rättat", "too-long": "varade för länge", "unsteady": "bytte tillstånd för ofta", "missing-events": "händelser saknas", "decided": "beslutat av en person",
}
